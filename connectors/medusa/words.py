"""Medusa's words and what they mean. Source: Admin API reference, enums of AdminOrder; `aggregate-status` of
`@medusajs/core-flows` 2.21."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.medusa.wire import Order
from hub.domain.order import ReturnStatus

ORDER = frozenset({"pending", "completed", "archived", "canceled", "requires_action", "draft"})
"""Standing of an order. `pending` stays until somebody completes it: it says nothing about payment or goods."""

CANCELLED = "canceled"
"""The standing of a cancelled order."""

NOT_RELEASED = frozenset({"requires_action", "draft"})
"""Standings in which Medusa itself holds an order back."""

PAYMENT = frozenset(
    {
        "not_paid",
        "awaiting",
        "authorized",
        "partially_authorized",
        "captured",
        "partially_captured",
        "partially_refunded",
        "refunded",
        "canceled",
        "requires_action",
    }
)
"""Standing of an order's payments together."""

PAYMENT_PENDING = frozenset({"awaiting", "requires_action"})
"""The buyer or the provider still has something to do."""

PAID = "captured"
"""All of it was taken; also of orders that cost nothing."""

FULFILLMENT = frozenset(
    {
        "not_fulfilled",
        "partially_fulfilled",
        "fulfilled",
        "partially_shipped",
        "shipped",
        "partially_delivered",
        "delivered",
        "canceled",
    }
)
"""Standing of an order's goods. `fulfilled` means packed: nothing has left yet."""

RETURN = {
    "requested": ReturnStatus.REQUESTED,
    # Part of it has arrived, and the rest is under way.
    "partially_received": ReturnStatus.IN_TRANSIT,
    "received": ReturnStatus.RECEIVED,
    "canceled": ReturnStatus.CANCELLED,
}
"""Standing of a return; nobody approves one in Medusa."""

RETURN_DRAFT = "open"
"""Standing of a return that somebody in the shop has begun and not confirmed."""

DELIVERED = "delivered"
"""The only status of ours that Medusa takes after a shipment."""

OPEN = ("pending", "requires_action")
"""Standings of orders whose payments are looked at again."""

REFUND_CREDIT = "payment_collection"
"""`reference` of a credit line that Medusa wrote for a refund without a reason."""


def unknown(order: Order) -> Iterator[str]:
    """Words that stand in none of the tables, as Medusa wrote them."""
    for word, table in (
        (order.status, ORDER),
        (order.payment_status, PAYMENT),
        (order.fulfillment_status, FULFILLMENT),
        *((given.status, {*RETURN, RETURN_DRAFT}) for given in order.returns or ()),
    ):
        if word not in table:
            yield word
