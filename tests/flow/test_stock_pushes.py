"""Stock levels on their way out: marked where they change, told once with the last value, never back, read back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.compare_stock import Compared, compare_stock, stock_readers
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.reassert_stock import reassert_stock
from hub.actions.resend_message import resend_message
from hub.actions.set_allotment import set_allotment
from hub.actions.set_bundle import Bundle, set_bundle
from hub.actions.set_safety import set_safety
from hub.domain.lifecycle import Outbox
from hub.domain.promising import Allotment
from hub.errors import Conflict, Invalid, NotFound, Reject, Retry, Unknown
from hub.flow.stages import ORDERS
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk, an_order, mug
from tests.flow.shelves import bazaar_of, leveler, shelf, told
from tests.support.world import MERCHANT


@pytest.fixture
async def desk(database: Database, node: Node) -> AsyncIterator[Desk]:
    """A desk that sells through a channel with shelves."""
    async with bazaar_of(database, node) as made:
        yield made


async def waiting(desk: Desk) -> list[dict[str, Any]]:
    return [it for it in await desk.messages("push_stock") if it["state"] is Outbox.PENDING]


# ---------------------------------------------------------------- told on change


async def test_every_kind_of_change_is_told(desk: Desk) -> None:
    """Reserved, shipped, cancelled, counted, kept back, shared out: each time the level that is right now."""
    account, steps = desk.world.ids["bazaar"], []

    async def step(name: str) -> None:
        await told(desk)
        steps.append((name, shelf(desk).levels()["M"], len(shelf(desk).told)))

    order_id = await desk.routed(an_order())
    await step("reserved")
    await desk.works()
    await desk.send()
    await step("shipped")
    other = await desk.routed(an_order())
    await step("another")
    await cancel_order(desk.world.services, Cancel(merchant_id=MERCHANT, order_id=other, actor="x", reason="x"))
    await step("cancelled")
    await desk.count(MUG=50)
    await step("counted")
    await set_safety(desk.world.services, (MERCHANT, "MUG"), 10, "user:7")
    await step("kept back")
    await set_allotment(desk.world.services, (MERCHANT, account), Allotment(buffer=4, percent=50, most=15), "user:7")
    await step("share")
    await step("nothing happened")

    assert order_id
    assert [(name, level) for name, level, _ in steps] == [
        ("reserved", 98), ("shipped", 98), ("another", 96), ("cancelled", 98), ("counted", 50), ("kept back", 40),
        ("share", 15), ("nothing happened", 15),
    ]  # fmt: skip
    mugs = [level.available for level in shelf(desk).told if level.listing_id == "M"]
    assert mugs == [98, 96, 98, 50, 40, 15], "what did not change what is free is not told"
    versions = [level.version for level in shelf(desk).told if level.listing_id == "M"]
    assert versions == sorted(set(versions))
    await desk.sound()


async def test_an_order_that_is_held_is_not_for_sale_any_more(desk: Desk) -> None:
    """It is not paid: nothing is reserved, and yet nobody else is offered its two mugs."""
    order_id = await desk.take(an_order(paid=False, payments=()))
    await told(desk)
    assert await desk.holds(order_id)
    assert await desk.stock() == (100, 0)
    assert shelf(desk).levels()["M"] == 98

    await cancel_order(desk.world.services, Cancel(merchant_id=MERCHANT, order_id=order_id, actor="x", reason="x"))
    await told(desk)
    assert shelf(desk).levels()["M"] == 100


async def test_many_changes_become_one_message_with_the_last_value(desk: Desk) -> None:
    for units in range(100):
        await desk.count(MUG=500 - units)
    assert await desk.world.value("SELECT count(*) FROM stale WHERE sku = 'MUG'") == 100

    await told(desk)

    assert [(level.listing_id, level.available) for level in shelf(desk).told] == [("M", 401)]
    await desk.sound()


async def test_a_newer_level_takes_the_place_of_one_that_waits(desk: Desk) -> None:
    for units in (90, 80, 70):
        await desk.count(MUG=units)
        await leveler(desk).work()

    (message,) = await waiting(desk)
    assert json.loads(message["payload"])["available"] == 70
    dropped = [it for it in await desk.messages("push_stock") if it["state"] is Outbox.DROPPED]
    assert [it["error"] for it in dropped] == ["a newer level follows"] * 2
    await desk.send()
    assert shelf(desk).levels()["M"] == 70
    await desk.sound()


async def test_one_that_is_under_way_is_followed_not_overtaken(desk: Desk) -> None:
    book = shelf(desk)
    book.gate, book.begun = asyncio.Event(), asyncio.Event()
    await desk.count(MUG=90)
    await leveler(desk).work()
    lane = desk.lane(desk.world.ids["bazaar"])
    sending = asyncio.create_task(lane.work())
    await book.begun.wait()

    for units in (80, 70):
        await desk.count(MUG=units)
        await leveler(desk).work()
    assert await lane.work() == 0, "the one that waits is not the head of its key"
    book.gate.set()
    await sending
    await desk.send()

    assert [level.available for level in book.told] == [90, 70]
    await desk.sound()


async def test_a_level_whose_answer_was_lost_is_sent_before_the_next(desk: Desk) -> None:
    """The first may have arrived or may still: it is repeated under its key, then comes the newer one."""
    shelf(desk).fails.append(Unknown("the line went dead"))
    await desk.count(MUG=90)
    await told(desk)
    await desk.count(MUG=80)
    await leveler(desk).work()
    assert len(await waiting(desk)) == 2
    desk.world.clock.advance(timedelta(seconds=10))
    await desk.send()

    assert [level.available for level in shelf(desk).told] == [90, 80]
    await desk.sound()


async def test_what_the_channel_asked_us_to_wait_for_holds_for_the_newer_level_too(desk: Desk) -> None:
    shelf(desk).fails.append(Retry("slow down", 120.0))
    await desk.count(MUG=90)
    await told(desk)
    await desk.count(MUG=80)
    await told(desk)

    (message,) = await waiting(desk)
    assert message["attempts"] == 1
    assert len(shelf(desk).done) == 3, "the two of the beginning and the one that failed"
    desk.world.clock.advance(timedelta(seconds=121))
    await desk.send()
    assert [level.available for level in shelf(desk).told] == [80]
    await desk.sound()


async def test_many_levels_go_out_in_one_call(desk: Desk) -> None:
    account = await desk.world.account("shelf_many", "mall", {})
    skus = [f"SKU-{n:02}" for n in range(30)]
    lines = [StockLine(sku=s, location="berlin", on_hand=5, account=str(account), listing=s) for s in skus]
    await import_stock(desk.world.services, MERCHANT, lines)
    await told(desk)

    mall = shelf(desk, "mall", "shelf_many")
    assert mall.asked == ["push_stock:20", "push_stock:10"]
    assert mall.levels() == dict.fromkeys(skus, 5)


async def test_bundles_and_their_parts_are_told_together(desk: Desk) -> None:
    account = desk.world.ids["bazaar"]
    asked = Bundle(merchant_id=MERCHANT, sku="DUO", parts={"MUG": 1, "CUP": 2}, actor="user:7")
    await set_bundle(desk.world.services, asked)
    await import_stock(desk.world.services, MERCHANT, [StockLine(sku="DUO", account=str(account), listing="D")])
    await told(desk)
    assert shelf(desk).levels() == {"M": 100, "C": 100, "D": 50}

    await desk.count(CUP=7)
    await told(desk)
    assert shelf(desk).levels() == {"M": 100, "C": 7, "D": 3}

    await desk.take(an_order(lines=(mug(sku="DUO", listing_id="", quantity=2),)))
    await told(desk)
    assert shelf(desk).levels() == {"M": 98, "C": 3, "D": 1}
    await desk.sound()


async def test_two_at_once_never_tell_an_older_level_last(desk: Desk) -> None:
    """Two hosts work the marks off while stock is counted; whoever comes later has read later."""
    desk.directory.forget()

    async def count() -> None:
        for units in range(40):
            await desk.count(MUG=200 + units)

    async def level() -> None:
        for _ in range(40):
            await leveler(desk).work(limit=1)

    await asyncio.gather(count(), level(), level())
    await told(desk)

    assert shelf(desk).levels()["M"] == 239
    await desk.sound()


async def test_marks_cost_one_statement_and_only_where_something_is_free_or_not(desk: Desk) -> None:
    await desk.take(an_order())
    assert await desk.world.value("SELECT count(*) FROM stale") == 1
    await desk.works()
    await desk.send()
    await desk.works()
    assert await desk.world.value("SELECT count(*) FROM stale") == 1, "what leaves was promised already"
    await desk.runner.work(ORDERS)


async def test_a_channel_that_is_closed_is_not_told(desk: Desk) -> None:
    await desk.world.database.plain.execute("UPDATE accounts SET state = 'closed' WHERE name = 'bazaar'")
    await desk.count(MUG=5)
    await told(desk)
    assert shelf(desk).told == []
    assert await desk.world.value("SELECT count(*) FROM stale") == 0


async def test_the_worker_tells_by_itself(desk: Desk) -> None:
    async with desk.world.worker():
        await desk.count(MUG=33)

        async def heard() -> bool:
            return shelf(desk).levels().get("M") == 33

        await desk.world.until(heard)


# ---------------------------------------------------------------- re-asserted, read back, sent again


async def test_reasserting_tells_what_did_not_change_and_shares_hold(desk: Desk) -> None:
    account = desk.world.ids["bazaar"]
    await set_allotment(desk.world.services, (MERCHANT, account), Allotment(buffer=1), "user:7")
    await told(desk)
    shelf(desk).offers.clear()
    done = await reassert_stock(desk.world.services, account)
    await desk.send()
    assert (done.levels, done.uncounted) == (2, 0)
    assert shelf(desk).levels() == {"M": 99, "C": 99}
    await desk.sound()


async def compare(desk: Desk) -> Compared:
    desk.world.clock.advance(timedelta(minutes=3))
    return await compare_stock(desk.world.services, desk.world.ids["bazaar"])


async def health(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await desk.world.value("SELECT health FROM accounts WHERE name = 'bazaar'"))
    return found


async def test_a_channel_that_says_yes_and_keeps_nothing_is_found_out(desk: Desk) -> None:
    shelf(desk).deaf = True
    await desk.count(MUG=7)
    await told(desk)
    assert shelf(desk).levels()["M"] == 100

    assert await compare(desk) == Compared(listings=2, unknown=0, told_again=1)
    assert "M offers 100 instead of 7" in (await health(desk))["stock"]["error"]
    shelf(desk).deaf = False
    await desk.send()
    assert shelf(desk).levels()["M"] == 7

    assert await compare(desk) == Compared(listings=2, unknown=0, told_again=0)
    assert await health(desk) == {}, "the trace goes when all is well"
    await desk.sound()


async def test_our_own_push_seen_there_is_no_news(desk: Desk) -> None:
    await desk.count(MUG=7)
    await told(desk)
    before = len(shelf(desk).told)
    for _ in range(3):
        assert (await compare(desk)).told_again == 0
        await told(desk)
    assert len(shelf(desk).told) == before


async def test_what_is_on_its_way_is_not_compared(desk: Desk) -> None:
    await compare(desk)
    await desk.count(MUG=7)
    await leveler(desk).work()
    assert (await compare(desk)).listings == 1, "only the cups"
    shelf(desk).fails.append(Reject("no such listing"))
    await desk.send()
    assert (await compare(desk)).listings == 1, "nor what the channel refused"
    del shelf(desk).offers["C"]
    assert (await compare(desk)).unknown == 1
    assert [target.account_id for target in await stock_readers(desk.world.services)] == [desk.world.ids["bazaar"]]
    with pytest.raises(Invalid, match="does not say what it offers"):
        await compare_stock(desk.world.services, desk.shop)


async def test_a_dead_level_is_not_sent_again_after_a_newer_one(desk: Desk) -> None:
    shelf(desk).fails.append(Reject("not today"))
    await desk.count(MUG=7)
    await told(desk)
    refused = next(it for it in await desk.messages("push_stock") if it["state"] is Outbox.REFUSED)
    await resend_message(desk.world.services, MERCHANT, refused["id"], "user:7")
    await desk.send()
    assert shelf(desk).levels()["M"] == 7

    shelf(desk).fails.append(Reject("not today"))
    await desk.count(MUG=6)
    await told(desk)
    await desk.count(MUG=5)
    await told(desk)
    refused = next(it for it in await desk.messages("push_stock") if it["state"] is Outbox.REFUSED)
    with pytest.raises(Conflict, match="newer stock level"):
        await resend_message(desk.world.services, MERCHANT, refused["id"], "user:7")
    assert shelf(desk).levels()["M"] == 5


@pytest.mark.parametrize("share", [Allotment(buffer=-1), Allotment(percent=101), Allotment(most=-1)])
async def test_numbers_out_of_range_are_refused(desk: Desk, share: Allotment) -> None:
    with pytest.raises(Invalid):
        await set_allotment(desk.world.services, (MERCHANT, desk.shop), share, "user:7")
    with pytest.raises(NotFound):
        await set_allotment(desk.world.services, (2, desk.shop), Allotment(), "user:7")
    with pytest.raises(Invalid):
        await set_safety(desk.world.services, (MERCHANT, "MUG"), -1, "user:7")
    with pytest.raises(NotFound):
        await set_safety(desk.world.services, (2, "MUG"), 1, "user:7")
