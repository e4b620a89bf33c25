"""Moments on their way to and from PostgreSQL.

The driver's own codec compares each moment with both infinities, which no column of ours holds, and costs twice as
much; an order has some fifty of them, and a batch mostly the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import asyncpg

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def _sent(at: datetime) -> tuple[int]:
    """Microseconds since PostgreSQL's epoch. Raises TypeError for a moment without a zone."""
    return ((at - _EPOCH) // _MICROSECOND,)


def _read(sent: tuple[int]) -> datetime:
    """Raises OverflowError for what lies outside the years 1 to 9999, infinity too."""
    return _EPOCH + timedelta(0, 0, sent[0])


async def use(connection: asyncpg.Connection[Any]) -> None:
    """Teaches a new connection. The format is asyncpg's `tuple` for timestamptz."""
    await connection.set_type_codec("timestamptz", schema="pg_catalog", encoder=_sent, decoder=_read, format="tuple")
