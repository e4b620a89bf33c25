"""What leaves: claim the head of each key, commit, call, settle. At least once, in order per key, or visibly dead.

A lane (one account) is worked by one process at a time: its advisory lock is held on the process's own connection, and
PostgreSQL frees it when the process dies. Messages that a dead holder had leased are then known to be unsure: the next
try looks them up by our reference before it repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import structlog
from aiolimiter import AsyncLimiter
from tortoise.exceptions import BaseORMException

from hub.accounts import Accounts
from hub.contract import About, Answer, Channel, PushesAtOnce
from hub.domain.lifecycle import Outbox as State
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt
from hub.domain.sanity import without_nul
from hub.errors import BadPayload, Conflict, CrossdockError, Forbidden, NotFound, Reconnect, Reject, Retry, Unknown
from hub.flow import orphans, senders
from hub.flow.batch import Batch
from hub.flow.looking_up import Lost, looked_up
from hub.flow.runner import Runner
from hub.ports import Ports
from hub.store import sets
from hub.store.database import CUT, Database, Row, Tx, announce

log = structlog.get_logger()

LADDER = (5, 300, 1800, 7200, 18000, 36000, 36000)
"""Seconds until the next try, by failures so far; after the last the message is dead, for a person to see."""

RECONNECT_SECONDS = 600
ASK_SECONDS = 5
"""How long after its caller died a call that cannot simply be repeated may still arrive; it is looked up after that."""

SETTLE_PAUSES = (0.1, 0.3, 1.0, 3.0)
"""Seconds between tries to keep answers; after the last the lane is given up, and its calls are unsure."""

CLAIM = 400
SETTLED_WITHIN = 5.0
"""Seconds: a lane claims no more than its rate lets it send in that time, so that a crash leaves few calls unsure."""
AT_ONCE = 16
"""Single calls of one lane that are under way together."""

CLAIM_HEADS = """
    WITH heads AS (
        SELECT id FROM outbox o
        WHERE lane = $1 AND state < 9 AND due_at <= $2 AND NOT leased AND id = (
            SELECT b.id FROM outbox b WHERE b.lane = $1 AND b.key = o.key AND b.state < 9 ORDER BY b.id LIMIT 1)
        ORDER BY key, id LIMIT $3 FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox o SET leased = true, attempts = attempts + 1 FROM heads
    WHERE o.id = heads.id
    RETURNING o.id, o.kind, o.payload::text AS payload, o.attempts, o.unsure, o.intent, o.subject, o.subject_id"""
"""The head is looked up for each row along the index: written as a join, a planner without statistics (a queue that
grew within seconds) compares every message with every other, which was seen to take a hundred times as long."""
UNSURE = """UPDATE outbox SET leased = false, unsure = true,
        due_at = CASE WHEN kind = ANY($4::text[]) THEN $2::timestamptz ELSE $3::timestamptz END
    WHERE lane = $1 AND state < 9 AND leased"""
SETTLE = """
    UPDATE outbox o SET state = d.state, leased = false, receipt = d.receipt, error = d.error,
        due_at = coalesce(d.due_at, o.due_at), unsure = d.unsure, attempts = d.attempts, sent_at = d.sent_at
    FROM json_to_recordset($1::json) AS d(
        id bigint, state smallint, receipt jsonb, error text, due_at timestamptz, unsure boolean, attempts smallint,
        sent_at timestamptz)
    WHERE o.id = d.id"""
NEEDS_RECONNECT = """UPDATE accounts
    SET state = 'reconnect', health = jsonb_set(health, '{reconnect}', to_jsonb($2::text))
    WHERE id = $1 AND state = 'active'"""


LOCK_ORDERS = "SELECT id FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
Then = Callable[[Tx, datetime, Sequence[int], Sequence[int]], Awaitable[None]]
"""What becomes of the fulfillment orders and orders that waited, in the transaction that keeps their answers."""


@dataclass(slots=True)
class Result:
    """What one call came to; nothing at all when the lane was stopped before it began."""

    receipt: Receipt | None = None
    error: CrossdockError | None = None


@dataclass(slots=True)
class Call:
    """One leased message."""

    id: int
    kind: Kind
    payload: Value
    attempts: int
    unsure: bool
    subject: str
    subject_id: int | None
    result: Result = field(default_factory=Result)

    @property
    def key(self) -> str:
        """The idempotency key of every call for this message."""
        return f"crossdock-{self.id}"


class Lane:
    """Sends the messages of one account, for as long as this process holds its lock."""

    def __init__(
        self, database: Database, accounts: Accounts, ports: Ports, account_id: int, runner: Runner | None = None
    ) -> None:
        """Without a `runner`, rows that wait for an answer are only woken, for the lines to take."""
        self._database = database
        self._runner = runner
        self._accounts = accounts
        self._ports = ports
        self._account_id = account_id
        self._limiter: AsyncLimiter | None = None
        self.stopping = False
        self.most = CLAIM
        self.name = f"account:{account_id}"

    async def take_over(self) -> None:
        """Whatever a former holder of the lane had leased may or may not have happened."""
        now = self._ports.clock.now()
        later = now + timedelta(seconds=ASK_SECONDS)
        await self._database.plain.execute(UNSURE, self.name, now, later, await self._repeatable())

    async def _repeatable(self) -> list[str]:
        """Kinds of message whose calls the account honours by their key; none while it cannot be opened. Learns how
        much to claim at a time."""
        try:
            channel = await self._accounts.open(self._account_id)
        except CrossdockError:
            return []
        about = self._accounts.connector(channel.account.connector).about
        messages_a_second = _rate(channel, about) * max((1, *about.at_once.values()))
        self.most = max(AT_ONCE, min(CLAIM, int(messages_a_second * SETTLED_WITHIN)))
        return sorted(about.repeatable)

    def stop(self) -> None:
        """Begins no further call; those under way are settled, and the others wait as if they had not been claimed."""
        self.stopping = True

    async def work(self) -> int:
        """Sends what is due now and keeps the answers; returns how many messages were tried."""
        calls = await self.call()
        if calls:
            await self.keep(calls)
        return len(calls)

    async def call(self) -> Sequence[Call]:
        """Claims what is due now and sends it. The answers must be handed to `keep`."""
        now = self._ports.clock.now()
        calls = [_call(row) for row in await self._database.plain.fetch(CLAIM_HEADS, self.name, now, self.most)]
        if not calls:
            return calls
        try:
            channel = await self._accounts.open(self._account_id)
        except CrossdockError as error:
            for call in calls:
                call.result = Result(error=error if isinstance(error, Reconnect | Reject) else Reject(str(error)))
        else:
            await self._send(channel, calls)
        return calls

    # ------------------------------------------------------------ calling

    async def _send(self, channel: Channel, calls: Sequence[Call]) -> None:
        about = self._accounts.connector(channel.account.connector).about
        if self._limiter is None:
            self._limiter = AsyncLimiter(_rate(channel, about), 1.0)
        jobs: list[Callable[[], Awaitable[None]]] = []
        for kind in dict.fromkeys(call.kind for call in calls):
            mine = [call for call in calls if call.kind == kind]
            size = about.at_once.get(kind, 1)
            if size > 1 and isinstance(channel, PushesAtOnce):
                sure = [call for call in mine if not call.unsure]
                jobs += [partial(self._many, channel, sure[i : i + size]) for i in range(0, len(sure), size)]
                mine = [call for call in mine if call.unsure]
            jobs += [partial(self._one, channel, call, kind in about.repeatable) for call in mine]
        gate = asyncio.Semaphore(AT_ONCE)

        async def gated(job: Callable[[], Awaitable[None]]) -> None:
            async with gate:
                if not self.stopping:
                    await job()

        await asyncio.gather(*(gated(job) for job in jobs))

    async def _one(self, channel: Channel, call: Call, repeatable: bool) -> None:
        assert self._limiter is not None
        async with self._limiter:
            try:
                if call.unsure and not repeatable:
                    call.result = Result(receipt=await looked_up(self._database, channel, call))
                    call.unsure = False
                if call.result.receipt is None:
                    receipt = await senders.send(channel, call.kind, call.payload, call.key)
                    call.result = Result(receipt=receipt)
                call.result = _storable(call.result)
            except CrossdockError as error:
                call.result = Result(error=error)
            except Exception as error:
                log.exception("a sender failed", account=self._account_id, kind=call.kind)
                call.result = Result(error=Unknown(f"{type(error).__name__}: {error}"))

    async def _many(self, channel: PushesAtOnce, calls: Sequence[Call]) -> None:
        assert self._limiter is not None
        if not calls:
            return
        async with self._limiter:
            try:
                payloads = [call.payload for call in calls]
                answers = await channel.push_at_once(calls[0].kind, payloads, [call.key for call in calls])
                for call, answer in zip(calls, answers, strict=True):
                    call.result = _storable(_result(answer))
            except CrossdockError as error:
                for call in calls:
                    call.result = Result(error=error)
            except Exception as error:
                log.exception("a sender failed", account=self._account_id, kind=calls[0].kind)
                for call in calls:
                    call.result = Result(error=Unknown(f"{type(error).__name__}: {error}"))

    # ------------------------------------------------------------ settling

    async def keep(self, calls: Sequence[Call]) -> None:
        """Keeps what the calls came to, and moves what waited for it. Tried again when the store stumbles, for the
        answers come only once."""
        if self._runner is not None and await self._move_on(calls, self._runner):
            return None
        for pause in SETTLE_PAUSES:
            try:
                return await self._settle(calls, wake)
            except (*CUT, asyncpg.PostgresError, BaseORMException, Conflict) as error:
                log.warning("answers could not be kept yet", lane=self.name, count=len(calls), error=repr(error))
                await asyncio.sleep(pause)
        return await self._settle(calls, wake)

    async def _move_on(self, calls: Sequence[Call], runner: Runner) -> bool:
        """Keeps the answers and moves what waits for them, in one transaction; False when that did not go through."""
        try:
            await self._settle(calls, runner.resume)
        except (*CUT, asyncpg.PostgresError, BaseORMException, Conflict) as error:
            log.info("answers met another batch", lane=self.name, count=len(calls), error=repr(error))
        except Exception:
            log.exception("what waits for answers could not move on", lane=self.name, count=len(calls))
        else:
            return True
        return False

    async def _settle(self, calls: Sequence[Call], then: Then) -> None:
        """Locks what waits for answers, keeps them, and does with it what `then` says."""
        now = self._ports.clock.now()
        rows = [self._settlement(call, now) for call in calls]
        done = [call for call, row in zip(calls, rows, strict=True) if row["state"] in ENDED]
        works = sorted({c.subject_id for c in done if c.subject == "fulfillment" and c.subject_id})
        orders = sorted({c.subject_id for c in done if c.subject == "order" and c.subject_id})
        async with self._database.batch() as tx:
            held = await orphans.lock_works(tx, works)
            if orders:
                await tx.execute(LOCK_ORDERS, orders)
            await sets.update(tx, SETTLE, rows)
            await orphans.void_late(tx, Batch(self._ports.ids, now), held)
            refused = next((c.result.error for c in calls if isinstance(c.result.error, Reconnect)), None)
            if refused is not None:
                await tx.execute(NEEDS_RECONNECT, self._account_id, str(refused)[:500])
            if works or orders:
                await then(tx, now, works, orders)

    def _settlement(self, call: Call, now: datetime) -> dict[str, object]:
        receipt, error = call.result.receipt, call.result.error
        row: dict[str, object] = {
            "id": call.id, "receipt": receipt, "error": str(error or "")[:1000], "due_at": None, "unsure": False,
            "attempts": call.attempts, "sent_at": None,
        }  # fmt: skip
        if receipt is not None:
            return row | {"state": int(State.SENT), "sent_at": now}
        if isinstance(error, FINAL):
            return row | {"state": int(State.REFUSED)}
        row["unsure"] = call.unsure or isinstance(error, Unknown)
        if error is None or isinstance(error, Reconnect):
            due = now + timedelta(seconds=RECONNECT_SECONDS) if error else None
            return row | {"state": int(State.PENDING), "due_at": due, "attempts": call.attempts - 1}
        if call.attempts > len(LADDER) or isinstance(error, Lost):
            return row | {"state": int(State.DEAD)}
        return row | {"state": int(State.PENDING), "due_at": self._next(call, error, now)}

    def _next(self, call: Call, error: CrossdockError | None, now: datetime) -> datetime:
        """The ladder with a tenth of jitter; what the other side asked for is obeyed."""
        wait = LADDER[min(call.attempts, len(LADDER)) - 1] * (0.9 + 0.2 * self._ports.rng.random())
        if isinstance(error, Retry) and error.after is not None:
            wait = error.after if call.attempts < 3 else max(error.after, wait)
        return now + timedelta(seconds=wait)


ENDED = frozenset({int(State.SENT), int(State.REFUSED), int(State.DEAD)})
"""States in which the row that waits for an answer must look at it."""


FINAL = (Reject, BadPayload, Forbidden, NotFound)
"""Failures that the same call would meet for ever."""


async def wake(tx: Tx, now: datetime, works: Sequence[int], orders: Sequence[int]) -> None:
    """Lets the lines take them."""
    if orders:
        await tx.execute(sets.WAKE_ORDERS, orders, now)
    if works:
        await tx.execute(sets.WAKE_WORKS, works, now)
    await announce(tx, *(["fulfillments"] if works else []), *(["orders"] if orders else []))


def _rate(channel: Channel, about: About) -> float:
    """Calls a second: as the account has it, else as the connector says; at least one."""
    return max(1.0, float(channel.account.settings.get("rate") or about.rate))


def _storable(result: Result) -> Result:
    """A receipt that cannot be kept must not stop the lane. Raises ValueError and OverflowError."""
    return result if result.receipt is None else Result(receipt=without_nul(result.receipt))


def _call(row: Row) -> Call:
    kind = Kind(row["kind"])
    payload = senders.payload(kind, row["payload"])
    return Call(row["id"], kind, payload, row["attempts"], row["unsure"], row["subject"], row["subject_id"])


def _result(answer: Answer) -> Result:
    if answer.receipt is not None:
        return Result(receipt=answer.receipt)
    if answer.failure == "retry":
        return Result(error=Retry(answer.why, answer.after))
    failures: dict[str, type[CrossdockError]] = {"reject": Reject, "reconnect": Reconnect}
    return Result(error=failures.get(answer.failure, Unknown)(answer.why))
