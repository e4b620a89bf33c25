"""Whether this process can take work: the database answers, and the schema is the one this version was written for."""

from __future__ import annotations

import asyncio

from hub.errors import Retry
from hub.store.database import Database

ANSWER_SECONDS = 2.0


class Readiness:
    """Asks the database each time; looks at migrations until they are done once, because they are never undone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._migrated = False

    async def check(self) -> None:
        """Returns when ready. Raises `Retry` naming what is missing, or what the database's driver raises."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._database.plain.fetchval("SELECT 1")
        if not self._migrated:
            pending = await self._database.pending_migrations()
            if pending:
                raise Retry(f"migrations are missing: {', '.join(pending)}; run `python main.py migrate`", after=10)
            self._migrated = True
