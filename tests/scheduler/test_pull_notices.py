"""A queue of notices: what lies in it comes in once, and leaves the queue only after the commit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.http import expect
from hub.actions.pull_notices import MOST_PAGES, Noticed, noticed, pull_notices
from hub.contract import About, Account, Delivery, Http
from hub.domain.order import News
from hub.errors import Invalid, Retry
from hub.store.database import Database
from hub.store.nodes import Node
from scheduler.jobs import JOBS
from tests.support.world import World, world_of


@dataclass
class Queue:
    """The other side: hands out up to `page` notices that are not hidden, and removes those it is told to."""

    page: int = 10
    waiting: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    refuse_drops: int = 0
    broken: bool = False
    dropped: list[str] = field(default_factory=list)
    url: str = ""

    def put(self, *names: str) -> None:
        self.waiting |= {name: f"body of {name}" for name in names}

    async def fetch(self, _: web.Request) -> web.Response:
        if self.broken:
            return web.Response(status=500)
        some = [name for name in self.waiting if name not in self.hidden][: self.page]
        self.hidden |= set(some)
        return web.json_response([[name, self.waiting[name]] for name in some])

    async def drop(self, request: web.Request) -> web.Response:
        if self.refuse_drops:
            self.refuse_drops -= 1
            return web.Response(status=503)
        for name in await request.json():
            self.dropped.append(name)
            self.waiting.pop(name, None)
        return web.json_response([])


@asynccontextmanager
async def serve() -> AsyncIterator[Queue]:
    queue = Queue()
    app = web.Application()
    app.router.add_get("/notices", queue.fetch)
    app.router.add_post("/drop", queue.drop)
    async with TestServer(app) as server:
        queue.url = str(server.make_url("")).rstrip("/")
        yield queue


class Mailbox:
    """The connector."""

    about = About(name="mailbox", title="Mailbox", production=False)

    def open(self, account: Account, http: Http) -> MailboxChannel:
        return MailboxChannel(account, http)


class MailboxChannel:
    """One account of it."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._http = http

    async def check(self) -> str:
        return "Mailbox"

    async def pull_notices(self) -> tuple[Delivery, ...]:
        reply = await self._http.call("GET", f"{self.account.base_url}/notices")
        told = msgspec.json.decode(expect(reply, "fetch notices"), type=list[tuple[str, str]])
        return tuple(Delivery(id=name, topic="notice", body=body.encode()) for name, body in told)

    async def drop_notices(self, notices: Sequence[Delivery]) -> None:
        body = json.dumps([notice.id for notice in notices]).encode()
        expect(await self._http.call("POST", f"{self.account.base_url}/drop", body=body), "drop notices")

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return ()


@pytest.fixture
async def queue() -> AsyncIterator[Queue]:
    async with serve() as made:
        yield made


@pytest.fixture
async def world(database: Database, node: Node) -> AsyncIterator[World]:
    async with world_of(database, node, {"mailbox": Mailbox()}) as made:
        yield made


async def connect(world: World, queue: Queue) -> int:
    return await world.account("mailbox", "mailbox", {"base_url": queue.url})


async def kept(world: World) -> list[str]:
    return [row["delivery_id"] for row in await world.rows("SELECT delivery_id FROM inbox ORDER BY id")]


async def health(world: World, account_id: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await world.value("SELECT health FROM accounts WHERE id = $1", account_id))
    return found


async def test_a_queue_is_emptied_page_by_page(world: World, queue: Queue) -> None:
    queue.put(*(f"n{number:02d}" for number in range(25)))
    account_id = await connect(world, queue)
    assert await pull_notices(world.services, world.inbox, account_id) == Noticed(deliveries=25, new=25, pages=3)
    assert len(await kept(world)) == 25 and queue.waiting == {}
    assert await world.value("SELECT heard_at FROM accounts WHERE id = $1", account_id) is not None
    assert await pull_notices(world.services, world.inbox, account_id) == Noticed(0, 0, 0)


async def test_a_notice_that_comes_again_is_kept_once_and_dropped(world: World, queue: Queue) -> None:
    queue.put("n1")
    account_id = await connect(world, queue)
    queue.refuse_drops = 1
    with pytest.raises(Retry):
        await pull_notices(world.services, world.inbox, account_id)
    assert await kept(world) == ["n1"] and "n1" in queue.waiting, "it is kept, and still lies in the queue"
    queue.hidden.clear()
    assert await pull_notices(world.services, world.inbox, account_id) == Noticed(deliveries=1, new=0, pages=1)
    assert await kept(world) == ["n1"] and queue.waiting == {}


class Full:
    """An inbox that cannot store just now."""

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        raise Retry("the store cannot take it now", after=5)


async def test_what_is_not_committed_stays_in_the_queue(world: World, queue: Queue) -> None:
    queue.put("n1", "n2")
    account_id = await connect(world, queue)
    with pytest.raises(Retry, match="cannot take it"):
        await pull_notices(world.services, Full(), account_id)
    assert queue.dropped == [] and set(queue.waiting) == {"n1", "n2"}


async def test_a_broken_queue_is_told_with_the_account_and_stops_nothing_else(world: World, queue: Queue) -> None:
    account_id = await connect(world, queue)
    queue.broken = True
    with pytest.raises(Retry):
        await pull_notices(world.services, world.inbox, account_id)
    told = await health(world, account_id)
    assert told["notices"]["code"] == "retry" and "fetch notices" in told["error"]
    assert await world.value("SELECT state FROM accounts WHERE id = $1", account_id) == "active"
    queue.broken = False
    await pull_notices(world.services, world.inbox, account_id)
    assert await health(world, account_id) == {}


async def test_a_run_has_an_end_even_where_the_queue_has_none(world: World, queue: Queue) -> None:
    queue.page = 1
    queue.put(*(f"n{number}" for number in range(MOST_PAGES + 3)))
    account_id = await connect(world, queue)
    assert (await pull_notices(world.services, world.inbox, account_id)).pages == MOST_PAGES
    assert len(queue.waiting) == 3


async def test_poisonous_ids_are_kept_and_leave_the_queue(world: World, queue: Queue) -> None:
    queue.put("a\0b", "x" * 300)
    account_id = await connect(world, queue)
    assert (await pull_notices(world.services, world.inbox, account_id)).new == 2
    assert queue.waiting == {}


async def test_accounts_without_a_queue_are_not_asked(world: World, queue: Queue) -> None:
    store, account_id = await world.store("nordlicht"), await connect(world, queue)
    assert [target.account_id for target in await noticed(world.services)] == [account_id]
    with pytest.raises(Invalid, match="no queue"):
        await pull_notices(world.services, world.inbox, store)


def test_the_clock_fetches_notices() -> None:
    (job,) = [job for job in JOBS if job.name == "notices"]
    assert job.action is pull_notices
