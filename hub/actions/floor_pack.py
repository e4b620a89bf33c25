"""The pack station: open what was picked, scan it into parcels or take the suggested ones, unpack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.services import Services
from hub.domain import boxing, picking
from hub.domain.boxing import Crate, Filled
from hub.domain.lifecycle import Work
from hub.domain.outcome import WorkRow
from hub.domain.packing_by_hand import Boxed, contents, packed_by_hand, things
from hub.errors import Conflict, Invalid, NotFound
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.stage import Desk
from hub.store.database import Row, Tx, announce

FIND = """SELECT f.id FROM fulfillment_orders f LEFT JOIN totes t ON t.fulfillment_id = f.id
        LEFT JOIN orders o ON o.id = f.order_id
    WHERE f.merchant_id = $1 AND (upper(t.code) = upper($2) OR f.number = $2 OR o.number = $2) AND f.state <> 10
      AND NOT f.automatic
    ORDER BY (upper(t.code) = upper($2)) DESC NULLS LAST, f.state = 3 DESC, f.id LIMIT 1"""
HEAP = """SELECT f.id FROM fulfillment_orders f JOIN waves w ON w.id = f.wave_id AND w.strategy = 'single'
        JOIN fulfillment_lines l ON l.fulfillment_id = f.id JOIN totes t ON t.fulfillment_id = f.id
    WHERE f.merchant_id = $1 AND f.state < 9 AND f.state = 3 AND l.sku = $2 AND t.held_by IN ('', $3)
    ORDER BY t.held_by DESC, f.id LIMIT 1 FOR UPDATE OF f SKIP LOCKED"""
TOTES = """SELECT t.*, coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = t.held_by), t.held_by) AS held_name
    FROM totes t WHERE t.merchant_id = $1 AND t.fulfillment_id = $2 ORDER BY t.id FOR UPDATE OF t"""
HOLD = "UPDATE totes SET held_by = $2, held_at = $3 WHERE fulfillment_id = $1"
DRAFT = "UPDATE totes SET packing = $2 WHERE id = $1"
BOXES = (
    "SELECT code, length_mm, width_mm, height_mm, own_grams, most_grams FROM boxes WHERE merchant_id = $1 ORDER BY code"
)
SIZES = "SELECT sku, length_mm, width_mm, height_mm FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"


class Station(Struct, frozen=True, kw_only=True):
    """What lies before the packer. `begun`: parcels with what was scanned into them; `left`: SKU → units to scan.
    `check`: why somebody is to look before the parcels are closed."""

    fulfillment_id: str
    number: str
    order: str
    ship_to: str
    totes: tuple[str, ...]
    begun: tuple[Boxed, ...]
    left: Mapping[str, int]
    titles: Mapping[str, str]
    suggested: tuple[Filled, ...]
    said: str = ""
    packed: bool = False
    check: str = ""


class Pack(Struct, frozen=True, kw_only=True):
    """Who packs which fulfillment order; `code`: what was scanned."""

    merchant_id: int
    actor: str
    fulfillment_id: int = 0
    code: str = ""


async def open_station(services: Services, pack: Pack) -> Station:
    """Finds what a scanned tote, order number or, of single-item waves, product belongs to, and makes it the packer's.

    Raises `NotFound` for an unknown code, `Conflict` when it is not picked yet or in somebody else's hands.
    """
    code = floor_desk.clean(pack.code)
    async with services.database.transaction() as tx:
        found = await tx.fetchval(FIND, pack.merchant_id, code) or await _from_heap(tx, pack, code)
        if found is None:
            raise NotFound(f"{code} is no tote or order that waits here; scan a tote, or type the order's number")
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, found)
        totes = await _hold(desk, work, pack.actor)
        return await _station(desk, work, totes, f"{work.number} is open")


async def _from_heap(tx: Tx, pack: Pack, code: str) -> Any:  # noqa: ANN401 - an id, or None
    codes = await floor_desk.codes_of(tx, pack.merchant_id, [], code)
    known = codes.get(code) or codes.get(picking.gtin(code))
    return await tx.fetchval(HEAP, pack.merchant_id, known[0], pack.actor) if known else None


async def see_station(services: Services, pack: Pack) -> Station:
    """As it stands. Raises `NotFound`, and `Conflict` as `open_station`."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        return await _station(desk, work, await _hold(desk, work, pack.actor), "")


async def scan_pack(services: Services, pack: Pack) -> Station:
    """A product goes into the last parcel begun; the code of a box begins another. The last unit closes them all.

    Raises `Invalid` with what was expected, and nothing has changed; `Conflict` as `open_station`.
    """
    code = floor_desk.clean(pack.code)
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        totes = await _hold(desk, work, pack.actor)
        before = await _station(desk, work, totes, "")
        crates = {crate.code.upper(): crate for crate in await _crates(tx, pack.merchant_id)}
        crate = crates.get(code.upper())
        begun = [{"box": b.box, "own": b.own_grams, "units": dict(b.units)} for b in before.begun]
        if crate is not None:
            begun = [b for b in begun if b["units"]] + [{"box": crate.code, "own": crate.own, "units": {}}]
            said = f"box {crate.code} is open"
        else:
            said = await _put_in(tx, pack, before, (begun, crates, code))
        await tx.execute(DRAFT, totes[0]["id"], json.dumps(begun))
        boxed = [_boxed(b) for b in begun]
        if crate is None and sum(before.left.values()) == _count(boxed) - _count(before.begun):
            return await _close(desk, work, pack, (boxed, totes))
        fresh = await tx.fetch(TOTES, pack.merchant_id, work.id)
        return await _station(desk, work, fresh, said)


async def _put_in(tx: Tx, pack: Pack, before: Station, into: tuple[list[Any], Mapping[str, Crate], str]) -> str:
    """Counts what was scanned into the last parcel begun."""
    begun, crates, code = into
    codes = await floor_desk.codes_of(tx, pack.merchant_id, sorted(before.titles), code)
    times, text = picking.read(code)
    known = codes.get(text) or codes.get(picking.gtin(text))
    wanted = ", ".join(f"{n} × {sku}" for sku, n in before.left.items() if n)
    if known is None:
        raise Invalid("code", f"{text} is no code of any product or box here; expected {wanted}")
    sku, units = known[0], known[1] * times
    if units > before.left.get(sku, 0):
        why = "too many" if sku in before.left else "wrong item"
        raise Invalid("code", f"{why}: {units} × {sku}; expected {wanted}")
    if not begun:
        first = before.suggested[0].box if before.suggested else None
        crate = crates.get(first.code.upper()) if first else None
        begun.append({"box": crate.code if crate else "", "own": crate.own if crate else 0, "units": {}})
    begun[-1]["units"][sku] = begun[-1]["units"].get(sku, 0) + units
    return f"{units} × {sku} in parcel {len(begun)}"


async def pack_suggested(services: Services, pack: Pack) -> Station:
    """Packs everything as suggested, without scans; what was begun is left. Raises as `scan_pack`."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        totes = await _hold(desk, work, pack.actor)
        here = await _station(desk, work, totes, "")
        boxed = [
            Boxed(filled.box.code if filled.box else "", filled.box.own if filled.box else 0, filled.units)
            for filled in here.suggested
        ]
        return await _close(desk, work, pack, (boxed, totes))


async def start_over(services: Services, pack: Pack) -> Station:
    """Takes everything that was scanned out of the parcels begun."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        totes = await _hold(desk, work, pack.actor)
        await tx.execute(DRAFT, totes[0]["id"], "[]")
        return await _station(desk, work, await tx.fetch(TOTES, pack.merchant_id, work.id), "begin again")


async def _hold(desk: Desk, work: WorkRow, actor: str) -> list[Row]:
    """The totes of a fulfillment order, held by the packer from now on."""
    if work.state is not Work.PICKED:
        hint = " It is still being picked." if work.state is Work.PICKING else ""
        raise Conflict(f"{work.number} is {work.state.name.lower()}; the pack station takes what is picked.{hint}")
    totes = await desk.tx.fetch(TOTES, work.merchant_id, work.id)
    if not totes:
        raise Conflict(f"{work.number} was not picked in a wave; nothing of it lies here")
    for tote in totes:
        if tote["held_by"] not in {"", actor}:
            raise Conflict(
                f"tote {tote['code']} is in the hands of {tote['held_name']} since {tote['held_at']:%H:%M} UTC"
            )
    await desk.tx.execute(HOLD, work.id, actor, desk.now)
    return totes


async def _station(desk: Desk, work: WorkRow, totes: Sequence[Row], said: str) -> Station:
    begun = tuple(_boxed(b) for b in json.loads(totes[0]["packing"]))
    left: dict[str, int] = {}
    for line in work.lines:
        left[line.sku] = left.get(line.sku, 0) + line.quantity
    for box in begun:
        for sku, units in box.units.items():
            left[sku] = left.get(sku, 0) - units
    return Station(
        fulfillment_id=str(work.id),
        number=work.number,
        order=work.order_number,
        ship_to=", ".join(filter(None, (work.ship_to.name, work.ship_to.city, work.ship_to.country)))
        if work.ship_to
        else "",
        totes=tuple(tote["code"] for tote in totes),
        begun=begun,
        left=left,
        titles={line.sku: line.title for line in work.lines},
        suggested=await _suggested(desk, work),
        said=said,
    )


async def _suggested(desk: Desk, work: WorkRow) -> tuple[Filled, ...]:
    """The suggestion in SKUs, as a packer sees them."""
    skus = sorted({line.sku for line in work.lines})
    measured = {row["sku"]: tuple(row)[1:] for row in await desk.tx.fetch(SIZES, work.merchant_id, skus)}
    crates = await _crates(desk.tx, work.merchant_id)
    made = []
    for filled in boxing.suggest(things(work, measured), crates):
        units: dict[str, int] = {}
        for line in work.lines:
            if count := filled.units.get(str(line.order_line_id), 0) * line.per_unit:
                units[line.sku] = units.get(line.sku, 0) + count
        made.append(Filled(filled.box, units, filled.grams, filled.why))
    return tuple(made)


async def _crates(tx: Tx, merchant_id: int) -> list[Crate]:
    rows = await tx.fetch(BOXES, merchant_id)
    return [Crate(row["code"], _longest_first(row), row["own_grams"], row["most_grams"]) for row in rows]


def _longest_first(row: Row) -> tuple[int, int, int]:
    longest, middle, least = sorted((row["length_mm"], row["width_mm"], row["height_mm"]), reverse=True)
    return longest, middle, least


async def _close(desk: Desk, work: WorkRow, pack: Pack, into: tuple[Sequence[Boxed], Sequence[Row]]) -> Station:
    """Everything lies in parcels: the label is bought next."""
    boxed, totes = into
    boxed = [box for box in boxed if any(box.units.values())]
    contents(work.lines, [box.units for box in boxed])
    batch = Batch(desk.ids, desk.now)
    outcome = packed_by_hand(work, boxed, [desk.ids.next() for _ in boxed], pack.actor)
    hands.done(outcome, work, batch)
    await batch.flush(desk.tx)
    await desk.tx.execute("UPDATE totes SET held_by = '', held_at = NULL WHERE fulfillment_id = $1", work.id)
    await announce(desk.tx, "fulfillments")
    count = "one parcel" if len(boxed) == 1 else f"{len(boxed)} parcels"
    return Station(
        fulfillment_id=str(work.id), number=work.number, order=work.order_number, ship_to="",
        totes=tuple(tote["code"] for tote in totes), begun=tuple(boxed), left={}, titles={}, suggested=(),
        said=f"{work.number} is packed in {count}; labels follow", packed=True,
    )  # fmt: skip


def _boxed(begun: Mapping[str, Any]) -> Boxed:
    return Boxed(begun["box"], begun["own"], begun["units"])


def _count(boxed: Sequence[Boxed]) -> int:
    return sum(sum(box.units.values()) for box in boxed)
