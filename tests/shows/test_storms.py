"""A storm over every channel: each delivery 1 to 5 times, shuffled, a tenth of them never; pages that fail, 429s, HTML
with 200, answers that are lost. After two polls the hub's orders are the channel's: all of them, none twice, none gone
back. Through the real door, the real pulling and the real intake.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from connectors import CONNECTORS
from connectors.http import AioHttp
from hub.actions.pull_orders import Pulled, pull_orders
from hub.actions.verify_orders import verify_orders
from hub.actions.verify_store import verify_store
from hub.contract import HearsWebhooks, PullsNotices, PullsOrders
from hub.domain.lifecycle import Lifecycle
from hub.errors import CrossdockError, Reconnect
from tests.connectors.test_contract import harness_of
from tests.shows.storms import SIDES, Sent, Side
from tests.support.world import World

HTML = b"<!doctype html><html><body>We will be back soon</body></html>"
FAULTS: Sequence[tuple[int, dict[str, str], bytes]] = (
    (500, {}, b""),
    (502, {"Content-Type": "text/html"}, HTML),
    (503, {"Retry-After": "0"}, b""),
    (429, {"Retry-After": "0"}, b"{}"),
    (200, {"Content-Type": "text/html"}, HTML),
)
SEED = 1
LATE = 0.15
"""The part of the deliveries of the first round that come in the second, after newer ones."""

ORDERS = "SELECT external_id, revised_at, state, cancelled_at FROM orders WHERE account_id = $1"


@dataclass
class Storm:
    """One channel in bad weather, by a seed."""

    world: World
    side: Side
    double: Any
    account_id: int
    dice: random.Random
    door: str
    lost: int = 0
    short: int = 0
    failed: int = 0
    late: list[Sent] = field(default_factory=list)
    seen: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    async def happen(self, count: int) -> None:
        """Orders are placed, and told; then some of them change, and that is told too."""
        before = sorted(self.side.there(self.double))
        made = list(self.double.seed_orders(count))
        told = await self.side.tell(self.world, self.double, made)
        changed = self.dice.sample(sorted(set(before) & set(self.changeable)) + made, count // 5)
        self.side.change(self.double, self.dice, changed)
        self.changeable = [name for name in [*self.changeable, *made] if name not in changed]
        told += await self.side.tell(self.world, self.double, changed)
        await self.rain(told)

    changeable: list[str] = field(default_factory=list)
    """Orders that nothing has happened to yet."""

    async def rain(self, told: list[Sent]) -> None:
        """Delivers at the door what is not lost, several at once, with work going on in between."""
        heard = [one for one in told if self.dice.random() >= 0.1]
        self.lost += len(told) - len(heard)
        drops = [one for one in [*self.late, *heard] for _ in range(self.dice.randint(1, 5))]
        self.late = [one for one in heard if self.dice.random() < LATE]
        self.dice.shuffle(drops)
        async with aiohttp.ClientSession() as client:
            for start in range(0, len(drops), 25):
                answers = await asyncio.gather(*(self._post(client, one) for one in drops[start : start + 25]))
                assert set(answers) <= {200}
                if self.dice.random() < 0.2:
                    await self.settle()

    async def _post(self, client: aiohttp.ClientSession, sent: Sent) -> int:
        async with client.post(self.door, data=sent.body, headers=dict(sent.headers)) as reply:
            return reply.status

    async def settle(self) -> None:
        """Everything that came is worked off; no order may be older, or less cancelled, than it was."""
        await self.world.drain()
        for row in await self.world.rows(ORDERS, self.account_id):
            name, now = row["external_id"], (row["revised_at"], row["state"] == Lifecycle.CANCELLED)
            assert self.seen.get(name, now) <= now, f"{name} went back"
            self.seen[name] = now

    # ------------------------------------------------------------ polling

    async def poll(self, since: datetime | None = None) -> Pulled:
        """One poll to its end, however often it fails; the scheduler would try again in a while."""
        for attempt in range(60):
            strike = asyncio.create_task(self._strike(attempt))
            try:
                return await pull_orders(self.world.services, self.world.inbox, self.account_id, since)
            except Reconnect:
                raise
            except CrossdockError:
                self.failed += 1
            finally:
                strike.cancel()
                with suppress(asyncio.CancelledError):
                    await strike
        raise AssertionError("the poll did not come to its end")

    async def _strike(self, attempt: int) -> None:
        """Lets one of the next calls fail: the first page at first, then one in the middle, then now and then any."""
        if attempt > 2 and self.dice.random() < 0.5:
            return
        after = len(self.double.seen) + attempt
        while len(self.double.seen) < after:  # noqa: ASYNC110 - a double's list of requests wakes nobody
            await asyncio.sleep(0.001)
        if attempt and self.dice.random() < 0.2:
            self.double.drop_replies()
        else:
            status, headers, body = self.dice.choice(FAULTS)
            self.double.fail(status, headers=headers, body=body)


@pytest.mark.parametrize("name", SIDES)
async def test_after_two_polls_the_orders_are_the_channels(world: World, name: str) -> None:
    side = SIDES[name]
    async with side.serve() as double:
        account = side.account(double)
        account_id = await world.account(name, name, {**account.secrets, **account.settings})
        door = await world.door(name)
        await side.begin(world, account_id, door, double)
        storm = Storm(world, side, double, account_id, random.Random(f"{name}:{SEED}"), door)
        await storm.happen(side.first)
        await side.listen(world, account_id, double)
        await storm.settle()
        storm.short = len(side.there(double) - storm.seen.keys())
        await storm.poll(side.since)
        await storm.settle()
        side.clear(double)
        await storm.happen(side.more)
        await side.listen(world, account_id, double)
        await storm.poll()
        await storm.settle()
        side.clear(double)
        await as_at_the_channel(world, storm)


async def as_at_the_channel(world: World, storm: Storm) -> None:
    """Every order of the channel is here, once, and as it stands there."""
    rows = await world.rows(ORDERS, storm.account_id)
    here = [row["external_id"] for row in rows]
    there = storm.side.there(storm.double)
    assert sorted(here) == sorted(there), "all of them, none twice, and none that is not there"
    assert len(there) >= storm.side.first + storm.side.more
    compared, _ = await verify_orders(world.services, storm.account_id, len(there))
    assert (compared.missing, compared.unknown_there, compared.unreadable) == ((), (), ())
    assert compared.differing == (), "as it stands there"
    assert (await verify_store(world.database)).violations == ()
    waiting = "SELECT count(*) FROM inbox WHERE state <> 9 AND account_id = $1"
    assert await world.value(waiting, storm.account_id) == 0
    assert storm.failed >= 2, "too few pages failed, so little was shown"
    assert (storm.lost > 0 and storm.short > 0) or not storm.side.posts, "nothing was lost, so nothing was shown"


async def test_no_channel_of_orders_is_left_out(http: AioHttp) -> None:
    """Whatever pulls or hears orders, and has a double that can seed them, has its storm."""
    without = {}
    for name in CONNECTORS:
        harness = harness_of(name)
        channel = harness.connector.open(harness.account("http://127.0.0.1:1"), http)
        if not isinstance(channel, PullsOrders | HearsWebhooks | PullsNotices):
            continue
        async with harness.serve() as double:
            seeds = hasattr(double, "seed_orders") and isinstance(channel, PullsOrders)
        if seeds:
            assert name in SIDES, f"{name} has orders to pull: give it a side in tests/shows/storms.py"
        else:
            without[name] = type(channel).__name__
    assert set(without) <= WITHOUT, without


WITHOUT = {"demo_carrier", "demo_payments", "own_site", "hooks"}
"""Hear deliveries, but have no list of orders that the hub's could be compared with."""
