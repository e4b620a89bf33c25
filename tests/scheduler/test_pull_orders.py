"""Pulling: everything comes in, the cursor moves only behind what is committed, and one failure loses nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from hub.actions.check_account import check_account
from hub.actions.pull_orders import MOST_PAGES, Pulled, pollable, pull_orders, storable
from hub.actions.pull_position import LEASE_SECONDS
from hub.contract import Account, Delivery
from hub.errors import Conflict, Invalid, NotFound, Reconnect, Retry
from tests.scheduler.source import MADE, Listed, Source
from tests.support.world import World


async def connect(world: World, source: Source, name: str = "shop") -> int:
    """An account that was connected an hour after `MADE`."""
    account_id = await world.account("paged", name, {"base_url": f"{source.url}/{name}"})
    await world.database.plain.execute(
        "UPDATE accounts SET created_at = $2 WHERE id = $1", account_id, MADE + timedelta(hours=1)
    )
    return account_id


async def cursor(world: World, account_id: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await world.value("SELECT cursor FROM accounts WHERE id = $1", account_id))
    return found


async def at(world: World, account_id: int) -> datetime | None:
    told = (await cursor(world, account_id)).get("at")
    return None if told is None else datetime.fromisoformat(told)


async def health(world: World, account_id: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await world.value("SELECT health FROM accounts WHERE id = $1", account_id))
    return found


async def pull(world: World, account_id: int, since: datetime | None = None) -> Pulled:
    return await pull_orders(world.services, world.inbox, account_id, since)


async def kept(world: World) -> int:
    return int(await world.value("SELECT count(*) FROM inbox"))


async def test_every_page_comes_in_and_the_cursor_follows(world: World, source: Source) -> None:
    source.sell(25)
    account_id = await connect(world, source)
    assert await pull(world, account_id) == Pulled(deliveries=25, new=25, pages=3)
    assert await at(world, account_id) == MADE + timedelta(seconds=24)
    assert await world.value("SELECT polled_at FROM accounts WHERE id = $1", account_id) is not None


async def test_the_next_pull_overlaps_and_keeps_nothing_twice(world: World, source: Source) -> None:
    source.sell(25)
    account_id = await connect(world, source)
    await pull(world, account_id)
    source.orders.append(Listed("late", MADE - timedelta(minutes=2)))  # the source lags: it shows up behind the cursor
    assert (await pull(world, account_id)).new == 1
    assert source.asked[-1][1] == MADE + timedelta(seconds=24) - timedelta(minutes=5)
    assert await kept(world) == 26


async def test_the_first_pull_reaches_back_a_week(world: World, source: Source) -> None:
    source.sell(1, since=MADE - timedelta(days=6))
    source.sell(1, since=MADE - timedelta(days=8))
    account_id = await connect(world, source)
    assert (await pull(world, account_id)).new == 1
    assert source.asked[0][1] == MADE + timedelta(hours=1) - timedelta(days=7)


async def test_a_page_that_fails_leaves_the_cursor_and_keeps_what_came_before(world: World, source: Source) -> None:
    source.sell(25)
    account_id = await connect(world, source)
    source.wrong.extend([None, lambda: web.Response(status=500)])
    with pytest.raises(Retry):
        await pull(world, account_id)
    assert await at(world, account_id) is None
    assert await kept(world) == 10
    told = await health(world, account_id)
    assert told["poll"]["code"] == "retry"
    assert told["error"].endswith("it is tried again by itself")
    assert (await pull(world, account_id)).new == 15
    assert await health(world, account_id) == {}


async def test_an_html_page_is_a_failure_and_never_an_empty_page(world: World, source: Source) -> None:
    source.sell(5)
    account_id = await connect(world, source)
    source.wrong.append(lambda: web.Response(text="<html>maintenance</html>", content_type="text/html"))
    with pytest.raises(Retry):
        await pull(world, account_id)
    assert await at(world, account_id) is None


async def test_ties_in_the_same_second_are_all_pulled(world: World, source: Source) -> None:
    source.sell(37, apart=timedelta())
    account_id = await connect(world, source)
    assert (await pull(world, account_id)).new == 37


async def test_a_long_list_goes_on_where_the_last_run_ended(world: World, source: Source) -> None:
    source.sell(MOST_PAGES * 10 + 15)
    account_id = await connect(world, source)
    first = await pull(world, account_id)
    assert (first.pages, first.more) == (MOST_PAGES, True)
    assert await at(world, account_id) is None, "the cursor moves at the end only"
    second = await pull(world, account_id)
    assert (second.new, second.more) == (15, False)
    assert await at(world, account_id) == source.orders[-1].changed
    assert "page" not in await cursor(world, account_id)


async def test_a_quota_in_the_middle_of_a_list_is_waited_for_and_the_list_goes_on(world: World, source: Source) -> None:
    source.sell(25)
    account_id = await connect(world, source)
    source.wrong.extend([None, lambda: web.Response(status=429, headers={"Retry-After": "179"})])
    with pytest.raises(Retry):
        await pull(world, account_id)
    assert await at(world, account_id) is None, "the cursor moves at the end only"
    assert (await health(world, account_id))["poll"]["after"] == 179
    assert await pollable(world.services) == []
    second = await pull(world, account_id)
    assert (second.new, second.pages) == (15, 2), "what came before is not read again"
    assert await at(world, account_id) == source.orders[-1].changed
    assert await health(world, account_id) == {} and "page" not in await cursor(world, account_id)


async def test_a_page_mark_that_is_refused_is_forgotten(world: World, source: Source) -> None:
    source.sell(MOST_PAGES * 10 + 15)
    account_id = await connect(world, source)
    await pull(world, account_id)
    source.wrong.append(lambda: web.json_response({"message": "the cursor is no longer valid"}, status=422))
    with pytest.raises(Exception, match="no longer valid"):
        await pull(world, account_id)
    assert "page" not in await cursor(world, account_id)
    await pull(world, account_id)
    assert (await pull(world, account_id)).new == 15


async def test_a_list_without_end_is_noticed(world: World, source: Source) -> None:
    source.sell(25)
    account_id = await connect(world, source)
    source.wrong.extend([None, lambda: web.json_response({"orders": [], "next": "10"})])
    with pytest.raises(Retry, match="same page mark twice"):
        await pull(world, account_id)
    assert await at(world, account_id) is None


async def test_a_second_puller_is_kept_away(world: World, source: Source) -> None:
    source.sell(5)
    account_id = await connect(world, source)
    source.held.add("shop")
    first = asyncio.create_task(pull(world, account_id))
    await world.until(lambda: _asked(source))
    with pytest.raises(Conflict, match="already"):
        await pull(world, account_id)
    source.free.set()
    assert (await first).new == 5
    assert await health(world, account_id) == {}, "waiting for a turn is no failure of the channel"


async def _asked(source: Source) -> bool:
    return bool(source.asked)


async def test_a_puller_that_died_keeps_others_away_for_a_while_only(world: World, source: Source) -> None:
    source.sell(5)
    account_id = await connect(world, source)
    source.held.add("shop")
    dead = asyncio.create_task(pull(world, account_id))
    await world.until(lambda: _asked(source))
    world.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    source.held.clear()
    assert (await pull(world, account_id)).new == 5
    before = await cursor(world, account_id)
    source.free.set()
    with pytest.raises(Conflict, match="took too long"):
        await dead
    assert await cursor(world, account_id) == before, "who lost the lease moves nothing"


async def test_a_cancelled_pull_gives_the_account_back(world: World, source: Source) -> None:
    source.sell(5)
    account_id = await connect(world, source)
    source.held.add("shop")
    task = asyncio.create_task(pull(world, account_id))
    await world.until(lambda: _asked(source))
    task.cancel()
    await asyncio.wait([task])
    source.held.clear()
    assert (await pull(world, account_id)).new == 5


async def test_refused_credentials_stop_the_polling_until_a_check_heals_them(world: World, source: Source) -> None:
    account_id = await connect(world, source)
    source.wrong.append(lambda: web.Response(status=401))
    assert [target.account_id for target in await pollable(world.services)] == [account_id]
    with pytest.raises(Reconnect):
        await pull(world, account_id)
    assert await world.value("SELECT state FROM accounts WHERE id = $1", account_id) == "reconnect"
    assert "connect the account again" in (await health(world, account_id))["error"]
    assert await pollable(world.services) == []
    await check_account(world.services, account_id)
    assert await world.value("SELECT state FROM accounts WHERE id = $1", account_id) == "active"
    assert await health(world, account_id) == {}
    assert len(await pollable(world.services)) == 1


async def test_a_channel_that_asks_for_patience_gets_it(world: World, source: Source) -> None:
    account_id = await connect(world, source)
    source.wrong.append(lambda: web.Response(status=429, headers={"Retry-After": "300"}))
    with pytest.raises(Retry):
        await pull(world, account_id)
    assert await pollable(world.services) == []
    world.clock.advance(timedelta(seconds=301))
    assert len(await pollable(world.services)) == 1


async def test_reading_from_a_moment_moves_the_cursor_only_without_a_gap(world: World, source: Source) -> None:
    source.sell(25, apart=timedelta(hours=1), since=MADE - timedelta(hours=30))
    account_id = await connect(world, source)
    await pull(world, account_id)
    reached = await at(world, account_id)
    source.sell(2, since=MADE + timedelta(days=3), apart=timedelta(hours=1))
    assert (await pull(world, account_id, since=MADE + timedelta(days=3, minutes=30))).new == 1
    assert await at(world, account_id) == reached, "between the cursor and that moment an order is still to be pulled"
    assert (await pull(world, account_id, since=MADE - timedelta(days=1))).new == 1
    assert await at(world, account_id) == source.orders[-1].changed


async def test_an_order_from_the_future_does_not_hide_the_others(world: World, source: Source) -> None:
    source.orders.append(Listed("tomorrow", datetime.now(UTC) + timedelta(days=900)))
    account_id = await connect(world, source)
    await pull(world, account_id)
    reached = await at(world, account_id)
    assert reached is not None
    assert reached <= world.clock.now()
    source.sell(1, since=world.clock.now())
    assert (await pull(world, account_id)).new == 1


class Full:
    """An inbox that cannot store just now."""

    async def keep(self, account: Account, delivery: Delivery) -> bool:
        raise Retry("the store cannot take it now", after=5)


async def test_a_full_store_leaves_the_cursor(world: World, source: Source) -> None:
    source.sell(5)
    account_id = await connect(world, source)
    with pytest.raises(Retry, match="cannot take it"):
        await pull_orders(world.services, Full(), account_id)
    assert await at(world, account_id) is None
    assert (await pull(world, account_id)).new == 5


@pytest.mark.parametrize("poison", ["a\0b", "x" * 300, "", "\u202eevil"])
async def test_a_poisonous_id_does_not_hold_up_its_page(world: World, source: Source, poison: str) -> None:
    source.orders = [Listed(poison, MADE), Listed("sound", MADE)]
    account_id = await connect(world, source)
    assert (await pull(world, account_id)).new == 2
    assert (await pull(world, account_id)).new == 0, "the same poison is the same delivery"


def test_a_sound_delivery_is_kept_as_it_is() -> None:
    sound = Delivery(id="order/1:2026", topic="order", body=b"{}")
    assert storable(sound) is sound


async def test_accounts_that_cannot_be_pulled_say_so(world: World) -> None:
    carrier = await world.carrier()
    with pytest.raises(Invalid, match="no orders to pull"):
        await pull(world, carrier)
    with pytest.raises(NotFound):
        await pull(world, 12345)


async def test_orders_whose_webhooks_were_lost_are_here_after_the_next_pull(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.stock()
    told = await world.order("nordlicht", 5)
    assert world.stores is not None
    untold = list(world.stores.seed_orders(130, store="nordlicht"))
    world.stores.mischief.fail(503)
    with pytest.raises(Retry):
        await pull(world, account_id)
    pulled = await pull(world, account_id)
    assert pulled.pages == 2
    await world.drain()
    here = {row["external_id"] for row in await world.rows("SELECT external_id FROM orders")}
    assert here == {*told, *untold}
    assert await world.value("SELECT count(*) FROM orders") == 135
