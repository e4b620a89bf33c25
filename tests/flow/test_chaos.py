"""Two thousand orders through a worker that is killed twenty times at random moments: nothing lost, nothing twice.

The stores, their buyers and the carrier live on in this process; the worker with its door is another one, killed with
SIGKILL and started again. The carrier honours no keys, so that a label bought twice would show.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import structlog

from connectors.demo_carrier import server as carrier_side
from connectors.demo_store import server as store_side
from connectors.playing.manners import Gate
from hub.actions.verify_store import verify_store
from hub.domain.outgoing import Kind
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow import chaos_worker
from tests.flow.forgetful import FORGETFUL
from tests.support.world import World, world_of

STORES = ("nordlicht", "brixton", "polder")
"""One plain, one that tells of changes before it tells of the order, one that tells all twice."""


@dataclass(frozen=True)
class Chaos:
    """How often the worker dies, and how many orders the stores sell meanwhile, the first most."""

    kills: int
    sales: tuple[int, int, int]

    @property
    def orders(self) -> int:
        return sum(self.sales)


SHORT = Chaos(3, (80, 60, 60))
LONG = Chaos(20, (800, 600, 600))

PACE = 60.0
"""Orders a second that each store sends, so that the kills fall into the work."""


@dataclass
class Victim:
    """The process that is killed and started again."""

    place: chaos_worker.Place
    process: BaseProcess | None = None
    killed: int = 0

    def start(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.flow.chaos_worker"])
        self.process = context.Process(target=chaos_worker.run, args=(self.place,), daemon=True)
        self.process.start()

    async def up(self) -> None:
        """Waits until the door takes connections. A worker that ends by itself is a failure."""
        async with asyncio.timeout(60):
            while True:
                assert self.process is not None
                assert self.process.is_alive(), f"ended by itself, see {self.place.log}"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.place.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    async def kill(self) -> None:
        """SIGKILL: no handler runs, no buffer is flushed, no connection says goodbye."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.join)
        self.killed += 1


@contextmanager
def port_kept() -> Iterator[int]:
    """A port that nobody else is given, also while no worker listens there: the test itself stays bound to it."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])


@pytest.fixture
async def chaos(database: Database, node: Node) -> AsyncIterator[World]:
    """The other sides, at servers of this process, and a hundred thousand of everything."""
    async with world_of(database, node, FORGETFUL) as world:
        for key in STORES:
            await world.store(key, options=store_side.Options())
        carriers = await world._stack.enter_async_context(
            carrier_side.serve(carrier_side.Options(day=1.0, troubled=0.1, late=0.2))
        )
        world.carriers = carriers
        values = {"base_url": carriers.url, "token": carriers.options.token,
                  "webhook_secret": carriers.options.webhook_secret}  # fmt: skip
        await world.account("forgetful_carrier", "carrier", values)
        await world.stock(100_000)
        yield world


@pytest.mark.parametrize(
    "plan", [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
)
async def test_kills_lose_nothing_and_double_nothing(
    chaos: World, database_url: str, tmp_path: Path, plan: Chaos
) -> None:
    with port_kept() as port:
        victim = Victim(chaos_worker.Place(database_url, port, str(tmp_path / "worker.log")))
        await _kills_lose_nothing(chaos, victim, plan)


async def _kills_lose_nothing(chaos: World, victim: Victim, plan: Chaos) -> None:
    door = f"http://127.0.0.1:{victim.place.port}/webhooks"
    assert chaos.stores is not None
    assert chaos.carriers is not None
    gate = chaos.carriers.mischief.hang()
    chaos.carriers.to = f"{door}/{chaos.ids['carrier']}"
    victim.start()
    await victim.up()
    selling = asyncio.gather(
        *(chaos.stores.sell(store_side.Rush(key, count, to=f"{door}/{chaos.ids[key]}", pace=PACE))
          for key, count in zip(STORES, plan.sales, strict=True))
    )  # fmt: skip
    held = await kill_again_and_again(chaos, victim, plan.kills, gate)
    sold = dict(zip(STORES, await selling, strict=True))
    await chaos.until(lambda: at_rest(chaos, plan.orders), 240)
    await chaos.carriers.settle()
    await chaos.until(lambda: at_rest(chaos, plan.orders), 240)
    await victim.kill()

    structlog.get_logger().info("killed", times=victim.killed, leased_each_time=held)
    assert victim.killed == plan.kills + 1
    assert held[0] > 0, "the first kill met a call under way, however fast the machine is"
    await every_order_is_here_once(chaos, {key: ids for key, (ids, _) in sold.items()})
    await every_label_and_shipment_is_there_once(chaos)
    checked = await verify_store(chaos.database)
    assert not checked.violations, checked.violations
    assert max(checked.checked.values()) >= plan.orders, checked.checked
    assert await chaos.value("SELECT count(*) FROM orders") == plan.orders


async def kill_again_and_again(world: World, victim: Victim, kills: int, gate: Gate) -> list[int]:
    """Kills at moments of chance, the first time while a call hangs; how many messages were leased at each."""
    chance = random.Random()
    held = []
    async with asyncio.timeout(60):
        await gate.reached.wait()
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.2, 1.6))
        await victim.kill()
        held.append(await world.value("SELECT count(*) FROM outbox WHERE leased"))
        gate.opened.set()
        victim.start()
        await victim.up()
    return held


async def at_rest(world: World, sold: int) -> bool:
    """Whether everything that was sold has arrived and everybody was told."""
    orders = await world.value("SELECT count(*) FROM orders WHERE state = 9")
    if orders < sold:
        return False
    unsent = await world.value("SELECT count(*) FROM outbox WHERE state < 9")
    unread = await world.value("SELECT count(*) FROM inbox WHERE state < 9")
    return not unsent and not unread


async def every_order_is_here_once(world: World, sold: Mapping[str, list[str]]) -> None:
    rows = await world.rows("SELECT account_id, external_id FROM orders")
    assert Counter((row["account_id"], row["external_id"]) for row in rows) == Counter(
        (world.ids[key], order_id) for key, ids in sold.items() for order_id in ids
    )


async def every_label_and_shipment_is_there_once(world: World) -> None:
    """Ours and theirs are the same: each parcel has one label at the carrier, each is one shipment at its store."""
    assert world.carriers is not None
    assert world.stores is not None
    rows = await world.rows("SELECT number, tracking_number, custody FROM parcels")
    assert {row["custody"] for row in rows} == {"delivered"}
    ours = Counter(f"{row['number']}-1" for row in rows)
    theirs = Counter({reference: len(bought) for reference, bought in world.carriers.depot.by_reference.items()})
    assert theirs == ours
    assert set(world.carriers.depot.by_number) == {row["tracking_number"] for row in rows}
    told = Counter(ref for kind, ref in world.stores.effects() if kind is Kind.PUSH_SHIPMENT)
    assert told == Counter(row["number"] for row in rows)
    for books in world.stores.books.values():
        for order in books.orders.values():
            assert all(item["shipped"] + item["cancelled"] == item["quantity"] for item in order["items"]), order["id"]
