"""The flow on a real PostgreSQL, with channels that exist on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import structlog

from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk
from tests.flow.paper import papers
from tests.support.world import world_of

# Logs as the product writes them; structlog's own default spends seconds on drawing the locals of every frame.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
async def desk(database: Database, node: Node) -> AsyncIterator[Desk]:
    """A process with a shop, a carrier and a stocked location, all on paper."""
    connectors = papers()
    async with world_of(database, node, connectors) as world:
        made = Desk(world, connectors)
        await made.set_up()
        yield made
