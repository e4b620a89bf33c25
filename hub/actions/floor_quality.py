"""A second look at the pack station: what lies in the parcels is as it should be, or it is not and what follows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import floor_desk, floor_looks, floor_marks
from hub.actions import floor_station as station
from hub.actions.floor_pick import CATCH_UP
from hub.actions.floor_station import Station
from hub.actions.services import Services
from hub.actions.stock_shortage import ReportShortage, shorten
from hub.domain import quality
from hub.domain.outcome import Event, Outcome, WorkRow
from hub.errors import Conflict, Invalid
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.runner import act
from hub.flow.stage import Desk
from hub.store.audit import Plain
from hub.store.database import Row, announce

LOOKED = """UPDATE quality_checks SET result = $2, checked_by = $3, checked_at = $4, sku = $5, units = $6, note = $7
    WHERE id = $1"""


class Look(Struct, frozen=True, kw_only=True):
    """What somebody found. `result` is one of `quality.RESULTS`; `sku` and `units` where units are damaged, and `sku`
    where it should lie there and something else does."""

    merchant_id: int
    actor: str
    fulfillment_id: int
    result: str
    sku: str = ""
    units: int = 0
    note: str = ""


async def record_look(services: Services, look: Look) -> Station:
    """ok closes the parcels. A wrong item empties them, to be scanned again. Damaged units go into quarantine, leave
    the order, which is routed again for them, and the rest is scanned again. After both somebody looks once more.

    Raises `NotFound`, `Invalid` for what cannot be found there, `Conflict` when nobody is to look, when the packer
    may not, or when not everything lies in parcels.
    """
    look = replace(look, sku=look.sku.replace("\0", "").strip()[:128], note=look.note.replace("\0", "").strip()[:500])
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, look.merchant_id, look.fulfillment_id)
        totes = await station.hold_totes(desk, work, look.actor, looking=True)
        last = await floor_looks.last_look(tx, look.merchant_id, work.id)
        if last is None or last["result"]:
            raise Conflict(f"nobody is asked to look at {work.number}; scan it into parcels first")
        quality.found(look.result, look.sku, look.units, _lies(work))
        quality.may_look(await floor_looks.rule_of(tx, look.merchant_id, work.location_id), last["packer"], look.actor)
        answer = (look.result, look.actor, desk.now, look.sku, look.units, look.note)
        await tx.execute(LOOKED, last["id"], *answer)
        event = Event("looked", _details(work, look), actor=look.actor)
        if look.result == "ok":
            told = await _close(desk, work, (totes, last), event)
        else:
            told = await _open_again(services, desk, work, (totes, look), event)
        await floor_desk.note(desk, look.merchant_id, (look.actor, "look", f"fulfillment:{work.id}"), _noted(look))
    return told


def _lies(work: WorkRow) -> dict[str, int]:
    lies: dict[str, int] = {}
    for line in work.lines:
        lies[line.sku] = lies.get(line.sku, 0) + line.quantity
    return lies


def _details(work: WorkRow, look: Look) -> dict[str, object]:
    return {
        "fulfillment": work.number,
        "result": look.result,
        "sku": look.sku,
        "units": look.units,
        "note": look.note,
    }


def _noted(look: Look) -> dict[str, Plain]:
    return {"result": look.result, "sku": look.sku, "units": look.units, "note": look.note}


async def _close(desk: Desk, work: WorkRow, about: tuple[Sequence[Row], Row], event: Event) -> Station:
    totes, last = about
    boxed = [box for box in station.begun_of(totes) if any(box.units.values())]
    if station.count_of(boxed) != sum(_lies(work).values()):
        raise Conflict(f"not all of {work.number} lies in parcels; scan what is left, then look")
    return await station.close(desk, work, (boxed, totes), last["packer"], (event,))


async def _open_again(
    services: Services, desk: Desk, work: WorkRow, about: tuple[Sequence[Row], Look], event: Event
) -> Station:
    """Takes everything out of the parcels; what is damaged leaves the order."""
    totes, look = about
    batch = Batch(desk.ids, desk.now)
    act(work, Outcome(events=(event,)), batch)
    await batch.flush(desk.tx)
    await station.draft(desk.tx, totes, ())
    said = "take everything out, put the right item in, and scan it again"
    if look.result == "damaged":
        said, kept = await _damaged(services, desk, work, look)
        if not kept:
            await desk.tx.execute(station.PUT_DOWN, work.id)
            return station.ended(work, totes, (), said)
        work = await hands.take_one(desk, look.merchant_id, work.id)
    fresh = await desk.tx.fetch(station.TOTES, look.merchant_id, work.id)
    return await station.station_of(desk, work, fresh, said)


async def _damaged(services: Services, desk: Desk, work: WorkRow, look: Look) -> tuple[str, int]:
    """What to say, and how many units of the fulfillment order are left."""
    line = max((line for line in work.lines if line.sku == look.sku), key=lambda line: line.quantity)
    if look.units > line.quantity:
        raise Invalid("units", f"they belong to several lines; tell {line.quantity} first, then the others")
    batch = Batch(desk.ids, desk.now)
    asked = ReportShortage(
        merchant_id=look.merchant_id, line_id=line.id, found=line.quantity - look.units, actor=look.actor, damaged=True
    )
    short = await shorten(services, desk.tx, batch, asked)
    await batch.flush(desk.tx)
    rows = await desk.tx.fetch(CATCH_UP, work.id)
    # The number of a damaged unit stays taken: nobody picks it again. Parts of its bundle go back to the shelf.
    back_to_shelf = {row["id"]: row["surplus"] for row in rows if row["surplus"] and row["sku"] != look.sku}
    await floor_marks.put_back(desk.tx, work.id, back_to_shelf)
    await announce(desk.tx, "orders")
    said = f"{look.units} × {look.sku} in quarantine; order {work.order_number} is routed again for {short.units}"
    back = ", ".join(f"{units} × {sku}" for sku, units in short.put_back.items())
    return (f"{said}; put back {back}" if back else said), short.kept
