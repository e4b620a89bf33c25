"""Adjust stock: more or fewer of a SKU at a location than we thought, with a reason from a closed list."""

from __future__ import annotations

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.actions.stock_booking import Booked, Booking, OnSku
from hub.domain.stocking import Change, adjustment


class Adjust(OnSku, frozen=True, kw_only=True):
    """`units` more (or, negative, fewer); the sign may be left out where the reason says it (`ADJUSTMENTS`)."""


async def adjust_stock(services: Services, asked: Adjust) -> Booked:
    """Units that were booked, signed. Raises `NotFound` for an unknown location or SKU, `Invalid` for a reason that is
    none, `Conflict` where units would be taken that are promised or in quarantine."""
    units = adjustment(asked.units, asked.reason)
    merchant_id = asked.merchant_id
    place, parts = await booking.found(services.database.plain, asked)
    signed = {sku: many if units > 0 else -many for sku, many in parts.items()}
    await booking.make_rows(services, merchant_id, parts, place)
    async with services.database.transaction() as tx:
        woken = await booking.wake(tx, services, merchant_id, parts) if units > 0 else 0
        there = await booking.lock(tx, merchant_id, parts)
        changes = tuple(Change(sku, place, many, 0, asked.reason) for sku, many in sorted(signed.items()))
        made = Booking(merchant_id=merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        await booking.note_on_sku(tx, services, asked, "adjust_stock", signed)
    return Booked(signed, woken)
