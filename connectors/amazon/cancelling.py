"""Cancelling at Amazon: a feed of order acknowledgements that says "Failure" of a whole order.

Amazon would give back the money of the whole order if a part of it had been shipped, and knows no cancellation of
single units by feed: so the order is looked at first, and both are refused here.
"""

from __future__ import annotations

from connectors.amazon import envelope, feeding, wire
from connectors.amazon.client import Client
from connectors.amazon.feeding import Book
from connectors.amazon.shipping import find_order
from connectors.amazon.units import fulfilled_units, standing_of
from hub.domain.outgoing import CancellationRequest, Receipt
from hub.errors import Reject, Unknown


async def push_cancellation(client: Client, book: Book, request: CancellationRequest, key: str) -> Receipt:
    """Cancels the whole order. Raises `Reject` where Amazon would refuse it, or do more than is meant."""
    if not client.settings.seller_id:
        raise Reject("a cancellation is sent with the merchant token: set the account's seller_id")
    order = await find_order(client, request.order_id)
    if order is None:
        raise Reject(f"Amazon has no order {request.order_id!r}")
    if standing_of(order).cancelled:
        return receipt(request)
    _refuse(order, request)
    document = envelope.acknowledgement(client.settings.seller_id, order, request.reason)
    feed_id = await feeding.send(client, book, envelope.ACKNOWLEDGEMENT, document, [key])
    told = feeding.answer(await feeding.wait(client, book, feed_id), book.sent[key], receipt(request))
    if told.receipt is None:
        raise (Reject if told.failure == "reject" else Unknown)(told.why)
    return told.receipt


async def find_cancellation(client: Client, book: Book, request: CancellationRequest, key: str) -> Receipt | None:
    """The receipt of a cancellation that took effect, else None."""
    found = await feeding.look_up(client, book, key, receipt(request))
    if found is not None:
        return found
    order = await find_order(client, request.order_id)
    return receipt(request) if order is not None and standing_of(order).cancelled else None


def receipt(request: CancellationRequest) -> Receipt:
    """Amazon gives a cancellation no name of its own."""
    return Receipt(external_id=request.order_id)


def _refuse(order: wire.Order, request: CancellationRequest) -> None:
    if any(fulfilled_units(item) for item in order.order_items):
        raise Reject(f"a part of order {order.order_id} was shipped: Amazon would refund all of it; cancel by hand")
    whole = {item.order_item_id: item.quantity_ordered for item in order.order_items}
    if request.lines and any(request.lines.get(line, 0) < units for line, units in whole.items()):
        raise Reject("Amazon cancels whole orders only: cancel single units in Seller Central")
