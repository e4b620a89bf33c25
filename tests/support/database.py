"""One embedded PostgreSQL for each process of the test run, emptied between the tests that ask for it empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from hub.store import embedded
from hub.store.database import Database

UNSAFE = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""This server is thrown away with the run; tests of crashes start one of their own."""

EMPTY = """DO $$ DECLARE t text; used boolean; filled text[] := '{}'; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migrations' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', t) INTO used;
        IF used THEN filled := filled || quote_ident(t); END IF;
    END LOOP;
    IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', '); END IF;
END $$"""


LEFT_OPEN = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """A server with its schema up to date; yields its URL.

    Its folder is not below pytest's: as root the server runs as a user of its own, and every pytest that starts closes
    `/tmp/pytest-of-root` to others, the servers of runs at work included.
    """
    with TemporaryDirectory(prefix="crossdock-", ignore_cleanup_errors=True) as name:
        async with running(Path(name)) as url:
            yield url


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[str]:
    """The server of `folder`."""
    url = await asyncio.to_thread(embedded.start, folder)
    connection = await asyncpg.connect(dsn=url)
    for setting in UNSAFE:
        await connection.execute(f"ALTER SYSTEM SET {setting}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await Database(url).migrate()
    try:
        yield url
    finally:
        connection = await asyncpg.connect(dsn=url)
        await connection.execute(LEFT_OPEN)
        await connection.close()
        await embedded.stop_if_alone(folder)


async def empty(database: Database) -> None:
    """Removes every row of every table; a table that has none costs one look."""
    await database.plain.execute(EMPTY)
