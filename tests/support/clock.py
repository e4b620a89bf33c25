"""A clock for tests that wait for real things and skip the long waits, or that must not see time pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Ahead:
    """The machine's clock, plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._by = timedelta()
        self._still: datetime | None = None

    def now(self) -> datetime:
        return (self._still or datetime.now(UTC)) + self._by

    def advance(self, by: timedelta) -> None:
        """Goes on at once by `by`."""
        self._by += by

    def stop(self) -> None:
        """Stands still from now on, and goes on by `advance` alone: no midnight and no stall falls into the test."""
        self._still = datetime.now(UTC)
