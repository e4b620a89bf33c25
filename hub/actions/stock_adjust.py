"""Adjust stock: more or fewer of a SKU at a location than we thought, with a reason from a closed list."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.stocking import Change, adjustment


class Adjust(Struct, frozen=True, kw_only=True):
    """`units` more (or, negative, fewer); the sign may be left out where the reason says it (`ADJUSTMENTS`)."""

    merchant_id: int
    sku: str
    location: str
    units: int
    reason: str
    actor: str
    note: str = ""


class Adjusted(Struct, frozen=True):
    """`parts`: units that were booked, signed; `woken`: orders looked at again."""

    parts: Mapping[str, int]
    woken: int


async def adjust_stock(services: Services, asked: Adjust) -> Adjusted:
    """Raises `NotFound` for an unknown location or SKU, `Invalid` for a reason that is none, `Conflict` where units
    would be taken that are promised or in quarantine."""
    units = adjustment(asked.units, asked.reason)
    merchant_id, plain = asked.merchant_id, services.database.plain
    (place,) = await booking.places(plain, merchant_id, asked.location)
    parts = await booking.parts_of(plain, merchant_id, {asked.sku: abs(units)})
    signed = {sku: many if units > 0 else -many for sku, many in parts.items()}
    await booking.make_rows(services, merchant_id, parts, place)
    async with services.database.transaction() as tx:
        woken = await booking.wake(tx, services, merchant_id, parts) if units > 0 else 0
        there = await booking.lock(tx, merchant_id, parts)
        changes = tuple(Change(sku, place, many, 0, asked.reason) for sku, many in sorted(signed.items()))
        made = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action="adjust_stock", subject=f"stock:{asked.sku}",
            details={"location": asked.location, "units": booking.listed(signed), "reason": asked.reason,
                     "note": asked.note[:500], "ref": made.ref_id},
        ))  # fmt: skip
    return Adjusted(signed, woken)
