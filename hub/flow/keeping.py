"""Answers from outside are kept: once, whatever the store does meanwhile, and what waited for them moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from hub.domain.lifecycle import Outbox as State
from hub.errors import BadPayload, Conflict, Forbidden, NotFound, Reconnect, Reject, Retry, Unknown
from hub.flow import orphans
from hub.flow.batch import Batch
from hub.flow.calls import Call
from hub.flow.looking_up import Lost
from hub.flow.runner import Runner
from hub.ports import Ports, Rng
from hub.store import sets
from hub.store.database import CUT, Database, Tx, announce

log = structlog.get_logger()

LADDER = (5, 300, 1800, 7200, 18000, 36000, 36000)
"""Seconds until the next try, by failures so far; after the last the message is dead, for a person to see."""

RECONNECT_SECONDS = 600
SETTLE_PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between tries to keep answers; after the last the lane is given up, and its calls are unsure."""

SETTLE = f"""
    UPDATE outbox o SET state = d.state, leased = false, receipt = d.receipt, error = d.error,
        due_at = coalesce(d.due_at, o.due_at), unsure = d.unsure, attempts = d.attempts, sent_at = d.sent_at
    FROM json_to_recordset($1::json) AS d(
        id bigint, was smallint, state smallint, receipt jsonb, error text, due_at timestamptz, unsure boolean,
        attempts smallint, sent_at timestamptz)
    WHERE o.id = d.id
        AND (d.state IN ({int(State.SENT)}, {int(State.REFUSED)}) OR o.attempts = d.was AND o.state < 9)"""  # noqa: S608
"""An answer is always kept. That there was none is said only by who claimed the message last, and not of one that has
been answered: a lane that lost its lock while it called would free what its successor is sending."""
NEEDS_RECONNECT = """UPDATE accounts
    SET state = 'reconnect', health = jsonb_set(health, '{reconnect}', to_jsonb($2::text))
    WHERE id = $1 AND state = 'active'"""
LOCK_ORDERS = "SELECT id FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"

ENDED = frozenset({State.SENT, State.REFUSED, State.DEAD})
"""States in which the row that waits for an answer must look at it."""

FINAL = (Reject, BadPayload, Forbidden, NotFound)
"""Failures that the same call would meet for ever."""

Then = Callable[[Tx, datetime, Sequence[int], Sequence[int]], Awaitable[None]]
"""What becomes of the fulfillment orders and orders that waited, in the transaction that keeps their answers."""


class Keeper:
    """Keeps the answers of one account's lane."""

    def __init__(self, database: Database, ports: Ports, account_id: int, runner: Runner | None) -> None:
        """Without a `runner`, rows that wait for an answer are only woken, for the lines to take."""
        self._database = database
        self._ports = ports
        self._account_id = account_id
        self._runner = runner

    async def keep(self, calls: Sequence[Call]) -> None:
        """Keeps what the calls came to, and moves what waited for it. Tried again when the store stumbles, for the
        answers come only once."""
        if self._runner is not None and await self._move_on(calls, self._runner):
            return None
        for pause in SETTLE_PAUSES:
            try:
                return await self._settle(calls, wake)
            except (*CUT, asyncpg.PostgresError, BaseORMException, Conflict) as error:
                log.warning("answers wait for the store", account=self._account_id, count=len(calls), error=repr(error))
                await asyncio.sleep(pause)
        return await self._settle(calls, wake)

    async def _move_on(self, calls: Sequence[Call], runner: Runner) -> bool:
        """Keeps the answers and moves what waits for them, in one transaction; False when that did not go through."""
        try:
            await self._settle(calls, runner.resume)
        except (*CUT, asyncpg.PostgresError, BaseORMException, Conflict) as error:
            log.info("answers met another batch", account=self._account_id, count=len(calls), error=repr(error))
        except Exception:
            log.exception("what waits for answers could not move on", account=self._account_id, count=len(calls))
        else:
            return True
        return False

    async def _settle(self, calls: Sequence[Call], then: Then) -> None:
        """Locks what waits for answers, keeps them, and does with it what `then` says."""
        done = [call for call in calls if state(call) in ENDED]
        works = sorted({c.subject_id for c in done if c.subject == "fulfillment" and c.subject_id})
        orders = sorted({c.subject_id for c in done if c.subject == "order" and c.subject_id})
        async with self._database.batch() as tx:
            held = await orphans.lock_works(tx, works)
            if orders:
                await tx.execute(LOCK_ORDERS, orders)
            now = self._ports.clock.now()  # after whatever those who held them have written
            await sets.update(tx, SETTLE, [settlement(call, now, self._ports.rng) for call in calls])
            await orphans.void_late(tx, Batch(self._ports.ids, now), held)
            refused = next((c.result.error for c in calls if isinstance(c.result.error, Reconnect)), None)
            if refused is not None:
                await tx.execute(NEEDS_RECONNECT, self._account_id, str(refused)[:500])
            if works or orders:
                await then(tx, now, works, orders)


def state(call: Call) -> State:
    """Where its message stands now."""
    error = call.result.error
    if call.result.receipt is not None:
        return State.SENT
    if isinstance(error, FINAL):
        return State.REFUSED
    if error is None or isinstance(error, Reconnect):
        return State.PENDING
    return State.DEAD if call.attempts > len(LADDER) or isinstance(error, Lost) else State.PENDING


def settlement(call: Call, now: datetime, rng: Rng) -> dict[str, object]:
    """The row that `SETTLE` takes. What was not even tried, or waits for a new sign-in, is no attempt."""
    error, stands = call.result.error, state(call)
    tried = error is not None and not isinstance(error, Reconnect)
    open_or_dead = stands in {State.PENDING, State.DEAD}
    return {
        "id": call.id, "was": call.attempts, "state": int(stands), "receipt": call.result.receipt,
        "error": str(error or "")[:1000], "due_at": due(call, now, rng) if stands is State.PENDING else None,
        "unsure": open_or_dead and (call.unsure or isinstance(error, Unknown)),
        "attempts": call.attempts - (stands is State.PENDING and not tried),
        "sent_at": now if stands is State.SENT else None,
    }  # fmt: skip


def due(call: Call, now: datetime, rng: Rng) -> datetime | None:
    """When it is tried again: by the ladder with a tenth of jitter; what the other side asked for is obeyed. None for
    what the lane did not get to: it is due as it was."""
    error = call.result.error
    if error is None:
        return None
    if isinstance(error, Reconnect):
        return now + timedelta(seconds=RECONNECT_SECONDS)
    wait = LADDER[min(call.attempts, len(LADDER)) - 1] * (0.9 + 0.2 * rng.random())
    if isinstance(error, Retry) and error.after is not None:
        wait = error.after if call.attempts < 3 else max(error.after, wait)
    return now + timedelta(seconds=wait)


async def wake(tx: Tx, now: datetime, works: Sequence[int], orders: Sequence[int]) -> None:
    """Lets the lines take them."""
    if orders:
        await tx.execute(sets.WAKE_ORDERS, orders, now)
    if works:
        await tx.execute(sets.WAKE_WORKS, works, now)
    await announce(tx, *(["fulfillments"] if works else []), *(["orders"] if orders else []))
