"""Fires the jobs of `jobs.py`. APScheduler only says when; each firing first wins its slot in the database.

A slot fires once over all hosts, restarts and misfires, and leaves a trace (`job_firings`). Once a minute every job is
tried again: so a slot that was missed because the database was away, or that died with its host, still comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import msgspec
import structlog
from tortoise.exceptions import DBConnectionError

from hub.actions import account_health
from hub.actions.fire_slots import Slot, finish_slot, give_back_slot, win_slot
from hub.actions.pull_orders import Keeps
from hub.actions.services import Services
from hub.actions.targets import Target
from hub.errors import CrossdockError, Retry
from scheduler.jobs import JOBS, LOOK_SECONDS, AccountJob, Job
from scheduler.times import Every, When

log = structlog.get_logger()

TRY_AGAIN_SECONDS = 60.0
GRACE_SECONDS = 10.0
"""How long a stop waits for what is under way before it cancels it."""

AWAY = (
    OSError, DBConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
)  # fmt: skip
"""Failures of the server: the firing leaves no outcome, so its slot comes again once its time is up."""

MARGIN_SECONDS = 60.0
"""On top of a firing's limit, until its host counts as dead."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One firing to be: of which job, at what pace, for which account (0: none)."""

    job: Job | AccountJob
    when: When
    work: Callable[[], Awaitable[object]]
    account_id: int = 0
    merchant_id: int = 0

    @property
    def name(self) -> str:
        return f"{self.job.name}:{self.account_id}" if self.account_id else self.job.name


class Scheduler:
    """The clock of one process; an async context manager. Leaving it lets what is under way finish for a while."""

    def __init__(
        self,
        services: Services,
        inbox: Keeps,
        jobs: Sequence[Job | AccountJob] = JOBS,
        *,
        grace: float = GRACE_SECONDS,
        look: float = LOOK_SECONDS,
    ) -> None:
        self._services = services
        self._inbox = inbox
        self._whole = [job for job in jobs if isinstance(job, Job)]
        self._each = [job for job in jobs if isinstance(job, AccountJob)]
        self._host = f"{socket.gethostname()}:{os.getpid()}"
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._tried: dict[str, datetime] = {}
        self._grace = grace
        self._look_seconds = look
        self._stopping = False
        self._clock: Any = None

    async def __aenter__(self) -> Scheduler:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._clock = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        soon = datetime.now(UTC)
        for job in self._whole:
            self._clock.add_job(self._turn_of, job.when.trigger(), [job], id=job.name, next_run_time=soon)
        look, again = (Every(timedelta(seconds=count)).trigger() for count in (self._look_seconds, TRY_AGAIN_SECONDS))
        self._clock.add_job(self._look_soon, look, id="look", next_run_time=soon)
        self._clock.add_job(self._try_again, again, id="try again")
        self._clock.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        self._clock.shutdown(wait=False)
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ whose turn it is

    async def _turn_of(self, job: Job) -> None:
        self._start(Turn(job, job.when, lambda: job.action(self._services)))

    async def _look_soon(self) -> None:
        self._spawn("look", self._look)

    async def _try_again(self) -> None:
        self._tried.clear()
        for job in self._whole:
            await self._turn_of(job)

    async def _look(self) -> None:
        """Starts every account whose slot has come; a job whose accounts cannot be listed does not stop the others."""
        for job in self._each:
            try:
                accounts = await job.accounts(self._services)
            except AWAY as error:
                log.warning("the database is away", job=job.name, error=repr(error))
                return
            except Exception:
                log.exception("the accounts of a job could not be listed", job=job.name)
                continue
            for target in accounts:
                self._start(self._turn(job, target))

    def _turn(self, job: AccountJob, target: Target) -> Turn:
        when = job.when if target.every is None else Every(target.every)
        if isinstance(when, Every):
            when = Every(when.period, timedelta(seconds=target.account_id % max(1, int(when.period.total_seconds()))))
        work = partial(job.action, self._services, self._inbox, target.account_id)
        return Turn(job, when, work, target.account_id, target.merchant_id)

    def _start(self, turn: Turn) -> None:
        """A task for a turn whose slot this process has not tried; none while the last one of its kind still runs."""
        at = turn.when.slot(self._services.clock.now())
        if turn.name not in self._tasks and self._tried.get(turn.name) != at:
            self._tried[turn.name] = at
            self._spawn(turn.name, partial(self._fire, turn, at))

    def _spawn(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name in self._tasks or self._stopping:
            return
        self._tasks[name] = task = asyncio.create_task(work(), name=name)
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    # ------------------------------------------------------------ firing

    async def _fire(self, turn: Turn, at: datetime) -> None:
        """The loop that catches everything: a firing that fails leaves its words in its trace, and stops nobody."""
        longest = timedelta(seconds=turn.job.limit + MARGIN_SECONDS)
        try:
            firing = await win_slot(self._services, Slot(turn.name, at, turn.merchant_id), self._host, longest)
            if firing is None:
                return
            try:
                outcome = await self._work(turn)
            except asyncio.CancelledError:
                with contextlib.suppress(Exception):
                    await give_back_slot(self._services, firing)
                raise
            await finish_slot(self._services, firing, outcome)
        except AWAY as error:
            self._tried.pop(turn.name, None)
            log.warning("the database is away", job=turn.name, error=repr(error))
        except Exception:
            self._tried.pop(turn.name, None)
            log.exception("a firing failed", job=turn.name)

    async def _work(self, turn: Turn) -> str:
        """What came of it, in words."""
        try:
            async with asyncio.timeout(turn.job.limit):
                return msgspec.json.encode(await turn.work()).decode()
        except TimeoutError:
            late = Retry(f"{turn.job.name} did not finish within {turn.job.limit:.0f} seconds")
            if isinstance(turn.job, AccountJob) and turn.job.concern:
                await account_health.failed(self._services, turn.account_id, turn.job.concern, late)
            log.warning("a job was stopped", job=turn.name, why=str(late))
            return str(late)
        except CrossdockError as error:
            log.warning("a job failed", job=turn.name, code=error.code, why=str(error))
            return f"{error.code}: {error}"
        except AWAY:
            raise
        except Exception as error:
            log.exception("a job failed", job=turn.name)
            return f"{type(error).__name__}: {error}"
