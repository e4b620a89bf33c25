"""What the scheduler's jobs do, each against the real other side: subscriptions, tracking, stock, products, holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.demo_store.server import StoreServer
from connectors.demo_store.server.goods import GOODS
from hub.actions.check_account import check_account
from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.reassert_stock import Reasserted, reassert_stock, stock_takers
from hub.actions.refresh_tracking import carriers, refresh_tracking
from hub.actions.repair_webhooks import hearing, repair_webhooks
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Lifecycle
from hub.errors import Invalid, Reconnect, Retry
from hub.ports import ManualClock
from tests.support.world import World


def stores(world: World) -> StoreServer:
    assert world.stores is not None
    return world.stores


async def sound(world: World) -> None:
    """The store keeps its invariants."""
    assert (await verify_store(world.database)).violations == ()


# ---------------------------------------------------------------- subscriptions


async def test_missing_subscriptions_are_made_and_what_came_meanwhile_is_pulled(world: World) -> None:
    account_id = await world.store("nordlicht")
    missed = stores(world).seed_orders(3, store="nordlicht")
    repaired = await repair_webhooks(world.services, world.inbox, account_id)
    hooks = stores(world).books["nordlicht"].hooks.values()
    assert {hook["url"] for hook in hooks} == {f"http://127.0.0.1:8080/webhooks/{account_id}"}
    assert sorted(hook["topic"] for hook in hooks) == sorted(repaired.repaired)
    assert "order.created" in repaired.repaired
    assert repaired.missed == len(missed)
    again = await repair_webhooks(world.services, world.inbox, account_id)
    assert (again.repaired, again.missed) == ((), 0)


async def test_a_subscription_that_points_elsewhere_is_moved(world: World) -> None:
    account_id = await world.store("nordlicht")
    await repair_webhooks(world.services, world.inbox, account_id)
    books = stores(world).books["nordlicht"]
    stray = next(iter(books.hooks.values()))
    stray["url"] = "http://127.0.0.1:9/old"
    assert (await repair_webhooks(world.services, world.inbox, account_id)).repaired == (stray["topic"],)
    assert "http://127.0.0.1:9/old" not in {hook["url"] for hook in books.hooks.values()}


async def test_a_channel_that_fails_leaves_its_words_on_the_account_until_it_works(world: World) -> None:
    account_id = await world.store("nordlicht")
    stores(world).mischief.fail(503)
    with pytest.raises(Retry):
        await repair_webhooks(world.services, world.inbox, account_id)
    health = json.loads(await world.value("SELECT health FROM accounts WHERE id = $1", account_id))
    assert health["webhooks"]["code"] == "retry"
    await repair_webhooks(world.services, world.inbox, account_id)
    assert await world.value("SELECT health FROM accounts WHERE id = $1", account_id) == "{}"


async def test_only_channels_that_can_reach_us_are_subscribed(world: World) -> None:
    store, carrier = await world.store("nordlicht"), await world.carrier()
    values = {"shop": "example.myshopify.com", "access_token": "shpat_x", "client_id": "c", "client_secret": "s"}
    shopify = await world.account("shopify", "far away", values)
    assert [target.account_id for target in await hearing(world.services)] == [store]
    with pytest.raises(Invalid, match="CROSSDOCK_PUBLIC_URL"):
        await repair_webhooks(world.services, world.inbox, shopify)
    with pytest.raises(Invalid, match="keeps no subscriptions"):
        await repair_webhooks(world.services, world.inbox, carrier)


# ---------------------------------------------------------------- asking who we are


async def test_checking_says_what_is_missing_and_then_that_all_is_well(world: World) -> None:
    account_id = await world.store("nordlicht")
    checked = await check_account(world.services, account_id)
    assert (checked.title, checked.webhooks) == ("Nordlicht", "missing")
    assert "order.created" in checked.missing
    assert "orders come by polling" in checked.do
    assert not checked.failed, "nothing is lost while it is polled"
    await repair_webhooks(world.services, world.inbox, account_id)
    checked = await check_account(world.services, account_id)
    assert (checked.webhooks, checked.missing, checked.failed) == ("healthy", (), False)
    assert (await check_account(world.services, await world.carrier())).webhooks == "managed there"


async def test_checking_with_a_wrong_token_asks_for_a_new_connection(world: World) -> None:
    await world.store("nordlicht")
    values = {"base_url": f"{stores(world).url}/nordlicht", "token": "wrong", "webhook_secret": "s"}
    account_id = await world.account("demo_store", "typo", values)
    with pytest.raises(Reconnect):
        await check_account(world.services, account_id)
    assert await world.value("SELECT state FROM accounts WHERE id = $1", account_id) == "reconnect"


# ---------------------------------------------------------------- tracking


async def test_parcels_nobody_heard_of_are_asked_for_and_arrive(world: World) -> None:
    await world.store("nordlicht")
    carrier = await world.carrier()
    await world.stock()
    await world.order("nordlicht", 3)
    await world.drain()
    assert world.carriers is not None
    await world.carriers.settle()
    assert (await refresh_tracking(world.services, world.inbox, carrier)).parcels == 0, "they left just now"
    world.clock.advance(timedelta(hours=13))
    assert [target.account_id for target in await carriers(world.services)] == [carrier]
    refreshed = await refresh_tracking(world.services, world.inbox, carrier)
    assert refreshed.parcels == 3
    assert refreshed.new == refreshed.deliveries > 0
    await world.drain()
    assert await world.value("SELECT count(*) FROM parcels WHERE custody = 'delivered'") == 3
    assert await world.value("SELECT count(*) FROM orders WHERE state = $1", int(Lifecycle.COMPLETED)) == 3
    await sound(world)


async def test_a_carrier_that_does_not_answer_is_told_of_on_its_account(world: World) -> None:
    await world.store("nordlicht")
    carrier = await world.carrier()
    await world.stock()
    await world.order("nordlicht", 1)
    await world.drain()
    world.clock.advance(timedelta(hours=13))
    assert world.carriers is not None
    world.carriers.mischief.fail(500)
    with pytest.raises(Retry):
        await refresh_tracking(world.services, world.inbox, carrier)
    health = json.loads(await world.value("SELECT health FROM accounts WHERE id = $1", carrier))
    assert set(health) == {"tracking", "error"}
    with pytest.raises(Invalid, match="tracks no parcels"):
        await refresh_tracking(world.services, world.inbox, world.ids["nordlicht"])


# ---------------------------------------------------------------- products and stock


async def test_products_are_imported_and_orders_that_waited_for_them_ship(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.carrier()
    await world.order("nordlicht", 3)
    await world.drain()
    assert await world.value("SELECT count(DISTINCT order_id) FROM holds WHERE state = 'open'") == 3
    imported = await import_products(world.services, account_id)
    assert (imported.products, imported.listings, imported.without_sku) == (len(GOODS), len(GOODS), 0)
    assert imported.woken == 3
    await world.stock()
    await world.drain()
    assert await world.value("SELECT count(*) FROM parcels WHERE custody = 'handed_over'") == 3
    assert await world.value("SELECT grams FROM products WHERE sku = 'TEAPOT'") == 1700
    again = await import_products(world.services, account_id)
    assert again.products == len(GOODS)
    assert await world.value("SELECT count(*) FROM products") == len(GOODS)
    await sound(world)


async def test_what_a_person_mapped_stays_mapped(world: World) -> None:
    account_id = await world.store("nordlicht")
    await import_products(world.services, account_id)
    row = (await world.rows("SELECT listing_id FROM listings WHERE sku = 'TEAPOT'"))[0]
    line = StockLine(sku="OURS", location="berlin", on_hand=4, account="nordlicht", listing=row["listing_id"])
    await import_stock(world.services, world.merchant_id, [line])
    await import_products(world.services, account_id)
    mapped = "SELECT sku FROM listings WHERE listing_id = $1"
    assert await world.value(mapped, row["listing_id"]) == "OURS"
    await import_stock(world.services, world.merchant_id, [StockLine(sku="TEAPOT", location="berlin", on_hand=1)])
    await import_products(world.services, account_id)
    assert await world.value(mapped, row["listing_id"]) == "OURS", "although the channel's own SKU is one we stock now"


async def test_a_carrier_lists_no_products_and_takes_no_stock(world: World) -> None:
    carrier = await world.carrier()
    with pytest.raises(Invalid, match="lists no products"):
        await import_products(world.services, carrier)
    with pytest.raises(Invalid, match="takes no stock"):
        await reassert_stock(world.services, carrier)


async def listed_and_stocked(world: World, on_hand: int = 1000) -> int:
    account_id = await world.store("nordlicht")
    await import_products(world.services, account_id)
    await world.stock(on_hand)
    return account_id


def levels(world: World) -> dict[str, int]:
    """What the store thinks it may sell, by SKU."""
    return {level["sku"]: level["available"] for level in stores(world).books["nordlicht"].stock.values()}


async def test_the_channel_hears_how_many_it_may_sell(world: World) -> None:
    account_id = await listed_and_stocked(world, on_hand=7)
    assert [target.account_id for target in await stock_takers(world.services)] == [account_id]
    assert await reassert_stock(world.services, account_id) == Reasserted(levels=len(GOODS), uncounted=0)
    await world.drain()
    assert levels(world) == {good.sku: 14 for good in GOODS}


async def test_what_is_promised_cannot_be_sold_again(world: World) -> None:
    account_id = await listed_and_stocked(world)
    await world.order("nordlicht", 4)
    await world.drain()
    held = await world.rows("SELECT sku, sum(reserved)::int AS units FROM stock GROUP BY sku HAVING sum(reserved) > 0")
    assert held, "without a carrier the goods stay on their shelves"
    await reassert_stock(world.services, account_id)
    await world.drain()
    assert {sku: 2000 - units for sku, units in levels(world).items() if units != 2000} == {
        row["sku"]: row["units"] for row in held
    }


async def test_a_level_that_the_channel_forgot_is_told_again_though_it_did_not_change(world: World) -> None:
    account_id = await listed_and_stocked(world)
    await reassert_stock(world.services, account_id)
    await world.drain()
    stores(world).books["nordlicht"].stock.clear()
    world.clock.advance(timedelta(hours=6))
    await reassert_stock(world.services, account_id)
    await world.drain()
    assert len(levels(world)) == len(GOODS)
    await sound(world)


async def test_only_the_newest_level_leaves(world: World) -> None:
    account_id = await listed_and_stocked(world)
    await reassert_stock(world.services, account_id)
    world.clock.advance(timedelta(hours=6))
    await reassert_stock(world.services, account_id)
    await reassert_stock(world.services, account_id)
    await world.drain()
    sent = "SELECT count(*) FROM outbox WHERE kind = 'push_stock' AND state = 9"
    assert await world.value(sent) == len(GOODS)
    assert levels(world) == {good.sku: 2000 for good in GOODS}
    await sound(world)


async def test_two_hosts_that_read_at_the_same_moment_queue_one_message(world: World) -> None:
    account_id = await listed_and_stocked(world)
    moment = ManualClock(world.clock.now())
    still = replace(world.services, clock=moment)
    for _ in range(2):
        await reassert_stock(still, account_id)
    assert await world.value("SELECT count(*) FROM outbox WHERE kind = 'push_stock' AND state = 0") == len(GOODS)


async def test_what_nobody_counted_is_left_as_it_is(world: World) -> None:
    account_id = await world.store("nordlicht")
    await import_products(world.services, account_id)
    await world.stock(5, skus=["TEAPOT"])
    assert await reassert_stock(world.services, account_id) == Reasserted(levels=1, uncounted=len(GOODS) - 1)
    await world.drain()
    assert levels(world) == {"TEAPOT": 10}
