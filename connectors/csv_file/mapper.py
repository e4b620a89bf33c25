"""An order out of a file → the hub's order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.csv_file import wire
from connectors.wire import decode
from hub.contract import Delivery
from hub.domain.order import ChannelOrder, News
from hub.domain.placed_order_reading import Origin, channel_order

ORDER = "order"
"""The topic of every delivery: an order, whole."""


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for another topic. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return (reader(delivery),) if reader else ()


def order(delivery: Delivery) -> ChannelOrder:
    """The order; a file says no time of change, so it was revised when it was imported."""
    return channel_order(decode(delivery.body, wire.Order), Origin(delivery.id, delivery.occurred_at))


READERS: Mapping[str, Callable[[Delivery], News]] = {ORDER: order}
"""Topic → who reads it."""
