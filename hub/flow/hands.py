"""Fulfillment orders in the hands of people: locked and read as the stages read them, for actions that move them on."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.outcome import Outcome, WorkRow
from hub.errors import NotFound
from hub.flow import loading
from hub.flow.batch import Batch
from hub.flow.runner import act
from hub.flow.stage import Desk
from hub.store import sets


async def take(desk: Desk, merchant_id: int, ids: Sequence[int]) -> list[WorkRow]:
    """The fulfillment orders, locked for this transaction, by id. Others than this merchant's are left out."""
    rows = await desk.tx.fetch(sets.TAKE_OWN_WORKS, merchant_id, sorted(set(ids)))
    return await loading.works(desk, rows) if rows else []


async def take_one(desk: Desk, merchant_id: int, work_id: int) -> WorkRow:
    """One of them. Raises `NotFound` for another merchant's."""
    found = await take(desk, merchant_id, [work_id])
    if not found:
        raise NotFound("no such fulfillment order")
    return found[0]


def done(outcome: Outcome, work: WorkRow, batch: Batch) -> None:
    """Writes what a person did, and lets the stages go on from there at once."""
    moved = Outcome(
        to=outcome.to, events=outcome.events, holds=outcome.holds, changes=outcome.changes, messages=outcome.messages,
        wake_at=batch.at, row=outcome.row,
    )  # fmt: skip
    act(work, moved, batch)
