"""The inbox: what arrives together is committed together, each once, and nobody is told it is safe before it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from hub.contract import Account, Delivery
from hub.errors import Retry
from hub.flow.inbox import Inbox
from hub.store.database import Database
from tests.flow.desk import Desk


async def account(desk: Desk) -> Account:
    return (await desk.world.accounts.open(desk.shop)).account


def delivery(name: str, **given: Any) -> Delivery:
    return Delivery(**{"id": name, "topic": "t", "body": b"{}"} | given)


async def kept(desk: Desk) -> list[str]:
    return [row["delivery_id"] for row in await desk.world.rows("SELECT delivery_id FROM inbox ORDER BY delivery_id")]


async def test_what_comes_together_shares_a_commit(desk: Desk) -> None:
    who, inbox = await account(desk), desk.world.inbox
    before = desk.world.database.statements

    answers = await asyncio.gather(*(inbox.keep(who, delivery(f"d{n}")) for n in range(300)))

    assert answers == [True] * 300
    assert desk.world.database.statements - before <= 3
    assert len(await kept(desk)) == 300


async def test_more_than_a_commit_holds_is_kept_all_the_same(desk: Desk) -> None:
    who, inbox = await account(desk), desk.world.inbox
    before = desk.world.database.statements

    await asyncio.gather(*(inbox.keep(who, delivery(f"d{n}")) for n in range(1200)))

    assert desk.world.database.statements - before <= 5
    assert len(await kept(desk)) == 1200


async def test_a_delivery_is_kept_once(desk: Desk) -> None:
    who, inbox = await account(desk), desk.world.inbox
    together = await asyncio.gather(*(inbox.keep(who, delivery("same", body=str(n).encode())) for n in range(5)))
    later = await inbox.keep(who, delivery("same"))

    assert together == [True, False, False, False, False]
    assert later is False
    assert await desk.world.value("SELECT body FROM inbox") == b"0", "the first word is kept verbatim"


async def test_it_is_there_once_the_answer_is(desk: Desk) -> None:
    """Seen from another connection, as another process would."""
    other = await desk.world.database.connect()
    try:
        await desk.world.inbox.keep(await account(desk), delivery("d"))
        assert await other.fetchval("SELECT count(*) FROM inbox") == 1
    finally:
        await other.close()


async def test_two_accounts_may_use_the_same_id(desk: Desk) -> None:
    other = await desk.world.account("paper_shop", "other", {})
    await desk.world.inbox.keep(await account(desk), delivery("d"))

    assert await desk.world.inbox.keep((await desk.world.accounts.open(other)).account, delivery("d"))


@pytest.mark.parametrize("name", ["a\x00b", "half \ud83d", "x" * 5000, "", "🧑‍🚀", "a\r\nb"])
async def test_an_id_that_no_column_can_hold_stops_nobody(desk: Desk, name: str) -> None:
    who, inbox = await account(desk), desk.world.inbox

    answers = await asyncio.gather(
        inbox.keep(who, delivery("before")),
        inbox.keep(who, delivery(name, topic=name)),
        inbox.keep(who, delivery("after")),
    )

    assert answers == [True, True, True]
    assert await inbox.keep(who, delivery(name)) is False


@pytest.mark.parametrize("year", [1, 9999])
async def test_a_time_that_no_column_can_hold_stops_nobody(desk: Desk, year: int) -> None:
    """It is what the sender says of itself; refusing it would hold up every later page of a poll."""
    when = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    if year == 9999:
        when = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))

    assert await desk.world.inbox.keep(await account(desk), delivery("d", occurred_at=when))

    assert await desk.world.value("SELECT count(*) FROM inbox WHERE occurred_at IS NULL") == 1


async def test_one_that_cannot_be_kept_is_refused_alone(desk: Desk) -> None:
    """An account that is gone from memory only: its merchant's number is beyond 64 bits."""
    who, inbox = await account(desk), desk.world.inbox
    nobody = Account(1, 2**70, "paper_shop", "n", who.secrets)

    answers = await asyncio.gather(
        inbox.keep(who, delivery("a")), inbox.keep(nobody, delivery("b")), inbox.keep(who, delivery("c")),
        return_exceptions=True,
    )  # fmt: skip

    assert answers[0] is answers[2] is True
    assert isinstance(answers[1], Retry)
    assert await kept(desk) == ["a", "c"]


async def test_any_bytes_are_kept_verbatim(desk: Desk) -> None:
    body = bytes(range(256)) * 4000
    await desk.world.inbox.keep(await account(desk), delivery("d", body=body))

    assert await desk.world.value("SELECT body FROM inbox") == body


@asynccontextmanager
async def no_inbox(database: Database) -> AsyncIterator[None]:
    """The table is away, as it is for a store in trouble."""
    await database.plain.execute("ALTER TABLE inbox RENAME TO inbox_away")
    try:
        yield
    finally:
        await database.plain.execute("ALTER TABLE inbox_away RENAME TO inbox")


async def test_a_store_in_trouble_asks_for_another_try_and_recovers(desk: Desk) -> None:
    who, inbox = await account(desk), desk.world.inbox
    async with no_inbox(desk.world.database):
        with pytest.raises(Retry, match="cannot take it now") as refused:
            await inbox.keep(who, delivery("d"))
    assert refused.value.after == 5

    assert await inbox.keep(who, delivery("d"))


async def test_connections_that_die_cost_a_try_and_nothing_more(desk: Desk) -> None:
    who, inbox = await account(desk), desk.world.inbox
    await inbox.keep(who, delivery("before"))
    other = await desk.world.database.connect()
    try:
        gone = await other.fetch(
            """SELECT pg_terminate_backend(pid, 30000) AS gone FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%inbox%'"""
        )
    finally:
        await other.close()
    assert {row["gone"] for row in gone} == {True}, "that of the delivery before is among them"

    for _ in range(50):
        try:
            answer = await inbox.keep(who, delivery("d"))
        except Retry:
            continue
        assert answer
        return
    raise AssertionError("the inbox did not recover")


async def test_leaving_commits_what_came_and_refuses_what_comes(desk: Desk) -> None:
    who = await account(desk)
    async with Inbox(desk.world.database, desk.world.ports.ids, desk.world.clock) as inbox:
        waiting = [asyncio.create_task(inbox.keep(who, delivery(f"d{n}"))) for n in range(700)]
        await asyncio.sleep(0)

    assert await asyncio.gather(*waiting) == [True] * 700
    with pytest.raises(Retry, match="shutting down"):
        await inbox.keep(who, delivery("late"))
