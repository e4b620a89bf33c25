"""`demo`: the whole product on demo channels. Stores sell, parcels travel, customers chat; a person can join in.

It is the product itself (`main.serving`) with demo connectors, on a database of its own under DATA_DIR/demo that starts
empty each time. Nothing here is known to the hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bench import world as worlds
from bench.customer import Customer
from hub.actions.count_orders import count_orders
from hub.actions.verify_store import verify_store
from hub.command import logs, report
from hub.settings import Settings, load

if TYPE_CHECKING:
    from main import Parts

MERCHANT = 1
STORES = ("nordlicht", "harbor", "sakura", "alnoor", "brixton", "polder", "fjord")
UNITS = 100_000
DAY_SECONDS = 1.5
FLAWED = 0.06
CHATS = 6
"""Customers who ask where their order is while the demo runs."""

LIMIT_SECONDS = 300.0

UNDER_WAY = """SELECT
    (SELECT count(*) FROM inbox WHERE state = 0) AS inbox,
    (SELECT count(*) FROM outbox WHERE state < 9) AS outbox,
    (SELECT count(*) FROM parcels WHERE custody = 'handed_over') AS travelling,
    (SELECT count(*) FROM orders o WHERE o.state < 9 AND NOT EXISTS (
        SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.state IN ('open', 'escalated'))) AS orders"""
PUSHES = """SELECT count(*) FILTER (WHERE state = 9) AS sent, count(*) FILTER (WHERE state = 10) AS dead,
    count(*) FILTER (WHERE state = 11) AS refused
    FROM outbox"""
CHANNELS = """SELECT a.name, count(*) AS orders FROM orders o JOIN accounts a ON a.id = o.account_id
    GROUP BY a.name ORDER BY a.name"""
DELIVERED = """SELECT o.number, o.email FROM orders o JOIN parcels p ON p.order_id = o.id
    WHERE o.email <> '' AND p.tracking_number <> '' ORDER BY o.id LIMIT $1"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    once: bool
    orders: int
    port: int


class Summary(Struct, frozen=True):
    """What a demo came to, once everything is at rest."""

    orders: int
    by_phase: dict[str, int]
    by_channel: dict[str, int]
    pushes: dict[str, int]
    chat: dict[str, int]
    violations: int
    seconds: float


async def demo(plan: Plan) -> Summary | None:
    """Runs until interrupted, or with `once` until all orders have come to rest; then returns the summary."""
    from main import serving, until_stopped

    logs.configure("text", logging.WARNING)
    settings = _settings(plan)
    started = time.perf_counter()
    async with (
        emptied(settings) as parts,
        worlds.started("--day", str(DAY_SECONDS), "--flawed", str(FLAWED)) as world,
        serving(parts) as address,
    ):
        connected = await prepare(parts, world, address)
        report.say(f"console  {address}/console/\nchat     {address}/chat\nmailbox  {settings.data_dir / 'mailbox'}")
        selling = asyncio.create_task(sell(world, connected, address, plan))
        chatting = asyncio.create_task(chat(parts, address, settings, CHATS))
        if plan.once:
            await selling
            said = await chatting
            await at_rest(parts, plan.orders)
            return await summary(parts, said, time.perf_counter() - started)
        report.say("orders are flowing; stop with Ctrl-C")
        trickling = asyncio.create_task(trickle(world, connected, address, selling))
        await until_stopped()
        for task in (selling, chatting, trickling):
            task.cancel()
        await asyncio.gather(selling, chatting, trickling, return_exceptions=True)
        return None


def _settings(plan: Plan) -> Settings:
    """The operator's settings, with the demo's own data folder and its doors on this machine only."""
    given = load(demo=True)
    port = 0 if plan.once and plan.port == 8080 else plan.port
    return load(
        demo=True, data_dir=given.data_dir / "demo", database_url="", host="127.0.0.1", port=port,
        public_url="", allow_private_hosts=True, smtp_url="", mail_from="Demo Shop <orders@demo.invalid>",
    )  # fmt: skip


@contextlib.asynccontextmanager
async def emptied(settings: Settings) -> AsyncIterator[Parts]:
    """The parts on a database that was just emptied, with an empty mailbox."""
    import shutil

    from hub.store import embedded
    from hub.store.database import Database
    from main import opened

    mailbox = settings.data_dir / "mailbox"
    await asyncio.to_thread(shutil.rmtree, mailbox, ignore_errors=True)
    connection = await Database(embedded.start(settings.data_dir), 1).connect()
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    finally:
        await connection.close()
    async with opened(settings, pool=16) as parts:
        yield parts


async def prepare(parts: Parts, world: worlds.World, address: str) -> worlds.Connected:
    """Connects the world's channels and fills the shelves; e-mail and chats come from settings, as in production."""
    services = parts.services
    connected = await worlds.connect(services, world, MERCHANT, list(STORES))
    await worlds.stock_up(services, MERCHANT, UNITS)
    await worlds.tell_carrier(world, address, connected)
    return connected


async def sell(world: worlds.World, connected: worlds.Connected, address: str, plan: Plan) -> None:
    """The first orders, over all stores, in a few seconds."""
    shares = [plan.orders // len(STORES) + (number < plan.orders % len(STORES)) for number in range(len(STORES))]
    await asyncio.gather(*(
        world.sell(worlds.Share(key, count, pace=max(8.0, count / 5)), _hook(address, connected, key))
        for key, count in zip(STORES, shares, strict=True)
        if count
    ))  # fmt: skip


async def trickle(world: worlds.World, connected: worlds.Connected, address: str, first: asyncio.Task[None]) -> None:
    """An order every few seconds for as long as the demo runs."""
    await first
    chance = random.Random(7)
    while True:
        await asyncio.sleep(chance.uniform(1.0, 5.0))
        key = chance.choice(STORES)
        await world.sell(worlds.Share(key, 1), _hook(address, connected, key))


def _hook(address: str, connected: worlds.Connected, key: str) -> str:
    return f"{address}/webhooks/{connected.stores[key]}"


async def chat(parts: Parts, address: str, settings: Settings, customers: int) -> int:
    """Customers ask in the web chat where their order is, and prove themselves with the code from their e-mail.

    Returns how many messages went back and forth.
    """
    deadline = time.monotonic() + 15.0
    rows: list[Any] = []
    while len(rows) < customers and (not rows or time.monotonic() < deadline):
        await asyncio.sleep(0.3)
        rows = await parts.services.database.plain.fetch(DELIVERED, customers)
    talks = [Customer(address, settings.data_dir / "mailbox", row["email"]).track(row["number"]) for row in rows]
    return sum(await asyncio.gather(*talks))


async def at_rest(parts: Parts, orders: int) -> None:
    """Waits until every order is over or held, every parcel arrived, and nothing is on its way out."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        row = await parts.services.database.plain.fetchrow(UNDER_WAY)
        told = await parts.services.database.plain.fetchval("SELECT count(*) FROM orders")
        if row is not None and told >= orders and not any(row.values()):
            return
        await asyncio.sleep(0.2)
    report.say(f"not at rest after {LIMIT_SECONDS:.0f} s: {dict(row or {})}")


async def summary(parts: Parts, said: int, seconds: float) -> Summary:
    """The figures of the store as it stands."""
    database = parts.services.database
    pushes = await database.plain.fetchrow(PUSHES)
    assert pushes is not None
    verified: Any = await verify_store(database)
    return Summary(
        orders=int(await database.plain.fetchval("SELECT count(*) FROM orders")),
        by_phase={phase: n for phase, n in (await count_orders(database, MERCHANT)).items() if n},
        by_channel={row["name"]: row["orders"] for row in await database.plain.fetch(CHANNELS)},
        pushes=dict(pushes),
        chat={"messages": said},
        violations=len(verified.violations),
        seconds=round(seconds, 1),
    )
