"""Amazon's usage plans: a bucket of calls per account and operation. Keeps no clock of its own.

Each operation has a rate at which its bucket fills and a burst, the calls it holds; an answer's x-amzn-RateLimit-Limit
tells the rate that applies to this seller, which may be higher. Source: developer-docs.amazon.com/sp-api, "Usage plans
and rate limits"; the numbers stand with each operation in its model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

LONGEST_SLEEP = 10.0
"""Seconds that a call waits for its turn by itself; a longer wait is the caller's, as `Retry`."""

PLANS: Mapping[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2, 15),
    "getFeeds": (0.0222, 10),
    "getFeedDocument": (0.0222, 10),
    "listTransactions": (0.5, 10),
    "getReports": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReport": (2, 15),
    "getReportDocument": (0.0167, 15),
    "getListingsItem": (5, 10),
    "searchListingsItems": (5, 5),
    "patchListingsItem": (5, 5),
    "getMarketplaceParticipations": (0.016, 15),
    "getSubscription": (1, 5),
    "createSubscription": (1, 5),
    "getDestinations": (1, 5),
    "createDestination": (1, 5),
}
"""Operation → (calls a second, burst)."""


class _Bucket:
    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.left, self.at = float(burst), -math.inf

    def fill(self, now: float) -> None:
        if now > self.at:
            self.left = min(self.burst, self.left + (now - self.at) * self.rate) if self.at > -math.inf else self.left
            self.at = now


class Limits:
    """The buckets of one account. `now` is in seconds of any steady clock."""

    def __init__(self) -> None:
        self._buckets = {name: _Bucket(*plan) for name, plan in PLANS.items()}

    def take(self, operation: str, now: float) -> float:
        """Seconds to wait before the call; 0 when there is room, and then the call is counted."""
        bucket = self._buckets[operation]
        bucket.fill(now)
        if bucket.left < 1:
            return (1 - bucket.left) / bucket.rate
        bucket.left -= 1
        return 0.0

    def left(self, operation: str, now: float) -> tuple[int, int] | None:
        """(calls that may be made now, burst); None while none was made."""
        bucket = self._buckets[operation]
        if bucket.at == -math.inf:
            return None
        bucket.fill(now)
        return int(bucket.left), PLANS[operation][1]

    def learn(self, operation: str, told: str | None, now: float) -> None:
        """Takes over the rate that an answer's x-amzn-RateLimit-Limit tells; what is no rate is passed over."""
        try:
            rate = float(told or "")
        except ValueError:
            return
        if math.isfinite(rate) and rate > 0:
            bucket = self._buckets[operation]
            bucket.fill(now)
            bucket.rate = rate

    def spent(self, operation: str, now: float) -> float:
        """Amazon says that the bucket is empty (429), whatever we counted; returns the seconds until the next call."""
        bucket = self._buckets[operation]
        bucket.fill(now)
        bucket.left = 0.0
        return 1 / bucket.rate
