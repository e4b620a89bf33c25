"""Cancelling and refunding. Neither has a key, and a refund does not even give our words back.

A cancellation is looked up by the order's own state. A refund is told from earlier ones by what the order held before:
that is remembered while this process lives. Later nobody can tell whose a refund is, and a person must.
Sources: sell_fulfillment issueRefund; Post-Order API, "Create Cancellation Request".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from urllib.parse import quote

from connectors.ebay import wire, words
from connectors.ebay.client import Client, done
from connectors.ebay.order_wire import Refund
from connectors.ebay.pulling import ORDERS
from connectors.ebay.purse import Purse
from hub.domain import money
from hub.domain.outgoing import CancellationRequest, Receipt, RefundRequest
from hub.errors import Reject, Unknown

CANCELLATIONS = "/post-order/v2/cancellation"
MOST = 1000
COMMENT = 100
"""Longest comment of a refund, in characters."""


class Before:
    """Refunds that an order had before we made one, by our reference."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, frozenset[str]] = OrderedDict()

    def remember(self, reference: str, refunds: frozenset[str]) -> None:
        """Keeps the first answer: a later try must not take the earlier one's refund for an old one."""
        self._kept.setdefault(reference, refunds)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def get(self, reference: str) -> frozenset[str] | None:
        """None for a refund that this process knows nothing of."""
        return self._kept.get(reference)


async def _order(client: Client, order_id: str) -> wire.Standing:
    return await client.get(f"{ORDERS}/{quote(order_id, safe='')}", wire.Standing)


# ---------------------------------------------------------------- cancellations


async def push_cancellation(client: Client, request: CancellationRequest) -> Receipt:
    """Cancels the whole order, by saying yes where the buyer has asked for it. Raises `Reject` for a part of it, which
    eBay does not cancel, and where it is too late."""
    order = await _order(client, request.order_id)
    if order.cancel_status.cancel_state == words.CANCELED:
        return _cancelled(order)
    held = {line.line_item_id: line.quantity for line in order.line_items}
    if request.lines and request.lines != held:
        raise Reject("eBay cancels whole orders only: give the units' money back instead")
    there = await _asked(client, order)
    if there is None:
        return await _create(client, order, request)
    if there.cancel_status == words.WAITING:
        path = f"{CANCELLATIONS}/{quote(there.cancel_id, safe='')}/approve"
        reply = await client.send(path, {}, request.reference, signed=True)
        if reply.body.strip() not in (b"", b"{}"):
            raise Unknown("approve the cancellation: eBay's answer cannot be read")
    return Receipt(external_id=there.cancel_id)


async def find_cancellation(client: Client, request: CancellationRequest) -> Receipt | None:
    """The receipt of a cancellation that is made or under way, else None."""
    order = await _order(client, request.order_id)
    if order.cancel_status.cancel_state == words.CANCELED:
        return _cancelled(order)
    there = await _asked(client, order)
    return Receipt(external_id=there.cancel_id) if there and there.cancel_status != words.WAITING else None


async def _create(client: Client, order: wire.Standing, request: CancellationRequest) -> Receipt:
    standing = words.PAYMENTS.get(order.order_payment_status)
    body = {
        "legacyOrderId": order.legacy_order_id or order.order_id,
        "cancelReason": words.CANCEL_REASON.get(request.reason.strip().casefold(), words.CANNOT),
        "buyerPaid": bool(standing and standing.paid),
    }
    reply = await client.send(CANCELLATIONS, body, request.reference, signed=True)
    made = done(reply, "cancel", wire.Cancelling)
    if made.cancel_id:
        return Receipt(external_id=made.cancel_id)
    if made.order_eligibility_result is None:
        raise Unknown("cancel: eBay answered without saying what became of it")
    why = made.order_eligibility_result.failure_reason
    raise Reject(f"eBay does not cancel this order: {why if isinstance(why, str) else ', '.join(why)}")


async def _asked(client: Client, order: wire.Standing) -> wire.Cancellation | None:
    """A cancellation of the order that has not come to nothing."""
    mark = order.legacy_order_id or order.order_id
    found = await client.get(f"{CANCELLATIONS}/search", wire.Cancellations, {"legacy_order_id": mark})
    return next((it for it in found.cancellations if it.cancel_status not in words.REJECTED), None)


def _cancelled(order: wire.Standing) -> Receipt:
    at = order.cancel_status.cancelled_date or ""
    return Receipt(external_id=order.order_id, details={"cancelled": at} if at else {})


# ---------------------------------------------------------------- refunds


async def push_refund(client: Client, request: RefundRequest, before: Before) -> Receipt:
    """Gives money back on the order as a whole. Raises `Reject` for another currency than the order's."""
    order = await _order(client, request.order_id)
    if request.currency != _purse(order).currency:
        raise Reject(f"the order was paid in {_purse(order).currency}, not in {request.currency}")
    if before.get(request.reference) is not None:
        # An earlier try: eBay may have shown its refund only after it was looked for.
        there = _fresh(order, before.get(request.reference) or frozenset())
        if there is not None:
            return there
    before.remember(request.reference, frozenset(name for name, _ in _refunds(order)))
    mark = f"[{request.reference}]"
    body = {
        "reasonForRefund": words.REFUND_REASON.get(request.reason.strip().casefold(), "OTHER_ADJUSTMENT"),
        "comment": f"{request.reason[: COMMENT - len(mark) - 1]} {mark}".strip()[:COMMENT],
        "orderLevelRefundAmount": {
            "value": money.major(request.amount, request.currency),
            "currency": request.currency,
        },
    }
    path = f"{ORDERS}/{quote(request.order_id, safe='')}/issue_refund"
    made = done(await client.send(path, body, request.reference, signed=True), "refund", wire.Refunded)
    if made.refund_status == "FAILED":
        raise Reject("eBay could not make the refund: see the order in Seller Hub")
    if not made.refund_id:
        raise Unknown("refund: eBay answered without naming it")
    return Receipt(external_id=made.refund_id, details={"status": made.refund_status})


async def find_refund(client: Client, request: RefundRequest, before: Before) -> Receipt | None:
    """The receipt of a refund that the order had not before, whatever its amount: eBay may show what the seller gives
    back net of fees and tax. None when there is none. Raises `Unknown` when nobody can tell whose a refund is."""
    order = await _order(client, request.order_id)
    known = before.get(request.reference)
    there = {name: refund for name, refund in _refunds(order) if refund.refund_status != "FAILED"}
    if known is None and there:
        names = ", ".join(there)
        raise Unknown(f"the order has refunds ({names}): see in Seller Hub whether this one is among them")
    return _fresh(order, known or frozenset())


def _fresh(order: wire.Standing, known: frozenset[str]) -> Receipt | None:
    """The receipt of the first refund that is not among the `known` ones, and has not failed."""
    for name, refund in _refunds(order):
        if name not in known and refund.refund_status != "FAILED":
            return Receipt(external_id=name, details={"status": refund.refund_status})
    return None


def _purse(order: wire.Standing) -> Purse:
    total = order.pricing_summary.total
    return Purse(total.converted_from_currency or total.currency, total.currency)


def _refunds(order: wire.Standing) -> Iterator[tuple[str, Refund]]:
    """Every refund of the order by its name."""
    for refund in order.payment_summary.refunds:
        yield refund.refund_id or refund.refund_reference_id, refund
