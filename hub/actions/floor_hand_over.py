"""Hand parcels to the carrier by scan; with the last parcel of a fulfillment order it is dispatched."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hub.actions import floor_desk
from hub.actions.services import Services
from hub.domain.dispatching import DispatchFacts, dispatched, kept_back
from hub.domain.lifecycle import Custody, Work
from hub.domain.outcome import Changes, Outcome, ParcelRow, WorkRow
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
    """Raises `NotFound` for an unknown parcel, `Conflict` when it has no label yet, has left, was scanned before,
    or a hold keeps it here; a hold that is found only now is kept."""
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
        batch = Batch(desk.ids, desk.now)
        kept = kept_back(work, facts := await dispatch.facts(desk, [work]), desk.now)
        waiting = () if kept else _load(work, parcel, (facts, asked.actor), batch)
        if kept is not None:
            act(work, Outcome(holds=kept.holds, wake_at=kept.wake_at), batch)
        await batch.flush(tx)
        await announce(tx, "outbox", "fulfillments")
    if kept is not None:
        raise Conflict(_says(work, kept))
    if waiting:
        return HandedOver(f"{parcel.number} is loaded; {', '.join(waiting)} goes with it", waiting, False)
    return HandedOver(f"{work.number} has left with {parcel.carrier or 'the carrier'}", (), True)


def _load(work: WorkRow, parcel: ParcelRow, by: tuple[DispatchFacts, str], batch: Batch) -> tuple[str, ...]:
    """Loads a parcel; the ones that are still here. The last one takes the fulfillment order with it."""
    loaded = replace(parcel, custody=Custody.MANIFESTED)
    parcels = tuple(loaded if p.id == parcel.id else p for p in work.parcels)
    waiting = tuple(p.number for p in parcels if p.custody is Custody.PACKED)
    work = replace(work, parcels=parcels)
    if waiting:
        act(work, Outcome(changes=Changes(parcels=(loaded,))), batch)
    else:
        hands.done(dispatched(work, by[0], batch.at, by[1]), work, batch)
    return waiting


def _says(work: WorkRow, kept: Outcome) -> str:
    """Why goods that are ready may not leave."""
    reasons = ", ".join(sorted(work.open_holds | {need.reason for need in kept.holds}))
    return f"{work.number} stays here: its order is held ({reasons}); it leaves once the hold is released"
