"""Nasty Store's shapes and their meaning, with the faults that reading can have."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from connectors.wire import amount, decode, instant
from hub.contract import Delivery
from hub.domain.order import Buyer, ChannelLine, ChannelOrder, News, RefundNotice

Text = Annotated[str, Meta(min_length=1, max_length=100)]


class Line(Struct, frozen=True):
    """One line of an order."""

    id: Text
    title: str
    quantity: Annotated[int, Meta(ge=0, le=10_000)]
    price: str
    sku: str = ""


class Order(Struct, frozen=True):
    """Body of the topic `order`, and each order of a page."""

    id: Text
    created_at: str
    updated_at: str
    currency: Text
    total: str
    lines: tuple[Line, ...]
    buyer: str = ""


class Refund(Struct, frozen=True):
    """Body of the topic `refund`."""

    id: Text
    order: Text
    amount: str
    currency: Text
    at: str


class Head(Struct, frozen=True):
    """What a page's order is known by."""

    id: Text
    updated_at: Text


class Orders(Struct, frozen=True):
    """A page of orders; `next` continues it."""

    orders: tuple[Raw, ...]
    next: str | None


class Shop(Struct, frozen=True):
    """Whose token it is."""

    name: Text


class Products(Struct, frozen=True):
    """A page of listing ids."""

    products: tuple[Text, ...]
    next: str


class Done(Struct, frozen=True):
    """The answer to a push."""

    id: Text


def encode(value: object) -> bytes:
    """A payload as the store takes it."""
    return msgspec.json.encode(value)


def tidied(body: bytes) -> bytes:
    """`body` as our own JSON would be, or as it is where it is no JSON."""
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body


def news(delivery: Delivery, faults: frozenset[str], count: int) -> tuple[News, ...]:
    """What a delivery says. Without faults raises nothing but `BadPayload`."""
    loose: dict[str, Any] = {}
    if faults & {"crashes_on_null", "crashes_on_junk", "lets_types_through"}:
        loose = _loosely(delivery.body, faults)
    if delivery.topic == "refund":
        return (refund_notice(decode(delivery.body, Refund)),)
    order = channel_order(decode(delivery.body, Order), faults)
    if "lets_types_through" in faults:
        order = msgspec.structs.replace(order, number=loose.get("number"), note=loose.get("buyer"))
    if "remembers" in faults:
        order = msgspec.structs.replace(order, note=f"read {count} times")
    return (order,)


def _loosely(body: bytes, faults: frozenset[str]) -> dict[str, Any]:
    """The body as plain JSON, the way that crashes."""
    if "crashes_on_junk" in faults:
        json.loads(body)
    try:
        told: dict[str, Any] = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if "crashes_on_null" in faults and isinstance(told, dict) and "lines" in told:
        for line in told["lines"]:
            line["price"].strip()
    return told if isinstance(told, dict) else {}


def channel_order(order: Order, faults: frozenset[str]) -> ChannelOrder:
    """The order as the hub knows it."""
    total = amount(order.total, order.currency, "$.total")
    if "counts_in_floats" in faults:
        total = int(float(order.total) * 100)
    return ChannelOrder(
        external_id=order.id,
        number=f"N{order.id}",
        placed_at=instant(order.created_at, "$.created_at"),
        revised_at=instant(order.updated_at, "$.updated_at"),
        currency=order.currency,
        total=total,
        lines=tuple(channel_line(order, place) for place in range(len(order.lines))),
        buyer=Buyer(name=order.buyer),
    )


def channel_line(order: Order, place: int) -> ChannelLine:
    """The line at `place`."""
    line = order.lines[place]
    price = amount(line.price, order.currency, f"$.lines[{place}].price")
    return ChannelLine(external_id=line.id, title=line.title, quantity=line.quantity, unit_price=price, sku=line.sku)


def refund_notice(refund: Refund) -> RefundNotice:
    """Money that went back."""
    return RefundNotice(
        order_id=refund.order,
        external_id=refund.id,
        at=instant(refund.at, "$.at"),
        amount=amount(refund.amount, refund.currency, "$.amount"),
        currency=refund.currency,
    )
