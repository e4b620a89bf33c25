"""Sends webhooks the way systems do: signed by the caller, retried until accepted, paced, many at once, measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from connectors.playing.line import Lines

LADDER = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait before each repeat; then the hook is given up, as real systems do after hours."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One delivery, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Tally:
    """What became of the hooks. `ack_ms` is how long each accepted one took to be answered, in milliseconds."""

    accepted: int = 0
    retried: int = 0
    given_up: int = 0
    seconds: float = 0.0
    ack_ms: list[float] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    def summary(self) -> dict[str, object]:
        """Counts and percentiles as JSON."""
        ranked = sorted(self.ack_ms)
        rate = self.accepted / self.seconds if self.seconds else 0.0
        return {
            "accepted": self.accepted,
            "retried": self.retried,
            "given_up": self.given_up,
            "seconds": round(self.seconds, 3),
            "per_second": round(rate, 1),
            "ack_ms": {"p50": percentile(ranked, 0.50), "p99": percentile(ranked, 0.99)},
            "refusals": self.refusals,
        }


def percentile(ranked: Sequence[float], share: float) -> float:
    """The value below which `share` of the ascending `ranked` lie; 0 for none."""
    return round(ranked[min(int(len(ranked) * share), len(ranked) - 1)], 2) if ranked else 0.0


class Sender:
    """Posts hooks over kept connections; an async context manager."""

    def __init__(self, *, ladder: Sequence[float] = LADDER) -> None:
        self._ladder = ladder
        self._lines = Lines()
        self._tasks: set[asyncio.Task[None]] = set()
        self.tally = Tally()

    async def __aenter__(self) -> Sender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lines.close()

    def soon(self, hook: Hook) -> None:
        """Sends `hook` in the background, with its repeats."""
        task = asyncio.create_task(self.send(hook, self.tally))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Waits until nothing is on its way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def load(
        self, hooks: Iterable[Hook] | AsyncIterable[Hook], *, pace: float = 0.0, concurrency: int = 16
    ) -> Tally:
        """Sends all `hooks` in order, `concurrency` at a time, `pace` a second (0: as fast as they are answered)."""
        tally, queue, turn, begun = Tally(), _numbered(hooks), asyncio.Lock(), time.perf_counter()

        async def work() -> None:
            while True:
                async with turn:  # a hook that has to be made first is waited for by one at a time
                    try:
                        number, hook = await anext(queue)
                    except StopAsyncIteration:
                        return
                if pace:
                    await asyncio.sleep(max(0.0, begun + number / pace - time.perf_counter()))
                await self.send(hook, tally)

        await asyncio.gather(*(work() for _ in range(concurrency)))
        tally.seconds = time.perf_counter() - begun
        return tally

    async def send(self, hook: Hook, tally: Tally) -> None:
        """Posts `hook` until it is accepted or the ladder ends; `tally` takes the result."""
        for wait in (*self._ladder, None):
            if await self._post(hook, tally):
                return
            if wait is None:
                tally.given_up += 1
            else:
                tally.retried += 1
                await asyncio.sleep(wait)

    async def _post(self, hook: Hook, tally: Tally) -> bool:
        begun = time.perf_counter()
        try:
            status = await self._lines.post(hook.url, hook.headers, hook.body)
        except (OSError, TimeoutError) as error:
            return _refused(tally, type(error).__name__)
        if not 200 <= status < 300:
            return _refused(tally, str(status))
        tally.accepted += 1
        tally.ack_ms.append((time.perf_counter() - begun) * 1000)
        return True


async def _numbered(hooks: Iterable[Hook] | AsyncIterable[Hook]) -> AsyncIterator[tuple[int, Hook]]:
    number = 0
    if isinstance(hooks, AsyncIterable):
        async for hook in hooks:
            yield number, hook
            number += 1
    else:
        for row in enumerate(hooks):
            yield row


def _refused(tally: Tally, why: str) -> bool:
    tally.refusals[why] = tally.refusals.get(why, 0) + 1
    return False
