"""More worker processes on the same database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from main import Parts

MAIN = Path(__file__).resolve().parents[1] / "main.py"


def environment(parts: Parts) -> dict[str, str]:
    """What another process needs to work on the same database: its address, the key, and whether this is a demo."""
    settings = parts.settings
    key = settings.secret_key.get_secret_value() or (settings.data_dir / "secret.key").read_text().strip()
    return dict(os.environ) | {
        "CROSSDOCK_DATABASE_URL": parts.services.database.url,
        "CROSSDOCK_SECRET_KEY": key,
        "CROSSDOCK_DEMO": str(settings.demo).lower(),
    }


@contextlib.asynccontextmanager
async def multiply(parts: Parts, count: int, tasks: Sequence[str]) -> AsyncIterator[None]:
    """`count` further processes that run `worker` with these tasks, ended with the block."""
    if count < 1:
        yield
        return
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(MAIN), "worker", "--tasks", ",".join(tasks), env=environment(parts)
        )
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))
