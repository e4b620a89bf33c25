"""What the scheduler's jobs do, each against the real other side: subscriptions, tracking, stock, products, holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.demo_store.server import StoreServer
from connectors.demo_store.server.goods import GOODS
from hub.actions.check_account import check_account
from hub.actions.expire_holds import expire_holds
from hub.actions.give_up_waiting import give_up_waiting, overdue
from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.reassert_stock import Reasserted, reassert_stock, stock_takers
from hub.actions.refresh_tracking import carriers, refresh_tracking
from hub.actions.repair_webhooks import hearing, repair_webhooks
from hub.actions.verify_store import verify_store
from hub.actions.wake_forgotten import wake_forgotten
from hub.contract import Delivery
from hub.domain.lifecycle import FOREVER, Inbox, Lifecycle, Work
from hub.errors import Invalid, Reconnect, Retry
from hub.flow.directory import Directory
from hub.flow.intake import Intaker
from hub.flow.runner import Runner
from hub.flow.stages import FULFILLMENTS, LINES
from hub.ports import ManualClock
from tests.support.world import World


def stores(world: World) -> StoreServer:
    assert world.stores is not None
    return world.stores


async def sound(world: World) -> None:
    """The store keeps its invariants."""
    assert (await verify_store(world.database)).violations == ()


async def move_without_outbox(world: World) -> None:
    """Intake and both lines, but nothing leaves."""
    directory = Directory(world.database, world.accounts)
    intaker, runner = Intaker(world.database, directory, world.ports), Runner(world.database, directory, world.ports)
    while await intaker.work() + sum([await runner.work(line) for line in LINES]):
        pass


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
    assert (checked.title, checked.webhooks, checked.failed) == ("Nordlicht", "missing", True)
    assert "order.created" in checked.missing
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
    assert await world.value(mapped, row["listing_id"]) == "TEAPOT", "now the channel's own SKU is one we stock"


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


# ---------------------------------------------------------------- holds


async def test_an_overdue_hold_is_escalated_once_and_the_order_says_so(world: World) -> None:
    await world.order("nordlicht", 2)
    await world.drain()
    assert await expire_holds(world.services) == 0
    world.clock.advance(timedelta(days=15))
    due = await world.value("SELECT count(*) FROM holds WHERE state = 'open'")
    assert await expire_holds(world.services) == due >= 2
    assert await expire_holds(world.services) == 0
    assert await world.value("SELECT count(*) FROM holds WHERE state = 'escalated'") == due
    assert await world.value("SELECT count(*) FROM events WHERE kind = 'hold_escalated'") == due
    await sound(world)


async def test_an_escalated_hold_still_heals(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.carrier()
    await world.order("nordlicht", 1)
    await world.drain()
    world.clock.advance(timedelta(days=15))
    await expire_holds(world.services)
    await import_products(world.services, account_id)
    await world.stock()
    await world.drain()
    assert await world.value("SELECT count(*) FROM parcels") == 1
    await sound(world)


async def test_a_hold_of_an_order_that_is_being_worked_on_waits(world: World) -> None:
    await world.order("nordlicht", 1)
    await world.drain()
    world.clock.advance(timedelta(days=15))
    somebody = await world.database.connect()
    async with somebody.transaction():
        await somebody.execute("SELECT id FROM orders FOR UPDATE")
        assert await expire_holds(world.services) == 0
    await somebody.close()
    assert await expire_holds(world.services) > 0


# ---------------------------------------------------------------- deliveries that wait


async def cancellation(world: World, order_id: str) -> int:
    """A cancellation of an order that is not here; returns the delivery's row."""
    channel: Any = await world.accounts.open(world.ids["nordlicht"])
    told = {"order_id": order_id, "cancelled_at": world.clock.now().isoformat(), "reason": "changed their mind"}
    delivery = Delivery(id=f"cancel:{order_id}", topic="order.cancelled", body=json.dumps(told).encode())
    assert await world.inbox.keep(channel.account, delivery)
    await world.drain()
    row = (await world.rows("SELECT id, state FROM inbox WHERE delivery_id = $1", delivery.id))[0]
    assert row["state"] == Inbox.WAITING
    return int(row["id"])


async def test_an_order_that_never_comes_is_pulled_for_once_then_given_up(world: World) -> None:
    account_id = await world.store("nordlicht")
    row_id = await cancellation(world, "ord_nowhere")
    assert await overdue(world.services) == []
    world.clock.advance(timedelta(hours=25))
    assert [target.account_id for target in await overdue(world.services)] == [account_id]
    assert (await give_up_waiting(world.services, world.inbox, account_id)).helped == 1
    assert await overdue(world.services) == [], "it gets an hour"
    world.clock.advance(timedelta(hours=2))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).set_aside == 1
    row = (await world.rows("SELECT state, error FROM inbox WHERE id = $1", row_id))[0]
    assert row["state"] == Inbox.SET_ASIDE
    assert row["error"].startswith("order ord_nowhere never came: ")


async def test_a_pull_brings_the_order_that_a_delivery_waits_for(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.stock()
    [order_id] = stores(world).seed_orders(1, store="nordlicht")
    row_id = await cancellation(world, order_id)
    world.clock.advance(timedelta(hours=25))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).helped == 1
    await world.drain()
    assert await world.value("SELECT state FROM inbox WHERE id = $1", row_id) == Inbox.DONE
    assert await world.value("SELECT state FROM orders") == Lifecycle.CANCELLED
    await sound(world)


async def test_a_channel_that_is_down_gets_three_days(world: World) -> None:
    account_id = await world.store("nordlicht")
    await cancellation(world, "ord_nowhere")
    world.clock.advance(timedelta(hours=25))
    stores(world).mischief.fail(500)
    with pytest.raises(Retry):
        await give_up_waiting(world.services, world.inbox, account_id)
    assert len(await overdue(world.services)) == 1, "it waits on"
    world.clock.advance(timedelta(hours=48))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).set_aside == 1


async def test_where_nothing_can_be_pulled_waiting_ends_after_a_day(world: World) -> None:
    carrier = await world.carrier()
    await world.database.plain.execute(
        """INSERT INTO inbox (id, merchant_id, account_id, delivery_id, topic, body, received_at, state, due_at, about)
           VALUES (1, 1, $1, 'd', 't', '', $2, $3, $2, 'ord_x')""",
        carrier, world.clock.now(), int(Inbox.WAITING),
    )  # fmt: skip
    world.clock.advance(timedelta(hours=25))
    assert (await give_up_waiting(world.services, world.inbox, carrier)).set_aside == 1
    assert "cannot be pulled" in await world.value("SELECT error FROM inbox")


# ---------------------------------------------------------------- what a lost wake leaves behind


async def test_there_is_normally_nothing_to_wake(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 3)
    await world.drain()
    assert await wake_forgotten(world.services) == 0


async def test_a_label_that_nobody_was_woken_for_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 1)
    await move_without_outbox(world)
    label = {
        "external_id": "lbl",
        "carrier": "c",
        "service": "s",
        "tracking_number": "T1",
        "cost": 1,
        "currency": "EUR",
    }
    answered = await world.database.plain.execute(
        "UPDATE outbox SET state = 9, sent_at = $1, receipt = $2 WHERE kind = 'buy_label'",
        world.clock.now(), json.dumps({"label": label}),
    )  # fmt: skip
    assert answered == 1
    assert await wake_forgotten(world.services) == 1
    assert await wake_forgotten(world.services) == 0
    await move_without_outbox(world)
    assert await world.value("SELECT state FROM fulfillment_orders") == Work.DISPATCHED


async def test_a_scan_that_nobody_looked_at_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 1)
    await world.drain()
    parcel = (await world.rows("SELECT id, merchant_id FROM parcels"))[0]
    now = world.clock.now()
    await world.database.plain.execute(
        """INSERT INTO scans (id, merchant_id, parcel_id, external_id, status, at, recorded_at)
           VALUES ($1, $2, $3, 's1', 'delivered', $4, $4)""",
        world.ports.ids.next(), parcel["merchant_id"], parcel["id"], now,
    )  # fmt: skip
    assert await wake_forgotten(world.services) == 1
    runner = Runner(world.database, Directory(world.database, world.accounts), world.ports)
    await runner.work(FULFILLMENTS)
    await world.database.plain.execute("UPDATE orders SET due_at = $1", FOREVER)  # the order's own wake is lost as well
    assert await wake_forgotten(world.services) == 1
    await world.drain()
    assert await world.value("SELECT state FROM orders") == Lifecycle.COMPLETED
    await sound(world)


async def test_a_delivery_whose_order_came_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.stock()
    row_id = await cancellation(world, "ord_later")
    [order_id] = await world.order("nordlicht", 1)
    await world.drain()
    await world.database.plain.execute("UPDATE inbox SET about = $2 WHERE id = $1", row_id, order_id)
    assert await wake_forgotten(world.services) == 1
