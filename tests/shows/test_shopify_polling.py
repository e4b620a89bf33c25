"""What webhooks lose, polling brings: every order of the shop once, as it stands there, whatever came before."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.actions.import_products import import_products
from hub.actions.pull_orders import Pulled, pull_orders
from hub.actions.verify_store import verify_store
from hub.errors import Retry
from tests.connectors.shopify.server import SEEDED_FROM, ShopifyDouble
from tests.shows.expected import SAMPLES
from tests.shows.shops import Shops, body, open_holds
from tests.shows.test_shopify_replay import LATER, exact

MAIN = "Main street"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SMALL = 80.0
"""What one document may cost at most, so that a page holds ten orders."""


async def pull(shops: Shops, since: datetime | None = None) -> Pulled:
    """`python main.py channel pull`, or what the scheduler does every five minutes."""
    pulled = await pull_orders(shops.world.services, shops.world.inbox, shops.world.ids[MAIN], since)
    await shops.world.drain()
    return pulled


async def test_a_backfill_brings_what_no_webhook_told(shops: Shops, samples: Path) -> None:
    double = await shops.open(MAIN)
    for name in SAMPLES:
        double.add_order_from_webhook(body(samples / f"{name}.json"))
    pulled = await pull(shops, LONG_AGO)
    assert (pulled.deliveries, pulled.new, pulled.more) == (4, 4, False)
    assert await shops.world.value("SELECT count(*) FROM orders") == 4
    for name in ("pyapi_order", "goshopify_order", LATER, "webhook2025_order_create_dis2"):
        told = SAMPLES[name]
        order = await shops.order(MAIN, told.order)
        # Card digits come by webhook only.
        exact(order, told._replace(payment=(*told.payment[:4], "")))
        assert await shops.ledger(order) == dict(told.ledger)
    again = await pull(shops, LONG_AGO)
    assert (again.deliveries, again.new) == (4, 0)


async def test_a_poll_after_the_webhooks_changes_nothing(shops: Shops, samples: Path) -> None:
    double = await shops.open(MAIN)
    files = [samples / f"{name}.json" for name in ("pyapi_order", LATER, "webhook2025_order_create_dis2")]
    for file in files:
        double.add_order_from_webhook(body(file))
    await shops.replay(MAIN, files)
    await shops.world.drain()
    before = {number: await shops.order(MAIN, number) for number in double.state.orders}
    await pull(shops, LONG_AGO)
    for number, order in before.items():
        after = await shops.order(MAIN, number)
        assert (after.lines, after.payments[0].captured) == (order.lines, order.payments[0].captured)
        assert (after.phase, open_holds(after)) == (order.phase, open_holds(order))
    assert await shops.world.value("SELECT count(*) FROM orders") == 3


# ---------------------------------------------------------------- storms


class Storm:
    """Webhooks of a shop as the network brings them: a tenth of them never, the others 1 to 5 times, shuffled."""

    def __init__(self, shops: Shops, double: ShopifyDouble, seed: int) -> None:
        self.shops = shops
        self.double = double
        self.rng = random.Random(seed)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.lost = 0

    def buy(self, count: int) -> None:
        """New orders; many of them in the same second."""
        for number in self.double.seed_orders(count):
            self.told.append(("orders/create", copy.deepcopy(self.double.state.orders[number])))

    def change(self, count: int) -> None:
        """Later news of orders that are there: a note, or the end."""
        for number in self.rng.sample(sorted(self.double.state.orders), count):
            order = copy.deepcopy(self.double.state.orders[number])
            later = datetime.fromisoformat(order["updated_at"]) + timedelta(seconds=self.rng.randint(1, 90))
            order["updated_at"] = later.isoformat()
            topic = self.rng.choice(("orders/updated", "orders/cancelled"))
            if topic == "orders/cancelled" and not order.get("cancelled_at"):
                order |= {"cancelled_at": later.isoformat(), "cancel_reason": "customer"}
            else:
                order["note"] = f"changed at {later.isoformat()}"
            self.double.add_order_from_webhook(order)
            self.told.append((topic, order))

    async def rage(self) -> None:
        """Delivers what was not told yet, several at once, with work going on in between."""
        heard = [one for one in self.told if self.rng.random() >= 0.1]
        self.lost += len(self.told) - len(heard)
        self.told = []
        kept = [one for one in heard for _ in range(self.rng.randint(1, 5))]
        self.rng.shuffle(kept)
        url = await self.shops.world.door(MAIN)
        for start in range(0, len(kept), 12):
            burst = [self.double.send(url, topic, order) for topic, order in kept[start : start + 12]]
            assert set(await asyncio.gather(*burst)) == {200}
            if self.rng.random() < 0.3:
                await self.shops.world.drain()


async def as_at_shopify(shops: Shops, double: ShopifyDouble) -> None:
    """Every order of the shop is here exactly once, and as it stands there."""
    rows = await shops.world.rows("SELECT external_id, revised_at, note, total, cancelled_at FROM orders")
    here = [(r["external_id"], r["revised_at"], r["note"], r["total"], r["cancelled_at"]) for r in rows]
    there = [
        (number, _at(o["updated_at"]), o.get("note") or "", 2000, _at(o.get("cancelled_at")))
        for number, o in double.state.orders.items()
    ]
    assert sorted(here, key=str) == sorted(there, key=str)
    assert await shops.world.value("SELECT count(*) FROM inbox WHERE state <> 9") == 0
    assert (await verify_store(shops.world.database)).violations == ()


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_storm_and_a_poll_end_as_at_shopify(shops: Shops, seed: int) -> None:
    double = await shops.open(MAIN, official=False)
    double.dearest = SMALL
    storm = Storm(shops, double, seed)
    since: datetime | None = SEEDED_FROM - timedelta(days=1)
    short = 0
    for _ in range(3):
        storm.buy(25)
        storm.change(12)
        await storm.rage()
        await shops.world.drain()
        short += len(double.state.orders) - await shops.world.value("SELECT count(*) FROM orders")
        pulled = await pull(shops, since)
        assert pulled.pages > 1 and not pulled.more
        await as_at_shopify(shops, double)
        since = None
    assert storm.lost > 0 and short > 0, "nothing was lost, so nothing was shown"
    assert len(double.state.orders) == 75


async def test_a_page_that_fails_loses_nothing(shops: Shops) -> None:
    """The cursor stays where it was: the next poll begins there again, and what came is not kept twice."""
    double = await shops.open(MAIN, official=False)
    double.dearest = SMALL
    double.seed_orders(35)
    since = SEEDED_FROM - timedelta(days=1)
    double.serve_first(3)
    double.fail(503)
    with pytest.raises(Retry):
        await pull(shops, since)
    came = await shops.world.value("SELECT count(*) FROM inbox")
    assert 0 < came < 35
    (row,) = await shops.world.rows("SELECT cursor, health FROM accounts")
    assert "at" not in json.loads(row["cursor"]) and json.loads(row["health"])["poll"]["code"] == "retry"
    pulled = await pull(shops, since)
    assert (pulled.deliveries, pulled.new) == (35, 35 - came)
    await as_at_shopify(shops, double)


async def test_products_of_the_shop_heal_what_they_name(shops: Shops, samples: Path) -> None:
    """`channel pull --products`: variants become products of ours; one without a SKU is somebody's to name."""
    double = await shops.open(MAIN)
    told = body(samples / "pyapi_order.json")
    for line in told["line_items"]:
        double.state.add_variant(line["variant_id"], line["sku"], line["price"])
    await shops.replay(MAIN, [samples / "pyapi_order.json"])
    await shops.world.drain()
    assert set(open_holds(await shops.order(MAIN, "450789469"))) == {"manual", "mapping"}
    done = await import_products(shops.world.services, shops.world.ids[MAIN])
    assert (done.products, done.listings, done.without_sku, done.unmapped, done.woken) == (5, 6, 1, 1, 1)
    await shops.world.drain()
    assert set(open_holds(await shops.order(MAIN, "450789469"))) == {"manual"}
