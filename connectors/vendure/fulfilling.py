"""Telling Vendure that goods have left, and that they have arrived.

It takes two calls: a fulfillment is added (Pending), then moved to Shipped, and the order follows by itself. Adding is
not idempotent and carries no key, so every push looks first at what is there: a fulfillment with our tracking code that
is still Pending is one whose second call never came, and is only moved. Repeating a push is therefore safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from connectors.vendure import answers, words
from connectors.vendure.client import Client
from hub.domain.outgoing import Receipt, Shipment, StatusUpdate
from hub.errors import Reject

HANDLER = "manual-fulfillment"
SHIPPED = "Shipped"


async def push_shipment(client: Client, shipment: Shipment) -> Receipt:
    """Ships the shipment's units. Raises `Reject` when Vendure has not that many left to ship."""
    order = await _order(client, shipment.order_id)
    ours = of_code(order, code(shipment))
    missing = wanted(shipment) - units(ours)
    for fulfillment in ours:
        if fulfillment.state not in words.GONE:
            await _move(client, fulfillment.id, SHIPPED)
    made = [fulfillment.id for fulfillment in ours]
    if missing:
        check_left(order, missing)
        made.append(await _add(client, shipment, missing))
        await _move(client, made[-1], SHIPPED)
    return receipt(made)


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a shipment whose units have all left at Vendure; None when some are missing or still Pending."""
    ours = of_code(await _order(client, shipment.order_id), code(shipment))
    gone = [fulfillment for fulfillment in ours if fulfillment.state in words.GONE]
    if not gone or wanted(shipment) - units(gone):
        return None
    return receipt([fulfillment.id for fulfillment in gone])


async def push_status(client: Client, update: StatusUpdate) -> Receipt:
    """Moves the parcel's fulfillments on. Statuses that Vendure has no word for are not sent; the receipt says so."""
    state = words.STATUS.get(update.status)
    if state is None:
        return Receipt(details={"not_sent": f"Vendure has no word for {update.status!r}"})
    found = await _of_parcel(client, update)
    for fulfillment in found:
        if fulfillment.state != state:
            await _move(client, fulfillment.id, state)
    return receipt([fulfillment.id for fulfillment in found])


async def find_status(client: Client, update: StatusUpdate) -> Receipt | None:
    """The receipt of a status that all of the parcel's fulfillments have, else None."""
    state = words.STATUS.get(update.status)
    if state is None:
        return None
    found = await _of_parcel(client, update)
    same = all(fulfillment.state == state for fulfillment in found)
    return receipt([fulfillment.id for fulfillment in found]) if same else None


def receipt(fulfillments: Sequence[str]) -> Receipt:
    """Fulfillment ids as a receipt; `fulfillment_ids` are parted by commas."""
    return Receipt(external_id=fulfillments[0], details={"fulfillment_ids": ",".join(fulfillments)})


def code(shipment: Shipment) -> str:
    """What our fulfillment is known by: its tracking code, and our reference where there is none."""
    return shipment.tracking_number or shipment.reference


def wanted(shipment: Shipment) -> Counter[str]:
    """Units by line."""
    counts: Counter[str] = Counter()
    for line in shipment.lines:
        counts[line.line_id] += line.quantity
    return counts


def units(fulfillments: Sequence[answers.Sent]) -> Counter[str]:
    """Units by line in these fulfillments."""
    counts: Counter[str] = Counter()
    for fulfillment in fulfillments:
        for part in fulfillment.lines:
            counts[part.order_line_id] += part.quantity
    return counts


def of_code(order: answers.Shipping, tracking_code: str) -> list[answers.Sent]:
    """Fulfillments with this tracking code that were not cancelled."""
    return [f for f in live(order) if f.tracking_code == tracking_code]


def live(order: answers.Shipping) -> list[answers.Sent]:
    """Fulfillments that were not cancelled."""
    return [f for f in order.fulfillments or () if f.state != words.FULFILLMENT_CANCELLED]


def check_left(order: answers.Shipping, missing: Counter[str]) -> None:
    """Raises `Reject`, naming the lines, unless so many units are in no fulfillment yet."""
    left = Counter({line.id: line.quantity for line in order.lines})
    left.subtract(units(live(order)))
    short = ", ".join(f"{n - max(0, left[line])} of line {line}" for line, n in missing.items() if n > left[line])
    if short:
        others = ", ".join(f"{f.id} ({f.state})" for f in live(order))
        raise Reject(
            f"Vendure has not enough left to ship: {short}" + (f"; there are fulfillments {others}" * bool(others))
        )


async def _add(client: Client, shipment: Shipment, missing: Counter[str]) -> str:
    arguments = {"method": shipment.carrier or "Crossdock", "trackingCode": code(shipment)}
    change = {
        "lines": [{"orderLineId": line, "quantity": count} for line, count in missing.items()],
        "handler": {"code": HANDLER, "arguments": [{"name": n, "value": v} for n, v in arguments.items()]},
    }
    return await client.change("fulfillments.AddFulfillment", input=change)


async def _move(client: Client, fulfillment: str, state: str) -> None:
    await client.change("fulfillments.MoveFulfillment", id=fulfillment, state=state)


async def _order(client: Client, order_id: str) -> answers.Shipping:
    found = (await client.ask("fulfillments.Fulfillments", answers.Fulfillments, id=order_id)).order
    if found is None:
        raise Reject(f"Vendure has no order {order_id}, or no longer shows it")
    return found


async def _of_parcel(client: Client, update: StatusUpdate) -> list[answers.Sent]:
    """The fulfillments of the shipment's receipt, else those with the tracking number."""
    order = await _order(client, update.order_id)
    named = set(filter(None, update.receipt.get("fulfillment_ids", "").split(",")))
    found = [f for f in live(order) if (f.id in named if named else f.tracking_code == update.tracking_number)]
    if not found:
        raise Reject(f"Vendure has no fulfillment with tracking code {update.tracking_number!r} to report on")
    return found
