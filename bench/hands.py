"""Workers in processes of their own, as an installation under load has them beside its doors, that tell what they used.

`python -m bench.hands intake post` is `main.py worker --tasks intake,post` with one thing more: for each line on its
standard input it prints a line of JSON with the statements it has sent and the seconds of processor it has used. It
ends when its input does, so none outlives the benchmark.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.processes import environment
from hub.flow.worker import TASKS

if TYPE_CHECKING:
    from main import Parts

SHARED = (("intake", "lines"), ("post",))
"""Who does what where there are several workers: taking in and deciding are one half of the work, and sending, with
what the answers move on, is the other."""


@dataclass(frozen=True, slots=True)
class Used:
    """What workers used so far: statements sent, seconds of processor."""

    statements: int = 0
    cpu: float = 0.0

    def __add__(self, other: Used) -> Used:
        return Used(self.statements + other.statements, self.cpu + other.cpu)


class Hands:
    """Running workers, seen from the benchmark."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def used(self) -> Used:
        """Of all of them together."""
        return sum([await _asked(process) for process in self._processes], Used())


async def _asked(process: asyncio.subprocess.Process) -> Used:
    """Raises RuntimeError when the worker is gone."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"\n")
    await process.stdin.drain()
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    if not line:
        raise RuntimeError("a worker ended during the benchmark")
    return Used(**json.loads(line))


@contextlib.asynccontextmanager
async def at_work(parts: Parts, count: int) -> AsyncIterator[Hands]:
    """`count` worker processes on the database of `parts`, ended with the block, with the tasks of `SHARED` one after
    another; a single one does everything, and with 0 this process works itself."""
    if not count:
        async with parts.worker():
            yield Hands(())
        return
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.hands", *tasks, stdin=pipe, stdout=pipe, env=environment(parts)
        )
        for tasks in ([sorted(TASKS)] if count == 1 else [SHARED[n % len(SHARED)] for n in range(count)])
    ]
    try:
        hands = Hands(processes)
        await hands.used()
        yield hands
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes))


async def work() -> None:
    """One worker, with the tasks that its arguments name, until its standard input ends."""
    from hub.settings import load
    from main import opened

    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with opened(load(), pool=20, migrate=False) as parts, parts.worker(sys.argv[1:]):
        while await lines.readline():
            times = os.times()
            used = {"statements": parts.services.database.statements, "cpu": times.user + times.system}
            print(json.dumps(used), flush=True)


if __name__ == "__main__":
    import logging

    from hub.command import logs, report

    logs.configure("text", logging.WARNING)
    report.loop(work)
