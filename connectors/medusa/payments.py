"""Medusa's payments and refunds → the hub's. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from connectors.medusa import wire, words
from connectors.medusa.sums import Purse, exact
from hub.domain.order import ChannelPayment, PaymentStatus, RefundNotice


def each_payment(order: wire.Order) -> Iterator[tuple[str, wire.Payment]]:
    """(path, payment) of all collections, by id: Medusa lists them in no order of its own."""
    found = [
        (f"$.order.payment_collections[{i}].payments[{j}]", payment)
        for i, collection in enumerate(order.payment_collections or ())
        for j, payment in enumerate(collection.payments or ())
    ]
    yield from sorted(found, key=lambda pair: pair[1].id)


def captured(payment: wire.Payment, path: str) -> Fraction:
    """What was taken of a payment, in major units."""
    moved = (exact(c.amount, f"{path}.captures[{i}].amount") for i, c in enumerate(payment.captures or ()))
    return sum(moved, Fraction())


def channel_payments(order: wire.Order, purse: Purse) -> tuple[ChannelPayment, ...]:
    """Every payment. One that is captured in part stays authorized until it is captured whole."""
    found = []
    for path, payment in each_payment(order):
        amount = purse.read(payment.amount, f"{path}.amount")
        status = PaymentStatus.AUTHORIZED
        if purse.minor(captured(payment, path), path) >= amount:
            status = PaymentStatus.CAPTURED
        elif payment.canceled_at:
            status = PaymentStatus.VOIDED
        found.append(
            ChannelPayment(external_id=payment.id, status=status, amount=amount, gateway=payment.provider_id or "")
        )
    return tuple(found)


def paid(order: wire.Order, total: int, purse: Purse) -> bool:
    """Whether the whole total was taken, whatever was given back of it since."""
    taken = sum((captured(payment, path) for path, payment in each_payment(order)), Fraction())
    return order.payment_status == words.PAID or bool(total and purse.minor(taken, "$.order.total") >= total)


def refund_notices(order: wire.Order, purse: Purse) -> Iterator[RefundNotice]:
    """One for each refund of each payment."""
    for path, payment in each_payment(order):
        refunds = list(enumerate(payment.refunds or ()))
        for i, refund in sorted(refunds, key=lambda pair: (pair[1].created_at, pair[1].id)):
            reason = refund.refund_reason.label if refund.refund_reason else None
            yield RefundNotice(
                order_id=order.id,
                external_id=refund.id,
                at=refund.created_at,
                amount=purse.read(refund.amount, f"{path}.refunds[{i}].amount"),
                currency=purse.currency,
                reason=refund.note or reason or "",
            )


def given_back(credit: wire.CreditLine, order: wire.Order) -> bool:
    """Whether a credit line is the shadow of a refund: Medusa names it after the payments, or after the refund's
    reason (`create-order-refund-credit-lines` of @medusajs/core-flows)."""
    if credit.reference == words.REFUND_CREDIT:
        return True
    reasons = {
        (refund.refund_reason.label, refund.refund_reason.code)
        for _, payment in each_payment(order)
        for refund in payment.refunds or ()
        if refund.refund_reason
    }
    return (credit.reference, credit.reference_id) in reasons
