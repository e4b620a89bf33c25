"""The bot as a part of a running process: its routes for the doors, and the loops behind them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from aiohttp import web

from bot.conversation import Conversations
from bot.feed import Feed
from bot.receiving import Keeps, Receiver
from bot.transcript import Transcript
from bot.transports.socket import ChatSocket, Parts
from bot.transports.telegram import TelegramChannel
from hub.actions.services import Services
from hub.errors import CrossdockError, NotFound, Retry

log = structlog.get_logger()

LOOK_SECONDS = 15.0
"""How often new Telegram accounts are looked for."""

WEBCHATS = "SELECT id FROM accounts WHERE connector = 'webchat' AND state = 'active' ORDER BY id"
TELEGRAMS = "SELECT id FROM accounts WHERE connector = 'telegram' AND state = 'active' ORDER BY id"


class BotService:
    """Hears and answers people. Use as an async context manager; `routes` and `receiver` are for the doors."""

    def __init__(self, services: Services, inbox: Keeps) -> None:
        self._services = services
        self.receiver = Receiver(services.database, inbox, services.ids, services.clock)
        self._feed = Feed(services.database, services.ids)
        transcript = Transcript(services.database, services.vault, services.ids, services.clock)
        socket = ChatSocket(Parts(
            open=services.accounts.open, account_of=self._webchat, receiver=self.receiver, transcript=transcript,
            feed=self._feed, clock=services.clock, rng=services.rng,
        ))  # fmt: skip
        self.routes: Sequence[web.RouteDef] = (web.get("/chat/ws", socket.handle),)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> BotService:
        conversations = Conversations(self._services)
        self._tasks = [
            asyncio.create_task(conversations.run(), name="conversations"),
            asyncio.create_task(self._feed.run(), name="chat feed"),
        ]
        if not self._services.settings.public_url:
            self._tasks.append(asyncio.create_task(self._poll_telegrams(), name="telegram"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _webchat(self, number: int) -> int:
        """The web chat's account: the one that is named, or the first. Raises `NotFound` when there is none."""
        ids = [row["id"] for row in await self._services.database.plain.fetch(WEBCHATS)]
        if not ids or (number and number not in ids):
            raise NotFound("no web chat is connected; `python main.py channel add webchat` makes one")
        return number or int(ids[0])

    # ------------------------------------------------------------ Telegram without a public address

    async def _poll_telegrams(self) -> None:
        polling: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                with contextlib.suppress(OSError, CrossdockError):
                    for row in await self._services.database.plain.fetch(TELEGRAMS):
                        if row["id"] not in polling or polling[row["id"]].done():
                            polling[row["id"]] = asyncio.create_task(self._poll(row["id"]))
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in polling.values():
                task.cancel()
            await asyncio.gather(*polling.values(), return_exceptions=True)

    async def _poll(self, account_id: int) -> None:
        """Asks for updates for ever; an update counts as taken only after its commit, so none is lost."""
        after = -1
        while True:
            channel = await self._services.accounts.open(account_id)
            if not isinstance(channel, TelegramChannel):
                return
            try:
                if after < 0:
                    await channel.stop_webhooks()
                    after = 0
                for delivery in await channel.poll(after):
                    await self.receiver.keep(channel.account, delivery)
                    after = max(after, int(delivery.id))
            except Retry as error:
                log.info("telegram is away", account=account_id, why=str(error))
                await asyncio.sleep(error.after or 5.0)
