"""Notifications as an alternative source: ORDER_CHANGE says which order changed, and that order is fetched.

A notification carries neither money nor address, so it is only a nudge: what goes into the inbox is the order itself,
as polling would bring it, under the same id. A message stays in the queue until its delivery is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from connectors.amazon import wire
from connectors.amazon.client import Client
from connectors.amazon.mapper import NOTIFICATION, delivery_of
from connectors.amazon.queue import QueueReader
from connectors.amazon.reading import order_body
from connectors.amazon.wire_notices import Message, Notification, OrderChange, OrderChanged
from connectors.wire import decode, instant
from hub.contract import Delivery
from hub.errors import BadPayload, Reconnect, Reject, Retry

LATE = 3
"""Receivings after which a message is no longer left in the queue because the order's data are behind it."""


class Desk:
    """Which messages each delivery of the last pull stands for. Outlives a channel."""

    def __init__(self) -> None:
        self.handles: dict[str, list[str]] = {}


async def pull(client: Client, reader: QueueReader, desk: Desk) -> tuple[Delivery, ...]:
    """A page of the queue as deliveries, each order once. What Amazon cannot tell yet stays in the queue."""
    desk.handles = {}
    found: dict[str, Delivery] = {}
    bodies: dict[str, bytes | None] = {}
    for message in await reader.receive():
        try:
            delivery = await _delivery(client, message, bodies)
        except (Retry, Reconnect):
            if not found:
                raise
            break  # the quota of getOrder is used up: the rest is hidden for a while, then comes again
        if delivery is not None:
            found[delivery.id] = delivery
            desk.handles.setdefault(delivery.id, []).append(message.receipt_handle)
    return tuple(found.values())


async def drop(reader: QueueReader, desk: Desk, notices: Sequence[Delivery]) -> None:
    """Removes what the deliveries came from."""
    handles = [handle for notice in notices for handle in desk.handles.get(notice.id, ())]
    await reader.delete(handles)
    for notice in notices:
        desk.handles.pop(notice.id, None)


async def _delivery(client: Client, message: Message, bodies: dict[str, bytes | None]) -> Delivery | None:
    """The order that a message speaks of, else the message itself; None when it had better come again."""
    itself = Delivery(id=f"{NOTIFICATION}:{message.message_id}", topic=NOTIFICATION, body=message.body.encode())
    change = order_change(itself.body)
    if change is None or not _ours(client, change):
        return itself
    order_id = change.amazon_order_id
    if order_id not in bodies:
        with suppress(Reject):  # an id that is none
            bodies[order_id] = await order_body(client, order_id)
    body = bodies.get(order_id)
    patient = _received(message.attributes) < LATE
    if body is None:
        return None if patient else itself
    return None if patient and _behind(body, change) else delivery_of(body)


def order_change(body: bytes) -> OrderChange | None:
    """What an ORDER_CHANGE says; None for anything else, malformed or not."""
    with suppress(BadPayload):
        notification = decode(body, Notification)
        if notification.type == "ORDER_CHANGE":
            return decode(bytes(notification.payload), OrderChanged).order_change_notification
    return None


def _ours(client: Client, change: OrderChange) -> bool:
    """One queue may serve several sellers' accounts of one app."""
    return not client.settings.seller_id or change.seller_id == client.settings.seller_id


def _behind(body: bytes, change: OrderChange) -> bool:
    """Whether the order's data are older than the change that was announced: they may be two minutes late."""
    trigger = change.order_change_trigger
    with suppress(BadPayload):
        told = instant(decode(body, wire.OrderHead).last_updated_time, "$")
        if trigger is not None and trigger.time_of_order_change:
            changed: datetime = instant(trigger.time_of_order_change, "$")
            return told < changed.replace(microsecond=0)
    return False


def _received(attributes: Mapping[str, str]) -> int:
    count = attributes.get("ApproximateReceiveCount", "1")
    return int(count) if count.isdigit() else 1
