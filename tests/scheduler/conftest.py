"""A world whose accounts can also be of a source that does as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store.database import Database
from hub.store.nodes import Node
from tests.scheduler.source import Paged, Source, serve
from tests.support.world import World, world_of


@pytest.fixture
async def world(database: Database, node: Node) -> AsyncIterator[World]:
    """One running process that also knows the connector `paged`."""
    async with world_of(database, node, {"paged": Paged()}) as made:
        yield made


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    """The other side of `paged`."""
    async with serve() as made:
        yield made
