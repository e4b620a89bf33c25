"""Reservations of a checkout: units kept for a buyer for some minutes, and free again when nothing came of it.

Place the order first and let the reservation go after it: until then the order waits for stock, and goes on the moment
the units are free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.bundling import parts_of
from hub.domain.lifecycle import FOREVER
from hub.domain.stocking import Change, spread
from hub.errors import Invalid
from hub.flow import bundles
from hub.store import sets
from hub.store.database import Row, Tx

MINUTES, MOST_MINUTES = 10, 24 * 60
AT_ONCE = 500

HELD = """SELECT sku, location_id, units, until FROM reservations
    WHERE merchant_id = $1 AND kind = 'checkout' AND ref = $2 ORDER BY sku, location_id"""
PLACES = "SELECT id FROM locations WHERE merchant_id = $1 AND active"
TURN = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:checkout:' || $1::text || ':' || $2, 0))"
DUE = """SELECT DISTINCT merchant_id, ref FROM reservations WHERE until <= $1 AND kind = 'checkout'
    ORDER BY merchant_id, ref LIMIT $2"""
LATE = """SELECT EXISTS (
    SELECT 1 FROM reservations WHERE merchant_id = $1 AND kind = 'checkout' AND ref = $2 AND until <= $3)"""
END = """DELETE FROM reservations WHERE merchant_id = $1 AND kind = 'checkout' AND ref = $2 AND until <= $3
    RETURNING sku, location_id, units"""


class Reserve(Struct, frozen=True, kw_only=True):
    """Keep `lines` (SKU → units) for a buyer; `reference` is what the checkout calls itself."""

    merchant_id: int
    reference: str
    lines: Mapping[str, int]
    actor: str
    minutes: int = MINUTES


class Reserved(Struct, frozen=True):
    """Units that are kept, by SKU as they lie on shelves, and until when."""

    reference: str
    parts: Mapping[str, int]
    until: datetime


async def reserve_units(services: Services, asked: Reserve) -> Reserved:
    """All of it or nothing, of a bundle each whole at one location; the same reference again gets what it has, until
    its time is up.

    Raises `NotFound` for an unknown SKU, `Invalid` for silly units or minutes, `Conflict` when too few are free.
    """
    if not 0 < asked.minutes <= MOST_MINUTES:
        raise Invalid("minutes", f"give 1 to {MOST_MINUTES}")
    reference, merchant_id = booking.reference_of(asked.reference), asked.merchant_id
    parts = await booking.parts_of(services.database.plain, merchant_id, asked.lines)
    now = services.clock.now()
    until = now + timedelta(minutes=asked.minutes)
    if await services.database.plain.fetchval(LATE, merchant_id, reference, now):
        await _end(services, (merchant_id, reference), now)  # nobody has freed it yet; it is asked for anew
    async with services.database.transaction() as tx:
        await tx.execute(TURN, str(merchant_id), reference)
        if before := await tx.fetch(HELD, merchant_id, reference):
            return _held(reference, before)
        there = await booking.lock(tx, merchant_id, parts)
        changes = await _choose(tx, asked, there)
        await sets.insert(tx, "reservations", _rows(services, asked, changes, until))
        booked = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, booked, there)
    return Reserved(reference, parts, until)


async def release_units(services: Services, merchant_id: int, reference: str) -> int:
    """Frees what a checkout kept; returns how many units (0: it had none any more). Orders that wait for them go on."""
    return await _end(services, (merchant_id, booking.reference_of(reference)), FOREVER)


async def expire_reservations(services: Services) -> int:
    """Frees every checkout's units whose time is up; returns how many checkouts."""
    ended = 0
    while True:
        now = services.clock.now()
        due = await services.database.plain.fetch(DUE, now, AT_ONCE)
        for row in due:
            ended += bool(await _end(services, (row["merchant_id"], row["ref"]), now))
        if len(due) < AT_ONCE:
            return ended


async def _choose(tx: Tx, asked: Reserve, there: booking.Levels) -> tuple[Change, ...]:
    """Where the units are kept; several lines may want the same part."""
    made_of = await bundles.of(tx, [(asked.merchant_id, sku) for sku in asked.lines])
    active = {row["id"] for row in await tx.fetch(PLACES, asked.merchant_id)}
    free = {at: level.free for at, level in there.items() if at[1] in active}
    kept: dict[tuple[str, int], int] = {}
    for sku, units in sorted(asked.lines.items()):
        parts = parts_of(made_of, asked.merchant_id, sku)
        for place, whole in spread(parts, units, free).items():
            for part, each in parts.items():
                free[part, place] -= whole * each
                kept[part, place] = kept.get((part, place), 0) + whole * each
    return tuple(Change(sku, place, 0, units, "kept") for (sku, place), units in sorted(kept.items()))


def _rows(services: Services, asked: Reserve, changes: Sequence[Change], until: datetime) -> list[dict[str, object]]:
    return [
        {"id": services.ids.next(), "merchant_id": asked.merchant_id, "kind": "checkout",
         "ref": booking.reference_of(asked.reference), "sku": change.sku, "location_id": change.location_id,
         "units": change.reserved, "until": until, "created_at": services.clock.now(), "actor": asked.actor[:128]}
        for change in changes
    ]  # fmt: skip


def _held(reference: str, rows: Sequence[Row]) -> Reserved:
    parts: dict[str, int] = {}
    for row in rows:
        parts[row["sku"]] = parts.get(row["sku"], 0) + row["units"]
    return Reserved(reference, parts, rows[0]["until"])


async def _end(services: Services, key: tuple[int, str], until: datetime) -> int:
    merchant_id, reference = key
    async with services.database.transaction() as tx:
        await tx.execute(TURN, str(merchant_id), reference)
        skus = {row["sku"] for row in await tx.fetch(HELD, merchant_id, reference)}
        if not skus:
            return 0
        await booking.wake(tx, services, merchant_id, skus)
        there = await booking.lock(tx, merchant_id, skus)
        freed = await tx.fetch(END, merchant_id, reference, until)
        changes = tuple(Change(row["sku"], row["location_id"], 0, -row["units"], "let_go") for row in freed)
        booked = booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=services.ids.next())
        await booking.book(tx, services, booked, there)
    return sum(row["units"] for row in freed)
