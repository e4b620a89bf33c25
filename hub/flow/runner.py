"""claim → facts → decide → apply: a whole batch at a time, in one transaction. The only writer of state, event and
outbox message on the line.

A row goes through as many stages as it can in one transaction; each still writes its own event. A row whose decision
raises is set aside alone, with its error, as a hold that a person sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from msgspec.structs import replace

from hub.domain.automation_outcome import kept_back
from hub.domain.holds import held
from hub.domain.lifecycle import FOREVER, Lifecycle, Work
from hub.domain.outcome import Changes, Event, HoldNeed, OrderRow, Outcome, State, WorkRow
from hub.errors import Conflict
from hub.flow import asking, automation
from hub.flow.batch import Batch, postings_rows
from hub.flow.directory import Directory
from hub.flow.stage import Desk, Line, Stage, no_facts
from hub.flow.stages import FULFILLMENTS, LINES, ORDERS
from hub.ports import Ports
from hub.store.database import Database, Tx

log = structlog.get_logger()

BATCH = 600
"""Rows of one transaction: 300 cost a tenth more an order, and 1000 save nothing more (docs/decisions/011)."""
UNROUTED = frozenset({Lifecycle.RECEIVED, Lifecycle.ACCEPTED})


BY_HAND: Stage[Any] = Stage("by hand", Work.OPEN, no_facts, lambda row, facts, now: Outcome())
"""Stands for the stage where a person decided; it closes no holds."""


@dataclass(slots=True)
class Walk:
    """One row on its way through the stages of one transaction."""

    row: OrderRow | WorkRow
    version: int
    state: State
    wake_at: datetime | None = None
    moved: bool = False


class Runner:
    """Moves batches along the lines of `stages.py`."""

    def __init__(self, database: Database, directory: Directory, ports: Ports) -> None:
        self._database = database
        self._directory = directory
        self._ids = ports.ids
        self._clock = ports.clock
        self._careful: set[str] = set()

    async def work(self, line: Line[Any], limit: int = BATCH) -> int:
        """Moves one batch of `line`; returns how many rows it took. Raises `Conflict` when somebody else moved what it
        had read: nothing is kept, and the next batch locks what it reads."""
        careful = line.work in self._careful
        try:
            taken = await self._batch(line, limit, careful)
        except Conflict:
            self._careful.add(line.work)
            raise
        if careful:
            self._careful.discard(line.work)
        return taken

    async def _batch(self, line: Line[Any], limit: int, careful: bool) -> int:
        async with self._database.batch() as tx:
            now = self._clock.now()
            claimed = await tx.fetch(line.claim, now, limit)
            if not claimed:
                return 0
            desk = Desk(tx, self._directory, self._ids, now, careful)
            batch = Batch(self._ids, now, careful)
            walks = await self._walk(line, await line.load(desk, claimed), desk, batch)
            if limit > 1:  # else it is narrowed down to what fails
                await self._go_on(line, walks, desk, batch)
            await batch.flush(tx)
        return len(claimed)

    async def resume(self, tx: Tx, now: datetime, works: Sequence[int], orders: Sequence[int]) -> None:
        """Rows that waited for an answer go on in the transaction that keeps it, which has locked them. Raises
        `Conflict` and whatever a batch raises: then the caller keeps the answers alone, and wakes the rows."""
        desk, batch = Desk(tx, self._directory, self._ids, now), Batch(self._ids, now, careful=False)
        for line, ids in ((FULFILLMENTS, works), (ORDERS, orders)):
            rows = await tx.fetch(line.take, ids) if ids else []
            if rows:
                walks = await self._walk(line, await line.load(desk, rows), desk, batch)
                await self._go_on(line, walks, desk, batch)
        await batch.flush(tx)

    async def _go_on(self, line: Line[Any], walks: Sequence[Walk], desk: Desk, batch: Batch) -> None:
        """What the batch has made for lines after this one walks on with it."""
        orders = [walk.row for walk in walks if isinstance(walk.row, OrderRow)]
        place = [each.work for each in LINES].index(line.work)
        for later in LINES[place + 1 :]:
            if orders and later.made is not None:
                await self._walk(later, await later.made(desk, batch, orders), desk, batch)

    async def _walk(
        self, line: Line[Any], rows: Sequence[OrderRow | WorkRow], desk: Desk, batch: Batch
    ) -> Sequence[Walk]:
        walks = [Walk(row, row.version, row.state) for row in rows]
        for stage in line.stages:
            await self._pass(stage, walks, desk, batch)
        for walk in walks:
            _finish(walk, batch)
        return walks

    async def _pass(self, stage: Stage[Any], walks: Sequence[Walk], desk: Desk, batch: Batch) -> None:
        here = [
            walk
            for walk in walks
            if walk.state == stage.takes and (stage.joins or not walk.moved) and not kept_back(walk.row, walk.state)
        ]
        if not here:
            return
        facts = await stage.facts(desk, [walk.row for walk in here])
        if (turn := stage.turn) is not None:
            here.sort(key=lambda walk: turn(walk.row, facts))
        outcomes: Sequence[Outcome] = [_decide(stage, walk.row, facts, desk.now) for walk in here]
        rows = [walk.row for walk in here]
        outcomes = await asking.after(desk, rows, await automation.after(desk, rows, outcomes))
        for walk, outcome in zip(here, outcomes, strict=True):
            _gather(stage, walk, outcome, batch)


def act(row: OrderRow | WorkRow, outcome: Outcome, batch: Batch) -> None:
    """What a person did to one row, written as a stage would write it. The caller has locked the row, hands in one
    outcome of it, and flushes the batch."""
    walk = Walk(row, row.version, row.state)
    _gather(BY_HAND, walk, outcome, batch)
    _finish(walk, batch)


def _decide(stage: Stage[Any], row: OrderRow | WorkRow, facts: object, now: datetime) -> Outcome:
    """The decision, or a hold with the error: a defect stops one order, never its batch."""
    try:
        return stage.decide(row, facts, now)
    except Exception as error:
        log.exception("a decision failed", stage=stage.name, row=row.id)
        detail: dict[str, object] = {"what": "defect", "stage": stage.name, "error": f"{type(error).__name__}: {error}"}
        return Outcome(holds=(HoldNeed("manual", detail, ("retry", "cancel")),))


def _gather(stage: Stage[Any], walk: Walk, outcome: Outcome, batch: Batch) -> None:
    row = walk.row
    order_id = row.id if isinstance(row, OrderRow) else row.order_id
    for event in (*outcome.events, *_holds(stage, row, outcome, order_id, batch)):
        walk.version += 1
        batch.event(row.merchant_id, order_id, (row.id, walk.version), event)
    for message in outcome.messages:
        batch.message(row.merchant_id, message)
    if isinstance(row, WorkRow):
        _gather_work(row, outcome.changes, batch)
    else:
        _gather_order(row, outcome.changes, batch)
    _gather_counters(row, outcome.changes, batch)
    walk.wake_at = outcome.wake_at
    if outcome.row is not None:
        walk.row = outcome.row
    if outcome.changes.promised_at is not None and isinstance(walk.row, OrderRow):
        walk.row = replace(walk.row, promised_at=outcome.changes.promised_at)
    if outcome.to is not None:
        walk.state, walk.moved = outcome.to, True


def _gather_work(work: WorkRow, changes: Changes, batch: Batch) -> None:
    for parcel in changes.new_parcels:
        batch.new_parcel(work, parcel)
    for parcel in changes.parcels:
        batch.parcel(parcel)
    for delta in changes.work_lines:
        batch.work_line(delta)
    batch.seen_scans.extend(changes.seen_scans)
    if changes.wake_order:
        batch.woken.add(work.order_id)


def _gather_order(order: OrderRow, changes: Changes, batch: Batch) -> None:
    for new in changes.works:
        batch.new_work(order, new)
    for load in changes.loads:
        batch.load(order.merchant_id, load)
    batch.skus.extend({"id": line_id, "sku": sku} for line_id, sku in changes.skus.items())
    batch.captured.extend({"id": payment, "captured": amount} for payment, amount in changes.captured.items())


def _gather_counters(row: OrderRow | WorkRow, changes: Changes, batch: Batch) -> None:
    for line in changes.lines:
        batch.line(line)
    for stock in changes.stock:
        batch.stock_change(row.merchant_id, stock)
    batch.postings.extend(map(dict, postings_rows(batch.ids, batch.at, row.merchant_id, changes.postings)))


def _holds(stage: Stage[Any], row: OrderRow | WorkRow, outcome: Outcome, order_id: int, batch: Batch) -> list[Event]:
    """Opens what is new, closes what has healed; the events that say so."""
    events: list[Event] = []
    known = {hold.reason: hold for hold in row.holds if hold.is_open}
    for need in outcome.holds:
        before = known.get(need.reason)
        differs = before is None or dict(before.detail) != dict(need.detail)
        if differs:
            batch.hold(row.merchant_id, order_id, need)
        if before is None or (differs and isinstance(row, WorkRow) and need.reason not in stage.holds):
            events.append(held(need))
    needed = {need.reason for need in outcome.holds}
    for reason in sorted(set(known) & stage.holds - needed):
        batch.healed.append(known[reason].id)
        events.append(Event("hold_healed", {"reason": reason}))
    return events


def _finish(walk: Walk, batch: Batch) -> None:
    due_at = walk.wake_at or FOREVER
    if isinstance(walk.row, OrderRow) and walk.state in UNROUTED:
        # Its units are promised by nobody yet, but they are not for sale any more.
        batch.stale.update((walk.row.merchant_id, line.sku) for line in walk.row.lines if line.to_ship)
    change = batch.move(walk.row, walk.state, walk.version, due_at)
    if isinstance(walk.row, OrderRow):
        change["promised_at"] = walk.row.promised_at
