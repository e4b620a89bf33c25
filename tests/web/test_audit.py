"""The audit trail: whole under many writers, and broken by whatever is done to it behind its back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.store import audit
from hub.store.audit import Entry, Head
from hub.store.database import Database
from tests.web.rows import Shop

AT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def entry(shop: Shop, what: str = "release_hold") -> Entry:
    details = {"reason": "address", "units": 3, "yes": True, "nothing": None, "text": "Ünal \u202e ☃ \x00"}
    return Entry(merchant_id=shop.merchant_id, at=AT, actor="user:7", action=what, subject="order:1", details=details)


async def write(database: Database, shop: Shop, count: int) -> None:
    for number in range(count):
        async with database.transaction() as tx:
            await audit.append(tx, shop.ids, entry(shop, f"act_{number}"))


async def tamper(database: Database, sql: str, *args: object) -> None:
    """As somebody with the keys to the database would: the trigger that forbids it is off for a moment."""
    async with database.transaction() as tx:
        await tx.execute("ALTER TABLE audit DISABLE TRIGGER append_only")
        assert await tx.execute(sql, *args)
        await tx.execute("ALTER TABLE audit ENABLE TRIGGER append_only")


async def test_a_chain_holds(shop: Shop, database: Database) -> None:
    assert await audit.faults(database.plain, shop.merchant_id) == []
    await write(database, shop, 5)
    assert await audit.faults(database.plain, shop.merchant_id) == []
    assert (await audit.head(database.plain, shop.merchant_id)).seq == 5


async def test_many_writers_make_one_chain(shop: Shop, database: Database) -> None:
    await asyncio.gather(*(write(database, shop, 5) for _ in range(6)))
    assert (await audit.head(database.plain, shop.merchant_id)).seq == 30
    assert await audit.faults(database.plain, shop.merchant_id) == []


async def test_an_entry_stands_exactly_if_what_it_tells_of_does(shop: Shop, database: Database) -> None:
    await write(database, shop, 1)
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await audit.append(tx, shop.ids, entry(shop))
            raise RuntimeError("the action failed")
    assert (await audit.head(database.plain, shop.merchant_id)).seq == 1


@pytest.mark.parametrize("sql,fault", [
    ("UPDATE audit SET actor = 'user:8' WHERE merchant_id = $1 AND seq = 2", "entry 2 was changed"),
    ("UPDATE audit SET details = '{}' WHERE merchant_id = $1 AND seq = 2", "entry 2 was changed"),
    ("UPDATE audit SET at = at + interval '1 microsecond' WHERE merchant_id = $1 AND seq = 1", "entry 1 was changed"),
    ("DELETE FROM audit WHERE merchant_id = $1 AND seq = 2", "something was deleted"),
    ("DELETE FROM audit WHERE merchant_id = $1 AND seq = 1", "something was deleted"),
    ("UPDATE audit SET previous = repeat('0', 64) WHERE merchant_id = $1 AND seq = 2", "does not follow"),
])  # fmt: skip
async def test_tampering_shows(shop: Shop, database: Database, sql: str, fault: str) -> None:
    await write(database, shop, 4)
    await tamper(database, sql, shop.merchant_id)
    found = await audit.faults(database.plain, shop.merchant_id)
    assert len(found) == 1
    assert fault in found[0]


async def test_a_tail_that_was_cut_shows_against_a_head_kept_outside(shop: Shop, database: Database) -> None:
    await write(database, shop, 4)
    anchored = await audit.head(database.plain, shop.merchant_id)
    assert await audit.faults(database.plain, shop.merchant_id, anchored) == []
    await tamper(database, "DELETE FROM audit WHERE merchant_id = $1 AND seq > 2", shop.merchant_id)
    assert await audit.faults(database.plain, shop.merchant_id) == []
    assert "entry 4 is gone" in (await audit.faults(database.plain, shop.merchant_id, anchored))[0]
    await write(database, shop, 3)
    assert await audit.faults(database.plain, shop.merchant_id, anchored) != []
    assert await audit.faults(database.plain, shop.merchant_id, Head(4, "0" * 64)) != []


async def test_the_database_itself_forbids_changes(shop: Shop, database: Database) -> None:
    await write(database, shop, 1)
    for sql in ("UPDATE audit SET actor = 'x' WHERE merchant_id = $1", "DELETE FROM audit WHERE merchant_id = $1"):
        with pytest.raises(Exception, match="append-only"):
            await database.plain.execute(sql, shop.merchant_id)
