"""Fan-out: one change of stock reaches ten channels within their quotas; of a burst they hear a few times, and the last
value is right."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator

import pytest

from connectors.demo_store.server import Options, Store, StoreServer, serve
from hub.actions.import_products import import_products
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.verify_store import verify_store
from hub.domain.outcome import StockDelta
from hub.domain.outgoing import Kind
from hub.flow.batch import Batch
from tests.support.world import MERCHANT, World

STORES = tuple(Store(f"store{n}", f"Store {n}", "EUR", ("DE",), rate=10) for n in range(10))
"""Each answers ten calls a second and refuses the eleventh."""

QUOTA = "5"
"""What the hub keeps to, a second: a full second may see the end of one and the beginning of the next."""

SKUS = ("KETTLE", "TEAPOT", "MUG-BLUE")


@pytest.fixture
async def stores(world: World) -> AsyncIterator[StoreServer]:
    """Ten accounts that list the same goods, three of which are counted."""
    async with serve(STORES, options=Options(record=True)) as server:
        for store in STORES:
            values = {
                "base_url": f"{server.url}/{store.key}", "token": store.token, "webhook_secret": store.webhook_secret,
                "rate": QUOTA,
            }  # fmt: skip
            account = await world.account("demo_store", store.key, values)
            await import_products(world.services, account)
        await world.stock(500, skus=SKUS)
        yield server


def levels(server: StoreServer, sku: str) -> list[int | None]:
    """What each store offers."""
    found = []
    for store in STORES:
        known = {level["sku"]: level["available"] for level in server.books[store.key].stock.values()}
        found.append(known.get(sku))
    return found


def pushes(server: StoreServer) -> dict[str, int]:
    """How often each store was told a level."""
    told = dict.fromkeys((store.key for store in STORES), 0)
    for seen in server.mischief.seen:
        if seen.method == "PUT" and "/api/stock/" in seen.path:
            told[seen.path.split("/")[1]] += 1
    return told


async def reach(world: World, server: StoreServer, sku: str, units: int) -> float:
    """Waits until every store offers `units`; the seconds it took."""
    began = time.monotonic()

    async def everywhere() -> bool:
        return levels(server, sku) == [units] * len(STORES)

    await world.until(everywhere)
    return time.monotonic() - began


async def burst(world: World, sku: str, changes: int) -> None:
    """So many units leave one location one by one, each in a transaction of its own."""
    location = await world.value("SELECT id FROM locations WHERE code = 'berlin'")
    for _ in range(changes):
        batch = Batch(world.ports.ids, world.clock.now())
        batch.stock_change(MERCHANT, StockDelta(sku, location, -1, 0, "counted", 0))
        async with world.database.transaction() as tx:
            await batch.flush(tx)


async def test_one_change_reaches_ten_and_a_burst_is_gathered(world: World, stores: StoreServer) -> None:
    async with world.worker():
        for sku in SKUS:
            await reach(world, stores, sku, 1000)
        stores.mischief.seen.clear()

        await import_stock(world.services, MERCHANT, [StockLine(sku="KETTLE", location="berlin", on_hand=42)])
        one = await reach(world, stores, "KETTLE", 542)
        assert pushes(stores) == {store.key: 1 for store in STORES}, "one message each, and nothing else changed"
        stores.mischief.seen.clear()

        await import_stock(world.services, MERCHANT, [StockLine(sku="TEAPOT", location="berlin", on_hand=1400)])
        began = time.monotonic()
        await burst(world, "TEAPOT", 1000)
        took = time.monotonic() - began
        after = await reach(world, stores, "TEAPOT", 900)
        told = pushes(stores)

    sys.stdout.write(
        f"\none change at ten channels after {one:.2f} s; a burst of 1000 in {took:.1f} s: {max(told.values())} pushes "
        f"a channel, the last value {after:.2f} s after the last change\n"
    )
    rounds = took + after + 2
    assert all(1 <= count <= rounds for count in told.values()), f"at most one a second: {told}"
    assert max(told.values()) <= 100
    await _within_quotas_and_sound(world, stores)


async def _within_quotas_and_sound(world: World, stores: StoreServer) -> None:
    """Nobody was refused, nothing was sent twice, no level went back."""
    tried = await world.rows("SELECT attempts, state FROM outbox WHERE kind = $1 AND state <> 12", Kind.PUSH_STOCK)
    assert {(row["attempts"], row["state"]) for row in tried} == {(1, 9)}
    for store in STORES:
        versions: dict[str, int] = {}
        for effect in stores.books[store.key].effects.done:
            if effect.kind is Kind.PUSH_STOCK:
                assert effect.payload["version"] > versions.get(effect.payload["sku"], 0)
                versions[effect.payload["sku"]] = effect.payload["version"]
    assert (await verify_store(world.database)).violations == ()
