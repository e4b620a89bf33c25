"""One number per process, over all hosts of a database: what keeps ids apart."""

from __future__ import annotations

from typing import Any

import asyncpg

from hub.ports import NODES, TimeOrderedIds
from hub.store.database import Database

_CLASS = 0x63726F73
"""Namespace of our advisory locks: "cros"."""


class Node:
    """Holds a node number for as long as its connection lives, and with it the locks of outbox lanes.

    The number comes from a sequence, so that it comes around again only after 4,096 starts; the advisory lock keeps two
    living processes from ever sharing one. PostgreSQL frees both when a process dies, however it dies.
    """

    def __init__(self, database: Database, number: int, connection: asyncpg.Connection[Any]) -> None:
        self.number = number
        self.connection = connection
        self.ids = TimeOrderedIds(number)
        self._database = database

    async def renew(self) -> bool:
        """Takes the number again after its connection died; True then: whatever else was locked with it is free now.

        Raises what connecting raises while the server is away.
        """
        if not self.connection.is_closed():
            return False
        self.number, self.connection = await _take(self._database, first=self.number)
        self.ids.renumber(self.number)
        return True

    async def close(self) -> None:
        """Frees the number."""
        await self.connection.close()


async def join(database: Database) -> Node:
    """A node number of this process's own. Raises RuntimeError when all 4,096 are taken."""
    return Node(database, *await _take(database))


async def _take(database: Database, first: int | None = None) -> tuple[int, asyncpg.Connection[Any]]:
    """A free number, `first` if it still is, and the connection that holds it."""
    connection = await database.connect()
    for _ in range(NODES):
        number = int(await connection.fetchval("SELECT nextval('node_numbers')")) if first is None else first
        if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _CLASS, number):
            return number, connection
        first = None
    await connection.close()
    raise RuntimeError("all node numbers are taken: 4,096 processes already work on this database")
