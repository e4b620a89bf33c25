"""A source of orders with a mind of its own, behind real HTTP, and the connector that speaks with it.

Its list is served in pages by (changed, id); `wrong` says what happens instead to the requests to come, `held` lets
those of a name hang, and `asked` has every request so far.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.http import expect
from hub.contract import About, Account, Cursor, Delivery, Http, Page
from hub.domain.order import News

MADE = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Listed(msgspec.Struct):
    """An order as the source lists it."""

    id: str
    changed: datetime


class Answer(msgspec.Struct):
    """One page."""

    orders: list[Listed]
    next: str = ""


@dataclass
class Source:
    """The other side of any number of accounts, each at `url/<name>`."""

    page: int = 10
    orders: list[Listed] = field(default_factory=list)
    wrong: deque[Callable[[], web.Response] | None] = field(default_factory=deque)
    """One entry a request: None for a good answer."""
    asked: list[tuple[str, datetime | None, str]] = field(default_factory=list)
    """(name, since, token)."""
    held: set[str] = field(default_factory=set)
    """Names whose requests are not answered until `free` is set."""
    broken: set[str] = field(default_factory=set)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def sell(self, count: int, *, since: datetime = MADE, apart: timedelta = timedelta(seconds=1)) -> None:
        """More orders, so far apart."""
        first = len(self.orders)
        self.orders += [Listed(f"o{first + n}", since + n * apart) for n in range(count)]

    async def answer(self, request: web.Request) -> web.Response:
        """`GET /<name>/orders?since=…&token=…`"""
        name, token = request.match_info["name"], request.query.get("token", "")
        since = datetime.fromisoformat(request.query["since"]) if "since" in request.query else None
        self.asked.append((name, since, token))
        if name in self.held:
            await self.free.wait()
        if name in self.broken:
            return web.Response(status=500)
        wrong = self.wrong.popleft() if self.wrong else None
        if wrong is not None:
            return wrong()
        floor = int(token or 0)
        listed = sorted(
            (o for o in self.orders if since is None or o.changed >= since), key=lambda o: (o.changed, o.id)
        )
        rest = listed[floor : floor + self.page]
        more = str(floor + self.page) if len(listed) > floor + self.page else ""
        return web.Response(body=msgspec.json.encode(Answer(rest, more)), content_type="application/json")


@asynccontextmanager
async def serve(page: int = 10) -> AsyncIterator[Source]:
    """The source, listening."""
    source = Source(page=page)
    app = web.Application()
    app.router.add_get("/{name}/orders", source.answer)
    async with TestServer(app) as server:
        source.url = str(server.make_url("")).rstrip("/")
        try:
            yield source
        finally:
            source.free.set()


class Paged:
    """The connector."""

    about = About(
        name="paged",
        title="Paged",
        poll_every=timedelta(seconds=60),
        overlap=timedelta(minutes=5),
        production=False,
    )

    def open(self, account: Account, http: Http) -> PagedChannel:
        return PagedChannel(account, http)


class PagedChannel:
    """One account of it."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._http = http

    async def check(self) -> str:
        expect(await self._http.call("GET", f"{self.account.base_url}/orders"), "list orders")
        return "Paged"

    async def pull_orders(self, cursor: Cursor) -> Page:
        query = f"token={cursor.token}" + (f"&since={cursor.at:%Y-%m-%dT%H:%M:%S.%fZ}" if cursor.at else "")
        reply = await self._http.call("GET", f"{self.account.base_url}/orders?{query}")
        answer = msgspec.json.decode(expect(reply, "list orders"), type=Answer)
        found = tuple(
            Delivery(id=f"{order.id}:{order.changed}", topic="order", body=b"{}", occurred_at=order.changed)
            for order in answer.orders
        )
        if answer.next:
            return Page(found, Cursor(at=cursor.at, token=answer.next), more=True)
        return Page(found, Cursor(at=max((o.changed for o in answer.orders), default=cursor.at)), more=False)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return ()
