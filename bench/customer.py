"""A customer at the web chat: asks where an order is, reads the code in the mailbox, and says it back.

Speaks the socket's frames as the page does (docs/explanation/chat.md); knows nothing that a customer would not know.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.transports import mailbox

PATIENCE = 30.0
CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


@dataclass
class Customer:
    """One person with an e-mail address; `mailbox` is the folder their mail arrives in."""

    address: str
    mailbox: Path
    email: str
    said: int = 0
    heard: list[str] = field(default_factory=list)

    async def track(self, number: str) -> int:
        """Tracks an order to its end; returns how many messages went back and forth, 0 when nobody answered in time."""
        try:
            async with (
                asyncio.timeout(PATIENCE),
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{self.address}/chat/ws") as socket,
            ):
                await self._talk(socket, number)
        except TimeoutError:
            return 0
        return self.said + len(self.heard)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse, number: str) -> None:
        started = time.time()
        await socket.send_json({"type": "hello", "token": "", "last_seen": "0", "locale": "en"})
        await self._until(socket, lambda frame: frame["type"] == "ready")
        await self._say(socket, f"Where is my order {number}?")
        await self._until(socket, _is_message)
        await self._say(socket, await self._code(started))
        await self._until(socket, lambda frame: _is_message(frame) and number in frame["text"])

    async def _say(self, socket: aiohttp.ClientWebSocketResponse, words: str) -> None:
        self.said += 1
        await socket.send_json({"type": "text", "id": f"said-{self.said}", "text": words})

    async def _until(self, socket: aiohttp.ClientWebSocketResponse, enough: Any) -> None:
        while True:
            frame = await socket.receive_json()
            if _is_message(frame):
                self.heard.append(frame["text"])
            if enough(frame):
                return

    async def _code(self, since: float) -> str:
        """The six digits of the newest mail to this customer."""
        while True:
            found = await asyncio.to_thread(self._look, since)
            if found:
                return found
            await asyncio.sleep(0.2)

    def _look(self, since: float) -> str:
        for mail in reversed(list(mailbox.read(self.mailbox))):
            if mail["Date"].datetime.timestamp() < since - 1:
                return ""
            body = mail.get_body()
            text = str(body.get_content()) if body is not None else ""
            code = CODE.search(text)
            if code and self.email in str(mail["To"]).lower() and "code" in f"{mail['Subject']} {text}".lower():
                return code[1]
        return ""


def _is_message(frame: dict[str, Any]) -> bool:
    return frame["type"] == "message" and frame.get("author") == "bot"
