"""Quarantine: units on hand that are not for sale, in and out with a reason.

They count as reserved (`hub.store.models.inventory.Reservation`), so that neither routing nor what channels are offered
needs to know of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.stocking import QUARANTINE, Change
from hub.errors import Conflict, Invalid
from hub.store import sets
from hub.store.database import Tx

KIND = "quarantine"
ADD = """ON CONFLICT (merchant_id, kind, ref, sku, location_id)
    DO UPDATE SET units = reservations.units + excluded.units, actor = excluded.actor"""
HELD = """SELECT units FROM reservations WHERE merchant_id = $1 AND kind = 'quarantine' AND ref = $2 AND sku = $3
    AND location_id = $4"""
LESS = """UPDATE reservations SET units = units - $5 WHERE merchant_id = $1 AND kind = 'quarantine' AND ref = $2
    AND sku = $3 AND location_id = $4 AND units > $5"""
GONE = """DELETE FROM reservations WHERE merchant_id = $1 AND kind = 'quarantine' AND ref = $2 AND sku = $3
    AND location_id = $4"""


class Quarantine(Struct, frozen=True, kw_only=True):
    """`units` of `sku` at `location`; a bundle as its parts. `reason` is one of `QUARANTINE`."""

    merchant_id: int
    sku: str
    location: str
    units: int
    reason: str
    actor: str
    note: str = ""


class Moved(Struct, frozen=True):
    """Units that went in or out; `woken`: orders looked at again."""

    parts: Mapping[str, int]
    woken: int


async def put_aside(services: Services, asked: Quarantine) -> Moved:
    """Takes free units from sale. Raises `NotFound`, `Invalid` for a reason that is none, `Conflict` when fewer are
    free: what is promised to an order must be taken off it first."""
    place, parts = await _asked(services, asked)
    async with services.database.transaction() as tx:
        there = await booking.lock(tx, asked.merchant_id, parts)
        changes = tuple(Change(sku, place, 0, units, "quarantined") for sku, units in sorted(parts.items()))
        made = booking.Booking(merchant_id=asked.merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        for sku, units in sorted(parts.items()):
            await hold(tx, services, asked, (sku, place, units))
        await _note(tx, services, asked, "put_aside", parts)
    return Moved(parts, 0)


async def let_out(services: Services, asked: Quarantine, *, write_off: bool = False) -> Moved:
    """For sale again, or gone for good with `write_off`. Raises `Conflict` when fewer lie there for that reason."""
    place, parts = await _asked(services, asked)
    word = "written_off" if write_off else "released"
    async with services.database.transaction() as tx:
        woken = 0 if write_off else await booking.wake(tx, services, asked.merchant_id, parts)
        there = await booking.lock(tx, asked.merchant_id, parts)
        for sku, units in sorted(parts.items()):
            await _less(tx, asked, (sku, place, units))
        changes = tuple(
            Change(sku, place, -units if write_off else 0, -units, word) for sku, units in sorted(parts.items())
        )
        made = booking.Booking(merchant_id=asked.merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, made, there)
        await _note(tx, services, asked, "write_off_quarantine" if write_off else "let_out", parts)
    return Moved(parts, woken)


async def hold(tx: Tx, services: Services, asked: Quarantine, what: tuple[str, int, int]) -> None:
    """Adds units of (SKU, location) to the row of their reason; their stock is locked by the caller."""
    sku, place, units = what
    row = {
        "id": services.ids.next(), "merchant_id": asked.merchant_id, "kind": KIND, "ref": asked.reason, "sku": sku,
        "location_id": place, "units": units, "until": None, "created_at": services.clock.now(),
        "actor": asked.actor[:128],
    }  # fmt: skip
    await sets.insert(tx, "reservations", [row], ADD)


async def _less(tx: Tx, asked: Quarantine, what: tuple[str, int, int]) -> None:
    sku, place, units = what
    key = (asked.merchant_id, asked.reason, sku, place)
    held = await tx.fetchval(HELD, *key) or 0
    if held < units:
        raise Conflict(f"{held} of {sku} lie in quarantine at {asked.location} for {asked.reason}, not {units}")
    if not await tx.execute(LESS, *key, units):
        await tx.execute(GONE, *key)


async def _asked(services: Services, asked: Quarantine) -> tuple[int, dict[str, int]]:
    if asked.reason not in QUARANTINE:
        raise Invalid("reason", f"{asked.reason!r} is none; choose one of {', '.join(QUARANTINE)}")
    plain = services.database.plain
    (place,) = await booking.places(plain, asked.merchant_id, asked.location)
    return place, await booking.parts_of(plain, asked.merchant_id, {asked.sku: asked.units})


async def _note(tx: Tx, services: Services, asked: Quarantine, action: str, parts: Mapping[str, int]) -> None:
    await booking.note(tx, services, asked.merchant_id, booking.Note(
        actor=asked.actor, action=action, subject=f"stock:{asked.sku}",
        details={"location": asked.location, "units": booking.listed(parts), "reason": asked.reason,
                 "note": asked.note[:500]},
    ))  # fmt: skip
