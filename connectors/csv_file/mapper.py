"""An order out of a file → the hub's order. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from connectors.csv_file import wire
from connectors.wire import decode
from hub.contract import Delivery
from hub.domain.order import ChannelOrder, News
from hub.domain.placed_order_reading import Origin, channel_order

ORDER = "order"
"""The topic of every delivery: an order, whole."""

CONTENT = "content"
"""Name among the order's words of the mark of its content: files say no time of change, so an import compares these."""


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for another topic. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return (reader(delivery),) if reader else ()


def order(delivery: Delivery) -> ChannelOrder:
    """The order, with the mark of what the file said of it."""
    read = channel_order(decode(delivery.body, wire.Order), Origin(delivery.id, delivery.occurred_at))
    mark = hashlib.sha256(delivery.body).hexdigest()[:32]
    return replace(read, words={**read.words, CONTENT: mark})


READERS: Mapping[str, Callable[[Delivery], News]] = {ORDER: order}
"""Topic → who reads it."""
