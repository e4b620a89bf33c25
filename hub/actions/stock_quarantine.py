"""Quarantine: units on hand that are not for sale, in and out with a reason.

They count as reserved (`hub.store.models.inventory.Reservation`), so that neither routing nor what channels are offered
needs to know of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.actions.stock_booking import Booked, Booking, OnSku
from hub.domain.stocking import QUARANTINE, Change
from hub.errors import Conflict, Invalid
from hub.store import sets
from hub.store.database import Tx

KIND = "quarantine"
ADD = """ON CONFLICT (merchant_id, kind, ref, sku, location_id)
    DO UPDATE SET units = reservations.units + excluded.units, actor = excluded.actor"""
HELD = """SELECT d.sku, d.units AS asked, coalesce(r.units, 0) AS held
    FROM unnest($4::text[], $5::int[]) AS d(sku, units) LEFT JOIN reservations r ON r.merchant_id = $1
        AND r.kind = 'quarantine' AND r.ref = $2 AND r.location_id = $3 AND r.sku = d.sku
    WHERE coalesce(r.units, 0) < d.units ORDER BY d.sku LIMIT 1"""
LESS = """WITH d AS (SELECT * FROM unnest($4::text[], $5::int[]) AS d(sku, units)),
    gone AS (DELETE FROM reservations r USING d WHERE r.merchant_id = $1 AND r.kind = 'quarantine' AND r.ref = $2
        AND r.location_id = $3 AND r.sku = d.sku AND r.units = d.units)
    UPDATE reservations r SET units = r.units - d.units FROM d WHERE r.merchant_id = $1 AND r.kind = 'quarantine'
        AND r.ref = $2 AND r.location_id = $3 AND r.sku = d.sku AND r.units > d.units"""


class Quarantine(OnSku, frozen=True, kw_only=True):
    """`units` of `sku` at `location`; a bundle as its parts. `reason` is one of `QUARANTINE`."""


async def put_aside(services: Services, asked: Quarantine) -> Booked:
    """Takes free units from sale. Raises `NotFound`, `Invalid` for a reason that is none, `Conflict` when fewer are
    free: what is promised to an order must be taken off it first."""
    place, parts = await _asked(services, asked)
    async with services.database.transaction() as tx:
        there = await booking.lock(tx, asked.merchant_id, parts)
        changes = tuple(Change(sku, place, 0, units, "quarantined") for sku, units in sorted(parts.items()))
        made = Booking(merchant_id=asked.merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        await hold(tx, services, asked, (place, parts))
        await booking.note_on_sku(tx, services, asked, "put_aside", parts)
    return Booked(parts, 0)


async def let_out(services: Services, asked: Quarantine, *, write_off: bool = False) -> Booked:
    """For sale again, or gone for good with `write_off`. Raises `Conflict` when fewer lie there for that reason."""
    place, parts = await _asked(services, asked)
    word = "written_off" if write_off else "released"
    async with services.database.transaction() as tx:
        woken = 0 if write_off else await booking.wake(tx, services, asked.merchant_id, parts)
        there = await booking.lock(tx, asked.merchant_id, parts)
        await _less(tx, asked, (place, parts))
        changes = tuple(
            Change(sku, place, -units if write_off else 0, -units, word) for sku, units in sorted(parts.items())
        )
        made = Booking(merchant_id=asked.merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        action = "write_off_quarantine" if write_off else "let_out"
        await booking.note_on_sku(tx, services, asked, action, parts)
    return Booked(parts, woken)


async def hold(tx: Tx, services: Services, asked: Quarantine, what: tuple[int, Mapping[str, int]]) -> None:
    """Adds units of (location, SKU → units) to the rows of their reason; their stock is locked by the caller."""
    place, parts = what
    row = {
        "merchant_id": asked.merchant_id, "kind": KIND, "ref": asked.reason, "location_id": place, "until": None,
        "created_at": services.clock.now(), "actor": asked.actor[:128],
    }  # fmt: skip
    rows = [{"id": services.ids.next(), "sku": sku, "units": units, **row} for sku, units in sorted(parts.items())]
    await sets.insert(tx, "reservations", rows, ADD)


async def _less(tx: Tx, asked: Quarantine, what: tuple[int, Mapping[str, int]]) -> None:
    """Takes units off the rows of their reason, whose stock is locked, in two statements however many SKUs."""
    place, parts = what
    key = (asked.merchant_id, asked.reason, place, list(parts), list(parts.values()))
    lacks = await tx.fetchrow(HELD, *key)
    if lacks is not None:
        raise Conflict(
            f"{lacks['held']} of {lacks['sku']} lie in quarantine at {asked.location} for {asked.reason}, "
            f"not {lacks['asked']}"
        )
    await tx.execute(LESS, *key)


async def _asked(services: Services, asked: Quarantine) -> tuple[int, dict[str, int]]:
    if asked.reason not in QUARANTINE:
        raise Invalid("reason", f"{asked.reason!r} is none; choose one of {', '.join(QUARANTINE)}")
    if asked.units < 1:
        raise Invalid("units", "give 1 or more")
    return await booking.found(services.database.plain, asked)
