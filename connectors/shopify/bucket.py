"""Shopify's points: how long to wait before a call that would not fit. Keeps no clock of its own."""

from __future__ import annotations

from connectors.shopify.envelope import Cost

LONGEST_SLEEP = 10.0
"""Seconds that a call waits for points by itself; a longer wait is the caller's, as `Retry`."""

FIRST_GUESS = 50.0
"""Points a document is taken to cost before its first answer says so."""


class Bucket:
    """The points of one account, as last told, and what each operation is known to cost. `now` is in seconds."""

    def __init__(self) -> None:
        self._left = 0.0
        self._full = 0.0
        self._rate = 0.0
        self._at = 0.0
        self._costs: dict[str, float] = {}

    def take(self, operation: str, now: float) -> float:
        """Seconds to wait before the call; 0 when it fits, and then its points are taken."""
        if self._rate <= 0:
            return 0.0
        self._left = min(self._full, self._left + (now - self._at) * self._rate)
        self._at = now
        need = min(self._costs.get(operation, FIRST_GUESS), self._full)
        if need > self._left:
            return (need - self._left) / self._rate
        self._left -= need
        return 0.0

    def left(self, now: float) -> tuple[int, int] | None:
        """(points there are, points a full bucket holds); None while no answer has told."""
        if self._rate <= 0:
            return None
        return int(min(self._full, self._left + (now - self._at) * self._rate)), int(self._full)

    def learn(self, operation: str, cost: Cost, now: float) -> None:
        """Takes over what an answer says."""
        status = cost.throttle_status
        self._left, self._full, self._rate = status.currently_available, status.maximum_available, status.restore_rate
        self._at = now
        if cost.requested_query_cost > 0:
            self._costs[operation] = cost.requested_query_cost
