"""`bench flow`: orders as signed webhooks through the whole product, counted once everything has happened to them.

The world (load generator, stores, carrier, payments) is one process, the doors are this one, each worker has its own,
as docs/how-to/run-in-production.md lays them out, and PostgreSQL has its own. What is measured is not a shortcut of the
product but the product.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeAlias

import psutil
from aiohttp import web

from bench import world as worlds
from bench.hands import Hands, at_work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hub.actions.services import Services
    from main import Parts

STORES = ("nordlicht", "sakura", "harbor")
MERCHANT = 1
UNITS = 10_000_000

Stocks: TypeAlias = "Callable[[Services, int, int], Awaitable[None]]"
"""Puts so many units of a merchant's goods on shelves."""

AHEAD = 400
"""Orders that a store places before it tells of them: with all of them first, the hub would stand still meanwhile."""

LOOK_SECONDS = 0.1
"""Between two looks at how far it is."""

DISPATCHED = "SELECT count(*) FROM fulfillment_orders WHERE state IN (6, 9)"
DONE = f"""SELECT CASE
    WHEN (SELECT id FROM inbox WHERE kind = 0 AND state = 0 ORDER BY kind, due_at, id LIMIT 1) IS NOT NULL
      OR (SELECT id FROM outbox WHERE state < 9 ORDER BY lane, key, id LIMIT 1) IS NOT NULL THEN 0
    ELSE ({DISPATCHED}) END AS dispatched,
    (SELECT count(*) FROM outbox WHERE state >= 10) AS dead"""
"""Orders are counted only while nothing waits at either end: otherwise a look is two steps along an index."""
LATENCY = """SELECT extract(epoch FROM e.recorded_at - i.received_at) AS seconds
    FROM events e JOIN orders o ON o.id = e.order_id
    JOIN (SELECT account_id, about, min(received_at) AS received_at FROM inbox GROUP BY 1, 2) i
        ON i.account_id = o.account_id AND i.about = o.external_id
    WHERE e.kind = 'dispatched' ORDER BY 1"""
COMPLETE = """SELECT count(*) FROM orders o WHERE
    EXISTS (SELECT 1 FROM fulfillment_orders f WHERE f.order_id = o.id AND f.state IN (6, 9))
    AND EXISTS (SELECT 1 FROM outbox x WHERE x.key = o.id AND x.kind = 'push_shipment' AND x.state = 9)
    AND EXISTS (SELECT 1 FROM outbox x WHERE x.key = o.id AND x.kind = 'notify' AND x.state = 9)"""


@contextlib.asynccontextmanager
async def door(parts: Parts) -> AsyncIterator[str]:
    """The product's own doors on a free port of this machine; yields their address."""
    from hub.web.app import create_app
    from hub.web.services import Services as WebServices

    s = parts.services
    async with parts.inbox() as inbox:
        services = WebServices(s.database, s.accounts, s.settings, s.vault, s.clock, s.ids, s.rng, inbox=inbox)
        runner = web.AppRunner(create_app(services), access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def flow(parts: Parts, orders: int, workers: int, stock: Stocks = worlds.stock_up) -> dict[str, Any]:
    """Runs the benchmark on an empty database, what is sold there as `stock` has it; returns the document that
    interfaces.md describes."""
    async with worlds.started("--day", "3600") as world, door(parts) as address:
        connected = await worlds.connect(parts.services, world, MERCHANT, list(STORES))
        await mailbox(parts)
        await stock(parts.services, MERCHANT, UNITS)
        async with at_work(parts, workers) as hands:
            await warm_up(parts, world, connected, address)
            before, used, started = await _done(parts), await _used(parts, world, hands), time.perf_counter()
            machine = psutil.cpu_times()
            doors = {key: f"{address}/webhooks/{connected.stores[key]}" for key in STORES}
            sales = [
                worlds.Share(key, _share(orders, number), concurrency=24, ahead=AHEAD)
                for number, key in enumerate(STORES)
            ]
            tallies = await asyncio.gather(*(world.sell(share, doors[share.store]) for share in sales))
            await _until_done(parts, before + orders)
            seconds = time.perf_counter() - started
            shares = shares_of(machine, psutil.cpu_times())
            after = await _used(parts, world, hands)
            spent = {name: (after[name] - used[name]) / orders for name in after}
        return await _document(parts, orders, seconds, tallies) | {
            "statements_per_order": round(spent.pop("statements"), 3),
            "cpu_ms_per_order": round(1000 * (sum(spent.values()) - spent["world"]), 2),
            "cpu_ms_of": {name: round(1000 * seconds, 2) for name, seconds in spent.items()},
            "machine_percent": shares,
            "workers": workers,
        }


def _share(orders: int, number: int) -> int:
    return orders // len(STORES) + (number < orders % len(STORES))


async def mailbox(parts: Parts) -> None:
    """E-mail into a local mailbox, as an installation without an SMTP server has it."""
    folder = parts.settings.data_dir / "mailbox"
    values = {"sender": "Demo Shop <orders@demo.invalid>", "mailbox": str(folder.resolve())}
    await parts.services.accounts.add(MERCHANT, "email", "E-mail", values)


async def warm_up(parts: Parts, world: worlds.World, connected: worlds.Connected, address: str) -> None:
    """A few orders first, so that plans, caches and connections are there when the clock starts."""
    for key in STORES:
        await world.sell(worlds.Share(key, 10), f"{address}/webhooks/{connected.stores[key]}")
    await _until_done(parts, 10 * len(STORES))


async def _done(parts: Parts) -> int:
    return int(await parts.services.database.plain.fetchval(COMPLETE))


async def _until_done(parts: Parts, orders: int) -> None:
    """Waits until every order is dispatched and told of; says once a second on a terminal where it stands."""
    for look in itertools.count():
        row = await parts.services.database.plain.fetchrow(DONE)
        assert row is not None
        if row["dispatched"] >= orders:
            return
        if row["dead"]:
            raise RuntimeError("messages died; `python main.py verify` tells which")
        if sys.stderr.isatty() and look % round(1 / LOOK_SECONDS) == 0:
            dispatched = await parts.services.database.plain.fetchval(DISPATCHED)
            print(f"\r{dispatched}/{orders} dispatched   ", end="", file=sys.stderr)
        await asyncio.sleep(LOOK_SECONDS)


async def _document(parts: Parts, orders: int, seconds: float, tallies: list[dict[str, Any]]) -> dict[str, Any]:
    from hub.actions.verify_store import verify_store

    database = parts.services.database
    latencies = [float(row["seconds"]) for row in await database.plain.fetch(LATENCY)]
    version = str(await database.plain.fetchval("SHOW server_version")).split()[0]
    told = await _done(parts)
    verified = await verify_store(database)
    return {
        "orders": orders,
        "seconds": round(seconds, 2),
        "orders_per_second": round(orders / seconds, 1),
        "ack_ms": {p: max(float(tally["ack_ms"][p]) for tally in tallies) for p in ("p50", "p99")},
        "received_to_dispatched_s": {"p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99)},
        "complete": told,
        "database": f"PostgreSQL {version}",
        "violations": len(verified.violations),
    }


def percentile(ranked: list[float], share: float) -> float:
    """The value below which `share` of the ascending `ranked` lie."""
    return round(ranked[min(int(len(ranked) * share), len(ranked) - 1)], 3) if ranked else 0.0


def shares_of(before: Any, after: Any) -> dict[str, float]:
    """What the machine's processors did meanwhile, in percent of their time: `busy` with anything, `idle`, and `stolen`
    by the host for other machines. A figure that was measured while time was stolen is that much too low."""
    spent = {name: getattr(after, name) - getattr(before, name) for name in after._fields if "guest" not in name}
    total = sum(spent.values()) or 1.0
    stolen, idle = spent.get("steal", 0.0), spent["idle"] + spent.get("iowait", 0.0)
    busy = total - stolen - idle
    return {name: round(100 * value / total, 1) for name, value in (("busy", busy), ("idle", idle), ("stolen", stolen))}


async def _used(parts: Parts, world: worlds.World, hands: Hands) -> dict[str, float]:
    """Statements sent so far, and seconds of processor used by the doors, the workers, the embedded PostgreSQL, and the
    world, which is not the product's but shares its cores."""
    working = await hands.used()
    return {
        "statements": parts.services.database.statements + working.statements,
        "doors": _cpu(psutil.Process(os.getpid())),
        "workers": working.cpu,
        "postgres": _cpu_of_postgres(parts),
        "world": _cpu(psutil.Process(world.pid)),
    }


def _cpu(process: psutil.Process, *, with_ended: bool = False) -> float:
    """Seconds of processor; `with_ended` counts those of its children that ended too."""
    return float(sum(process.cpu_times()[: 4 if with_ended else 2]))


def _cpu_of_postgres(parts: Parts) -> float:
    """0 for a server that is not ours."""
    pid_file = parts.settings.data_dir / "postgres" / "postmaster.pid"
    if not pid_file.exists():
        return 0.0
    server = psutil.Process(int(pid_file.read_text().split()[0]))
    spent = _cpu(server, with_ended=True)
    for process in server.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            spent += _cpu(process)
    return spent
