"""Cycle counts: a sheet of SKUs at one location, counted while everybody goes on selling.

A count is compared with the counters at the moment it is told, and what is booked is the difference: whatever is sold
before or after changes nothing. What was picked already lies in totes and parcels, so the shelf is expected to hold
that much less.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import stock_booking as booking
from hub.actions.services import Services
from hub.domain.stocking import Change, Count, Tolerance, Verdict, judge
from hub.errors import Conflict, Invalid, NotFound
from hub.store import sets
from hub.store.database import Row, Tx

MOST_SKUS = 1000
PLACE = "SELECT id FROM locations WHERE merchant_id = $1 AND id = $2 FOR UPDATE"
SKUS = "SELECT sku FROM stock WHERE merchant_id = $1 AND location_id = $2 AND on_hand > 0 ORDER BY sku"
BUSY = """SELECT l.sku, s.id FROM count_sheets s JOIN count_lines l ON l.sheet_id = s.id AND l.state <> 'booked'
    WHERE s.merchant_id = $1 AND s.location_id = $2 AND s.state = 'open' AND l.sku = ANY($3::text[]) ORDER BY l.sku"""
SHEET = "SELECT * FROM count_sheets WHERE merchant_id = $1 AND id = $2 FOR UPDATE"
LINE = "SELECT * FROM count_lines WHERE sheet_id = $1 AND sku = $2"
LINES = "SELECT sku, state, counts, expected, counted, difference FROM count_lines WHERE sheet_id = $1 ORDER BY sku"
PICKED = """SELECT coalesce(sum(w.picked + CASE WHEN f.state <> 2 THEN 0 ELSE coalesce((
        SELECT sum(p.picked) FROM pick_lines p WHERE p.fulfillment_line_id = w.id), 0) END), 0)::int
    FROM fulfillment_lines w JOIN fulfillment_orders f ON f.id = w.fulfillment_id
    WHERE f.merchant_id = $1 AND f.state < 9 AND f.state <> 6 AND f.location_id = $2 AND w.sku = $3"""
"""Picked, and not with the carrier (6) yet. While an order is being picked (2), its walks know what lies in totes: the
fulfillment order counts it when its last unit is picked."""

COUNTED = """UPDATE count_lines SET state = $2, counts = counts + 1, expected = $3, counted = $4, difference = $5,
    counted_at = $6 WHERE id = $1"""
APPROVE = "UPDATE count_lines SET state = 'booked' WHERE id = $1"
HOLD = "UPDATE count_sheets SET counter = $2 WHERE id = $1"
CLOSE = """UPDATE count_sheets SET state = 'done', closed_at = $2 WHERE id = $1
    AND NOT EXISTS (SELECT 1 FROM count_lines WHERE sheet_id = $1 AND state <> 'booked')"""
CANCEL = "UPDATE count_sheets SET state = 'cancelled', closed_at = $2 WHERE id = $1"
UNCOUNTED = """DELETE FROM reservations WHERE merchant_id = $1 AND kind = 'quarantine' AND ref = 'uncounted'
    AND sku = $2 AND location_id = $3 RETURNING units"""


class OpenSheet(Struct, frozen=True, kw_only=True):
    """Count `skus` at `location` (none: whatever lies there; a bundle as its parts)."""

    merchant_id: int
    location: str
    actor: str
    skus: tuple[str, ...] = ()
    tolerance: Tolerance = Tolerance()
    why: str = "cycle"


class Counted(Struct, frozen=True, kw_only=True):
    """`counter` found `units` of `sku` on the shelf, quarantined ones included. `accept`: book it whatever it is."""

    merchant_id: int
    sheet_id: int
    sku: str
    units: int
    counter: str
    accept: bool = False


class CountLineView(Struct, frozen=True):
    """One SKU: open, recount or booked. `expected` and `difference` as of the last count."""

    sku: str
    state: str
    counts: int
    expected: int | None
    counted: int | None
    difference: int | None


class SheetView(Struct, frozen=True):
    """A sheet: open, done or cancelled, and who holds it. `said`: what became of the last count."""

    id: int
    state: str
    counter: str
    lines: tuple[CountLineView, ...]
    said: str = ""


async def open_sheet(services: Services, asked: OpenSheet) -> SheetView:
    """Raises `NotFound` for an unknown location or SKU, `Conflict` when one of them is on another open sheet, `Invalid`
    for a tolerance that is none and for nothing to count."""
    if not (0 <= asked.tolerance.percent <= 100 and asked.tolerance.units >= 0):
        raise Invalid("tolerance", "give units of 0 or more, and 0 to 100 percent")
    plain, merchant_id = services.database.plain, asked.merchant_id
    (place,) = await booking.places(plain, merchant_id, asked.location)
    if asked.skus:
        skus = sorted(await booking.parts_of(plain, merchant_id, dict.fromkeys(asked.skus, 1)))
        await booking.make_rows(services, merchant_id, skus, place)
    else:
        skus = [row["sku"] for row in await plain.fetch(SKUS, merchant_id, place)]
    if not 0 < len(skus) <= MOST_SKUS:
        raise Invalid("skus", f"{len(skus)} SKUs: name 1 to {MOST_SKUS} to count")
    async with services.database.transaction() as tx:
        await tx.fetch(PLACE, merchant_id, place)
        if busy := await tx.fetch(BUSY, merchant_id, place, skus):
            raise Conflict(f"{busy[0]['sku']} is on sheet {busy[0]['id']} already; count it there, or cancel that")
        made = await add_sheet(tx, services, asked, (place, skus))
    return await show_sheet(services, merchant_id, made)


async def add_sheet(tx: Tx, services: Services, asked: OpenSheet, what: tuple[int, Sequence[str]]) -> int:
    """A sheet of (location, SKUs) in the caller's transaction; returns its id."""
    place, skus = what
    made = services.ids.next()
    await sets.insert(tx, "count_sheets", [{
        "id": made, "merchant_id": asked.merchant_id, "location_id": place, "state": "open", "why": asked.why[:64],
        "counter": "", "tolerance": asked.tolerance.units, "percent": asked.tolerance.percent,
        "opened_at": services.clock.now(), "opened_by": asked.actor[:128],
    }])  # fmt: skip
    lines = [
        {"id": services.ids.next(), "merchant_id": asked.merchant_id, "sheet_id": made, "sku": sku, "state": "open",
         "counts": 0}
        for sku in skus
    ]  # fmt: skip
    await sets.insert(tx, "count_lines", lines)
    return made


async def count_line(services: Services, asked: Counted) -> SheetView:
    """Books what was counted, or asks for another count; the last SKU closes the sheet.

    Raises `NotFound` for an unknown sheet or a SKU that is not on it, `Conflict` when somebody else counts this sheet,
    when it is closed, or when more is promised at the location than was found.
    """
    async with services.database.transaction() as tx:
        sheet, line = await _held(tx, asked)
        woken = await booking.wake(tx, services, asked.merchant_id, [asked.sku])
        there = await booking.lock(tx, asked.merchant_id, [asked.sku])
        place = sheet["location_id"]
        picked = await tx.fetchval(PICKED, asked.merchant_id, place, asked.sku)
        count = Count(asked.units, there[asked.sku, place].on_hand, picked, line["difference"])
        tolerance = Tolerance(sheet["tolerance"], sheet["percent"])
        verdict = judge(count, tolerance, accept=asked.accept)
        state = "recount" if verdict.book is None else "booked"
        await tx.execute(
            COUNTED, line["id"], state, verdict.expected, asked.units, verdict.difference, services.clock.now()
        )
        await tx.execute(HOLD, sheet["id"], asked.counter)
        if verdict.book is not None:
            await _book(tx, services, asked, (place, verdict), there)
            await tx.execute(CLOSE, sheet["id"], services.clock.now())
    again = f"{verdict.why}: count {asked.sku} again" if verdict.book is None else f"booked: {verdict.why}"
    said = f"{asked.units} counted, {verdict.expected} expected; {again}"
    shown = await show_sheet(services, asked.merchant_id, asked.sheet_id)
    return SheetView(shown.id, shown.state, shown.counter, shown.lines, said + (f"; {woken} woken" if woken else ""))


async def approve_count(services: Services, asked: Counted) -> SheetView:
    """Books the difference that the last count of a SKU found, however large: `counter` is whoever approves it, and
    `units` do not matter. What was sold since the count changes nothing.

    Raises `NotFound`, and `Conflict` for one that waits for no approval or below what is promised at the location.
    """
    async with services.database.transaction() as tx:
        sheet, line = await _line_of(tx, asked)
        if line["state"] != "recount":
            raise Conflict(f"{asked.sku} waits for no approval: count it first")
        await booking.wake(tx, services, asked.merchant_id, [asked.sku])
        there = await booking.lock(tx, asked.merchant_id, [asked.sku])
        verdict = Verdict(line["expected"], line["difference"], line["difference"], "approved")
        told = replace(asked, units=line["counted"])
        await _book(tx, services, told, (sheet["location_id"], verdict), there)
        await tx.execute(APPROVE, line["id"])
        await tx.execute(CLOSE, sheet["id"], services.clock.now())
    return await show_sheet(services, asked.merchant_id, asked.sheet_id)


async def cancel_sheet(services: Services, merchant_id: int, sheet_id: int, actor: str) -> None:
    """What was booked stays booked. Raises `NotFound`, and `Conflict` when it is closed."""
    async with services.database.transaction() as tx:
        sheet = await tx.fetchrow(SHEET, merchant_id, sheet_id)
        if sheet is None:
            raise NotFound(f"no count sheet {sheet_id}")
        if sheet["state"] != "open":
            raise Conflict(f"this sheet is {sheet['state']} already")
        await tx.execute(CANCEL, sheet_id, services.clock.now())
        await booking.note(tx, services, merchant_id, booking.Note(
            actor=actor, action="cancel_sheet", subject=f"sheet:{sheet_id}", details={"why": sheet["why"]}
        ))  # fmt: skip


async def show_sheet(services: Services, merchant_id: int, sheet_id: int) -> SheetView:
    """Raises `NotFound`."""
    sheet = await services.database.plain.fetchrow(SHEET.removesuffix(" FOR UPDATE"), merchant_id, sheet_id)
    if sheet is None:
        raise NotFound(f"no count sheet {sheet_id}")
    lines = tuple(CountLineView(**dict(row)) for row in await services.database.plain.fetch(LINES, sheet_id))
    return SheetView(sheet["id"], sheet["state"], sheet["counter"], lines)


async def _held(tx: Tx, asked: Counted) -> tuple[Row, Row]:
    """The same, of a sheet that nobody else counts."""
    sheet, line = await _line_of(tx, asked)
    if sheet["counter"] not in {"", asked.counter}:
        raise Conflict(f"{sheet['counter']} counts this sheet; two on one sheet would count the same shelf twice")
    return sheet, line


async def _line_of(tx: Tx, asked: Counted) -> tuple[Row, Row]:
    """The open sheet, locked, and the line that is not booked yet."""
    sheet = await tx.fetchrow(SHEET, asked.merchant_id, asked.sheet_id)
    if sheet is None:
        raise NotFound(f"no count sheet {asked.sheet_id}")
    if sheet["state"] != "open":
        raise Conflict(f"this sheet is {sheet['state']} already; open another")
    line = await tx.fetchrow(LINE, sheet["id"], asked.sku.replace("\0", ""))
    if line is None:
        raise NotFound(f"{asked.sku!r} is not on this sheet")
    if line["state"] == "booked":
        raise Conflict(f"{asked.sku} is counted and booked; open another sheet to count it again")
    return sheet, line


async def _book(tx: Tx, services: Services, asked: Counted, what: tuple[int, Verdict], there: booking.Levels) -> None:
    """Books the difference, and lets out what waited in quarantine for this count."""
    place, verdict = what
    assert verdict.book is not None
    waited = sum(row["units"] for row in await tx.fetch(UNCOUNTED, asked.merchant_id, asked.sku, place))
    change = Change(asked.sku, place, verdict.book, -waited, "counted")
    booked = booking.Booking(merchant_id=asked.merchant_id, changes=(change,), ref_id=asked.sheet_id)
    if verdict.book or waited:
        await booking.book(tx, services, booked, there)
    await booking.note(tx, services, asked.merchant_id, booking.Note(
        actor=asked.counter, action="count_stock", subject=f"stock:{asked.sku}",
        details={"sheet": asked.sheet_id, "counted": asked.units, "expected": verdict.expected, "why": verdict.why},
    ))  # fmt: skip
