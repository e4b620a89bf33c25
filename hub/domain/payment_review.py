"""Whether the money for an order is there or promised: authorized, captured, on terms, cash on delivery, or pending."""

from __future__ import annotations

from collections.abc import Iterable

from hub.domain.credit import Credit
from hub.domain.lifecycle import PaymentState
from hub.domain.outcome import HoldNeed, OrderRow, PaymentRow

PAYMENT_FAILED = frozenset({PaymentState.FAILED, PaymentState.VOIDED, PaymentState.EXPIRED})
PAYMENT_GOOD = frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.PARTIALLY_CAPTURED})
PAYMENT_TO_COME = frozenset({PaymentState.PENDING, PaymentState.REQUIRES_ACTION})
CASH_ON_DELIVERY = frozenset({"cod", "cashondelivery", "cashondeliverycod", "nachnahme", "contreremboursement"})
"""Words of gateways for money that the carrier collects, letters only."""


def due(order: OrderRow) -> int:
    """What is neither paid nor promised by anybody, in minor units."""
    return 0 if order.paid else due_of(order.total, order.payments)


def due_of(total: int, payments: Iterable[PaymentRow]) -> int:
    """What these payments are not good for, of an order that the channel does not call paid."""
    good = sum(payment.amount for payment in payments if payment.state in PAYMENT_GOOD or _at_the_door(payment))
    return max(0, total - good)


def _at_the_door(payment: PaymentRow) -> bool:
    """Whether the carrier collects it."""
    letters = "".join(c for c in payment.gateway.casefold() if c.isalpha())
    return letters in CASH_ON_DELIVERY and payment.state in PAYMENT_TO_COME


def payment_holds(order: OrderRow, credit: Credit) -> tuple[HoldNeed, ...]:
    """Money must be there or promised: paid at the channel, payments that are good for the whole total, cash when it is
    delivered, or an account on terms with enough of its limit left."""
    if order.pending:
        return (HoldNeed("channel_pending", {"what": "channel_pending"}, ("cancel",), owner="channel"),)
    owed = due(order)
    if not owed:
        return ()
    failed = any(payment.state in PAYMENT_FAILED for payment in order.payments)
    if credit.knows(order) and not failed:
        return credit_holds(order, credit, owed)
    detail: dict[str, object] = {
        "what": "payment_failed" if failed else "payment_missing",
        "due": owed,
        "currency": order.currency,
    }
    return (HoldNeed("payment", detail, ("accept", "cancel"), owner="customer"),)


def credit_holds(order: OrderRow, credit: Credit, owed: int) -> tuple[HoldNeed, ...]:
    """What a customer on terms owes already and this order together must stay within the limit; a person
    may let it pass."""
    over = credit.over(order, owed)
    passed = [hold.detail.get("due") for hold in order.holds if hold.reason == "credit" and hold.resolution == "accept"]
    if not over or any(isinstance(amount, int) and amount >= owed for amount in passed):
        return ()
    return (HoldNeed("credit", over, ("accept", "cancel")),)
