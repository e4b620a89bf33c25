"""Moments come back from the store as they went in, whatever their zone, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest

from hub.domain.lifecycle import FOREVER
from hub.store.database import Database

MOMENTS = [
    FOREVER,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


async def test_one_by_one_and_as_a_list(database: Database) -> None:
    for at in MOMENTS:
        row = await database.plain.fetchrow(
            "SELECT $1::timestamptz AS at, (extract(epoch FROM $1::timestamptz) * 1000000)::bigint AS micros", at
        )
        assert row is not None and row["at"] == at
        assert row["at"].utcoffset() == timedelta(0)
        assert row["micros"] == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert await database.plain.fetchval("SELECT $1::timestamptz[]", MOMENTS) == MOMENTS
    assert await database.plain.fetchval("SELECT $1::timestamptz", None) is None


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(asyncpg.DataError, match="offset-naive"):
        await database.plain.fetchval("SELECT $1::timestamptz", datetime(2026, 3, 29))  # noqa: DTZ001 - on purpose
