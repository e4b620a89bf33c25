"""The shows' samples and shops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.nodes import Node
from tests.shows.shops import Shops, shops_of


@pytest.fixture(scope="session")
def samples(shared: Path) -> Path:
    """Recorded payloads of real shops."""
    return shared / "samples" / "shopify"


@pytest.fixture
async def shops(database: Database, node: Node, tmp_path: Path) -> AsyncIterator[Shops]:
    """One process on an empty database, without a shop yet."""
    async with shops_of(database, node, tmp_path / "mailbox") as made:
        yield made
