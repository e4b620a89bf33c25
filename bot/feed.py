"""New lines of transcripts, for the web chats that are open in this process: one reader, however many browsers.

Lines are read over a window that reaches back a little, because ids are made before their transactions commit: a line
may appear below one that was already seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict

import structlog

from bot.scene import Store
from bot.transcript import Line, line_of
from hub.actions.add_chat_messages import SAID
from hub.ports import Ids

log = structlog.get_logger()

POLL_SECONDS = 1.0
WINDOW_MS = 30_000
BELOW_MS = 22
"""Bits of an id below its milliseconds (`hub.ports.TimeOrderedIds`)."""

MOST_WAITING = 1000
"""Lines that may wait for one browser; a slower one is disconnected and comes back with what it has seen."""

_NEW = """SELECT id, conversation_id, direction, author, text, payload, at FROM chat_messages
    WHERE conversation_id = ANY($1::bigint[]) AND id > $2 ORDER BY id"""


class Feed:
    """Hands new lines to subscribers; reads only while there are any. `close` when the process ends."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._subscribers: dict[int, set[asyncio.Queue[Line]]] = defaultdict(set)
        self._grown = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._listens = False

    async def subscribe(self, conversation_id: int) -> asyncio.Queue[Line]:
        """A queue that gets every line of the conversation that appears from now on; read the history after this."""
        if not self._listens:
            self._listens = True
            await self._store.listen(SAID, self._grown.set)
        queue: asyncio.Queue[Line] = asyncio.Queue()
        self._subscribers[conversation_id].add(queue)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_on(), name="chat feed")
        return queue

    def unsubscribe(self, conversation_id: int, queue: asyncio.Queue[Line]) -> None:
        """Ends a subscription."""
        self._subscribers[conversation_id].discard(queue)
        if not self._subscribers[conversation_id]:
            del self._subscribers[conversation_id]

    def horizon(self) -> int:
        """The id from which lines are read again: nothing that is still to come lies below it."""
        return max(0, self._ids.next() - (WINDOW_MS << BELOW_MS))

    async def close(self) -> None:
        """Stops reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read_on(self) -> None:
        """Reads when a transcript has grown, and every second in case nobody told us, while anybody subscribes."""
        had: frozenset[int] = frozenset()
        while self._subscribers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._grown.wait(), POLL_SECONDS)
            self._grown.clear()
            try:
                had = await self._read(had)
            except Exception:
                log.exception("transcripts could not be read")
                await asyncio.sleep(POLL_SECONDS)

    async def _read(self, had: frozenset[int]) -> frozenset[int]:
        """Hands out the lines of the window that are not among `had`; returns the ids of all of them."""
        open_now = list(self._subscribers)
        if not open_now:
            return frozenset()
        rows = await self._store.plain.fetch(_NEW, open_now, self.horizon())
        for row in rows:
            if row["id"] not in had:
                line = line_of(row["id"], json.loads(row["payload"]), row)
                for queue in self._subscribers.get(row["conversation_id"], ()):
                    queue.put_nowait(line)
        return frozenset(row["id"] for row in rows)
