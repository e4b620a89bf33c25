"""What every test may ask for.

`database` is an embedded PostgreSQL, migrated and empty; `world` one running process on it (see `tests.support.world`).
One server serves the whole test process, so nothing else opens a `Database` of its own: Tortoise keeps one per process.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from connectors.http import AioHttp
from hub.store.database import Database
from hub.store.nodes import Node, join
from tests.support.database import empty, server
from tests.support.world import World, world_of

# No deadline: a shared machine stalls now and then, and a slow example is not a wrong one.
settings.register_profile("local", deadline=None)
# CI takes the same examples every time, so that a commit lands by what it is, not by luck; new ones are tried wherever
# people run the tests.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
async def http() -> AsyncIterator[AioHttp]:
    """The real HTTP client, allowed to call the doubles on this machine."""
    async with AioHttp(allow_private_hosts=True) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples and contracts beside the project; tests that read it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared with its samples is not on this machine")
    return folder


@pytest.fixture(scope="session")
async def database_url() -> AsyncIterator[str]:
    """A server of this test process's own, its schema up to date."""
    async with server() as url:
        yield url


@pytest.fixture(scope="session")
async def opened(database_url: str) -> AsyncIterator[Database]:
    """The one open database of this test process, with whatever earlier tests left in it."""
    async with Database(database_url, pool=12) as database:
        yield database


@pytest.fixture(scope="session")
async def node(opened: Database) -> AsyncIterator[Node]:
    """The node number of this test process."""
    held = await join(opened)
    yield held
    await held.close()


@pytest.fixture
async def database(opened: Database) -> Database:
    """The open database, without a row."""
    await empty(opened)
    return opened


@pytest.fixture
async def world(database: Database, node: Node) -> AsyncIterator[World]:
    """One running process on an empty database."""
    async with world_of(database, node) as made:
        yield made


LONG = ("test_chaos", "test_shopify_command", "test_permutations", "test_scaffold")
"""Files that take longest: they begin first, so that no process waits for them alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the order within a file stays."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONG))
