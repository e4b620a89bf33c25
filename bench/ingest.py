"""`bench ingest`: signed webhooks into the inbox, acknowledged after their commit; nothing else happens to them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from bench import world as worlds
from bench.flow import MERCHANT, STORES, door

if TYPE_CHECKING:
    from main import Parts


async def ingest(parts: Parts, orders: int, workers: int) -> dict[str, Any]:
    """Orders a second that are durable and acknowledged; `ack_ms` as the sender saw it."""
    database = parts.services.database
    async with worlds.started("--day", "3600") as world, door(parts) as address:
        connected = await worlds.connect(parts.services, world, MERCHANT, list(STORES))
        warm = worlds.Share(STORES[0], 100)
        await world.sell(warm, f"{address}/webhooks/{connected.stores[STORES[0]]}")
        database.statements = 0
        started = time.perf_counter()
        tallies = await asyncio.gather(*(
            world.sell(
                worlds.Share(key, orders // len(STORES) + (number < orders % len(STORES)), concurrency=24),
                f"{address}/webhooks/{connected.stores[key]}",
            )
            for number, key in enumerate(STORES)
        ))  # fmt: skip
        seconds = max(float(tally["seconds"]) for tally in tallies)
        whole = time.perf_counter() - started
        kept = int(await database.plain.fetchval("SELECT count(*) FROM inbox")) - warm.count
        version = str(await database.plain.fetchval("SHOW server_version")).split()[0]
        return {
            "orders": orders,
            "seconds": round(seconds, 2),
            "seconds_with_making_them": round(whole, 2),
            "orders_per_second": round(orders / seconds, 1),
            "ack_ms": {p: max(float(tally["ack_ms"][p]) for tally in tallies) for p in ("p50", "p99")},
            "statements_per_order": round(database.statements / orders, 4),
            "workers": workers,
            "database": f"PostgreSQL {version}",
            "violations": abs(kept - orders),
        }
