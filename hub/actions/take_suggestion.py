"""A customer says that the address we suggest is right: the order gets it and goes on, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import json as msgjson

from hub.actions.release_hold import Release, release_within
from hub.domain.order import Address, Value
from hub.flow.batch import Batch
from hub.ports import Ids
from hub.store import audit
from hub.store.database import Tx, announce

FIND = """SELECT h.id, h.order_id, h.detail->'suggestion' AS suggestion FROM holds h JOIN orders o ON o.id = h.order_id
    WHERE h.merchant_id = $1 AND h.order_id = ANY($2::bigint[]) AND h.state IN ('open', 'escalated') AND o.state < 9
      AND h.reason = 'address' AND h.resolutions ? 'use_suggestion' ORDER BY h.id LIMIT 1"""


class Suggestion(Value, frozen=True):
    """What an order's address was probably meant to be."""

    hold_id: int
    address: Address


async def find_suggestion(tx: Tx, merchant_id: int, order_ids: Sequence[int]) -> Suggestion | None:
    """The suggestion that one of the orders waits to be taken, if any does."""
    row = await tx.fetchrow(FIND, merchant_id, list(order_ids))
    if row is None:
        return None
    return Suggestion(hold_id=row["id"], address=msgjson.decode(row["suggestion"], type=Address))


async def take_suggestion(tx: Tx, ids: Ids, now: datetime, release: Release) -> None:
    """Corrects the address. Raises as `release_hold` does; whose order it is has been proven before."""
    batch = Batch(ids, now)
    hold = await release_within(tx, batch, release)
    await batch.flush(tx)
    entry = audit.Entry(
        merchant_id=release.merchant_id,
        at=now,
        actor=release.actor,
        action="release_hold",
        subject=f"order:{hold['order_id']}",
        details={"resolution": release.resolution, "note": release.note, "reason": hold["reason"]},
    )
    await audit.append(tx, ids, entry)
    await announce(tx, "orders", "fulfillments")
