"""What leaves: claim the head of each key, commit, call, settle. At least once, in order per key, or visibly dead.

A lane (one account) is worked by one process at a time: its advisory lock is held on the process's own connection, and
PostgreSQL frees it when the process dies. Messages that a dead holder had leased are then known to be unsure: the next
try looks them up by our reference before it repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog
from aiolimiter import AsyncLimiter

from hub.accounts import Accounts
from hub.contract import About, Channel, PushesAtOnce
from hub.errors import CrossdockError, Reconnect, Reject, Unknown
from hub.flow import calls as outgoing
from hub.flow import senders
from hub.flow.calls import Call, Result
from hub.flow.keeping import Keeper
from hub.flow.looking_up import looked_up
from hub.flow.runner import Runner
from hub.ports import Ports
from hub.store.database import Database

log = structlog.get_logger()

ASK_SECONDS = 5
"""How long after its caller died a call that cannot simply be repeated may still arrive; it is looked up after that."""

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


class Lane:
    """Sends the messages of one account, for as long as this process holds its lock."""

    def __init__(
        self, database: Database, accounts: Accounts, ports: Ports, account_id: int, runner: Runner | None = None
    ) -> None:
        """Without a `runner`, rows that wait for an answer are only woken, for the lines to take."""
        self._database = database
        self._accounts = accounts
        self._ports = ports
        self._account_id = account_id
        self._keeper = Keeper(database, ports, account_id, runner)
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
        calls = [outgoing.of(row) for row in await self._database.plain.fetch(CLAIM_HEADS, self.name, now, self.most)]
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

    async def keep(self, calls: Sequence[Call]) -> None:
        """Keeps what the calls came to, and moves what waited for it."""
        await self._keeper.keep(calls)

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
                call.result = outgoing.storable(call.result)
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
                    call.result = outgoing.storable(outgoing.result_of(answer))
            except CrossdockError as error:
                for call in calls:
                    call.result = Result(error=error)
            except Exception as error:
                log.exception("a sender failed", account=self._account_id, kind=calls[0].kind)
                for call in calls:
                    call.result = Result(error=Unknown(f"{type(error).__name__}: {error}"))


def _rate(channel: Channel, about: About) -> float:
    """Calls a second: as the account has it, else as the connector says; at least one."""
    return max(1.0, float(channel.account.settings.get("rate") or about.rate))
