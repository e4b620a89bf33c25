"""Runs a benchmark on an empty database, which is thrown away afterwards."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.command import logs
from hub.errors import Conflict
from hub.settings import load


@dataclass(frozen=True, slots=True)
class Given:
    """What was asked for."""

    orders: int
    workers: int
    database_url: str


async def bench(measure: str, given: Given) -> dict[str, Any]:
    """The figures of `measure` (flow, ingest or hot-sku). Raises `Conflict` for a database that holds orders."""
    from bench import flow, hot_sku, ingest
    from main import opened

    logs.configure("text", logging.WARNING)
    measures = {"flow": flow.flow, "ingest": ingest.ingest, "hot-sku": hot_sku.hot_sku}
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o755)
        settings = load(data_dir=Path(folder), demo=True, database_url=given.database_url, host="127.0.0.1", port=0)
        async with opened(settings, pool=20, migrate=True) as parts:
            if await parts.services.database.plain.fetchval("SELECT 1 FROM orders LIMIT 1"):
                raise Conflict("this database holds orders; a benchmark wants an empty one")
            return await measures[measure](parts, given.orders, given.workers)
