"""The pack station: open what was picked, scan it into parcels or take the suggested ones, begin again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from hub.actions import floor_desk
from hub.actions import floor_station as station
from hub.actions.floor_station import Pack, Station
from hub.actions.services import Services
from hub.domain import picking
from hub.domain.boxing import Crate
from hub.domain.outcome import WorkRow
from hub.domain.packing_by_hand import Boxed
from hub.errors import Invalid, NotFound
from hub.flow import hands
from hub.flow.stage import Desk
from hub.store.database import Row, Tx

FIND = """SELECT f.id FROM fulfillment_orders f LEFT JOIN totes t ON t.fulfillment_id = f.id
        LEFT JOIN orders o ON o.id = f.order_id
    WHERE f.merchant_id = $1 AND (upper(t.code) = upper($2) OR f.number = $2 OR o.number = $2) AND f.state <> 10
      AND NOT f.automatic
    ORDER BY (upper(t.code) = upper($2)) DESC NULLS LAST, f.state = 3 DESC, f.id LIMIT 1"""
HEAP = """SELECT f.id FROM fulfillment_orders f JOIN waves w ON w.id = f.wave_id AND w.strategy = 'single'
        JOIN fulfillment_lines l ON l.fulfillment_id = f.id JOIN totes t ON t.fulfillment_id = f.id
    WHERE f.merchant_id = $1 AND f.state < 9 AND f.state = 3 AND l.sku = $2 AND t.held_by IN ('', $3)
    ORDER BY t.held_by DESC, f.id LIMIT 1 FOR UPDATE OF f SKIP LOCKED"""


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
        totes = await station.hold_totes(desk, work, pack.actor, looking=True)
        return await station.station_of(desk, work, totes, f"{work.number} is open")


async def _from_heap(tx: Tx, pack: Pack, code: str) -> Any:  # noqa: ANN401 - an id, or None
    codes = await floor_desk.codes_of(tx, pack.merchant_id, [], code)
    known = codes.get(code) or codes.get(picking.gtin(code))
    return await tx.fetchval(HEAP, pack.merchant_id, known[0], pack.actor) if known else None


async def see_station(services: Services, pack: Pack) -> Station:
    """As it stands. Raises `NotFound`, and `Conflict` as `open_station`."""
    async with _here(services, pack, looking=True) as (desk, work, totes):
        return await station.station_of(desk, work, totes, "")


@asynccontextmanager
async def _here(
    services: Services, pack: Pack, *, looking: bool = False
) -> AsyncIterator[tuple[Desk, WorkRow, list[Row]]]:
    """One transaction at the station: the fulfillment order, locked, and its totes."""
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        yield desk, work, await station.hold_totes(desk, work, pack.actor, looking=looking)


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
