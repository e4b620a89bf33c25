"""A store on the real hub: ping and deliveries at its door, an order all the way to `completed`, and no echo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.pull_orders import pull_orders
from hub.actions.repair_webhooks import repair_webhooks
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import HOOK_SECRET, KEY, SECRET, seconds
from tests.support.world import PLACES, World

PING = {"Content-Type": "application/x-www-form-urlencoded"}
NAME = "Smith & Daughters"


@dataclass
class Shop:
    """A store, connected to a hub with a carrier and goods on its shelves."""

    world: World
    double: WooDouble
    account_id: int
    door: str = ""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        reply = await self.world.http.call("POST", self.door, headers=headers, body=body)
        return reply.status

    async def deliver(self, times: int = 1) -> list[int]:
        """Posts what the store has to post, at its own door."""
        posted, self.double.store.posted = self.double.store.posted, []
        return [await self.post(it.body, it.headers) for it in posted for _ in range(times)]

    async def pull(self) -> Any:
        return await pull_orders(self.world.services, self.world.inbox, self.account_id)

    async def orders(self) -> list[Any]:
        return list(await self.world.rows("SELECT external_id, state, total, words FROM orders ORDER BY external_id"))


@pytest.fixture
async def shop(world: World, double: WooDouble) -> AsyncIterator[Shop]:
    values = {
        "base_url": double.url,
        "consumer_key": KEY,
        "consumer_secret": SECRET,
        "webhook_secret": HOOK_SECRET,
    }
    account_id = await world.account("woocommerce", NAME, values)
    await world.connected_at(account_id, double.store.clock)
    await world.carrier()
    await world.stock(skus=["none of the demo's"])
    double.store.orders.clear()
    made = Shop(world, double, account_id, await world.door(NAME))
    known = {"public_url": made.door.partition("/webhooks/")[0]}
    services = replace(world.services, settings=world.services.settings.model_copy(update=known))
    await repair_webhooks(services, world.inbox, account_id)
    await import_products(services, account_id)
    lines = [
        StockLine(sku=sku, location=place.code, on_hand=50, title=sku, grams=200)
        for sku in ("SCARF", "LAMP-RED")
        for place in PLACES
    ]
    await import_stock(services, world.merchant_id, lines)
    yield made


async def test_the_ping_is_answered_and_leaves_nothing(shop: Shop) -> None:
    assert {hook["delivery_url"] for hook in shop.double.store.webhooks.values()} == {shop.door}
    before = await shop.world.value("SELECT count(*) FROM inbox")
    assert await shop.post(b"webhook_id=17", PING) == 200
    assert await shop.post(b"webhook_id=17&id=3", PING) == 401
    assert await shop.world.value("SELECT count(*) FROM inbox") == before


async def test_one_order_however_it_comes(shop: Shop) -> None:
    """Twice created, twice updated in the same second, the later first, and pulled besides."""
    store = shop.double.store
    store.add_order(order_of(800, status="pending", date_paid_gmt=None))
    store.change(800, status="processing", date_paid_gmt="2026-11-20T09:00:00")
    store.posted.reverse()
    assert set(await shop.deliver(times=2)) == {200}
    await shop.pull()
    await shop.world.drain()
    (order,) = await shop.orders()
    assert (order["external_id"], order["total"]) == ("800", 8437)
    assert "processing" in order["words"]
    assert await shop.world.value("SELECT count(*) FROM holds WHERE state = 'open'") == 0


async def test_an_order_is_shipped_told_and_its_echo_changes_nothing(shop: Shop) -> None:
    store = shop.double.store
    store.add_order(order_of(800))
    await shop.deliver()

    async def completed() -> bool:
        return bool(store.orders[800]["status"] == "completed")

    async with shop.world.worker():
        await shop.world.until(completed)
        parcels = await shop.world.rows("SELECT tracking_number FROM parcels")
        (entry,) = [it["value"] for it in store.orders[800]["meta_data"] if it["key"] == "_wc_shipment_tracking_items"]
        assert {it["tracking_number"] for it in entry} == {row["tracking_number"] for row in parcels}
        assert await shop.deliver() == [200], "the store tells us of what we have just done"
        store.clock += timedelta(seconds=1)
        await shop.pull()
        await shop.world.until(lambda: _idle(shop))
    assert await shop.world.value("SELECT count(*) FROM holds") == 0
    assert await shop.world.value("SELECT count(*) FROM outbox WHERE error <> ''") == 0
    assert len([it for it in store.emails if it.startswith("completed")]) == 1


async def test_an_order_that_was_thrown_away_is_cancelled(shop: Shop) -> None:
    """Its webhook was lost, and the poll finds it in the trash."""
    store = shop.double.store
    store.add_order(order_of(800, status="on-hold", date_paid_gmt=None))
    await shop.deliver()
    await shop.world.drain()
    store.clock += seconds(30)
    store.trash(800)
    store.posted.clear()
    await shop.pull()
    await shop.world.drain()
    assert await shop.world.value("SELECT cancelled_at IS NOT NULL FROM orders") is True
    assert await shop.world.value("SELECT count(*) FROM holds WHERE state = 'open'") == 0


async def _idle(shop: Shop) -> bool:
    await asyncio.sleep(0)
    busy = "SELECT (SELECT count(*) FROM inbox WHERE state = 0) + (SELECT count(*) FROM outbox WHERE state < 9)"
    return not await shop.world.value(busy)
