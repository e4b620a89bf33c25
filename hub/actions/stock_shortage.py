"""A stock-out found at picking: the location is corrected, the order loses the units there and is routed again.

What is missing leaves the counters by a movement. If the counters say that more of the SKU lies there unpromised,
nobody believes it any more: those units go into quarantine, and a count sheet asks for them. So routing finds none at
this location until somebody has counted, or new goods arrive.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.actions.stock_count import BUSY, OpenSheet, add_sheet
from hub.actions.stock_quarantine import Quarantine, hold
from hub.domain import stocking
from hub.domain.lifecycle import FOREVER, Lifecycle, Work, move_order
from hub.domain.outcome import Event, LineDelta, StockDelta
from hub.domain.stocking import Cut, Taken
from hub.errors import Conflict, NotFound
from hub.flow.batch import Batch
from hub.store import whole_orders
from hub.store.database import Row, Tx, announce

OPEN = frozenset({Work.OPEN, Work.PICKING, Work.PICKED, Work.SHORT})
"""Where a shortage may still be found: before anything is packed."""

FIND = "SELECT fulfillment_id, order_id FROM fulfillment_lines WHERE merchant_id = $1 AND id = $2"
LINES = """SELECT id, order_line_id, sku, quantity, per_unit, reserved, picked FROM fulfillment_lines
    WHERE fulfillment_id = $1 ORDER BY id"""
CODE = "SELECT code FROM locations WHERE id = $1"
KEEP = """UPDATE fulfillment_lines l SET quantity = d.quantity, reserved = l.reserved - d.freed,
        picked = l.picked - d.put_back
    FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[]) AS d(id, quantity, freed, put_back) WHERE l.id = d.id"""
GONE = "DELETE FROM fulfillment_lines WHERE id = ANY($1::bigint[])"
LOCK_DAY = "SELECT id FROM location_days WHERE merchant_id = $1 AND location_id = $2 AND day = $3 FOR UPDATE"
FREED = "UPDATE fulfillment_lines SET reserved = 0 WHERE id = ANY($1::bigint[])"


class ReportShortage(Struct, frozen=True, kw_only=True):
    """Of the units that fulfillment line `line_id` wants, only `found` are there, those picked already included.

    `damaged`: the others are there too, but unfit for sale: they go into quarantine, and nobody doubts the shelf.
    """

    merchant_id: int
    line_id: int
    found: int
    actor: str
    damaged: bool = False


class Shortened(Struct, frozen=True):
    """`missing` units were booked away and `units` of the order line are routed again; `put_back`: picked parts of a
    bundle that go back to the shelf, SKU → units. `left`: units of the fulfillment order still to be picked, of
    `kept` in all; with none kept it is cancelled. `doubted`: units in quarantine until `sheet_id` is counted (0: no
    sheet was needed).
    """

    missing: int
    units: int
    put_back: dict[str, int]
    kept: int
    left: int
    doubted: int
    sheet_id: int


async def report_shortage(services: Services, asked: ReportShortage) -> Shortened:
    """Raises `NotFound` for another merchant's line, `Invalid` for a count that is no shortage, `Conflict` once the
    units are packed."""
    async with services.database.transaction() as tx:
        batch = Batch(services.ids, services.clock.now())
        done = await shorten(services, tx, batch, asked)
        await batch.flush(tx)
        await booking.note(tx, services, asked.merchant_id, booking.Note(
            actor=asked.actor, action="report_shortage", subject=f"fulfillment_line:{asked.line_id}",
            details={"found": asked.found, "missing": done.missing, "doubted": done.doubted},
        ))  # fmt: skip
        await announce(tx, "orders")
    return done


async def shorten(services: Services, tx: Tx, batch: Batch, asked: ReportShortage) -> Shortened:
    """The same within the caller's transaction, who flushes `batch`. Locks fulfillment orders, the order and stock."""
    found = await tx.fetchrow(FIND, asked.merchant_id, asked.line_id)
    if found is None:
        raise NotFound(f"no fulfillment line {asked.line_id}")
    held, (order,) = await whole_orders.hold(tx, [found["order_id"]])
    works = {row["id"]: row for row in held}
    rows = {row["id"]: row for row in await tx.fetch(LINES, found["fulfillment_id"])}
    work, short = works[found["fulfillment_id"]], rows.get(asked.line_id)
    if short is None or Work(work["state"]) not in OPEN:
        raise Conflict(
            f"{work['number']} is {Work(work['state']).name.lower()}: unpack it, then report what is missing"
        )
    parts = [_taken(row) for row in rows.values() if row["order_line_id"] == short["order_line_id"]]
    what = stocking.shortage(parts, asked.line_id, asked.found)
    kept = {row["id"]: row["quantity"] for row in rows.values()} | {cut.row.id: cut.quantity for cut in what.cuts}
    picked = sum(row["picked"] for row in rows.values()) - sum(cut.put_back for cut in what.cuts)
    if not any(kept.values()):
        await _give_day_back(tx, batch, work)
    await _lines(tx, batch, what, (short, kept))
    _events(batch, (work, order), asked, what, cancelled=not any(kept.values()))
    for cut in what.cuts:
        away = (0, cut.missing - cut.freed) if asked.damaged else (-cut.missing, -cut.freed)
        reason = "damaged" if asked.damaged and cut.missing else "shortage"
        batch.stock_change(asked.merchant_id, StockDelta(cut.row.sku, work["location_id"], *away, reason, work["id"]))
    doubted, sheet = await (_aside if asked.damaged else _doubt)(services, tx, batch, asked, (work, what))
    return Shortened(
        missing=sum(cut.missing for cut in what.cuts),
        units=what.units,
        put_back={cut.row.sku: back for cut in what.cuts if (back := cut.put_back - cut.missing * asked.damaged) > 0},
        kept=sum(kept.values()),
        left=sum(kept.values()) - picked,
        doubted=doubted,
        sheet_id=sheet,
    )


async def _give_day_back(tx: Tx, batch: Batch, work: Row) -> None:
    """Of a fulfillment order that is cancelled. Its day is locked here, since stock is before the batch is flushed."""
    batch.unload(work)
    if work["counted_on"] is not None:
        await tx.fetch(LOCK_DAY, work["merchant_id"], work["location_id"], work["counted_on"])


def _taken(row: Row) -> Taken:
    return Taken(row["id"], row["sku"], row["quantity"], row["per_unit"], row["reserved"], row["picked"])


async def _lines(tx: Tx, batch: Batch, what: stocking.Shortage, about: tuple[Row, dict[int, int]]) -> None:
    """Counters of the fulfillment lines and of the order line. Rows that keep nothing go, unless all do: then the whole
    fulfillment order is cancelled, and they stay to tell what it was."""
    short, kept = about
    before = min(cut.row.picked // cut.row.per_unit for cut in what.cuts)
    after = min((cut.row.picked - cut.put_back) // cut.row.per_unit for cut in what.cuts)
    batch.line(LineDelta(
        short["order_line_id"], reserved=-what.units, assigned=-what.units, picked=after - before,
    ))  # fmt: skip
    ids = [cut.row.id for cut in what.cuts]
    if not any(kept.values()):
        await tx.execute(FREED, ids)
    elif all(cut.quantity for cut in what.cuts):
        columns = ([cut.quantity for cut in what.cuts], [c.freed for c in what.cuts], [c.put_back for c in what.cuts])
        await tx.execute(KEEP, ids, *columns)
    else:
        await tx.execute(GONE, ids)


def _events(
    batch: Batch, rows: tuple[Row, Row], asked: ReportShortage, what: stocking.Shortage, *, cancelled: bool
) -> None:
    """What happened, on the fulfillment order and on its order, which goes back to be routed."""
    work, order = rows
    short: Cut = next(cut for cut in what.cuts if cut.row.id == asked.line_id)
    details: dict[str, object] = {
        "fulfillment": work["number"], "sku": short.row.sku, "found": asked.found, "missing": short.missing,
        "units": what.units,
    }  # fmt: skip
    events: Sequence[Event] = (
        Event("found_damaged" if asked.damaged else "picked_short", details, actor=asked.actor),
        *((Event("fulfillment_cancelled", {"fulfillment": work["number"]}, actor=asked.actor),) if cancelled else ()),
    )
    version = work["version"]
    for event in events:
        version += 1
        batch.event(work["merchant_id"], work["order_id"], (work["id"], version), event)
    batch.works.append({
        "id": work["id"], "was": work["version"], "version": version, "due_at": FOREVER if cancelled else batch.at,
        "state": int(Work.CANCELLED if cancelled else work["state"]),
    })  # fmt: skip
    again = Event("rerouted", {"fulfillment": work["number"], "units": what.units}, actor=asked.actor)
    batch.event(order["merchant_id"], order["id"], (order["id"], order["version"] + 1), again)
    batch.orders.append({
        "id": order["id"], "was": order["version"], "version": order["version"] + 1, "due_at": batch.at,
        "state": int(move_order(Lifecycle(order["state"]), "reroute")), "promised_at": None, "completed_at": None,
    })  # fmt: skip


async def _aside(
    services: Services, tx: Tx, batch: Batch, asked: ReportShortage, about: tuple[Row, stocking.Shortage]
) -> tuple[int, int]:
    """Damaged units stay on hand and are promised to nobody: quarantine keeps them. Nothing is doubted."""
    work, what = about
    (short,) = (cut for cut in what.cuts if cut.missing)
    await booking.lock(tx, asked.merchant_id, {cut.row.sku for cut in what.cuts})
    aside = Quarantine(
        merchant_id=asked.merchant_id, sku=short.row.sku, location="", units=short.missing, reason="damaged",
        actor=asked.actor,
    )  # fmt: skip
    await hold(tx, services, aside, (work["location_id"], {short.row.sku: short.missing}))
    return 0, 0


async def _doubt(
    services: Services, tx: Tx, batch: Batch, asked: ReportShortage, about: tuple[Row, stocking.Shortage]
) -> tuple[int, int]:
    """Puts what the counters still call free into quarantine and asks for a count; (units, sheet)."""
    work, what = about
    place = work["location_id"]
    (short,) = (cut for cut in what.cuts if cut.missing)
    sku = short.row.sku
    level = (await booking.lock(tx, asked.merchant_id, {cut.row.sku for cut in what.cuts}))[sku, place]
    units = level.free - short.missing + short.freed
    if units:
        code = await tx.fetchval(CODE, place)
        aside = Quarantine(
            merchant_id=asked.merchant_id, sku=sku, location=code, units=units, reason="uncounted", actor=asked.actor
        )
        await hold(tx, services, aside, (place, {sku: units}))
        batch.stock_change(asked.merchant_id, StockDelta(sku, place, 0, units, "quarantined", work["id"]))
    if not units or await tx.fetch(BUSY, asked.merchant_id, place, [sku]):
        return units, 0
    sheet = OpenSheet(merchant_id=asked.merchant_id, location="", actor=asked.actor, why="shortage")
    return units, await add_sheet(tx, services, sheet, (place, [sku]))
