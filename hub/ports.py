"""The only sources of time, identity and chance, so that the core can run on a simulated clock from a seed."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

T = TypeVar("T")

EPOCH_MS = 1_735_689_600_000
"""2025-01-01T00:00Z in milliseconds; 41 bits from here last until 2094."""

NODES = 4096
PER_MS = 1024


class Clock(Protocol):
    """Where now comes from; always aware and in UTC."""

    def now(self) -> datetime: ...


class Ids(Protocol):
    """Where identity comes from: 63-bit integers that grow with time and never repeat."""

    def next(self) -> int: ...


class Rng(Protocol):
    """Where chance comes from."""

    def random(self) -> float: ...
    def choice(self, items: Sequence[T], /) -> T: ...
    def token(self, nbytes: int, /) -> str: ...
    def digits(self, count: int, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The three together, as they are handed around."""

    clock: Clock
    ids: Ids
    rng: Rng


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told; for tests, and for the demo's faster days."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class TimeOrderedIds:
    """41 bits of milliseconds, 12 of node, 10 of counter.

    `node` must be held by one process at a time (see `hub.store.nodes`). The counter borrows from the next millisecond
    when one is used up, and the time part never goes back, so a clock that jumps cannot repeat an id.
    """

    def __init__(self, node: int) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"node {node} is outside 0..{NODES - 1}")
        self._node = node << 10
        self._ms = 0
        self._count = 0

    def renumber(self, node: int) -> None:
        """Goes on as another node; ids keep growing."""
        self._node = node << 10

    def next(self) -> int:
        ms = time.time_ns() // 1_000_000 - EPOCH_MS
        if ms > self._ms:
            self._ms, self._count = ms, 0
        else:
            self._count += 1
            if self._count == PER_MS:
                self._ms, self._count = self._ms + 1, 0
        return self._ms << 22 | self._node | self._count


class SystemRng:
    """Chance from the operating system; tokens and digits are fit for secrets."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def random(self) -> float:
        return self._random.random()

    def choice(self, items: Sequence[T], /) -> T:
        return self._random.choice(items)

    def token(self, nbytes: int, /) -> str:
        return secrets.token_urlsafe(nbytes)

    def digits(self, count: int, /) -> str:
        return "".join(str(secrets.randbelow(10)) for _ in range(count))


class SeededRng:
    """Chance that repeats itself from a seed; for simulation and the demo's customers, never for secrets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable is what it is for

    def random(self) -> float:
        return self._random.random()

    def choice(self, items: Sequence[T], /) -> T:
        return self._random.choice(items)

    def token(self, nbytes: int, /) -> str:
        return self._random.randbytes(nbytes).hex()

    def digits(self, count: int, /) -> str:
        return "".join(str(self._random.randrange(10)) for _ in range(count))
