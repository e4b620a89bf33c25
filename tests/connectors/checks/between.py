"""A proxy between a connector and its double: it spoils the answer to one chosen request, after the request arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host")


class Between:
    """Passes every request on to `target`, and the answers back.

    `spoil` is the number of the request whose answer is spoilt: the first is 1, none is 0. It is lost with the
    connection, or comes back as `status` where that is set.
    """

    def __init__(self, target: str) -> None:
        self.url = ""
        self.spoil = 0
        self.status = 0
        self.passed = 0
        self._target = target
        self._session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Passes one request on, and the answer back unless it is the one to spoil."""
        assert self._session is not None
        self.passed += 1
        mine = self.passed
        async with self._session.request(
            request.method,
            self._target + request.raw_path,
            headers={**_without_hop(request.headers), "X-Forwarded-Host": request.host},
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
        if mine == self.spoil and self.status:
            return web.Response(status=self.status, body=b"<html><body>Bad Gateway</body></html>")
        if mine == self.spoil and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, headers=_without_hop(answer.headers), body=body)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Between]:
        """Listens on a free port of this machine; `url` says where."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as self._session:
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield self
            finally:
                await runner.cleanup()


def _without_hop(headers: object) -> CIMultiDict[str]:
    kept: CIMultiDict[str] = CIMultiDict(headers)  # type: ignore[call-overload]
    for name in HOP:
        kept.popall(name, None)
    return kept
