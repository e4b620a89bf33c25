"""The bot as a part of a running process: its routes for the doors, and the loops behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from bot.conversation import Conversations
from bot.feed import Feed
from bot.polling import Polling
from bot.receiving import Keeps, Receiver
from bot.transcript import Transcript
from bot.transports.socket import ChatSocket, Parts
from hub.actions.services import Services
from hub.errors import NotFound

WEBCHATS = "SELECT id FROM accounts WHERE connector = 'webchat' AND state = 'active' ORDER BY id"


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
        ]
        if not self._services.settings.public_url:
            polling = Polling(self._services, self.receiver)
            self._tasks.append(asyncio.create_task(polling.run(), name="telegram"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._feed.close()

    async def _webchat(self, number: int) -> int:
        """The web chat's account: the one that is named, or the first. Raises `NotFound` when there is none."""
        ids = [row["id"] for row in await self._services.database.plain.fetch(WEBCHATS)]
        if not ids or (number and number not in ids):
            raise NotFound("no web chat is connected; `python main.py channel add webchat` makes one")
        return number or int(ids[0])
