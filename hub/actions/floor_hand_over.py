"""Hand parcels to the carrier by scan; with the last parcel of a fulfillment order it is dispatched."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import floor_desk
from hub.actions.services import Services
from hub.domain.dispatching import dispatched
from hub.domain.lifecycle import Custody, Work
from hub.domain.outcome import Changes, Outcome
from hub.errors import Conflict, NotFound
from hub.flow import dispatch, hands
from hub.flow.batch import Batch
from hub.flow.runner import act
from hub.store.database import announce

FIND = """SELECT p.id, p.fulfillment_id FROM parcels p JOIN fulfillment_orders f ON f.id = p.fulfillment_id
    WHERE p.merchant_id = $1 AND (p.number = $2 OR p.tracking_number = $2) AND p.custody <> 'cancelled'
      AND NOT f.automatic ORDER BY p.id DESC LIMIT 1"""


class HandOver(Struct, frozen=True, kw_only=True):
    """Who hands over which parcel; `code`: its number or tracking number, as scanned from the label."""

    merchant_id: int
    actor: str
    code: str


class HandedOver(Struct, frozen=True):
    """What came of it; `waiting`: parcels of the same fulfillment order that are still here."""

    said: str
    waiting: tuple[str, ...]
    dispatched: bool


async def hand_over(services: Services, asked: HandOver) -> HandedOver:
    """Raises `NotFound` for an unknown parcel, `Conflict` when it has no label yet, has left, or was scanned before."""
    code = floor_desk.clean(asked.code)
    async with services.database.transaction() as tx:
        found = await tx.fetchrow(FIND, asked.merchant_id, code)
        if found is None:
            raise NotFound(f"{code} is no parcel here; scan the barcode of its label")
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, asked.merchant_id, found["fulfillment_id"])
        parcel = next((p for p in work.parcels if p.id == found["id"]), None)
        if parcel is None or work.state is not Work.LABELED:
            raise Conflict(f"{work.number} is {work.state.name.lower()}; only what is labeled is handed over")
        if parcel.custody is not Custody.PACKED:
            raise Conflict(f"parcel {parcel.number} was scanned already")
        loaded = replace(parcel, custody=Custody.MANIFESTED)
        parcels = tuple(loaded if p.id == parcel.id else p for p in work.parcels)
        waiting = tuple(p.number for p in parcels if p.custody is Custody.PACKED)
        batch = Batch(desk.ids, desk.now)
        work = replace(work, parcels=parcels)
        if waiting:
            act(work, Outcome(changes=Changes(parcels=(loaded,))), batch)
        else:
            outcome = dispatched(work, await dispatch.facts(desk, [work]), desk.now, asked.actor)
            hands.done(outcome, work, batch)
        await batch.flush(tx)
        await announce(tx, "outbox", "fulfillments")
    if waiting:
        return HandedOver(f"{parcel.number} is loaded; {', '.join(waiting)} goes with it", waiting, False)
    return HandedOver(f"{work.number} has left with {parcel.carrier or 'the carrier'}", (), True)
