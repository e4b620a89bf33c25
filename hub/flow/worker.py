"""A worker: loops over intake, the lines and the outbox until it is told to stop, and then finishes what it holds.

The three loops that catch everything are here and in the outbox and the scheduler: a failure is logged, the batch is
tried in smaller pieces, and a row that fails alone is put off so that the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

import asyncpg
import structlog

from hub.accounts import Accounts
from hub.errors import Conflict
from hub.flow import gathering
from hub.flow.directory import Directory
from hub.flow.intake import BATCH as INTAKE_BATCH
from hub.flow.intake import Intaker
from hub.flow.levels import BATCH as MARKS
from hub.flow.levels import Leveler
from hub.flow.post import Post
from hub.flow.runner import BATCH, Runner
from hub.flow.stages import LINES
from hub.ports import Ports
from hub.store import statistics
from hub.store.database import CUT, Database
from hub.store.nodes import Node

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""Backs up the notifications."""

LEVEL_SECONDS = 1.0
"""Between two looks at what changed in stock: whatever changes meanwhile is told to channels once."""

PUT_OFF = {
    "inbox": """UPDATE inbox SET attempts = least(attempts + 1, 100), error = $2, due_at = $3,
            state = CASE WHEN attempts >= 5 THEN 10 ELSE state END
        WHERE id = (SELECT id FROM inbox WHERE kind = 0 AND state = 0 AND due_at <= $1 ORDER BY due_at, id LIMIT 1)""",
    "orders": """WITH x AS (SELECT $2::text) UPDATE orders SET due_at = $3
        WHERE id = (SELECT id FROM orders WHERE state < 9 AND due_at <= $1 ORDER BY due_at, id LIMIT 1)""",
    "levels": """WITH x AS (SELECT $1::timestamptz, $2::text, $3::timestamptz)
        DELETE FROM stale WHERE id = (SELECT id FROM stale ORDER BY id LIMIT 1)""",
    "fulfillments": """UPDATE fulfillment_orders SET due_at = $3, problem = left($2, 500)
        WHERE id = (SELECT id FROM fulfillment_orders WHERE state < 9 AND due_at <= $1 ORDER BY due_at, id LIMIT 1)""",
}
"""A mark is put off for good: what it was for is told with the next change, or re-asserted within six hours."""

PUT_OFF_SECONDS = 60

AWAY = (
    *CUT, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
)  # fmt: skip
"""Failures of the server, not of a row."""

COUNT_SECONDS = 2.0
"""How often tables that outgrew the planner's figures are looked for."""

HANDS = 2
"""Batches of one line under way at once: while one waits for the database, the other decides."""

MOST_CONFLICTS = 5
"""Times in a row that a batch may find its rows moved by somebody else before it is looked at as a failure."""

TASKS = frozenset({"intake", "lines", "post"})
"""Parts of a worker's work: deliveries that become orders, orders along their lines, what leaves. A busy installation
gives the lines a process of their own (docs/decisions/011)."""

Work = Callable[[int], Awaitable[int]]


class Worker:
    """Everything that moves orders, or the part of it that `tasks` names. Use as an async context manager: leaving it
    drains."""

    def __init__(
        self, database: Database, accounts: Accounts, ports: Ports, node: Node, tasks: Collection[str] = TASKS
    ) -> None:
        self.poll_seconds = POLL_SECONDS
        self._database = database
        self._given = frozenset(tasks)
        self._ports = ports
        self.directory = Directory(database, accounts)
        self._runner = Runner(database, self.directory, ports)
        self._intaker = Intaker(database, self.directory, ports)
        self._leveler = Leveler(database, self.directory, ports)
        self._post = Post(database, accounts, ports, node, self._runner)
        self._wakes: dict[str, asyncio.Event] = {}
        self._stopping = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Worker:
        if "intake" in self._given:
            for _ in range(HANDS):
                self._start("inbox", self._intaker.work, INTAKE_BATCH)
        if "lines" in self._given:
            self._move()
        if "post" in self._given:
            self._start("levels", self._leveler.work, MARKS, LEVEL_SECONDS)
            self._wakes["outbox"] = asyncio.Event()
            self._running.append(asyncio.create_task(self._posting(), name="outbox"))
        for work, event in self._wakes.items():
            await self._database.listen(work, event.set)
        return self

    def _move(self) -> None:
        for line in LINES:
            for _ in range(HANDS):
                self._start(line.work, lambda limit, line=line: self._runner.work(line, limit), BATCH)  # type: ignore[misc]
        self._running.append(asyncio.create_task(self._counting(), name="statistics"))

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        for event in self._wakes.values():
            event.set()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._post.close()

    def _start(self, name: str, work: Work, most: int, pause: float = 0.0) -> None:
        self._wakes.setdefault(name, asyncio.Event())
        self._running.append(asyncio.create_task(self._loop(name, work, most, pause), name=name))

    async def _loop(self, name: str, work: Work, most: int, pause: float) -> None:
        limit, conflicts = most, 0
        while not self._stopping.is_set():
            self._wakes[name].clear()
            begun = time.monotonic()
            try:
                taken = await work(limit)
                conflicts = 0
            except (Conflict, asyncpg.TransactionRollbackError) as error:
                conflicts += 1
                log.info("a batch met another", loop=name, error=str(error))
                if conflicts >= MOST_CONFLICTS:
                    limit = await self._narrow(name, limit, error)
                continue
            except AWAY as error:
                log.warning("the database is away", loop=name, error=repr(error))
                await self._rest(name, self.poll_seconds)
                continue
            except Exception as error:
                log.exception("a batch failed", loop=name, limit=limit)
                limit = await self._narrow(name, limit, error)
                continue
            limit = min(most, limit * 2)
            if taken < limit:
                rest = max(pause, gathering.pause(taken, limit, time.monotonic() - begun))
                await self._rest(name, rest if taken else self.poll_seconds)

    async def _narrow(self, name: str, limit: int, error: Exception) -> int:
        """The next limit; a row that fails all alone is put off, with its error, and the others go on."""
        if limit > 1:
            return max(1, limit // 8)
        now = self._ports.clock.now()
        later = now + timedelta(seconds=PUT_OFF_SECONDS)
        why = f"{type(error).__name__}: {error}"[:1000]
        try:
            await self._database.plain.execute(PUT_OFF[name], now, why, later)
        except AWAY:
            log.warning("the database went away while a row was put off", loop=name)
        return 1

    async def _posting(self) -> None:
        while not self._stopping.is_set():
            self._wakes["outbox"].clear()
            try:
                await self._post.look()
                await self._database.ensure_listening()
            except Exception:
                log.exception("the outbox could not be looked through")
            await self._rest("outbox", self.poll_seconds)

    async def _counting(self) -> None:
        """Keeps the planner's figures near the truth while tables grow fast."""
        while not self._stopping.is_set():
            try:
                await statistics.refresh(self._database)
            except AWAY:
                pass  # the loops that do the work say so
            except Exception:
                log.exception("the tables could not be counted")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), COUNT_SECONDS)

    async def _rest(self, name: str, seconds: float) -> None:
        """Sleeps until woken; a short pause is slept out, so that work can gather."""
        if seconds < POLL_SECONDS:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wakes[name].wait()
        except TimeoutError:
            return
