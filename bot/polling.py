"""Telegram for people without a public address: asks for updates instead of being called.

One process polls a bot (Telegram answers a second one with 409): whoever holds its advisory lock. Telegram forgets an
update only after it was kept here, because the next question names it as had.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.receiving import Receiver
from bot.transports.telegram import TelegramChannel
from hub.actions.services import Services
from hub.errors import CrossdockError, Retry

log = structlog.get_logger()

LOOK_SECONDS = 10.0
"""How often accounts that were added or removed are looked for."""

PAUSE_SECONDS = 5.0
_LOCK = "SELECT pg_try_advisory_lock(hashtext('crossdock:poll'), hashtext($1))"
_ACCOUNTS = "SELECT id FROM accounts WHERE connector = 'telegram' AND state = 'active'"


class Polling:
    """Polls every Telegram account. `run` works until cancelled."""

    def __init__(self, services: Services, receiver: Receiver) -> None:
        self._services = services
        self._receiver = receiver
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Starts a poller for each account that nobody else polls, and stops those of removed accounts."""
        locks = await self._services.database.connect()
        try:
            while True:
                there = {row["id"] for row in await self._services.database.plain.fetch(_ACCOUNTS)}
                for account_id in there - set(self._tasks):
                    if await locks.fetchval(_LOCK, str(account_id)):
                        self._tasks[account_id] = asyncio.create_task(self._poll(account_id))
                for account_id in set(self._tasks) - there:
                    self._tasks.pop(account_id).cancel()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await locks.close()

    async def _poll(self, account_id: int) -> None:
        after, ready = 0, False
        while True:
            try:
                channel = await self._services.accounts.open(account_id)
                if not isinstance(channel, TelegramChannel):
                    return
                if not ready:
                    await channel.stop_webhooks()
                    ready = True
                after = await self.take(channel, after)
            except CrossdockError as error:
                log.warning("polling failed", account=account_id, why=str(error))
                await asyncio.sleep(error.after if isinstance(error, Retry) and error.after else PAUSE_SECONDS)
            except Exception:
                log.exception("polling failed", account=account_id)
                await asyncio.sleep(PAUSE_SECONDS)

    async def take(self, channel: TelegramChannel, after: int) -> int:
        """Keeps what came after update `after`; returns the number of the last one."""
        for delivery in await channel.poll(after):
            await self._receiver.keep(channel.account, delivery)
            after = max(after, int(delivery.id))
        return after
