"""The types of events, and how they are chosen. Types are full-stop delimited, as Standard Webhooks recommends; each
has data of one shape, and keeps it."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.outgoing import Kind

TYPES: Mapping[Kind, str] = {
    Kind.PUSH_SHIPMENT: "shipment.created",
    Kind.PUSH_STATUS: "order.status_changed",
    Kind.PUSH_STOCK: "stock.changed",
    Kind.PUSH_CANCELLATION: "order.cancelled",
    Kind.PUSH_REFUND: "order.refunded",
    Kind.PUSH_RETURN: "return.status_changed",
}
"""Kind of message → type of event."""

PING = "ping"
"""The type of what `channel test` sends: it says nothing, and everybody should take it."""


def chosen(text: str) -> frozenset[str]:
    """The types an account asks for; all of them where it does not say. A type that does not exist is nobody's."""
    named = {word.strip() for word in text.split(",") if word.strip()}
    return frozenset(named or TYPES.values())
