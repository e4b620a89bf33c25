"""Telling Medusa that goods have left, and that they arrived.

Goods leave in two steps there: a fulfillment is made (packed), then a shipment of it with its labels. The fulfillment
carries our reference in its metadata, so whichever answer is lost, the next try finds how far the last one came and
goes on from there. What a person packed in Medusa in just these units is shipped, not packed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from connectors.medusa import answers, fields, words
from connectors.medusa.client import Client, asking, order_path, segment
from connectors.medusa.wire import Fulfillment
from hub.domain.outgoing import Receipt, Shipment, ShipmentLine, StatusUpdate
from hub.errors import Reject, Unknown

REFERENCE = "crossdock_reference"
"""Key of our reference in a fulfillment's metadata."""


class NewFulfillment(Struct, frozen=True, omit_defaults=True):
    """Body of POST /admin/orders/{id}/fulfillments."""

    items: list[dict[str, object]]
    metadata: dict[str, str]
    no_notification: bool
    location_id: str | None = None
    shipping_option_id: str | None = None


async def push_shipment(client: Client, shipment: Shipment, location_id: str) -> Receipt:
    """Packs what is not packed and ships what is not shipped. Raises `Reject` in Medusa's words when it has not that
    many units left."""
    order = await _order(client, shipment.order_id)
    _known_lines(order, shipment)
    made = _ours(order, shipment)
    for group in await _groups(client, order, _left(made, shipment)):
        made.append(_packed(order, group.lines) or await _pack(client, shipment, group, location_id))
    for fulfillment in made:
        if fulfillment.shipped_at is None:
            await _ship(client, shipment, fulfillment)
    return _receipt(made)


async def find_shipment(client: Client, shipment: Shipment) -> Receipt | None:
    """The receipt of a shipment that Medusa has all of, None when some or all of it is missing."""
    made = _ours(await _order(client, shipment.order_id), shipment)
    complete = made and all(each.shipped_at for each in made) and not _left(made, shipment)
    return _receipt(made) if complete else None


def _receipt(made: Sequence[Fulfillment]) -> Receipt:
    """`fulfillment_ids` are parted by commas."""
    ids = [fulfillment.id for fulfillment in made]
    return Receipt(external_id=ids[0] if ids else "", details={"fulfillment_ids": ",".join(ids)})


async def _order(client: Client, order_id: str) -> answers.Shipping:
    return (await client.order(order_id, answers.ShippingTold, fields.SHIPPING)).order


def alive(order: answers.Shipping) -> Iterable[Fulfillment]:
    """Fulfillments that were not cancelled."""
    return (each for each in order.fulfillments or () if each.canceled_at is None)


def _ours(order: answers.Shipping, shipment: Shipment) -> list[Fulfillment]:
    """Those with our reference, or with the parcel's number: then somebody was quicker."""
    return [
        each
        for each in alive(order)
        if (each.metadata or {}).get(REFERENCE) == shipment.reference
        or (each.shipped_at and _bears(each, shipment.tracking_number))
    ]


def _bears(fulfillment: Fulfillment, tracking_number: str) -> bool:
    numbers = {label.tracking_number for label in fulfillment.labels or ()}
    return bool(tracking_number) and tracking_number in numbers


def _left(made: Iterable[Fulfillment], shipment: Shipment) -> list[ShipmentLine]:
    """Lines that no fulfillment of ours has. A parcel holds each line once, so a line is in it whole or not at all."""
    done = {item.line_item_id for fulfillment in made for item in fulfillment.items or ()}
    return [line for line in shipment.lines if line.line_id not in done]


def _known_lines(order: answers.Shipping, shipment: Shipment) -> None:
    there = {item.id for item in order.items}
    strange = [line.line_id for line in shipment.lines if line.line_id not in there]
    if strange:
        raise Reject(f"order {order.id} has no line {', '.join(strange)}")


class Group(Struct, frozen=True):
    """Lines that may be packed together; `option` is named where the order is shipped in more ways than one."""

    lines: list[ShipmentLine]
    option: str = ""


async def _groups(client: Client, order: answers.Shipping, lines: Sequence[ShipmentLine]) -> list[Group]:
    """Medusa packs goods that are shipped apart from those that are not, and goods of different shipping profiles
    apart, each by a way of its own."""
    items = {item.id: item for item in order.items}
    ways = await _ways(client, order) if lines else {}
    groups: dict[tuple[bool, str], list[ShipmentLine]] = {}
    for line in lines:
        digital = items[line.line_id].requires_shipping is False
        option = "" if digital else ways.get(items[line.line_id].profile, "")
        groups.setdefault((digital, option), []).append(line)
    return [Group(group, option) for (_, option), group in sorted(groups.items(), key=lambda pair: pair[0])]


async def _ways(client: Client, order: answers.Shipping) -> dict[str, str]:
    """Shipping option by the profile it is for, of an order that has several; Medusa itself finds the only one."""
    chosen = dict.fromkeys(way.shipping_option_id for way in order.shipping_methods or () if way.shipping_option_id)
    if len(chosen) < 2:
        return {}
    query = [*asking(fields.OPTION), *(("id[]", option) for option in chosen)]
    found = (await client.get("/shipping-options", answers.Options, query)).shipping_options
    return {option.shipping_profile_id or "": option.id for option in found}


def _packed(order: answers.Shipping, lines: Sequence[ShipmentLine]) -> Fulfillment | None:
    """A fulfillment that a person made of exactly these units and has not shipped."""
    wanted = {line.line_id: line.quantity for line in lines}
    for each in alive(order):
        held = {item.line_item_id: item.quantity for item in each.items or ()}
        if each.shipped_at is None and held == wanted and REFERENCE not in (each.metadata or {}):
            return each
    return None


async def _pack(client: Client, shipment: Shipment, group: Group, location_id: str) -> Fulfillment:
    body = NewFulfillment(
        items=[{"id": line.line_id, "quantity": line.quantity} for line in group.lines],
        metadata={REFERENCE: shipment.reference, "carrier": shipment.carrier},
        # Packing is our own affair: the buyer hears of the shipment.
        no_notification=True,
        location_id=location_id or None,
        shipping_option_id=group.option or None,
    )
    told = await client.post(
        f"{order_path(shipment.order_id)}/fulfillments",
        answers.ShippingTold,
        body,
        reference=shipment.reference,
        query=asking(fields.SHIPPING),
    )
    wanted = {line.line_id for line in group.lines}
    for each in _ours(told.order, shipment):
        if wanted == {item.line_item_id for item in each.items or ()}:
            return each
    raise Unknown(f"Medusa does not show the fulfillment that it made for {shipment.reference}")


async def _ship(client: Client, shipment: Shipment, fulfillment: Fulfillment) -> None:
    label = {
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url if shipment.tracking_url.startswith(("http://", "https://")) else "",
        "label_url": "",
    }
    held = {item.line_item_id for item in fulfillment.items or ()}
    body = {
        "items": [{"id": line.line_id, "quantity": line.quantity} for line in shipment.lines if line.line_id in held],
        "labels": [label] if shipment.tracking_number else [],
        "no_notification": not shipment.notify_buyer,
    }
    path = f"{order_path(shipment.order_id)}/fulfillments/{segment(fulfillment.id)}/shipments"
    reference = shipment.reference
    await client.post(path, answers.ShippingTold, body, reference=reference, query=asking(fields.SHIPPING))


# ---------------------------------------------------------------- arrived


async def push_status(client: Client, update: StatusUpdate) -> Receipt:
    """Marks the parcel's fulfillments as delivered. Statuses that Medusa has no word for are not sent; the receipt then
    says so."""
    if update.status != words.DELIVERED:
        return Receipt(details={"not_sent": f"Medusa has no word for {update.status!r}"})
    found = await _of_parcel(client, update)
    for fulfillment in found:
        if fulfillment.delivered_at is None:
            path = f"{order_path(update.order_id)}/fulfillments/{segment(fulfillment.id)}/mark-as-delivered"
            query = asking(fields.SHIPPING)
            await client.post(path, answers.ShippingTold, {}, reference=update.reference, query=query)
    return _receipt(found)


async def find_status(client: Client, update: StatusUpdate) -> Receipt | None:
    """The receipt of a delivery that Medusa knows of, else None."""
    if update.status != words.DELIVERED:
        return None
    found = await _of_parcel(client, update)
    return _receipt(found) if all(each.delivered_at for each in found) else None


async def _of_parcel(client: Client, update: StatusUpdate) -> list[Fulfillment]:
    """The fulfillments of the shipment's receipt, else those with its tracking number or reference."""
    order = await _order(client, update.order_id)
    named = set(filter(None, update.receipt.get("fulfillment_ids", "").split(",")))
    found = [each for each in alive(order) if each.id in named] or [
        each
        for each in alive(order)
        if _bears(each, update.tracking_number) or (each.metadata or {}).get(REFERENCE) == update.reference
    ]
    if not found:
        raise Reject(f"Medusa has no fulfillment with tracking number {update.tracking_number!r} to report on")
    return found
