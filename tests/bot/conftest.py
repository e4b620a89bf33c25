"""A real database and the parts of a running process, for the tests that need them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.ports import ManualClock
from hub.store.database import Database
from hub.store.nodes import Node
from tests.bot.world import World, world_of


@pytest.fixture(scope="session")
async def database(opened: Database) -> Database:
    """The open database of this test process; each test has a merchant of its own in it."""
    return opened


@pytest.fixture
async def world(database: Database, node: Node, tmp_path: Path) -> AsyncIterator[World]:
    """A merchant of its own, with an e-mail account that writes into a local mailbox."""
    async with world_of(database, node, ManualClock(datetime.now(UTC)), tmp_path / "mailbox") as made:
        yield made
