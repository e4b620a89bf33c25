"""Telling the store what was shipped and where it is.

WooCommerce has neither fulfillments nor idempotency keys. A parcel is written down three times: as a note (which the
buyer gets by e-mail, if wanted), in the list of the common tracking plugins, and in a list of ours. Each carries our
reference and is looked for before it is written, so repeating a push is safe. The order's own lists come last, in one
call: what they hold is done.
"""

from __future__ import annotations

from collections import Counter

from msgspec import UNSET

from connectors.woocommerce import mapper, tracking, wire, wire_store, words
from connectors.woocommerce.client import Client, segment
from connectors.woocommerce.lines import channel_lines
from connectors.woocommerce.purse import Purse
from connectors.woocommerce.words import Standing
from hub.domain.outgoing import Receipt, Shipment, StatusUpdate
from hub.errors import Reject

OVER = frozenset({Standing.CANCELLED, Standing.REFUNDED})
UNPAID = frozenset({Standing.PENDING, Standing.FAILED})


async def push_shipment(client: Client, shipment: Shipment) -> Receipt:
    """Writes the parcel down, and completes the order once all of its goods have left. Raises `Reject` for an order
    that is gone or cancelled, or has no such line."""
    order = await open_order(client, shipment.order_id)
    if _recorded(order, shipment):
        return receipt(order)
    _check(order, shipment)
    note = f"{_sentence(shipment)} [{shipment.reference}]"
    await _note(client, shipment.order_id, note, shipment.reference, shipment.notify_buyer)
    change = wire_store.ChangeOrder(
        meta_data=tuple(wire_store.Keep(key, value) for key, value in tracking.noted(order, shipment)),
        status="completed" if await _completes(client, order, shipment) else UNSET,
    )
    path = f"/orders/{segment(shipment.order_id)}"
    return receipt(await client.send("PUT", path, change, wire.Order, shipment.reference))


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a parcel that the order tells of, else None."""
    order = await open_order(client, shipment.order_id)
    return receipt(order) if _recorded(order, shipment) else None


async def push_status(client: Client, update: StatusUpdate) -> Receipt:
    """Writes a note for the store's people. Words that nobody wants to read there are not sent."""
    if update.status not in words.NEWS:
        return Receipt(details={"not_sent": f"orders of WooCommerce have no place for {update.status!r}"})
    at = f"{update.at:%Y-%m-%d %H:%M %Z}".strip()
    parcel = f" ({update.tracking_number})" if update.tracking_number else ""
    note = f"{words.NEWS[update.status]}{parcel}, {at} [{update.reference}:{update.status}]"
    made = await _note(client, update.order_id, note, update.reference, False)
    return Receipt(external_id=made)


async def find_status(client: Client, update: StatusUpdate) -> Receipt | None:
    """The receipt of a note that is there, else None."""
    found = await _noted(client, update.order_id, f"[{update.reference}:{update.status}]")
    return Receipt(external_id=found) if found else None


async def open_order(client: Client, order_id: str) -> wire.Order:
    """The order as it is now. Raises `Reject` where there is none."""
    order = await client.find(f"/orders/{segment(order_id)}", wire.Order)
    if order is None:
        raise Reject(f"the store has no order {order_id}")
    return order


def receipt(order: wire.Order) -> Receipt:
    """What is worth keeping of an order that was changed."""
    return Receipt(external_id=str(order.id), details={"status": order.status})


def _recorded(order: wire.Order, shipment: Shipment) -> bool:
    return any(record.reference == shipment.reference for record in tracking.records(order))


def _check(order: wire.Order, shipment: Shipment) -> None:
    if words.standing(order.status) in OVER:
        raise Reject(f"order {order.number or order.id} is {order.status} at the store")
    known = {str(line.id) for line in order.line_items}
    unknown = [line.line_id for line in shipment.lines if line.line_id not in known]
    if unknown:
        raise Reject(f"order {order.number or order.id} has no line {', '.join(unknown)}")


async def _completes(client: Client, order: wire.Order, shipment: Shipment) -> bool:
    """Whether all goods have left with this parcel. An order that is not paid for is never completed by us: that would
    tell the store that it is."""
    if words.standing(order.status) in UNPAID:
        return False
    told = tracking.shipments(order)
    refunds = await refunds_of(client, order)
    gone: Counter[str] = Counter({line.line_id: 0 for line in shipment.lines})
    for line in shipment.lines:
        gone[line.line_id] += line.quantity
    for parcel in told:
        gone.update(parcel.lines)
    purse = Purse.of(order.currency, order.prices_include_tax)
    lines = channel_lines(order, purse, mapper.cancelled_units(order, told, refunds))
    return all(gone[line.external_id] >= line.quantity - line.cancelled for line in lines if line.requires_shipping)


async def refunds_of(client: Client, order: wire.Order) -> list[wire.Refund]:
    """What was given back of an order, in full."""
    return await client.whole(f"/orders/{order.id}/refunds", wire.Refund) if order.refunds else []


def _sentence(shipment: Shipment) -> str:
    how = f"Shipped with {shipment.carrier}" if shipment.carrier else "Shipped"
    number = f", tracking number {shipment.tracking_number}" if shipment.tracking_number else ""
    return f"{how}{number}{': ' if shipment.tracking_url else '.'}{shipment.tracking_url}"


async def _note(client: Client, order_id: str, note: str, reference: str, for_buyer: bool) -> str:
    """The id of a note that ends with the mark of `note`: the one that is there, or a new one."""
    mark = note[note.rindex("[") :]
    there = await _noted(client, order_id, mark)
    if there:
        return there
    body = wire_store.AddNote(note, customer_note=for_buyer)
    made = await client.send("POST", f"/orders/{segment(order_id)}/notes", body, wire_store.Named, reference)
    return str(made.id)


async def _noted(client: Client, order_id: str, mark: str) -> str:
    """The id of the note that carries `mark`, empty when there is none. Notes come all at once, not in pages."""
    notes = await client.get(f"/orders/{segment(order_id)}/notes", tuple[wire_store.Note, ...])
    return next((str(note.id) for note in notes if mark in (note.note or "")), "")
