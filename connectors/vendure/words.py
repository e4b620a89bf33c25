"""Vendure's words and ours. Order processes can be customized: a word that is in no table is reported, never guessed.

Sources: the default order, fulfillment, payment and refund processes of Vendure 3 (`packages/core/src/config`).
"""

from __future__ import annotations

from enum import StrEnum

from hub.domain.order import PaymentStatus


class Standing(StrEnum):
    """What the state of an order says of it."""

    PENDING = "pending"
    OPEN = "open"
    CANCELLED = "cancelled"


ORDER = {
    # Vendure ships nothing before the payment is settled, and nothing while an order is edited.
    "PaymentAuthorized": Standing.PENDING,
    "Modifying": Standing.PENDING,
    "ArrangingAdditionalPayment": Standing.PENDING,
    "PaymentSettled": Standing.OPEN,
    "PartiallyShipped": Standing.OPEN,
    "Shipped": Standing.OPEN,
    "PartiallyDelivered": Standing.OPEN,
    "Delivered": Standing.OPEN,
    "Cancelled": Standing.CANCELLED,
}
"""States of orders that were placed."""

CLOSED = ("Delivered", "Cancelled")
"""States in which little happens any more: orders in any other are looked at in every poll."""

PAYMENT = {
    "Created": PaymentStatus.PENDING,
    "Authorized": PaymentStatus.AUTHORIZED,
    "Settled": PaymentStatus.CAPTURED,
    "Declined": PaymentStatus.FAILED,
    "Error": PaymentStatus.FAILED,
    "Cancelled": PaymentStatus.VOIDED,
}

REFUND = frozenset({"Pending", "Settled", "Failed"})
SETTLED = "Settled"
"""The one state of a refund, and of a payment, in which money has moved."""
REFUND_FAILED = "Failed"

FULFILLMENT = frozenset({"Created", "Pending", "Shipped", "Delivered", "Cancelled"})
GONE = frozenset({"Shipped", "Delivered"})
"""States of a fulfillment in which goods have left."""
FULFILLMENT_CANCELLED = "Cancelled"

STATUS = {"delivered": "Delivered"}
"""Our status of a parcel → state of its fulfillment. Vendure has no word for the others."""
