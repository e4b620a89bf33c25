"""Labels that nobody wants any more: bought by a call that was under way while its fulfillment order was cancelled.

Whoever comes second voids. A cancellation that finds an answer on the message voids that label; an answer that finds
its fulfillment order cancelled is voided here. Both hold the fulfillment order's row, so one sees the other's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.domain.lifecycle import Work
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, Label, Receipt
from hub.flow.batch import Batch
from hub.store import sets
from hub.store.database import Row, Tx

LOCK_WORKS = """SELECT id, merchant_id, state, carrier_account_id FROM fulfillment_orders
    WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"""
ANSWERS = """SELECT p.id, p.fulfillment_id, o.receipt FROM parcels p JOIN outbox o ON o.merchant_id = p.merchant_id
        AND o.intent = 'label:' || p.id || ':' || p.label_attempt AND o.state = 9
    WHERE p.fulfillment_id = ANY($1::bigint[]) AND p.label = 'buying'"""
ATTACH = """UPDATE parcels p SET label = 'void_requested', label_id = d.label_id, tracking_number = d.tracking_number,
        carrier = d.carrier
    FROM json_to_recordset($1::json) AS d(id bigint, label_id text, tracking_number text, carrier text)
    WHERE p.id = d.id"""

_receipt = msgspec.json.Decoder(Receipt)


async def lock_works(tx: Tx, ids: Sequence[int]) -> dict[int, Row]:
    """The fulfillment orders that wait for answers, held for this transaction."""
    return {row["id"]: row for row in await tx.fetch(LOCK_WORKS, sorted(ids))} if ids else {}


async def void_late(tx: Tx, batch: Batch, held: Mapping[int, Row]) -> None:
    """After answers were kept: voids the labels whose fulfillment orders are cancelled by now."""
    gone = {key: row for key, row in held.items() if row["state"] == Work.CANCELLED}
    if gone:
        await void_answered(tx, batch, gone)
        await batch.flush(tx)


async def void_answered(tx: Tx, batch: Batch, works: Mapping[int, Mapping[str, Any] | Row]) -> None:
    """Voids the labels that came back for `works`, which are cancelled; their parcels keep the tracking number, so that
    scans of them find something."""
    if not works:
        return
    attached = []
    for row in await tx.fetch(ANSWERS, sorted(works)):
        work, label = works[row["fulfillment_id"]], _receipt.decode(row["receipt"]).label
        if label is None or work["carrier_account_id"] is None:
            continue
        batch.message(work["merchant_id"], void(row["id"], label, work["carrier_account_id"]))
        attached.append({
            "id": row["id"], "label_id": label.external_id, "tracking_number": label.tracking_number,
            "carrier": label.carrier,
        })  # fmt: skip
    await sets.update(tx, ATTACH, attached)


def void(parcel_id: int, label: Label, account_id: int) -> Message:
    """Gives a label back to its carrier; once per label, however often it is asked for."""
    return Message(Kind.VOID_LABEL, f"void:{label.external_id}", account_id, parcel_id, label, "parcel", parcel_id)
