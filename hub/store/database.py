"""Embedded or external PostgreSQL behind one face: transactions, statements, notifications, migrations."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from tortoise import Tortoise, connections
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.api.migrate import migrate
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

from hub.errors import Conflict
from hub.store import schema

Row: TypeAlias = "asyncpg.Record"
CHANNEL = "crossdock"
"""The one notification channel; the payload says which kind of work arrived."""

CUT = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a connection raises that was cut. The last (asyncpg 0.32): a statement met the server's farewell."""


class Tx:
    """Statements of one transaction, or of none: plain SQL with $1 placeholders on the ORM's own connection.

    ORM calls made inside the `async with` of `Database.transaction` join the same transaction.
    """

    __slots__ = ("_client", "_database")

    def __init__(self, client: BaseDBAsyncClient, database: Database) -> None:
        self._client = client
        self._database = database

    async def fetch(self, sql: str, *args: object) -> list[Row]:
        """All rows."""
        self._database.statements += 1
        async with self._client.acquire_connection() as connection:
            rows: list[Row] = await connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        """The first row, or None."""
        self._database.statements += 1
        async with self._client.acquire_connection() as connection:
            return await connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - the column's own type
        """The first column of the first row, or None."""
        self._database.statements += 1
        async with self._client.acquire_connection() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """The number of rows the statement touched."""
        self._database.statements += 1
        async with self._client.acquire_connection() as connection:
            status: str = await connection.execute(sql, *args)
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def copy(self, table: str, columns: Sequence[str], records: Sequence[Sequence[object]]) -> int:
        """Adds rows by COPY, in binary: for a batch a third of what INSERT costs the server. JSON goes in as text.
        Raises what INSERT would; there is no ON CONFLICT. Returns how many went in."""
        self._database.statements += 1
        async with self._client.acquire_connection() as connection:
            try:
                await connection.copy_records_to_table(table, columns=columns, records=records)
            except (TypeError, ValueError, OverflowError) as error:  # the driver's own, which names no place
                error.add_note(f"while rows were added to {table} ({', '.join(columns)})")
                raise
        return len(records)


class Database:
    """One PostgreSQL. `statements` counts what was sent, for the benchmark's statements per order."""

    def __init__(self, url: str, pool: int = 10) -> None:
        self.url = url
        self.statements = 0
        self._pool = pool
        self._listener: asyncpg.Connection[Any] | None = None
        self._wakers: dict[str, list[Callable[[], None]]] = {}
        self._listening = asyncio.Lock()

    async def open(self) -> None:
        """Connects. Raises OSError or asyncpg's errors when the server cannot be reached."""
        await Tortoise.init(config=schema.config(self.url, self._pool))

    async def close(self) -> None:
        """Gives every connection back."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None
        await connections.close_all(discard=True)

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """One transaction: committed at the end, rolled back on any exception."""
        opening, outer = in_transaction("default"), connections.get("default")
        try:
            async with opening as client:
                yield Tx(client, self)
        finally:
            if connections.get("default") is not outer:
                await _abandon(opening)
                connections.set("default", outer)

    @contextlib.asynccontextmanager
    async def batch(self) -> AsyncIterator[Tx]:
        """A transaction of the hot path: the plan of a statement is kept whatever its arguments are. Batches differ in
        their ids only, and plans made anew for each were a twentieth of the server's work."""
        async with self.transaction() as tx:
            await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            yield tx

    @property
    def plain(self) -> Tx:
        """Single statements, each its own transaction."""
        return Tx(connections.get("default"), self)

    async def migrate(self) -> None:
        """Brings the schema up to date. Processes that start together take turns."""
        connection = await self.connect()
        try:
            await connection.execute("SELECT pg_advisory_lock(hashtext('crossdock:migrate'))")
            await migrate(config=schema.config(self.url, self._pool))
        finally:
            await connection.close()

    async def pending_migrations(self) -> list[str]:
        """Names of migrations that the store still lacks. Asks on the connections there are, so it may be called while
        others work: Tortoise's own `migrate` begins anew and closes them. Raises what a store out of reach raises."""
        await self.plain.fetchval("SELECT 1")  # the plan takes a store that does not answer for an empty one
        apps = schema.config(self.url, self._pool)["apps"]
        plan = await MigrationExecutor(connections.get("default"), apps).plan()
        return [step.migration.name for step in plan]

    async def connect(self) -> asyncpg.Connection[Any]:
        """A connection of one's own, outside the pool: for locks and notifications that live as long as it does."""
        given = schema.credentials(self.url, 1)
        for name in ("minsize", "maxsize", "reset", "init"):
            given.pop(name)
        connection: asyncpg.Connection[Any] = await asyncpg.connect(**given)
        return connection

    # ------------------------------------------------------------ waking

    async def listen(self, work: str, wake: Callable[[], None]) -> None:
        """Calls `wake` whenever a transaction that announced `work` commits, on this host or another."""
        self._wakers.setdefault(work, []).append(wake)
        await self._make_listener()

    async def _make_listener(self) -> None:
        """The one connection that hears; those who ask at the same time share it."""
        async with self._listening:
            if self._listener is None:
                connection = await self.connect()
                await connection.add_listener(CHANNEL, self._hear)
                connection.add_termination_listener(self._lost)
                self._listener = connection

    def _hear(
        self, _connection: asyncpg.Connection[Any] | PoolConnectionProxy[Any], _pid: int, _name: str, payload: object
    ) -> None:
        for work in str(payload).split(","):
            for wake in self._wakers.get(work, ()):
                wake()

    def _lost(self, _connection: asyncpg.Connection[Any] | PoolConnectionProxy[Any]) -> None:
        """The listener died with the server; workers poll anyway, and the next `ensure_listening` makes a new one."""
        self._listener = None

    async def ensure_listening(self) -> None:
        """Makes the listener again after the server went away; cheap when there is nothing to do."""
        if self._wakers and self._listener is None:
            with contextlib.suppress(*CUT, asyncpg.PostgresError, asyncio.TimeoutError):
                await self._make_listener()


async def _abandon(opening: object) -> None:
    """Gives the connection of a transaction back that could not begin, or end, because the server went away: Tortoise
    (1.1.9) would keep it, and go on using it for whatever its task does next."""
    client = getattr(opening, "client", None)
    pool, connection = getattr(getattr(client, "_parent", None), "_pool", None), getattr(client, "_connection", None)
    if pool is not None and connection is not None:
        with contextlib.suppress(*CUT, asyncpg.PostgresError):
            await pool.release(connection)


async def announce(tx: Tx, *work: str) -> None:
    """Wakes whoever listens for any of `work`, once this transaction commits; one statement a batch, never a row."""
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, ",".join(sorted(set(work))))


def version_guard(expected: int, found: int, what: str) -> None:
    """Raises `Conflict` when a guarded statement did not touch every row: somebody moved one since it was read."""
    if expected != found:
        raise Conflict(f"{what}: {found} of {expected} rows were as they had been read; the batch is rolled back")


__all__ = ["CUT", "Database", "Row", "Sequence", "Tx", "announce", "version_guard"]
