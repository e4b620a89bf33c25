"""The bot as `main.py` runs it: workers for conversations, the feed of the open web chats, polling, and its routes.

transcript = Transcript(database, vault, ids, clock)
connectors = {**CONNECTORS, **bot.transports(transcript)}
…
receiver = Receiver(database, inbox, ids, clock)           # stands in front of the inbox: hand it to the doors
running = Bot(services, transcript, receiver)
app routes += running.routes(); task = running.run(poll=no public address)
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.conversation import Conversations
from bot.feed import Feed
from bot.polling import Polling
from bot.receiving import Receiver
from bot.transcript import Transcript
from bot.transports.socket import ChatSocket, Parts
from hub.actions.services import Services
from hub.errors import NotFound

_ACCOUNT = """SELECT id FROM accounts WHERE connector = 'webchat' AND state <> 'removed' AND ($1::bigint = 0 OR id = $1)
    ORDER BY id LIMIT 1"""


class Bot:
    """One process's part of the bot."""

    def __init__(self, services: Services, transcript: Transcript, receiver: Receiver) -> None:
        self._services = services
        self._transcript = transcript
        self._receiver = receiver
        self._feed = Feed(services.database, services.ids)

    def routes(self) -> list[web.RouteDef]:
        """What the web server serves for the bot; needs `show` to be running."""
        parts = Parts(
            open=self._services.accounts.open,
            account_of=self._account_of,
            receiver=self._receiver,
            transcript=self._transcript,
            feed=self._feed,
            clock=self._services.clock,
            rng=self._services.rng,
        )
        return [web.get("/chat/ws", ChatSocket(parts).handle)]

    async def show(self) -> None:
        """Feeds the open web chats of this process until cancelled: wherever the routes are served."""
        await self._feed.run()

    async def work(self, workers: int = 4, *, poll: bool = False) -> None:
        """Works conversations off until cancelled; `poll` also asks Telegram for updates."""
        async with asyncio.TaskGroup() as group:
            group.create_task(Conversations(self._services).run(workers))
            if poll:
                group.create_task(Polling(self._services, self._receiver).run())

    async def run(self, workers: int = 4, *, poll: bool = False) -> None:
        """Both in one process."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.show())
            group.create_task(self.work(workers, poll=poll))

    async def _account_of(self, number: int) -> int:
        """The web chat's account; 0 asks for the first there is. Raises `NotFound`."""
        found: int | None = await self._services.database.plain.fetchval(_ACCOUNT, number)
        if found is None:
            raise NotFound("no web chat here; `python main.py channel add webchat --name …` makes one")
        return found
