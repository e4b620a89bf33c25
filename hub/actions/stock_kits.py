"""Kits: made of parts beforehand, by hand, and kept on shelves as products of their own; and taken apart again.

A bundle (`hub.actions.set_bundle`) is put together only when it ships, and lies nowhere. A kit that was made is one
thing: it has stock of its own, is counted, routed and picked as itself, and its parts are gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.order_view import View
from hub.actions.services import Services
from hub.domain.stocking import MOST_UNITS, Change
from hub.errors import Conflict, Invalid, NotFound
from hub.store import sets
from hub.store.database import Database, Tx

MOST_PARTS, MOST_OF_ONE = 50, 10_000
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:kits:' || $1::text, 0))"
KNOWN = """SELECT p.sku, EXISTS (
        SELECT 1 FROM components c WHERE c.merchant_id = p.merchant_id AND c.sku = p.sku) AS bundle
    FROM products p WHERE p.merchant_id = $1 AND p.sku = ANY($2::text[])"""
PARTS = "SELECT component, quantity FROM kit_parts WHERE merchant_id = $1 AND sku = $2 ORDER BY component"
FORGET = "DELETE FROM kit_parts WHERE merchant_id = $1 AND sku = $2"
BEFORE = """SELECT k.sku, k.units, l.code FROM kit_orders k JOIN locations l ON l.id = k.location_id
    WHERE k.merchant_id = $1 AND k.reference = $2"""
KITS = """SELECT k.sku, p.title, l.code AS location, coalesce(own.on_hand - own.reserved, 0) AS free,
        greatest(0, min(coalesce(s.on_hand - s.reserved, 0) / k.quantity)) AS makeable
    FROM kit_parts k JOIN products p ON p.merchant_id = k.merchant_id AND p.sku = k.sku
    CROSS JOIN locations l
    LEFT JOIN stock s ON s.merchant_id = k.merchant_id AND s.sku = k.component AND s.location_id = l.id
    LEFT JOIN stock own ON own.merchant_id = k.merchant_id AND own.sku = k.sku AND own.location_id = l.id
    WHERE k.merchant_id = $1 AND l.merchant_id = $1 AND l.active
    GROUP BY k.sku, p.title, l.code, own.on_hand, own.reserved ORDER BY k.sku, l.code"""
ALL_PARTS = "SELECT sku, component, quantity FROM kit_parts WHERE merchant_id = $1 ORDER BY sku, component"


class Kit(Struct, frozen=True, kw_only=True):
    """What goes into one unit of a kit: SKU → units. Without any it is a kit no more; what was made stays."""

    merchant_id: int
    sku: str
    parts: Mapping[str, int]
    actor: str


class KitWork(Struct, frozen=True, kw_only=True):
    """`units` kits are made at `location`, or taken apart (below 0). The same `reference` is booked once."""

    merchant_id: int
    reference: str
    location: str
    sku: str
    units: int
    actor: str


class KitDone(Struct, frozen=True):
    """`booked` False: it was booked before. `moved`: SKU → units that lie there more (below 0: fewer); `woken`: orders
    looked at again."""

    reference: str
    booked: bool
    moved: Mapping[str, int]
    woken: int


class KitPlace(View, frozen=True):
    """At one location: kits that are free, and how many more its free parts would make."""

    location: str
    free: int
    makeable: int


class KitView(View, frozen=True):
    """A kit, its parts, and where how many are."""

    sku: str
    title: str
    parts: dict[str, int]
    places: tuple[KitPlace, ...]


async def set_kit(services: Services, asked: Kit) -> None:
    """Says what a kit is made of from now on. Raises `NotFound` for a SKU that is no product, `Invalid` for parts that
    cannot be, `Conflict` for a bundle."""
    if len(asked.parts) > MOST_PARTS or any(not 0 < units <= MOST_OF_ONE for units in asked.parts.values()):
        raise Invalid("parts", f"at most {MOST_PARTS} parts, and of each 1 to {MOST_OF_ONE}")
    if asked.sku in asked.parts:
        raise Invalid("parts", f"{asked.sku} cannot be a part of itself")
    async with services.database.transaction() as tx:
        await tx.execute(LOCK, str(asked.merchant_id))
        wanted = sorted({asked.sku, *asked.parts})
        known = {row["sku"]: row["bundle"] for row in await tx.fetch(KNOWN, asked.merchant_id, wanted)}
        if unknown := [sku for sku in wanted if sku not in known]:
            raise NotFound(f"no product {', '.join(unknown)}; import it first, or look at its spelling")
        if bundles := [sku for sku in wanted if known[sku]]:
            raise Conflict(f"{', '.join(bundles)}: a bundle lies on no shelf, so it is neither a kit nor a part of one")
        await tx.execute(FORGET, asked.merchant_id, asked.sku)
        base = {"merchant_id": asked.merchant_id, "sku": asked.sku}
        rows = [
            {"id": services.ids.next(), **base, "component": part, "quantity": units}
            for part, units in asked.parts.items()
        ]
        await sets.insert(tx, "kit_parts", rows)
        await booking.note(tx, services, asked.merchant_id, booking.Note(
            actor=asked.actor, action="set_kit", subject=f"product:{asked.sku}",
            details={"parts": booking.listed(asked.parts) or "no kit"},
        ))  # fmt: skip


async def work_kits(services: Services, asked: KitWork) -> KitDone:
    """Takes parts and makes kits of them, or the other way round; all or nothing, in one booking of the ledger.

    Raises `NotFound` for an unknown location or SKU, `Invalid` for silly units, `Conflict` for a SKU that is no kit,
    for units that are promised, and for a reference that was booked with something else.
    """
    reference = booking.reference_of(asked.reference)
    if not 0 < abs(asked.units) <= MOST_UNITS // MOST_OF_ONE:
        raise Invalid("units", f"give 1 to {MOST_UNITS // MOST_OF_ONE}, with a minus to take apart")
    plain, merchant_id = services.database.plain, asked.merchant_id
    (place,) = await booking.places(plain, merchant_id, asked.location)
    parts = await _parts(plain, merchant_id, asked.sku)
    moved = {asked.sku: asked.units} | {part: -each * asked.units for part, each in parts.items()}
    await booking.make_rows(services, merchant_id, moved, place)
    async with services.database.transaction() as tx:
        made = await _keep(tx, services, asked, (reference, place, parts))
        if not made:
            await _same(tx, asked, reference)
            return KitDone(reference, False, moved, 0)
        woken = await booking.wake(tx, services, merchant_id, [sku for sku, units in moved.items() if units > 0])
        there = await booking.lock(tx, merchant_id, moved)
        word = "kit_made" if asked.units > 0 else "kit_taken_apart"
        changes = tuple(Change(sku, place, units, 0, word) for sku, units in sorted(moved.items()))
        await booking.book(tx, services, booking.Booking(merchant_id=merchant_id, changes=changes, ref_id=made), there)
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=asked.actor, action=word, subject=f"product:{asked.sku}",
            details={"reference": reference, "location": asked.location, "units": booking.listed(moved)},
        ))  # fmt: skip
    return KitDone(reference, True, moved, woken)


async def list_kits(database: Database, merchant_id: int) -> tuple[KitView, ...]:
    """Every kit with its parts, and what lies where."""
    parts: dict[str, dict[str, int]] = {}
    for row in await database.plain.fetch(ALL_PARTS, merchant_id):
        parts.setdefault(row["sku"], {})[row["component"]] = row["quantity"]
    titles: dict[str, str] = {}
    places: dict[str, list[KitPlace]] = {sku: [] for sku in parts}
    for row in await database.plain.fetch(KITS, merchant_id):
        titles[row["sku"]] = row["title"]
        places[row["sku"]].append(KitPlace(location=row["location"], free=row["free"], makeable=row["makeable"]))
    return tuple(
        KitView(sku=sku, title=titles.get(sku, sku), parts=of, places=tuple(places[sku])) for sku, of in parts.items()
    )


async def _parts(tx: Tx, merchant_id: int, sku: str) -> dict[str, int]:
    parts = {
        row["component"]: int(row["quantity"]) for row in await tx.fetch(PARTS, merchant_id, sku.replace("\0", ""))
    }
    if parts:
        return parts
    await booking.parts_of(tx, merchant_id, {sku: 1})
    raise Conflict(f"{sku} is no kit; say first what it is made of")


async def _keep(tx: Tx, services: Services, asked: KitWork, what: tuple[str, int, Mapping[str, int]]) -> int:
    """The kit order's id; 0 when there is one of this reference."""
    made, (reference, place, parts) = services.ids.next(), what
    row = {
        "id": made, "merchant_id": asked.merchant_id, "reference": reference, "location_id": place, "sku": asked.sku,
        "units": asked.units, "parts": dict(parts), "at": services.clock.now(), "actor": asked.actor[:128],
    }  # fmt: skip
    return made if await sets.insert(tx, "kit_orders", [row], "ON CONFLICT (merchant_id, reference) DO NOTHING") else 0


async def _same(tx: Tx, asked: KitWork, reference: str) -> None:
    before = await tx.fetchrow(BEFORE, asked.merchant_id, reference)
    assert before is not None
    if (before["sku"], before["units"], before["code"]) != (asked.sku, asked.units, asked.location):
        raise Conflict(
            f"{reference} was booked at {before['code']} for {before['units']} × {before['sku']}; use another reference"
        )
