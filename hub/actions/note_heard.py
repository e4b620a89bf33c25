"""Keep when an account was last heard of, for the people who wonder whether it still sends; and that it has news."""

from __future__ import annotations

import time
from collections.abc import Mapping

from hub.actions.nudge_account import note_nudge
from hub.contract import Account
from hub.ports import Clock
from hub.store.database import Database

EVERY_SECONDS = 20.0


class Heard:
    """One process's part of it: writes at most so often for each account."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[int, float] = {}

    def is_due(self, account_id: int) -> bool:
        """Whether the last note is long enough ago. Costs nothing: it is asked for every delivery."""
        return time.monotonic() - self._noted.get(account_id, -EVERY_SECONDS) >= EVERY_SECONDS

    async def note(self, account_id: int) -> None:
        """Writes it down. Raises what the database's driver raises."""
        self._noted[account_id] = time.monotonic()
        await self._database.plain.execute(
            "UPDATE accounts SET heard_at = $2 WHERE id = $1", account_id, self._clock.now()
        )

    async def note_nudge(self, heard: Account, about: Mapping[str, str]) -> None:
        """A delivery said only that something changed: see `nudge_account.note_nudge`."""
        await note_nudge(self._database, self._clock, heard, about)
