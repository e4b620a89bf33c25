"""Everything three times and in any order ends in the same store, before it is shipped and after."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hub.actions.verify_store import verify_store
from hub.store.database import Database
from hub.store.nodes import Node
from tests.shows.expected import OTHERS, SAMPLES, stock_csv
from tests.shows.projection import projection
from tests.shows.shops import Shops, body, open_holds, shops_of
from tests.shows.test_shopify_replay import HONG_KONG
from tests.support.database import empty

MAIN = "Main street"
SEEDS = (1, 2, 3)

TOPICS = {
    **dict.fromkeys(SAMPLES, ("orders/create", "orders/updated", "orders/paid")),
    "pyapi_refund": ("refunds/create",) * 3,
    "pyapi_fulfillment": ("fulfillments/create", "fulfillments/update", "fulfillments/update"),
}
"""How Shopify tells the same thing three times: under other topics, or again because we were slow to answer."""

Store = dict[str, list[dict[str, Any]]]
Sent = tuple[str, str]
"""(sample, topic)."""


async def deliver(shops: Shops, samples: Path, sent: Sequence[Sent], rng: random.Random | None) -> None:
    """Sends deliveries; with `rng` several at once, and with work going on in between."""
    left = list(sent)
    while left:
        burst, left = (left[:1], left[1:]) if rng is None else _cut(left, rng.randint(1, 6))
        answers = await asyncio.gather(*(shops.replay(MAIN, [samples / f"{n}.json"], topic) for n, topic in burst))
        assert {one.status for answer in answers for one in answer} == {200}, answers
        if rng is None or rng.random() < 0.5:
            await shops.world.drain()
    await shops.world.drain()


def _cut(items: list[Sent], count: int) -> tuple[list[Sent], list[Sent]]:
    return items[:count], items[count:]


async def ship(shops: Shops, samples: Path) -> None:
    """One import, what people decide, and the road to the doors."""
    async with shops.world.worker():
        await shops.import_csv(stock_csv([samples / f"{name}.json" for name in SAMPLES], [MAIN]))
        (sums,) = (h for h in (await shops.order(MAIN, "450789469")).holds if h.is_open and h.reason == "manual")
        await shops.release(sums.id, "accept")
        (lost,) = (h for h in (await shops.order(MAIN, "6200354537772")).holds if h.is_open and h.reason == "address")
        await shops.release(lost.id, "use_address", HONG_KONG)
        for number in ("450789469", "6200354537772"):
            await shops.until_phase(MAIN, number, "delivered")
        await shops.until_quiet()


async def lived(
    database: Database, node: Node, folder: tuple[Path, Path], seed: int | None
) -> tuple[Store, Store, Sequence[Any]]:
    """One life of the store: (before stock came, after all was delivered, what Shopify was told). Without a seed every
    delivery comes once and in its time."""
    samples, mailbox = folder
    await empty(database)
    rng = None if seed is None else random.Random(seed)
    sent = [(name, topic) for name, topics in TOPICS.items() for topic in topics]
    async with AsyncExitStack() as stack:
        shops = await stack.enter_async_context(shops_of(database, node, mailbox))
        await shops.warehouse()
        double = await shops.open(MAIN)
        for name in SAMPLES:
            double.add_order_from_webhook(body(samples / f"{name}.json"))
        if rng is None:
            await deliver(shops, samples, sent, None)
        else:
            await deliver(shops, samples, rng.sample(sent * 3, len(sent) * 3), rng)
        before = await projection(shops.world)
        await ship(shops, samples)
        if rng is not None:
            await deliver(shops, samples, rng.sample(sent, len(sent)), rng)
        for told in SAMPLES.values():
            assert open_holds(await shops.order(MAIN, told.order)) == {}
        assert (await verify_store(database)).violations == ()
        return before, await projection(shops.world), [made["lines"] for made in double.fulfillments]


async def test_any_order_of_everything_three_times_ends_in_the_same_store(
    database: Database, node: Node, samples: Path, tmp_path: Path
) -> None:
    before, after, told = await lived(database, node, (samples, tmp_path / "once"), None)
    assert len(before["orders"]) == len({told.order for told in SAMPLES.values()}) == 4
    assert [(r["idempotency_key"], r["amount"]) for r in before["refunds"]] == [("channel:509562969", 20900)]
    assert [hold["reason"] for hold in before["holds"]] == ["manual", "mapping", "address", "mapping"]
    assert len(told) == 2, "the two that Shopify has not shipped itself"
    for seed in SEEDS:
        again = await lived(database, node, (samples, tmp_path / str(seed)), seed)
        assert again[0] == before, f"before shipping, seed {seed}"
        assert again[1] == after, f"after shipping, seed {seed}"
        assert sorted(map(str, again[2])) == sorted(map(str, told)), f"told to Shopify, seed {seed}"


def test_every_payload_that_shopify_delivers_takes_part(samples: Path) -> None:
    assert set(TOPICS) == {*SAMPLES, *OTHERS}
