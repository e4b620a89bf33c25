"""Cancelling and refunding at Medusa. Each is looked for before it is made."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from connectors.medusa import answers, fields, words
from connectors.medusa.client import Client, asking, order_path, segment
from connectors.medusa.fulfilling import REFERENCE, alive
from connectors.medusa.payments import captured
from connectors.medusa.sums import Purse
from connectors.medusa.wire import Payment
from connectors.medusa.wire import Refund as Given
from hub.domain.money import major
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest
from hub.errors import BadPayload, Reject, Retry, Unknown

# ---------------------------------------------------------------- cancelling


async def push_cancellation(client: Client, request: CancellationRequest) -> Receipt:
    """Cancels the order; Medusa then voids what was authorized and pays back what was captured by itself.

    Raises `Reject` for single units, which Medusa only takes off by an order edit, and for what has left."""
    if request.lines:
        raise Reject("Medusa cancels whole orders: take single units off with an edit of the order in its admin")
    order = (await client.order(request.order_id, answers.ShippingTold, fields.SHIPPING)).order
    if order.status != words.CANCELLED:
        for fulfillment in alive(order):
            # Packed by us and never shipped: it would stand in the way.
            if REFERENCE in (fulfillment.metadata or {}) and fulfillment.shipped_at is None:
                path = f"{order_path(request.order_id)}/fulfillments/{segment(fulfillment.id)}/cancel"
                await _post(client, path, {"no_notification": True}, request.reference)
        await _post(client, f"{order_path(request.order_id)}/cancel", {}, request.reference)
    return Receipt(external_id=request.order_id)


async def find_cancellation(client: Client, request: CancellationRequest) -> Receipt | None:
    """A receipt once the order is cancelled, by whomever."""
    order = (await client.order(request.order_id, answers.ShippingTold, fields.SHIPPING)).order
    return Receipt(external_id=request.order_id) if order.status == words.CANCELLED else None


async def _post(client: Client, path: str, body: object, reference: str) -> None:
    await client.post(path, answers.ShippingTold, body, reference=reference, query=asking(fields.SHIPPING))


# ---------------------------------------------------------------- refunding


class Ledger:
    """What was taken and given back over an order's payments, in minor units of its currency."""

    def __init__(self, order: answers.Money) -> None:
        self.purse = Purse(order.currency_code)
        self.cancelled = order.status == words.CANCELLED
        found = [p for collection in order.payment_collections or () for p in collection.payments or ()]
        self.payments = sorted(found, key=lambda payment: payment.id)

    def left(self, payment: Payment) -> int:
        """What can still be given back of a payment."""
        back = sum(self.amount(refund) for refund in payment.refunds or ())
        return self.purse.minor(captured(payment, "$.payment"), "$.payment") - back

    def amount(self, refund: Given) -> int:
        """Of one refund."""
        return self.purse.read(refund.amount, "$.refund.amount")

    def noted(self, reference: str) -> list[Given]:
        """Refunds whose note ends with our reference."""
        return [each for each in self.refunds() if (each.note or "").endswith(f"[{reference}]")]

    def refunds(self) -> Iterable[Given]:
        """All of them."""
        return (refund for payment in self.payments for refund in payment.refunds or ())


async def push_refund(client: Client, request: RefundRequest) -> Receipt:
    """Pays back over the order's captured payments, oldest first, each with our reference in its note.

    What cancelling the order has paid back already counts. Raises `Reject` when the payments do not hold that much."""
    ledger = await _ledger(client, request)
    done = _done(ledger, request)
    if done is not None:
        return done
    left = request.amount - sum(map(ledger.amount, ledger.noted(request.reference)))
    if left > sum(max(0, ledger.left(payment)) for payment in ledger.payments):
        raise Reject(
            f"the order's captured payments do not hold {major(left, request.currency)} {request.currency} more"
        )
    made = [refund.id for refund in ledger.noted(request.reference)]
    for payment in ledger.payments:
        amount = min(left, ledger.left(payment))
        if amount > 0:
            made.append(await _refund(client, payment, amount, request))
            left -= amount
    return _receipt(made)


async def find_refund(client: Client, request: RefundRequest) -> Receipt | None:
    """The receipt of a refund that was made whole, else None."""
    return _done(await _ledger(client, request), request)


def _done(ledger: Ledger, request: RefundRequest) -> Receipt | None:
    noted = ledger.noted(request.reference)
    if noted and sum(map(ledger.amount, noted)) >= request.amount:
        return _receipt([refund.id for refund in noted])
    everything = list(ledger.refunds())
    spent = all(ledger.left(payment) <= 0 for payment in ledger.payments)
    if ledger.cancelled and spent and everything and sum(map(ledger.amount, everything)) >= request.amount:
        return Receipt(external_id=everything[-1].id, details={"refunded": "by cancelling the order"})
    return None


def _receipt(refunds: list[str]) -> Receipt:
    return Receipt(external_id=refunds[0] if refunds else "", details={"refund_ids": ",".join(refunds)})


async def _ledger(client: Client, request: RefundRequest) -> Ledger:
    order = (await client.order(request.order_id, answers.MoneyTold, fields.MONEY)).order
    try:
        ledger = Ledger(order)
        for payment in ledger.payments:
            ledger.left(payment)
    except BadPayload as error:
        raise Retry(f"the payments of {request.order_id} cannot be read: {error}") from None
    if request.currency != ledger.purse.currency:
        raise Reject(f"the order was paid in {ledger.purse.currency}, not in {request.currency}")
    return ledger


async def _refund(client: Client, payment: Payment, amount: int, request: RefundRequest) -> str:
    note = f"{request.reason} [{request.reference}]".strip()
    body = {"amount": Decimal(major(amount, request.currency)), "note": note}
    told = await client.post(
        f"/payments/{segment(payment.id)}/refund", answers.RefundTold, body, reference=request.reference
    )
    for refund in told.payment.refunds:
        if (refund.note or "").endswith(f"[{request.reference}]"):
            return refund.id
    raise Unknown(f"Medusa does not show the refund that it made for {request.reference}")
