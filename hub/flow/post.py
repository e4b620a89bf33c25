"""Hands lanes out to this process and works them: which accounts have messages due, whose lock is free."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import structlog

from hub.accounts import Accounts
from hub.flow import gathering
from hub.flow.outbox import Lane
from hub.flow.runner import Runner
from hub.ports import Ports
from hub.store.database import Database
from hub.store.nodes import Node

log = structlog.get_logger()

_CLASS = 0x6C616E65
"""Namespace of lane locks: "lane"."""

LANES = """
    WITH RECURSIVE lanes AS (
        (SELECT lane FROM outbox WHERE state < 9 ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT o.lane FROM outbox o WHERE o.state < 9 AND o.lane > l.lane ORDER BY o.lane LIMIT 1)
        FROM lanes l WHERE l.lane IS NOT NULL
    ) SELECT lane FROM lanes WHERE lane IS NOT NULL"""
"""Every lane with open messages: one step along the index a lane, however many messages there are."""

IDLE_ROUNDS = 5
"""Looks without work after which a lane is given back."""


class Post:
    """Works every lane it can get, whenever `look` is called; a lane that fails is given back and tried again."""

    def __init__(self, database: Database, accounts: Accounts, ports: Ports, node: Node, runner: Runner) -> None:
        self._database = database
        self._runner = runner
        self._accounts = accounts
        self._ports = ports
        self._node = node
        self._turn = asyncio.Lock()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._lanes: dict[str, Lane] = {}
        self._wake: dict[str, asyncio.Event] = {}

    async def look(self) -> None:
        """Starts work on lanes that have any, and nudges those at work already."""
        if await self._node.renew():
            log.warning("the locks of all lanes went with their connection", lanes=sorted(self._lanes))
            self._stop()
        for row in await self._database.plain.fetch(LANES):
            name = row["lane"]
            if name in self._working:
                self._wake[name].set()
            elif await self._lock(name):
                self._wake[name] = asyncio.Event()
                self._lanes[name] = self._lane(name)
                task = asyncio.create_task(self._work(name), name=f"lane {name}")
                self._working[name] = task
                task.add_done_callback(self._done(name))

    async def close(self) -> None:
        """Lets calls under way settle, then stops."""
        self._stop()
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    def _stop(self) -> None:
        for name, lane in self._lanes.items():
            lane.stop()
            self._wake[name].set()

    def _lane(self, name: str) -> Lane:
        account_id = int(name.removeprefix("account:"))
        return Lane(self._database, self._accounts, self._ports, account_id, self._runner)

    def _done(self, name: str) -> Callable[[asyncio.Task[None]], None]:
        def forget(task: asyncio.Task[None]) -> None:
            self._working.pop(name, None)
            self._lanes.pop(name, None)
            if not task.cancelled() and task.exception() is not None:
                log.error("a lane stopped", lane=name, error=repr(task.exception()))

        return forget

    async def _lock(self, name: str) -> bool:
        async with self._turn:
            locked = "SELECT pg_try_advisory_lock($1, hashtext($2))"
            return bool(await self._node.connection.fetchval(locked, _CLASS, name))

    async def _unlock(self, name: str) -> None:
        async with self._turn:
            await self._node.connection.execute("SELECT pg_advisory_unlock($1, hashtext($2))", _CLASS, name)

    async def _work(self, name: str) -> None:
        lane, locks = self._lanes[name], self._node.connection
        try:
            await lane.take_over()
            await self._turns(name, lane)
        finally:
            if locks is self._node.connection and not locks.is_closed():
                await self._unlock(name)

    async def _turns(self, name: str, lane: Lane) -> None:
        """One claim after the other; while the next calls are under way, the answers of the last are kept."""
        idle, wake, keeping = 0, self._wake[name], _nothing()
        try:
            while idle < IDLE_ROUNDS and not lane.stopping:
                wake.clear()
                begun, busy = time.monotonic(), not keeping.done()
                calls = await lane.call()
                idle = 0 if calls or busy else idle + 1
                if not calls:
                    await self._rest(wake, keeping)
                    continue
                try:
                    await keeping
                finally:  # these answers come only once, too
                    keeping = asyncio.ensure_future(lane.keep(calls))
                if len(calls) < lane.most:
                    await asyncio.sleep(gathering.pause(len(calls), lane.most, time.monotonic() - begun))
        finally:
            await keeping

    async def _rest(self, wake: asyncio.Event, keeping: asyncio.Future[None]) -> None:
        """Until the last answers are kept, for the next of a key may be due then, but not for long: other keys do not
        wait for them. When they are kept, until somebody nudges the lane, a second at most. Raises what went wrong with
        keeping them."""
        if not keeping.done():
            await asyncio.wait({keeping}, timeout=gathering.LONGEST)
            return
        keeping.result()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await wake.wait()


def _nothing() -> asyncio.Future[None]:
    """What has been done already."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
