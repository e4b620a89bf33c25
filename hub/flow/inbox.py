"""Keeps a verified delivery once. Deliveries of the same few milliseconds share one commit, and each caller is answered
only after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from hub.contract import Account, Delivery
from hub.domain.lifecycle import Inbox as State
from hub.errors import Retry, storable
from hub.ports import Clock, Ids
from hub.store.database import CHANNEL, CUT, Database

log = structlog.get_logger()

MOST = 500
"""Deliveries in one commit."""

GATHER_SECONDS = 0.002
"""How long the first delivery of a commit waits for company."""

WAIT_SECONDS = 10.0
"""How long a delivery waits for its commit before the sender is told to try again."""

CHANNEL_KIND, CHAT_KIND = 0, 1

KEEP = f"""
    WITH added AS (
        INSERT INTO inbox (id, merchant_id, account_id, delivery_id, topic, occurred_at, body, received_at, state, kind,
                           subject_id, due_at, attempts, about, error)
        SELECT id, merchant_id, account_id, delivery_id, topic, occurred_at, body, $9, {int(State.PENDING)}, kind,
               subject_id, $9, 0, '', ''
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[],
                    $8::smallint[], $10::bigint[])
            AS d(id, merchant_id, account_id, delivery_id, topic, occurred_at, body, kind, subject_id)
        ON CONFLICT (merchant_id, account_id, delivery_id) DO NOTHING RETURNING id
    ) SELECT array_agg(id) AS ids, pg_notify('{CHANNEL}', $11) FROM added"""  # noqa: S608 - constants only


FAULTY = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)
"""Failures that come from what a delivery holds, not from the store."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that waits for its commit."""

    id: int
    account: Account
    delivery: Delivery
    subject_id: int | None
    done: asyncio.Future[bool]


class Inbox:
    """One per process. `run` must be running for `keep` to return."""

    def __init__(self, database: Database, ids: Ids, clock: Clock) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock
        self._queue: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def __aenter__(self) -> Inbox:
        self._task = asyncio.create_task(self._run(), name="inbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def keep(self, account: Account, delivery: Delivery, subject_id: int | None = None) -> bool:
        """Keeps `delivery` and returns after the commit; False when it was there already. `subject_id` is the
        conversation of a chat event. Raises `Retry` when it cannot be stored now: the sender must try again."""
        if self._closing:
            raise Retry("shutting down", after=5)
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(self._ids.next(), account, delivery, subject_id, future))
        self._arrived.set()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await future
        except TimeoutError:
            raise Retry("the store does not answer", after=5) from None

    async def _run(self) -> None:
        """Commits what has come, until it is closed and nothing is left."""
        while self._queue or not self._closing:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch, self._queue = self._queue[:MOST], self._queue[MOST:]
            if not self._queue and not self._closing:
                self._arrived.clear()
            await self._commit([waiting for waiting in batch if not waiting.done.done()])

    async def _commit(self, batch: list[Waiting]) -> None:
        """One commit for all of `batch`; where one of them is at fault, one for each."""
        if not batch:
            return
        try:
            added = await self._insert(batch)
        except (*CUT, BaseORMException, asyncpg.PostgresError, ValueError) as error:
            if len(batch) > 1 and isinstance(error, FAULTY):
                for waiting in batch:
                    await self._commit([waiting])
                return
            log.warning("deliveries could not be kept", count=len(batch), error=repr(error))
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_exception(Retry("the store cannot take it now", after=5))
            return
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_result(waiting.id in added)

    async def _insert(self, batch: list[Waiting]) -> set[int]:
        kinds = [CHANNEL_KIND if waiting.subject_id is None else CHAT_KIND for waiting in batch]
        now: datetime = self._clock.now()
        row = await self._database.plain.fetchrow(
            KEEP,
            [waiting.id for waiting in batch],
            [waiting.account.merchant_id for waiting in batch],
            [waiting.account.id for waiting in batch],
            [storable(waiting.delivery.id)[:200] for waiting in batch],
            [storable(waiting.delivery.topic)[:100] for waiting in batch],
            [_moment(waiting.delivery.occurred_at) for waiting in batch],
            [waiting.delivery.body for waiting in batch],
            kinds,
            now,
            [waiting.subject_id for waiting in batch],
            "chat,inbox" if CHAT_KIND in kinds else "inbox",
        )
        return set(row["ids"] or ()) if row else set()


def _moment(at: datetime | None) -> datetime | None:
    """When the sender says it happened; None for what no column can hold: it is a hint, and no reason to refuse."""
    if at is not None and at.year in {1, 9999}:
        try:
            at.astimezone(UTC)
        except OverflowError:
            return None
    return at
