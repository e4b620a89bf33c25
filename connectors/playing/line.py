"""A connection that posts and reads no more than the status: a load generator must not cost more than what it measures.

Posting through a full HTTP client took about 240 µs of CPU a call, this takes 55. Plain http only.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

PATIENCE = 15.0
"""Seconds to wait for an answer."""


class Line(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, though they have their methods.
        self._transport, self.open = cast(asyncio.Transport, transport), True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or self._answer is None or self._answer.done():
            return
        if not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit():
            self._answer.set_exception(ConnectionError("the answer is not HTTP/1.1"))
            return
        length = _length(head)
        if length is not None and len(rest) < length:
            return
        if length is None or b"\r\nconnection: close" in head.lower():
            self.close()
        self._answer.set_result(int(head[9:12]))

    async def post(self, request: bytes) -> int:
        """Sends a whole request and gives the status of its answer. Raises OSError or TimeoutError."""
        assert self._transport is not None
        self._buffer, self._answer = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection."""
        self.open = False
        if self._transport is not None:
            self._transport.close()


class Lines:
    """Kept connections by host."""

    def __init__(self) -> None:
        self._idle: defaultdict[tuple[str, int], list[Line]] = defaultdict(list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Posts `body` and gives the status. Raises OSError or TimeoutError."""
        parts = urlsplit(url)
        host = (parts.hostname or "", parts.port or 80)
        line = self._kept(host) or await self._connect(host)
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        head = f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        status = await line.post(head.encode() + body)
        if line.open:
            self._idle[host].append(line)
        return status

    def close(self) -> None:
        """Ends every idle connection."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()

    def _kept(self, host: tuple[str, int]) -> Line | None:
        while self._idle[host]:
            line = self._idle[host].pop()
            if line.open:
                return line
        return None

    async def _connect(self, host: tuple[str, int]) -> Line:
        async with asyncio.timeout(PATIENCE):
            _, line = await asyncio.get_running_loop().create_connection(Line, *host)
        return line


def _length(head: bytes) -> int | None:
    """How long the answer's body is; None when only its end will tell."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return None


def reachable(url: str) -> bool:
    """Whether a line can be opened to `url`."""
    parts = urlsplit(url)
    return parts.scheme == "http" and bool(parts.hostname)
