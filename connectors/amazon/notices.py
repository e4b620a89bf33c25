"""Notifications as an alternative source: ORDER_CHANGE says which order changed, and that order is fetched.

A notification carries neither money nor address, so it is only a nudge: what goes into the inbox is the order itself,
as polling would bring it, under the same id. TRANSACTION_UPDATE says of a refund whose money it was, but not which
refund it is: the order's refunds are fetched. A message stays in the queue until its deliveries are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from connectors.amazon import transactions, wire, words
from connectors.amazon.client import Client
from connectors.amazon.mapper import NOTIFICATION, delivery_of
from connectors.amazon.queue import QueueReader
from connectors.amazon.reading import order_body
from connectors.amazon.wire_notices import (
    Message,
    Notification,
    OrderChange,
    OrderChanged,
    TransactionUpdate,
    TransactionUpdated,
)
from connectors.wire import decode, instant
from hub.contract import Delivery
from hub.errors import BadPayload, Reconnect, Reject, Retry

LATE = 3
"""Receivings after which a message is no longer left in the queue because the order's data are behind it."""


class Desk:
    """Which messages each delivery of the last pull stands for. Outlives a channel."""

    def __init__(self) -> None:
        self.handles: dict[str, list[str]] = {}


@dataclass(slots=True)
class Fetched:
    """What was fetched for the messages of one pull: several may speak of one order."""

    orders: dict[str, bytes | None] = field(default_factory=dict)
    refunds: dict[str, tuple[Delivery, ...]] = field(default_factory=dict)


async def pull(client: Client, reader: QueueReader, desk: Desk) -> tuple[Delivery, ...]:
    """A page of the queue as deliveries, each order once. What Amazon cannot tell yet stays in the queue."""
    desk.handles = {}
    found: dict[str, Delivery] = {}
    fetched = Fetched()
    for message in await reader.receive():
        try:
            deliveries = await _deliveries(client, message, fetched)
        except (Retry, Reconnect):
            if not found:
                raise
            break  # the quota of getOrder is used up: the rest is hidden for a while, then comes again
        for delivery in deliveries:
            found[delivery.id] = delivery
            desk.handles.setdefault(delivery.id, []).append(message.receipt_handle)
    return tuple(found.values())


async def drop(reader: QueueReader, desk: Desk, notices: Sequence[Delivery]) -> None:
    """Removes what the deliveries came from."""
    handles = [handle for notice in notices for handle in desk.handles.get(notice.id, ())]
    await reader.delete(handles)
    for notice in notices:
        desk.handles.pop(notice.id, None)


async def _deliveries(client: Client, message: Message, fetched: Fetched) -> tuple[Delivery, ...]:
    """The order or the refunds that a message speaks of, else the message itself; none when it had better come
    again."""
    itself = Delivery(id=f"{NOTIFICATION}:{message.message_id}", topic=NOTIFICATION, body=message.body.encode())
    patient = _received(message.attributes) < LATE
    told = spoken_of(itself.body)
    if told is None or not _ours(client, told.seller):
        return (itself,)
    if isinstance(told, TransactionUpdate):
        found = await _refunds(client, told, fetched)
        there = any(it.occurred_at is not None and it.occurred_at == _instant(told.posted_date) for it in found)
        return found if there else () if patient else found or (itself,)
    order_id = told.amazon_order_id
    if order_id not in fetched.orders:
        with suppress(Reject):  # an id that is none
            fetched.orders[order_id] = await order_body(client, order_id)
    body = fetched.orders.get(order_id)
    if body is None:
        return () if patient else (itself,)
    return () if patient and _behind(body, told) else (delivery_of(body),)


async def _refunds(client: Client, told: TransactionUpdate, fetched: Fetched) -> tuple[Delivery, ...]:
    """The refunds of an order; none where the app may not see them, or the order is none of ours."""
    order_id = told.order_id
    if order_id not in fetched.refunds:
        fetched.refunds[order_id] = ()
        with suppress(Reject):
            fetched.refunds[order_id] = await transactions.of_order(client, order_id)
    return fetched.refunds[order_id]


def spoken_of(body: bytes) -> OrderChange | TransactionUpdate | None:
    """What an ORDER_CHANGE says, or the TRANSACTION_UPDATE of a refund; None for anything else, malformed or not."""
    with suppress(BadPayload):
        notification = decode(body, Notification)
        if notification.type == "TRANSACTION_UPDATE":
            told = decode(bytes(notification.payload), TransactionUpdated).transaction_update_notification
            return told if told.transaction_type.casefold() in words.GIVEN_BACK and told.order_id else None
    return order_change(body)


def order_change(body: bytes) -> OrderChange | None:
    """What an ORDER_CHANGE says; None for anything else, malformed or not."""
    with suppress(BadPayload):
        notification = decode(body, Notification)
        if notification.type == "ORDER_CHANGE":
            return decode(bytes(notification.payload), OrderChanged).order_change_notification
    return None


def _ours(client: Client, seller: str) -> bool:
    """One queue may serve several sellers' accounts of one app."""
    return not client.settings.seller_id or seller == client.settings.seller_id


def _instant(text: str) -> datetime | None:
    with suppress(BadPayload):
        return instant(text, "$")
    return None


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
