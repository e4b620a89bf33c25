"""eBay's daily quotas: what is left of them, and when one that is used up is full again.

Source: Analytics API, getRateLimits. Pure.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from connectors.ebay import wire
from connectors.http import LONGEST_WAIT
from connectors.wire import instant
from hub.contract import Quota
from hub.errors import BadPayload

ASK_AGAIN = 900.0
"""Seconds after which the quota is asked for again."""

PATH = "/developer/analytics/v1_beta/rate_limit/"


def api_of(path: str) -> tuple[str, str]:
    """(context, name) of the API that a path belongs to: ("sell", "fulfillment")."""
    parts = path.strip("/").split("/")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", "")


def wait(limits: wire.RateLimits, date: str | None) -> float | None:
    """Seconds from `date` (an HTTP date, eBay's own clock) to the latest reset of a quota of which nothing is left;
    None when all have something left, or it is not told."""
    resets: list[datetime] = []
    for api in limits.rate_limits:
        for resource in api.resources:
            for rate in resource.rates:
                with suppress(BadPayload):
                    resets += [instant(rate.reset, "$.reset")] if rate.remaining <= 0 else []
    if not resets or not date:
        return None
    with suppress(ValueError, TypeError):
        seconds = (max(resets) - parsedate_to_datetime(date)).total_seconds()
        return min(max(seconds, 1.0), LONGEST_WAIT)
    return None


def tightest(limits: wire.RateLimits) -> Quota | None:
    """The quota of which the smallest part is left; None where none is told."""
    found = []
    for rate in (rate for api in limits.rate_limits for resource in api.resources for rate in resource.rates):
        if rate.limit > 0:
            resets: datetime | None = None
            with suppress(BadPayload):
                resets = instant(rate.reset, "$.reset")
            found.append(Quota(left=max(0, rate.remaining), of=rate.limit, unit="calls a day", resets_at=resets))
    return min(found, key=lambda quota: quota.left / quota.of, default=None)


@dataclass(slots=True)
class Told:
    """What was last told, and when, in seconds of the running loop: asking is a call too."""

    quota: Quota | None = None
    at: float = -ASK_AGAIN
