"""Facts of label: what the carrier answered, and where parcels leave from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.domain.labeling import Answered, LabelFacts, intent
from hub.domain.lifecycle import Outbox
from hub.domain.order import Address
from hub.domain.outcome import WorkRow
from hub.domain.outgoing import Receipt
from hub.flow import credit_facts, loading
from hub.flow.stage import Desk

ANSWERS = """SELECT o.intent, o.state, o.receipt, o.error FROM outbox o
    JOIN unnest($1::bigint[], $2::text[]) AS w(merchant_id, intent) USING (merchant_id, intent)"""
SENDERS = "SELECT id, name, address FROM locations WHERE id = ANY($1::bigint[])"

_receipt = msgspec.json.Decoder(Receipt)
_address = msgspec.json.Decoder(Address)


async def facts(desk: Desk, works: Sequence[WorkRow]) -> LabelFacts:
    """Two statements a batch; two more where somebody is on terms."""
    wanted = [(work.merchant_id, intent(parcel)) for work in works for parcel in work.parcels]
    answers: dict[str, Answered] = {}
    if wanted:
        for row in await desk.tx.fetch(ANSWERS, *map(list, zip(*wanted, strict=True))):
            receipt = _receipt.decode(row["receipt"]) if row["receipt"] else Receipt()
            answers[row["intent"]] = Answered(Outbox(row["state"]), receipt.label, row["error"])
    rows = await desk.tx.fetch(SENDERS, sorted({work.location_id for work in works}))
    unpaid = [work.order_id for work in works if work.on_terms]
    payments = await loading.payments_of(desk.tx, unpaid) if unpaid else {}
    standing = await credit_facts.standing(desk, works, payments)
    return LabelFacts(answers, {row["id"]: _address.decode(row["address"]) for row in rows}, standing)
