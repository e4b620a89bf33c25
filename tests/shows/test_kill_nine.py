"""kill -9 on a worker, twenty times at random moments, while two thousand orders run: nothing lost, nothing doubled.

The workers are real processes (`python main.py worker`), two at a time; the store and the carrier are real servers that
record what took effect at them, so that a label bought twice or a shipment told twice would show at the other side.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.demo_store.server import Rush
from hub.actions.verify_store import verify_store
from hub.domain.outgoing import Kind
from tests.support.world import KEY, World

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 2000
KILLS = 20
SEED = 20261122
STORES = ("nordlicht", "sakura")

DONE = """SELECT (SELECT count(*) FROM orders) AS orders,
    (SELECT count(*) FROM fulfillment_orders WHERE state IN (6, 9)) AS dispatched,
    (SELECT count(*) FROM outbox WHERE state < 9) AS leaving,
    (SELECT count(*) FROM inbox WHERE state = 0) AS waiting"""


@dataclass
class Hands:
    """Worker processes that are killed and replaced."""

    url: str
    kills: int = 0
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def hire(self) -> None:
        """One more worker; returns once it says that it works."""
        environment = os.environ | {
            "CROSSDOCK_DATABASE_URL": self.url,
            "CROSSDOCK_SECRET_KEY": KEY,
            "CROSSDOCK_DEMO": "true",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "main.py", "worker", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        self.running.append(process)
        assert process.stderr is not None
        async with asyncio.timeout(60):
            while b"working" not in (line := await process.stderr.readline()):
                assert line, "a worker ended before it began to work"

    async def kill(self, chance: random.Random) -> None:
        """SIGKILL to one of them: no handler runs, nothing is flushed."""
        victim = self.running.pop(chance.randrange(len(self.running)))
        victim.send_signal(signal.SIGKILL)
        assert await victim.wait() == -signal.SIGKILL
        self.kills += 1


@asynccontextmanager
async def hired(url: str) -> AsyncIterator[Hands]:
    """Two workers, and none left behind."""
    hands = Hands(url)
    try:
        await asyncio.gather(hands.hire(), hands.hire())
        yield hands
    finally:
        for process in hands.running:
            process.kill()
            await process.wait()


async def killing(hands: Hands) -> None:
    """Kills and replaces, at moments that a seed decides."""
    chance = random.Random(SEED)
    while hands.kills < KILLS:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        await hands.kill(chance)
        await hands.hire()


async def test_twenty_kills_lose_nothing_and_double_nothing(world: World, database_url: str) -> None:
    for key in STORES:
        await world.store(key)
    await world.carrier()
    await world.stock(100_000)
    doors = {key: await world.door(key) for key in STORES}
    assert world.stores is not None
    assert world.carriers is not None
    async with hired(database_url) as hands:
        share = ORDERS // len(STORES)
        selling = asyncio.gather(*(
            world.stores.sell(Rush(key, share, to=doors[key], pace=share / 25, concurrency=8)) for key in STORES
        ))  # fmt: skip
        await killing(hands)
        sold = await selling

        async def all_gone() -> bool:
            row = (await world.rows(DONE))[0]
            return row["dispatched"] >= ORDERS and not row["leaving"] and not row["waiting"]

        await world.until(all_gone, 150)

    assert hands.kills == KILLS
    placed = {order for ids, _ in sold for order in ids}
    here = [row["external_id"] for row in await world.rows("SELECT external_id FROM orders")]
    assert Counter(here) == Counter(placed)
    parcels = {row["number"] for row in await world.rows("SELECT number FROM parcels")}
    assert len(parcels) == ORDERS
    labels = Counter(reference for kind, reference in world.carriers.effects() if kind == Kind.BUY_LABEL)
    assert labels == Counter(f"{number}-1" for number in parcels)
    told = Counter(reference for kind, reference in world.stores.effects() if kind == Kind.PUSH_SHIPMENT)
    assert told == Counter(parcels)
    dead = await world.rows("SELECT kind, state, error FROM outbox WHERE state >= 10")
    assert dead == []
    verified = await verify_store(world.database)
    assert verified.violations == ()
