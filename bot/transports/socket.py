"""The web chat's socket: JSON frames as docs/explanation/chat.md lists them.

The socket is only a view of the transcript. What the browser says is kept in the inbox and acknowledged after the
commit; what anybody says to it is read from the transcript, from the last message it has seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from aiohttp import WSMsgType, web
from aiolimiter import AsyncLimiter

from bot.feed import MOST_WAITING, Feed
from bot.masking import mask_cards
from bot.receiving import Receiver
from bot.transcript import Line, Transcript
from bot.transports.port import Incoming
from bot.transports.webchat import LONGEST_WORDS, Visitor, WebChatChannel
from hub.contract import Channel, Delivery
from hub.errors import CrossdockError, Forbidden, NotFound, Retry
from hub.ports import Clock, Rng

HELLO_SECONDS = 10.0
HEARTBEAT = 30.0
LARGEST_FRAME = 32 * 1024
RATE, PER_SECONDS = 20, 10.0
"""Frames a browser may send in so many seconds; more of them wait."""


class Hello(msgspec.Struct, tag_field="type", tag="hello"):
    """The first frame."""

    token: str = ""
    last_seen: str = "0"
    locale: str = ""


class Text(msgspec.Struct, tag_field="type", tag="text"):
    """The visitor said something."""

    id: str
    text: str


class Press(msgspec.Struct, tag_field="type", tag="button"):
    """The visitor pressed a button."""

    id: str
    value: str


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Is anybody there?"""


_FRAMES: msgspec.json.Decoder[Hello | Text | Press | Ping] = msgspec.json.Decoder(Hello | Text | Press | Ping)


@dataclass(frozen=True, slots=True)
class Parts:
    """What sockets work with. `account_of` finds the web chat's account by the number in the address, 0 for the only
    one; it raises `NotFound`."""

    open: Callable[[int], Awaitable[Channel]]
    account_of: Callable[[int], Awaitable[int]]
    receiver: Receiver
    transcript: Transcript
    feed: Feed
    clock: Clock
    rng: Rng


class ChatSocket:
    """The handler of `/chat/ws`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One browser, from its hello until it leaves."""
        number = request.query.get("account", "0")
        try:
            account = await self._parts.account_of(int(number) if number.isdecimal() and len(number) < 19 else 0)
            channel = await self._parts.open(account)
        except NotFound as error:
            raise web.HTTPNotFound(text=str(error)) from None
        if not isinstance(channel, WebChatChannel):
            raise web.HTTPNotFound(text="this account is no web chat")
        ws = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST_FRAME)
        await ws.prepare(request)
        with suppress(ConnectionError, TimeoutError):
            await _Session(self._parts, channel, ws).run()
        return ws


class _Session:
    """One open socket."""

    def __init__(self, parts: Parts, channel: WebChatChannel, ws: web.WebSocketResponse) -> None:
        self._parts = parts
        self._channel = channel
        self._ws = ws
        self._seen: set[int] = set()

    async def run(self) -> None:
        async with asyncio.timeout(HELLO_SECONDS):
            frame = await self._receive()
        if not isinstance(frame, Hello):
            await self._error("bad_frame", "the first frame is a hello")
            await self._ws.close()
            return
        try:
            visitor = self._channel.visitor(frame.token) if frame.token else Visitor(peer=self._parts.rng.token(16))
        except Forbidden as error:
            await self._error("forbidden", str(error))
            await self._ws.close()
            return
        conversation = await self._begin(visitor, frame.locale)
        queue = await self._parts.feed.subscribe(conversation)
        telling = asyncio.create_task(self._tell(conversation, _number(frame.last_seen), queue))
        try:
            await self._hear(visitor)
        finally:
            telling.cancel()
            self._parts.feed.unsubscribe(conversation, queue)
            await asyncio.gather(telling, return_exceptions=True)

    async def _begin(self, visitor: Visitor, locale: str) -> int:
        receiver, account = self._parts.receiver, self._channel.account
        conversation = await receiver.conversation(account, visitor.peer, locale[:16])
        if visitor.customer_id:
            await receiver.vouch(account, conversation, visitor.peer, visitor.customer_id)
        await self._send({"type": "welcome", "token": self._channel.token(visitor), "conversation": str(conversation)})
        return conversation

    # ------------------------------------------------------------ hearing

    async def _hear(self, visitor: Visitor) -> None:
        limiter = AsyncLimiter(RATE, PER_SECONDS)
        while (frame := await self._receive()) is not None:
            async with limiter:
                if isinstance(frame, Ping):
                    await self._send({"type": "pong"})
                elif isinstance(frame, Text | Press):
                    await self._keep(visitor, frame)

    async def _keep(self, visitor: Visitor, frame: Text | Press) -> None:
        at = self._parts.clock.now()
        if isinstance(frame, Text):
            incoming = Incoming(peer=visitor.peer, at=at, text=mask_cards(frame.text[:LONGEST_WORDS]).replace("\0", ""))
        else:
            incoming = Incoming(peer=visitor.peer, at=at, button=frame.value[:256].replace("\0", ""))
        if not (frame.id.isprintable() and 0 < len(frame.id) <= 100 and (incoming.text.strip() or incoming.button)):
            await self._error(
                "bad_frame", "a frame needs an id of at most 100 characters, and something said", frame.id
            )
            return
        body = msgspec.json.encode(incoming)
        delivery = Delivery(id=f"{visitor.peer}:{frame.id}", topic="chat", body=body, occurred_at=at)
        try:
            await self._parts.receiver.keep(self._channel.account, delivery)
        except Retry as error:
            await self._error("retry", str(error), frame.id)
            return
        await self._send({"type": "ack", "id": frame.id})

    async def _receive(self) -> Hello | Text | Press | Ping | None:
        """The next frame that can be read; None when the browser has left."""
        async for message in self._ws:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return None
            try:
                return _FRAMES.decode(message.data)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                await self._error("bad_frame", str(error)[:200])
        return None

    # ------------------------------------------------------------ telling

    async def _tell(self, conversation: int, last_seen: int, queue: asyncio.Queue[Line]) -> None:
        """Everything after `last_seen`, then everything new; each line once."""
        try:
            early = await self._parts.transcript.history(conversation, self._parts.feed.horizon())
            self._seen = {line.id for line in early if line.id <= last_seen}
            for line in await self._parts.transcript.history(conversation, last_seen):
                await self._show(line)
            await self._send({"type": "ready"})
            while queue.qsize() < MOST_WAITING:
                await self._show(await queue.get())
        except (ConnectionError, CrossdockError):
            pass
        await self._ws.close()

    async def _show(self, line: Line) -> None:
        if line.id in self._seen:
            return
        self._seen.add(line.id)
        await self._send({
            "type": "message", "id": str(line.id), "author": line.author, "text": line.text, "at": line.at,
            "buttons": [{"value": value, "label": label} for value, label in line.buttons],
            "edit_key": line.edit_key, "replaces": line.replaces,
        })  # fmt: skip

    async def _send(self, frame: dict[str, object]) -> None:
        await self._ws.send_str(msgspec.json.encode(frame).decode())

    async def _error(self, code: str, words: str, frame_id: str = "") -> None:
        await self._send({"type": "error", "code": code, "id": frame_id[:100], "text": words})


def _number(last_seen: str) -> int:
    return int(last_seen) if last_seen.isascii() and last_seen.isdecimal() and len(last_seen) <= 18 else 0
