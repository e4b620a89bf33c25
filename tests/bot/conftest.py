"""A merchant with an e-mail account and a web chat, on the database of the test process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.ports import ManualClock
from hub.store.database import Database
from hub.store.nodes import Node
from tests.bot.world import World, world_of


@pytest.fixture
async def world(database: Database, node: Node, tmp_path: Path) -> AsyncIterator[World]:
    """The bot's own world: mails go into a local mailbox, time moves only when told."""
    async with world_of(database, node, ManualClock(datetime.now(UTC)), tmp_path / "mailbox") as made:
        yield made
