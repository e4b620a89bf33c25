"""New rows by COPY: as they would be by INSERT, each once, and a failure says where."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind
from hub.errors import Conflict
from hub.store import sets
from hub.store.database import Database
from tests.support.world import World

AT = datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def message(number: int, intent: str, **given: Any) -> dict[str, Any]:
    return {
        "id": number, "merchant_id": 1, "account_id": 2, "lane": "account:2", "key": 3, "kind": Kind.NOTIFY,
        "intent": intent, "payload": {"a": [1, None, "ä"], "at": AT}, "state": Outbox.PENDING, "attempts": 0,
        "unsure": False, "due_at": AT, "created_at": AT, "error": "", "subject": "", "subject_id": None,
        "receipt": None,
    } | given  # fmt: skip


async def test_copied_and_inserted_rows_are_the_same(database: Database) -> None:
    await sets.insert(database.plain, "outbox", [message(1, "copied")])
    await sets.insert(database.plain, "outbox", [message(2, "inserted")], "ON CONFLICT DO NOTHING")

    copied, inserted = (dict(row) for row in await database.plain.fetch("SELECT * FROM outbox ORDER BY id"))

    same = inserted | {"id": 1, "intent": "copied"}
    assert copied == same
    assert (copied["receipt"], copied["leased"], copied["due_at"]) == (None, False, AT.astimezone(UTC))
    assert (
        await database.plain.fetchval("SELECT count(*) FROM outbox WHERE jsonb_typeof(payload->'a'->1) = 'null'") == 2
    )


async def test_of_new_rows_those_that_are_there_stay_as_they_are(database: Database) -> None:
    await sets.insert(database.plain, "outbox", [message(1, "a", error="first")])
    rows = [message(2, "a", error="second"), message(3, "b", error="first"), message(4, "b", error="second")]

    assert await sets.insert_new(database.plain, "outbox", rows, sets.OUTBOX_KEYS) == 1
    assert await sets.insert_new(database.plain, "outbox", rows, sets.OUTBOX_KEYS) == 0

    found = await database.plain.fetch("SELECT intent, error FROM outbox ORDER BY intent")
    assert [tuple(row) for row in found] == [("a", "first"), ("b", "first")]


async def test_who_adds_the_same_at_the_same_moment_finds_it_the_next_time(world: World) -> None:
    database = world.database

    async def add() -> int:
        async with database.transaction() as tx:
            return await sets.insert_new(tx, "outbox", [message(2, "a")], sets.OUTBOX_KEYS)

    async def waits() -> bool:
        return bool(await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"))

    await sets.insert(database.plain, "outbox", [message(9, "pattern")])
    other = await database.connect()
    try:
        async with other.transaction():
            await other.execute(
                """INSERT INTO outbox SELECT (json_populate_record(o, '{"id": 1, "intent": "a"}')).* FROM outbox o"""
            )
            adding = asyncio.create_task(add())
            await world.until(waits)
    finally:
        await other.close()

    with pytest.raises(Conflict, match=r"outbox: Key \(merchant_id, intent\)=\(1, a\) already exists"):
        await adding
    assert await add() == 0


@pytest.mark.parametrize("given", [{"due_at": "2026-11-22"}, {"key": 2**64}, {"error": "\ud83d"}])
async def test_a_row_that_cannot_be_written_says_where(database: Database, given: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)) as raised:
        await sets.insert(database.plain, "outbox", [message(1, "a", **given)])

    assert "while rows were added to outbox (id, " in raised.value.__notes__[0]
    assert await database.plain.fetchval("SELECT count(*) FROM outbox") == 0
