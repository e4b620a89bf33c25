"""Cancelling and refunding at Vendure. Each carries our reference in its reason, and is looked for before it is
made."""

from __future__ import annotations

from connectors.vendure import answers, words
from connectors.vendure.client import Client
from connectors.vendure.purse import Purse
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest
from hub.errors import BadPayload, Reject

MOST_REFUNDS = 20
"""Payments of one order that a refund is spread over."""


async def push_cancellation(client: Client, request: CancellationRequest) -> Receipt:
    """Cancels the order with its shipping costs, or takes units off it. Money is not touched: that is `push_refund`.

    Raises `Reject` once goods have left.
    """
    order = (await _read(client, request.order_id))[0]
    there = _cancelled(order, request)
    if there is not None:
        return there
    gone = [fulfillment.id for fulfillment in order.fulfillments or () if fulfillment.state in words.GONE]
    if gone and not request.lines:
        raise Reject(f"too late: goods have left Vendure in fulfillment {', '.join(gone)}")
    change = {"orderId": request.order_id, "reason": _note(request.reason, request.reference)}
    if request.lines:
        lines = [{"orderLineId": line, "quantity": count} for line, count in request.lines.items()]
        await client.change("undoing.Cancel", input=change | {"lines": lines})
    else:
        await client.change("undoing.Cancel", input=change | {"cancelShipping": True})
    return Receipt(external_id=request.order_id)


async def find_cancellation(client: Client, request: CancellationRequest) -> Receipt | None:
    """The receipt of a cancellation that has taken effect, else None."""
    return _cancelled((await _read(client, request.order_id))[0], request)


async def push_refund(client: Client, request: RefundRequest) -> Receipt:
    """Pays back over the order's settled payments, oldest first. Raises `Reject` when they do not hold that much.

    Vendure takes no key: what an earlier try paid back under our reference is not paid back again.
    """
    order, purse = await _read(client, request.order_id)
    if request.currency != order.currency_code:
        raise Reject(f"the order was paid in {order.currency_code}, not in {request.currency}")
    made = _refunds(order, request.reference)
    left = request.amount - sum(_minor(purse, refund) for refund in made)
    ids = [refund.id for refund in made]
    for payment, amount in spread(order, purse, left):
        ids.append(await client.change("undoing.Refund", input=_refund(request, payment, _told(purse, amount))))
    return _receipt(ids)


async def find_refund(client: Client, request: RefundRequest) -> Receipt | None:
    """The receipt of a refund that was made in full, else None."""
    order, purse = await _read(client, request.order_id)
    made = _refunds(order, request.reference)
    if not made or sum(_minor(purse, refund) for refund in made) < request.amount:
        return None
    return _receipt([refund.id for refund in made])


def spread(order: answers.Undoable, purse: Purse, amount: int) -> list[tuple[str, int]]:
    """(payment, amount) of each part. Raises `Reject` when the payments hold less."""
    parts: list[tuple[str, int]] = []
    left = amount
    for payment in order.payments or ():
        if left <= 0 or payment.state != words.SETTLED:
            continue
        back = sum(_minor(purse, refund) for refund in payment.refunds if refund.state != words.REFUND_FAILED)
        part = min(left, _minor(purse, payment) - back)
        if part > 0:
            parts.append((payment.id, part))
            left -= part
    if left > 0 or len(parts) > MOST_REFUNDS:
        raise Reject(f"only {amount - left} of {amount} ({order.currency_code}, minor units) can still be paid back")
    return parts


async def _read(client: Client, order_id: str) -> tuple[answers.Undoable, Purse]:
    told = await client.ask("undoing.Undone", answers.Undone, id=order_id)
    if told.order is None:
        raise Reject(f"Vendure has no order {order_id}, or no longer shows it")
    precision = told.global_settings.server_config.money_strategy_precision
    return told.order, Purse(told.order.currency_code, precision)


def _cancelled(order: answers.Undoable, request: CancellationRequest) -> Receipt | None:
    """Cancelling units leaves a mark in the order's history; a whole order is cancelled or not."""
    if not request.lines:
        return Receipt(external_id=request.order_id) if order.state == "Cancelled" else None
    for entry in order.cancelled.items:
        if str(entry.data.get("reason") or "").endswith(f"[{request.reference}]"):
            return Receipt(external_id=request.order_id, details={"history_entry": entry.id})
    return None


def _refunds(order: answers.Undoable, reference: str) -> list[answers.PaidBack]:
    """What was paid back under our reference; a refund that failed paid nothing."""
    return [
        refund
        for payment in order.payments or ()
        for refund in payment.refunds
        if refund.state != words.REFUND_FAILED and (refund.reason or "").endswith(f"[{reference}]")
    ]


def _refund(request: RefundRequest, payment: str, amount: int) -> dict[str, object]:
    """The input for one payment. The deprecated sums must be given as zeros: the database refuses the refund without.
    Lines are not named: Vendure 3.7 enters them with the order's fulfillments."""
    return {
        "paymentId": payment, "amount": amount, "reason": _note(request.reason, request.reference),
        "lines": [], "shipping": 0, "adjustment": 0,
    }  # fmt: skip


def _receipt(refunds: list[str]) -> Receipt:
    return Receipt(external_id=refunds[0] if refunds else "", details={"refund_ids": ",".join(refunds)})


def _note(reason: str, reference: str) -> str:
    return f"{reason} [{reference}]".strip()


def _minor(purse: Purse, moved: answers.Paid | answers.PaidBack) -> int:
    try:
        return purse.amount(moved.amount if isinstance(moved, answers.Paid) else moved.total, "$.amount")
    except BadPayload as error:
        raise Reject(f"Vendure tells an amount that cannot be paid: {error}") from None


def _told(purse: Purse, amount: int) -> int:
    try:
        return purse.told(amount)
    except ValueError as error:
        raise Reject(str(error)) from None
