"""Cancelling. eBay has no key for it: what became of one is looked up by the order's own state.

Source: Post-Order API, "Create Cancellation Request".
"""

from __future__ import annotations

from urllib.parse import quote

from connectors.ebay import wire, words
from connectors.ebay.client import Client, done
from connectors.ebay.pulling import ORDERS
from hub.domain.outgoing import CancellationRequest, Receipt
from hub.errors import Reject, Unknown

CANCELLATIONS = "/post-order/v2/cancellation"


async def standing(client: Client, order_id: str) -> wire.Standing:
    """How an order stands at eBay now."""
    return await client.get(f"{ORDERS}/{quote(order_id, safe='')}", wire.Standing)


async def push_cancellation(client: Client, request: CancellationRequest) -> Receipt:
    """Cancels the whole order, by saying yes where the buyer has asked for it. Raises `Reject` for a part of it, which
    eBay does not cancel, and where it is too late."""
    order = await standing(client, request.order_id)
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
    order = await standing(client, request.order_id)
    if order.cancel_status.cancel_state == words.CANCELED:
        return _cancelled(order)
    there = await _asked(client, order)
    return Receipt(external_id=there.cancel_id) if there and there.cancel_status != words.WAITING else None


async def _create(client: Client, order: wire.Standing, request: CancellationRequest) -> Receipt:
    payment = words.PAYMENTS.get(order.order_payment_status)
    body = {
        "legacyOrderId": order.legacy_order_id or order.order_id,
        "cancelReason": words.CANCEL_REASON.get(request.reason.strip().casefold(), words.CANNOT),
        "buyerPaid": bool(payment and payment.paid),
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
