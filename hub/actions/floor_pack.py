"""The pack station: open what was picked, scan it into parcels or take the suggested ones, begin again, put it down.

Whoever takes something there has it alone until it is packed, put down, or freed by somebody who may.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from hub.actions import floor_desk
from hub.actions import floor_station as station
from hub.actions.floor_station import Pack, Station
from hub.actions.services import Services
from hub.domain import picking
from hub.domain.boxing import Crate
from hub.domain.outcome import WorkRow
from hub.domain.packing_by_hand import Boxed
from hub.errors import Conflict, Invalid, NotFound
from hub.flow import hands
from hub.flow.stage import Desk
from hub.store.audit import Plain
from hub.store.database import Row, Tx, announce

FIND = """SELECT f.id, f.order_id, f.location_id, f.number, f.state = 3 AS picked, a.name AS shop, l.code AS location,
        coalesce(upper(t.code) = upper($2), false) AS tote, coalesce(t.held_by = $4, false) AS mine
    FROM fulfillment_orders f LEFT JOIN totes t ON t.fulfillment_id = f.id
        LEFT JOIN orders o ON o.id = f.order_id LEFT JOIN accounts a ON a.id = f.account_id
        JOIN locations l ON l.id = f.location_id
    WHERE f.merchant_id = $1 AND (upper(t.code) = upper($2) OR f.number = $2 OR o.number = $2) AND f.state <> 10
      AND NOT f.automatic AND ($3 = '' OR l.code = $3)
    ORDER BY tote DESC, picked DESC, mine DESC, f.id"""
ON_WALK = """SELECT t.number, w.number AS wave FROM totes x JOIN pick_tasks t ON t.id = x.task_id
        JOIN waves w ON w.id = t.wave_id
    WHERE x.fulfillment_id = $1 AND t.state <> 'done' AND x.held_by <> '' AND x.held_by = t.claimed_by LIMIT 1"""
HEAP = """SELECT f.id FROM fulfillment_orders f JOIN waves w ON w.id = f.wave_id AND w.strategy = 'single'
        JOIN fulfillment_lines l ON l.fulfillment_id = f.id JOIN totes t ON t.fulfillment_id = f.id
    WHERE f.merchant_id = $1 AND f.state < 9 AND f.state = 3 AND l.sku = $2 AND t.held_by IN ('', $3)
    ORDER BY t.held_by DESC, f.id LIMIT 1 FOR UPDATE OF f SKIP LOCKED"""


async def open_station(services: Services, pack: Pack) -> Station:
    """Finds what a scanned tote, order number or, of single-item waves, product belongs to, and makes it the packer's.

    Raises `NotFound` for an unknown code, `Conflict` when it is not picked yet or in somebody else's hands, and for a
    number that several shops or locations have.
    """
    code = floor_desk.clean(pack.code)
    async with services.database.transaction() as tx:
        found = await find_here(tx, pack, code) or await _from_heap(tx, pack, code)
        if found is None:
            raise NotFound(f"{code} is no tote or order that waits here; scan a tote, or type the order's number")
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, found)
        totes = await station.hold_totes(desk, work, pack.actor, looking=True)
        return await station.station_of(desk, work, totes, f"{work.number} is open")


async def find_here(tx: Tx, pack: Pack, code: str) -> int | None:
    """The fulfillment order that a tote, its own or its order's number stands for; the packer's own first. Raises
    `Conflict` when orders of several shops, or parts of an order at several locations, wait under one number."""
    rows = await tx.fetch(FIND, pack.merchant_id, code, pack.location.replace("\0", ""), pack.actor)
    if not rows:
        return None
    waiting = [row for row in rows if row["picked"]]
    alike = {(row["order_id"], row["location_id"]) for row in waiting}
    if rows[0]["tote"] or len(alike) < 2 or len({row["id"] for row in waiting if row["mine"]}) == 1:
        return int(rows[0]["id"])
    which = sorted({f"{row['number']} of {row['shop'] or 'no shop'} in {row['location']}" for row in waiting})
    raise Conflict(f"{len(which)} orders wait here as {code} ({', '.join(which)}); scan the tote of the one you mean")


async def _from_heap(tx: Tx, pack: Pack, code: str) -> Any:  # noqa: ANN401 - an id, or None
    codes = await floor_desk.codes_of(tx, pack.merchant_id, [], code)
    known = codes.get(code) or codes.get(picking.gtin(code))
    return await tx.fetchval(HEAP, pack.merchant_id, known[0], pack.actor) if known else None


async def see_station(services: Services, pack: Pack) -> Station:
    """As it stands, and who has it in hand; takes nothing. Raises `NotFound`, `Conflict` for what waits elsewhere."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        totes = await station.totes_of(desk, work)
        found = await station.station_of(desk, work, totes, "")
    held = next((tote for tote in totes if tote["held_by"]), None)
    if held is None:
        return found
    return replace(found, held_by=held["held_by"], held_name=held["held_name"], held_at=held["held_at"])


async def take_station(services: Services, pack: Pack) -> Station:
    """Makes what waits at the station the packer's. Raises as `open_station`."""
    async with _here(services, pack) as (desk, work, totes):
        return await station.station_of(desk, work, totes, f"{work.number} is yours")


async def put_down(services: Services, pack: Pack, *, anybody: bool = False) -> str:
    """Lets go of what is in hand at the station; parcels begun stay as they are, for whoever takes it next. Gives its
    number. `anybody`: whose it is does not matter, and the audit trail says whose it was.

    Raises `NotFound`, `Conflict` for somebody else's, for what nobody has, and for what is on a walk still.
    """
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        held = [tote for tote in await tx.fetch(station.TOTES, pack.merchant_id, work.id) if tote["held_by"]]
        others = [tote for tote in held if tote["held_by"] != pack.actor]
        if not held:
            raise Conflict(f"nobody has {work.number} in hand")
        if others and not anybody:
            raise Conflict(station.in_hands(others[0]))
        if walk := await tx.fetchrow(ON_WALK, work.id):
            raise Conflict(f"{work.number} is on walk {walk['number']} of wave {walk['wave']} still; free the walk")
        await tx.execute(station.PUT_DOWN, work.id)
        await announce(tx, "fulfillments")
        if others:
            details: dict[str, Plain] = {"fulfillment": work.number, "was": others[0]["held_by"]}
            said = (pack.actor, "free_station", f"fulfillment:{work.id}")
            await floor_desk.note(desk, pack.merchant_id, said, details)
    return work.number


async def free_found(services: Services, pack: Pack) -> str:
    """As `put_down` of anybody's, for whoever names a tote or a number. Raises as `open_station` besides."""
    code = floor_desk.clean(pack.code)
    found = await find_here(services.database.plain, pack, code)
    if found is None:
        raise NotFound(f"{code} is no tote or order that waits here; type what stands on the tote")
    return await put_down(services, replace(pack, fulfillment_id=found), anybody=True)


@asynccontextmanager
async def _here(services: Services, pack: Pack) -> AsyncIterator[tuple[Desk, WorkRow, list[Row]]]:
    """One transaction at the station: the fulfillment order, locked, and its totes, held."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        yield desk, work, await station.hold_totes(desk, work, pack.actor)


async def scan_pack(services: Services, pack: Pack) -> Station:
    """A product goes into the last parcel begun; the code of a box begins another. The last unit closes them all.

    Raises `Invalid` with what was expected, and nothing has changed; `Conflict` as `open_station`.
    """
    code = floor_desk.clean(pack.code)
    async with _here(services, pack) as (desk, work, totes):
        before = await station.station_of(desk, work, totes, "")
        crates = {crate.code.upper(): crate for crate in await station.crates_of(desk.tx, pack.merchant_id)}
        crate = crates.get(code.upper())
        begun = [{"box": b.box, "own": b.own_grams, "units": dict(b.units)} for b in before.begun]
        if crate is not None:
            begun = [b for b in begun if b["units"]] + [{"box": crate.code, "own": crate.own, "units": {}}]
            said = f"box {crate.code} is open"
        else:
            said = await _put_in(desk.tx, pack, before, (begun, crates, code))
        await desk.tx.execute(station.DRAFT, totes[0]["id"], json.dumps(begun))
        boxed = [station.boxed_of(b) for b in begun]
        if crate is None and sum(before.left.values()) == station.count_of(boxed) - station.count_of(before.begun):
            return await station.close_or_ask(desk, work, pack, (boxed, totes))
        fresh = await desk.tx.fetch(station.TOTES, pack.merchant_id, work.id)
        return await station.station_of(desk, work, fresh, said)


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
    if before.check and not any(before.left.values()):
        raise Invalid("code", f"everything is in; somebody is to look first ({before.check}), or begin again")
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
    async with _here(services, pack) as (desk, work, totes):
        here = await station.station_of(desk, work, totes, "")
        boxed = [
            Boxed(filled.box.code if filled.box else "", filled.box.own if filled.box else 0, filled.units)
            for filled in here.suggested
        ]
        return await station.close_or_ask(desk, work, pack, (boxed, totes))


async def start_over(services: Services, pack: Pack) -> Station:
    """Takes everything that was scanned out of the parcels begun."""
    async with _here(services, pack) as (desk, work, totes):
        await desk.tx.execute(station.DRAFT, totes[0]["id"], "[]")
        return await station.station_of(
            desk, work, await desk.tx.fetch(station.TOTES, pack.merchant_id, work.id), "begin again"
        )
