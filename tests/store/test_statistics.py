"""Tables that grow within seconds are counted within seconds, once, and by one process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store import statistics
from hub.store.database import Database
from tests.support.world import World

GROW = """INSERT INTO products (id, merchant_id, sku, title, created_at)
    SELECT g, 1, 'S' || g, 'Thing', now() FROM generate_series($1::bigint, $2::bigint) g"""


@pytest.fixture
async def database(database: Database) -> AsyncIterator[Database]:
    """The empty database, whose server does not count `products` by itself meanwhile."""
    await database.plain.execute("ALTER TABLE products SET (autovacuum_enabled = off)")
    yield database
    await database.plain.execute("ALTER TABLE products RESET (autovacuum_enabled)")


async def known(database: Database) -> float:
    """Rows of `products` as the planner knows them."""
    return float(await database.plain.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'products'"))


async def grow(database: Database, first: int, last: int) -> None:
    """Adds rows, and waits until the server has added up what its connections did."""
    connection = await database.connect()
    try:
        await connection.execute(GROW, first, last)
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await connection.execute("SELECT 1")
    finally:
        await connection.close()


async def test_a_table_is_counted_when_it_outgrew_what_is_known(world: World) -> None:
    database = world.database
    await database.plain.execute("ANALYZE products")
    await grow(database, 1, 1000)

    assert "products" in await statistics.refresh(database)
    assert await known(database) == 1000
    assert "products" not in await statistics.refresh(database), "it is known now"

    await grow(database, 1001, 2000)
    assert "products" not in await statistics.refresh(database), "twice as many is autovacuum's"
    await grow(database, 2001, 4100)
    assert "products" in await statistics.refresh(database)
    assert await known(database) == 4100


async def test_one_process_at_a_time(world: World) -> None:
    await world.database.plain.execute("ANALYZE products")
    await grow(world.database, 1, 1000)
    other = await world.database.connect()
    try:
        await other.execute(f"BEGIN; {statistics.ALONE}")
        assert await statistics.refresh(world.database) == []
        await other.execute("COMMIT")
    finally:
        await other.close()
    assert "products" in await statistics.refresh(world.database)
