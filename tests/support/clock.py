"""A clock for tests that wait for real things and skip the long waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Ahead:
    """The machine's clock, plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by

    def advance(self, by: timedelta) -> None:
        """Goes on at once by `by`."""
        self._by += by
