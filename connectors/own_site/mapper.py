"""An order as its maker wrote it → the hub's order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.own_site import wire
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
    """The order; what it does not say of itself (its id, its time) follows from the delivery."""
    return channel_order(decode(delivery.body, wire.Order), Origin(delivery.id, delivery.occurred_at))


READERS: Mapping[str, Callable[[Delivery], News]] = {ORDER: order}
"""Topic → who reads it."""
