"""The doors on a real PostgreSQL: one application for the whole session, a merchant of its own for every test."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from connectors import CONNECTORS
from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.actions.create_token import NewToken, create_token
from hub.actions.passwords import PASSWORDS
from hub.flow.directory import Directory
from hub.flow.inbox import Inbox
from hub.flow.intake import Intaker
from hub.ports import Ports, SystemClock, SystemRng, TimeOrderedIds
from hub.settings import Settings
from hub.store.database import Database
from hub.vault import Vault
from hub.web.app import create_app
from hub.web.services import Services
from tests.web.rows import START, Shop

KEY = base64.b64encode(b"k" * 32).decode()
PASSWORD = "correct horse battery staple"

Client = TestClient
_merchants = itertools.count(1_000)


@pytest.fixture(scope="session")
async def database(opened: Database) -> Database:
    """The open database of this test process; each test has a merchant of its own in it."""
    return opened


@pytest.fixture(scope="session")
def ids() -> TimeOrderedIds:
    """Ids of this process."""
    return TimeOrderedIds(4000)


def settings(**more: object) -> Settings:
    """Settings that read neither environment nor file."""
    return Settings.model_construct(**{**Settings.model_construct().model_dump(), **more})


@pytest.fixture(scope="session")
async def hub(database: Database, ids: TimeOrderedIds) -> AsyncIterator[Services]:
    """The services of one process; the inbox runs."""
    vault, clock = Vault([KEY]), SystemClock()
    async with AioHttp(allow_private_hosts=True) as http, Inbox(database, ids, clock) as inbox:
        accounts = Accounts(database, Tools(CONNECTORS, http, vault, allow_demo=True), clock, ids)
        yield Services(database, accounts, settings(), vault, clock, ids, SystemRng(), inbox)


@pytest.fixture(scope="session")
async def serve() -> AsyncIterator[Callable[[Services], Awaitable[Client]]]:
    """Starts an application on a port of its own; every client has its own cookies."""
    clients: list[Client] = []

    async def start(services: Services) -> Client:
        client = TestClient(TestServer(create_app(services)))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def client(hub: Services, serve: Callable[[Services], Awaitable[Client]]) -> Client:
    """A browser that has not been here before."""
    return await serve(hub)


@pytest.fixture
async def shop(database: Database, ids: TimeOrderedIds) -> Shop:
    """A merchant nobody else has, with one account."""
    made = Shop(database, ids, next(_merchants))
    await made.account()
    return made


@pytest.fixture
async def working(hub: Services, database: Database) -> AsyncIterator[None]:
    """Somebody takes in what comes, as a worker does; accounts of other tests that cannot be opened are gone."""
    await database.plain.execute(
        "UPDATE accounts SET state = 'removed' WHERE secrets = '{}' AND connector LIKE 'demo%'"
    )
    intaker = Intaker(database, Directory(database, hub.accounts), Ports(hub.clock, hub.ids, hub.rng))

    async def work() -> None:
        while True:
            if not await intaker.work():
                await asyncio.sleep(0.01)

    task = asyncio.create_task(work())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session, or a program with a token."""

    client: Client
    headers: dict[str, str]


_kept: dict[str, str] = {}


async def user(shop: Shop, role: str) -> str:
    """The address of a new user of the shop. All have one password, hashed once: a hash takes long, and must."""
    if PASSWORD not in _kept:
        _kept[PASSWORD] = await PASSWORDS.hash(PASSWORD)
    email = f"{role}-{shop.ids.next()}@example.com"
    await shop.put("users", email=email, name="", role=role, password=_kept[PASSWORD], created_at=START)
    return email


async def signed_in(client: Client, hub: Services, shop: Shop, role: str = "merchant") -> Client:
    """The client after signing in as a new user of the shop."""
    email = await user(shop, role)
    form = {"csrf": await csrf(client, "/console/sign-in"), "email": email, "password": PASSWORD}
    async with client.post("/console/sign-in", data=form, allow_redirects=False) as reply:
        assert reply.status == 303, await reply.text()
    return client


async def csrf(client: Client, path: str) -> str:
    """The token of the first form on a page."""
    async with client.get(path) as reply:
        text = await reply.text()
    return text.partition('name="csrf" value="')[2].partition('"')[0]


async def token(hub: Services, shop: Shop, role: str = "api") -> dict[str, str]:
    """Headers of a program."""
    made = await create_token(hub, NewToken(merchant_id=shop.merchant_id, name="till", role=role), "test")
    return {"Authorization": f"Bearer {made}"}


@contextlib.asynccontextmanager
async def cut_off(database: Database, table: str) -> AsyncIterator[None]:
    """Whoever uses `table` meanwhile loses the connection in the middle of it, as when the database server goes."""
    connection = await database.connect()
    await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    cutting = asyncio.create_task(_cut(connection))
    try:
        yield
    finally:
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
        await connection.close()


async def _cut(connection: asyncpg.Connection) -> None:  # type: ignore[type-arg]
    while True:
        await connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"""
        )
        await asyncio.sleep(0.02)
