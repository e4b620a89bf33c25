"""Sends webhooks until they are accepted, as payment providers do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import aiohttp

LADDER = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait before each repeat; then the hook is given up."""


class Hooks:
    """Posts in the background; an async context manager."""

    def __init__(self, *, ladder: Sequence[float] = LADDER) -> None:
        self.accepted = 0
        self.given_up = 0
        self._ladder = ladder
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Hooks:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Posts `body` in the background, with its repeats."""
        task = asyncio.create_task(self._send(url, headers, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Waits until nothing is on its way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        for wait in (*self._ladder, None):
            if await self._post(url, headers, body):
                self.accepted += 1
                return
            if wait is not None:
                await asyncio.sleep(wait)
        self.given_up += 1

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        assert self._session is not None, "use `async with Hooks() as hooks`"
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False
