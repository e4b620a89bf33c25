"""A real database and the parts of a running process, for the tests that need them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.ports import ManualClock
from hub.store import embedded
from hub.store.database import Database
from hub.store.nodes import Node, join
from tests.bot.world import World, world_of


@pytest.fixture(scope="session")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """An embedded PostgreSQL of this test process's own, migrated."""
    folder: Path = tmp_path_factory.mktemp("store")
    url = await asyncio.to_thread(embedded.start, folder)
    async with Database(url, pool=8) as store:
        await store.migrate()
        yield store
    await embedded.stop_if_alone(folder)


@pytest.fixture(scope="session")
async def node(database: Database) -> AsyncIterator[Node]:
    held = await join(database)
    yield held
    await held.close()


@pytest.fixture
async def world(database: Database, node: Node, tmp_path: Path) -> AsyncIterator[World]:
    """A merchant of its own, with an e-mail account that writes into a local mailbox."""
    async with world_of(database, node, ManualClock(datetime.now(UTC)), tmp_path / "mailbox") as made:
        yield made
