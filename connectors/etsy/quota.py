"""Etsy's limits: so many calls a second, and so many within any 24 hours, with a part kept back for what matters most.

Every answer says what is left (`x-remaining-today`, `x-limit-per-day`, `x-limit-per-second`); a 429 does not. The day
slides: calls made 24 hours ago become free again by and by. Source: developers.etsy.com, "Rate limits". Keeps no clock
of its own; `now` is in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum

PER_SECOND = 10
"""Calls a second until an answer says otherwise."""

PROBE_SECONDS = 900.0
"""How long a figure is trusted: after that one call is made to see what has become free."""


class Use(Enum):
    """What a call is for, with the share of a day's calls that it leaves to what comes before it."""

    SHIP = 0.0
    READ = 0.05
    STOCK = 0.20


class Quota:
    """The calls of one account's token, as last told."""

    def __init__(self) -> None:
        self.remaining: int | None = None
        self.per_day = 10_000
        self._per_second = PER_SECOND
        self._told_at = 0.0
        self._calls: deque[float] = deque()

    def spent(self, use: Use, now: float) -> float:
        """Seconds until a call for `use` may be tried, when what is left today is kept for others; else 0."""
        if self.remaining is None or self.remaining > self.per_day * use.value or use is Use.SHIP:
            return 0.0
        return max(0.0, self._told_at + PROBE_SECONDS - now)

    def pause(self, now: float) -> float:
        """Seconds to wait so that no second has too many calls; 0 when there is room, and then it is taken."""
        while self._calls and self._calls[0] + 1.0 <= now:
            self._calls.popleft()
        if len(self._calls) >= self._per_second:
            return self._calls[0] + 1.0 - now
        self._calls.append(now)
        return 0.0

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Takes over what an answer says; `headers` has lower-case names."""
        self._per_second = max(1, _count(headers, "x-limit-per-second") or self._per_second)
        self.per_day = _count(headers, "x-limit-per-day") or self.per_day
        left = _count(headers, "x-remaining-today")
        if left is not None:
            self.remaining, self._told_at = left, now


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
