"""Unpack: a packed fulfillment order is taken out of its parcels, to be packed again."""

from __future__ import annotations

from hub.actions import floor_desk
from hub.actions.floor_station import Pack
from hub.actions.services import Services
from hub.domain.lifecycle import LabelState
from hub.domain.outgoing import Label
from hub.domain.packing_by_hand import unpacked
from hub.errors import Conflict, NotFound
from hub.flow import hands, orphans
from hub.flow.batch import Batch
from hub.store.audit import Plain
from hub.store.database import announce

FIND = """SELECT id, state <> 10 AS live FROM fulfillment_orders
    WHERE merchant_id = $1 AND (number = $2 OR id::text = $2) ORDER BY live DESC, id"""
DROP_LABELS = """UPDATE outbox SET state = 12, error = 'the parcel was unpacked' WHERE state = 0 AND NOT unsure
    AND NOT leased AND kind = 'buy_label' AND key = ANY($1::bigint[])"""
LABELS = """SELECT count(*) FROM outbox WHERE kind = 'buy_label' AND key = ANY($1::bigint[]) AND state < 10
    AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.id = outbox.key AND p.label = 'bought')"""


async def find_packed(services: Services, merchant_id: int, number: str) -> int:
    """The id of a fulfillment order by its number or id. Raises `NotFound`, `Conflict` for a number that several have:
    shops count their orders each for itself."""
    found = await services.database.plain.fetch(FIND, merchant_id, number.replace("\0", ""))
    if not found:
        raise NotFound(f"no fulfillment order {number}")
    live = [str(row["id"]) for row in found if row["live"]]
    if len(live) > 1:
        raise Conflict(f"{len(live)} fulfillment orders are called {number}; name one by its id: {', '.join(live)}")
    return int(found[0]["id"])


async def unpack(services: Services, pack: Pack) -> None:
    """Takes a packed fulfillment order out of its parcels; labels that were bought are given back to the carrier.

    Raises `Conflict` while a label is under way, once it has left, or when it is not packed.
    """
    async with services.database.transaction() as tx:
        desk = floor_desk.desk_of(services, tx)
        work = await hands.take_one(desk, pack.merchant_id, pack.fulfillment_id)
        outcome = unpacked(work, pack.actor)
        parcels = [parcel.id for parcel in work.parcels]
        await tx.execute(DROP_LABELS, parcels)
        if await tx.fetchval(LABELS, parcels):
            raise Conflict("a label of this order is being bought; wait until it is there, then unpack")
        batch = Batch(desk.ids, desk.now)
        for parcel in work.parcels:
            if parcel.label is LabelState.BOUGHT and work.carrier_account_id is not None:
                label = Label(
                    external_id=parcel.label_id, carrier=parcel.carrier, service=parcel.service,
                    tracking_number=parcel.tracking_number, cost=parcel.label_cost, currency=parcel.label_currency,
                )  # fmt: skip
                batch.message(work.merchant_id, orphans.void(parcel.id, label, work.carrier_account_id))
        hands.done(outcome, work, batch)
        await batch.flush(tx)
        await tx.execute("UPDATE totes SET packing = '[]' WHERE fulfillment_id = $1", work.id)
        details: dict[str, Plain] = {"fulfillment": work.number, "parcels": len(parcels)}
        await floor_desk.note(desk, pack.merchant_id, (pack.actor, "unpack", f"order:{work.order_id}"), details)
        await announce(tx, "outbox")
