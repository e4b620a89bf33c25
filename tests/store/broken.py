"""A database whose own guards are off for a while, so that a test can break what they would have kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from hub.store.database import Database
from tests.support.database import empty

GUARDS = """
    SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, c.conname) AS off,
           format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) AS back
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE t.relnamespace = 'public'::regnamespace AND c.contype IN ('c', 'u')
    UNION ALL
    SELECT format('DROP INDEX %I', x.indexrelid::regclass::text), pg_get_indexdef(x.indexrelid)
    FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
    WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT EXISTS (
        SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)"""


@asynccontextmanager
async def unguarded(database: Database) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser's connection: no CHECK, no unique key, no trigger. Leaving empties the database and guards it."""
    connection = await database.connect()
    guards = await connection.fetch(GUARDS)
    async with connection.transaction():
        for guard in guards:
            await connection.execute(guard["off"])
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.execute("SET session_replication_role = origin")
        await empty(database)
        async with connection.transaction():
            for guard in guards:
                await connection.execute(guard["back"])
        await connection.close()


EACH = """DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' AND tablename NOT LIKE '%migrations' LOOP
        {act}
    END LOOP;
END $$"""


async def save(connection: asyncpg.Connection[Any]) -> None:
    """Keeps every row as it is now, until the connection ends."""
    act = "EXECUTE format('CREATE TEMP TABLE %I AS TABLE public.%I', 'saved_' || t, t);"
    await connection.execute(EACH.format(schema="public", act=act))


async def restore(connection: asyncpg.Connection[Any]) -> None:
    """Every row as it was saved."""
    act = """EXECUTE format('DELETE FROM public.%I', t);
        EXECUTE format('INSERT INTO public.%I SELECT * FROM %I', t, 'saved_' || t);"""
    await connection.execute(EACH.format(schema="public", act=act))
