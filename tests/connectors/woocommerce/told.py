"""What a store shows of an order, for tests to look at."""

from __future__ import annotations

from typing import Any

from connectors.woocommerce import WooCommerceChannel
from hub.contract import Delivery
from hub.domain.order import ChannelOrder
from tests.connectors.checks.common import encode
from tests.connectors.woocommerce.harness import ORDER
from tests.connectors.woocommerce.server import WooDouble


def meta(double: WooDouble, key: str, order: int = ORDER) -> Any:
    return next((it["value"] for it in double.store.orders[order]["meta_data"] if it["key"] == key), None)


def read_back(channel: WooCommerceChannel, double: WooDouble, order: int = ORDER) -> ChannelOrder:
    """The order as the store would now tell it."""
    (news, *_) = channel.read(Delivery(id="1", topic="order.updated", body=encode(double.store.orders[order])))
    assert isinstance(news, ChannelOrder)
    return news


def calls(double: WooDouble, *methods: str) -> list[str]:
    return [f"{it.method} {it.path.removeprefix('/wp-json/wc/v3')}" for it in double.seen if it.method in methods]
