"""Shipments in an order's meta data: what tracking plugins keep there, and what we do. Pure.

`_wc_shipment_tracking_items` is the list that WooCommerce Shipment Tracking and Advanced Shipment Tracking read and
write; it does not say which units a parcel holds (the latter's paid version does, in `products_list`). So we keep a
list of our own beside it, `_crossdock_shipments`, by which our parcels come back as what they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from connectors.woocommerce import wire
from hub.domain.order import ForeignShipment
from hub.domain.outgoing import Shipment

ITEMS = "_wc_shipment_tracking_items"
OURS = "_crossdock_shipments"

T = TypeVar("T")


class Part(Struct, frozen=True):
    """Units in a parcel, as Advanced Shipment Tracking's paid version tells them."""

    item_id: int | str = ""
    qty: Annotated[int, Meta(ge=0, le=1_000_000)] | str = 0


class Item(Struct, frozen=True):
    """One parcel in the plugins' list; `date_shipped` is in epoch seconds."""

    tracking_number: str | int = ""
    tracking_provider: str | None = None
    custom_tracking_provider: str | None = None
    tracking_id: str | None = None
    date_shipped: str | int | None = None
    products_list: tuple[Part, ...] | str | None = None


class Record(Struct, frozen=True):
    """One parcel in our own list; `lines` maps line id → units."""

    reference: str
    lines: dict[str, int]
    tracking_number: str = ""
    carrier: str = ""
    shipped_at: str = ""


def records(order: wire.Order) -> tuple[Record, ...]:
    """Our own parcels."""
    return tuple(_listed(order, OURS, Record))


def shipments(order: wire.Order) -> tuple[ForeignShipment, ...]:
    """Every parcel that the order tells of, ours first."""
    ours = tuple(
        ForeignShipment(
            external_id=record.reference,
            lines={name: units for name, units in record.lines.items() if units > 0},
            carrier=record.carrier,
            tracking_number=record.tracking_number,
        )
        for record in records(order)
    )
    known = {shipment.tracking_number for shipment in ours}
    items = (item for item in _listed(order, ITEMS, Item) if str(item.tracking_number).strip() not in known)
    return (*ours, *(_foreign(item) for item in items))


def _foreign(item: Item) -> ForeignShipment:
    number = str(item.tracking_number).strip()
    parts = item.products_list if isinstance(item.products_list, tuple) else ()
    lines: Counter[str] = Counter()
    for part in parts:
        if isinstance(part.qty, int):
            lines[str(part.item_id)] += part.qty
        elif part.qty.isascii() and part.qty.isdigit() and len(part.qty) <= 6:
            lines[str(part.item_id)] += int(part.qty)
    return ForeignShipment(
        external_id=item.tracking_id or f"tracking:{number}",
        lines=dict(lines),
        carrier=item.tracking_provider or item.custom_tracking_provider or "",
        tracking_number=number,
        shipped_at=_epoch(item.date_shipped),
    )


def completed(
    told: Sequence[ForeignShipment], left: dict[str, int], at: datetime | None
) -> tuple[ForeignShipment, ...]:
    """The parcels of an order that is shipped: the units `left` over belong to the one parcel that does not say what
    it holds, or else to one that nobody tells of."""
    if not left:
        return tuple(told)
    silent = [shipment for shipment in told if not shipment.lines]
    if silent:
        filled = msgspec.structs.replace(silent[0], lines=left)
        return tuple(filled if shipment is silent[0] else shipment for shipment in told)
    return (*told, ForeignShipment(external_id="completed", lines=left, shipped_at=at))


def noted(order: wire.Order, shipment: Shipment) -> tuple[tuple[str, list[Any]], ...]:
    """Both lists with `shipment` in them, by key. Whatever else they hold is kept as it is; a parcel of the same number
    that somebody entered by hand is not entered again."""
    items, ours = _raw(order, ITEMS), _raw(order, OURS)
    numbers = {str(item.tracking_number).strip() for item in _listed(order, ITEMS, Item)}
    if shipment.tracking_number and shipment.tracking_number not in numbers:
        items.append(
            {
                "tracking_provider": "",
                "custom_tracking_provider": shipment.carrier,
                "custom_tracking_link": shipment.tracking_url,
                "tracking_number": shipment.tracking_number,
                "date_shipped": str(int(shipment.shipped_at.timestamp())),
                "tracking_id": shipment.reference,
            }
        )
    lines: Counter[str] = Counter()
    for line in shipment.lines:
        lines[line.line_id] += line.quantity
    record = Record(
        reference=shipment.reference,
        lines=dict(lines),
        tracking_number=shipment.tracking_number,
        carrier=shipment.carrier,
        shipped_at=shipment.shipped_at.astimezone(UTC).isoformat(timespec="seconds"),
    )
    ours.append(msgspec.to_builtins(record))
    return ((ITEMS, items), (OURS, ours)) if items else ((OURS, ours),)


def _raw(order: wire.Order, key: str) -> list[Any]:
    """A list that PHP may have kept as an object with numbers for names; the last entry of a key is the one in use."""
    found: object = None
    for extra in order.meta_data:
        if extra.key == key:
            found = extra.value
    if isinstance(found, dict):
        return list(found.values())
    return list(found) if isinstance(found, list) else []


def _listed(order: wire.Order, key: str, kind: type[T]) -> list[T]:
    """The entries that have the shape we know: meta data is anybody's, and must not keep an order from us."""
    found = []
    for entry in _raw(order, key):
        try:
            found.append(msgspec.convert(entry, kind))
        except msgspec.ValidationError:
            continue
    return found


def _epoch(seconds: str | int | None) -> datetime | None:
    told = str(seconds or "")
    if not (told.isascii() and told.isdigit() and len(told) <= 10):
        return None
    return datetime.fromtimestamp(int(told), UTC)
