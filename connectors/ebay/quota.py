"""eBay's daily quotas: when the one that is used up is full again. Source: Analytics API, getRateLimits. Pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime

from connectors.ebay import wire
from connectors.http import LONGEST_WAIT
from connectors.wire import instant
from hub.errors import BadPayload

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
