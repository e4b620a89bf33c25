"""Goods that somebody else has sent are not sent again."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.wire import decode
from connectors.woocommerce.mapper import channel_order
from connectors.woocommerce.tracking import ITEMS, OURS
from connectors.woocommerce.wire import Order
from hub.domain.order import ChannelOrder
from tests.connectors.checks.common import encode
from tests.connectors.woocommerce.orders import order_of

THEIRS = {"tracking_provider": "DHL", "tracking_number": "JD9", "tracking_id": "a1"}
RECORD = {"reference": "parcel-1", "lines": {"1": 3}, "tracking_number": "JD9"}


def told(status: str, **meta: Any) -> ChannelOrder:
    data = [{"id": number, "key": key, "value": value} for number, (key, value) in enumerate(meta.items())]
    order = order_of(700, status=status, meta_data=data, date_modified_gmt="2026-11-20T09:00:00")
    return channel_order(decode(encode(order), Order))


@pytest.mark.parametrize("status", ["processing", "partial-shipped"])
def test_a_parcel_that_does_not_say_what_is_in_it_asks_a_person(status: str) -> None:
    order = told(status, **{ITEMS: [THEIRS]})
    assert order.shipments[0].lines == {} and order.unknown_words == ("shipped=DHL JD9",)


def test_a_parcel_that_says_it_asks_nobody() -> None:
    order = told("partial-shipped", **{ITEMS: [{**THEIRS, "products_list": [{"item_id": 1, "qty": "2"}]}]})
    assert order.shipments[0].lines == {"1": 2} and order.unknown_words == ()


def test_our_own_parcel_asks_nobody() -> None:
    assert told("processing", **{ITEMS: [THEIRS], OURS: [RECORD]}).unknown_words == ()


def test_a_completed_order_asks_nobody() -> None:
    order = told("completed", **{ITEMS: [THEIRS]})
    assert order.shipments[0].lines == {"1": 3, "2": 1} and order.unknown_words == ()
