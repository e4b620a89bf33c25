"""The flow on a real PostgreSQL, with channels that exist on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk
from tests.flow.paper import papers
from tests.support.world import world_of


@pytest.fixture
async def desk(database: Database, node: Node) -> AsyncIterator[Desk]:
    """A process with a shop, a carrier and a stocked location, all on paper."""
    connectors = papers()
    async with world_of(database, node, connectors) as world:
        made = Desk(world, connectors)
        await made.set_up()
        yield made
