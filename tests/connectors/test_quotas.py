"""What connectors tell of their quotas: as the other side told it, and without a call of their own for every poll."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from connectors import CONNECTORS
from connectors.amazon import Amazon
from connectors.ebay import Ebay
from connectors.etsy import Etsy
from connectors.http import AioHttp
from connectors.shopify import Shopify
from hub.contract import Cursor, Quota, TellsQuota
from hub.errors import Retry
from tests.connectors.amazon import harness as amazon
from tests.connectors.ebay import harness as ebay
from tests.connectors.etsy import harness as etsy
from tests.connectors.shopify import harness as shopify

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


async def test_etsy_tells_what_the_last_answer_told(http: AioHttp) -> None:
    async with etsy.stocked() as double:
        channel = Etsy().open(etsy.HARNESS.account(double.url), http)
        assert await channel.quota() is None, "nothing was told yet"
        await channel.check()
        assert await channel.quota() == Quota(left=9_988, of=10_000, unit="calls in 24 hours")
        double.remaining = 41
        await channel.check()
        told = await channel.quota()
        assert told is not None and told.left == 39


async def test_shopify_tells_its_points_and_they_refill(http: AioHttp) -> None:
    async with shopify.stocked() as double:
        channel = Shopify().open(shopify.HARNESS.account(double.url), http)
        assert await channel.quota() is None
        await channel.check()
        told = await channel.quota()
        assert told is not None and 0 < told.left <= told.of
        assert (told.unit, told.resets_at) == ("points of the rate limit", None)


async def test_amazon_counts_its_searches(http: AioHttp) -> None:
    async with amazon.stocked() as double:
        channel = Amazon().open(amazon.HARNESS.account(double.url), http)
        assert await channel.quota() is None
        await channel.pull_orders(Cursor(at=SINCE))
        told = await channel.quota()
        assert told is not None and (told.left, told.of) == (19, 20)
        double.fail(429)
        with pytest.raises(Retry):
            await channel.pull_orders(Cursor(at=SINCE))
        told = await channel.quota()
        assert told is not None and told.left == 0, "Amazon says that it is used up"


def limits(*rates: tuple[int, int, str]) -> list[dict[str, Any]]:
    """An answer of getRateLimits: (remaining, limit, reset) of one resource each."""
    resources = [
        {"name": f"sell.fulfillment.{n}", "rates": [
            {"count": limit - left, "limit": limit, "remaining": left, "reset": reset, "timeWindow": 86_400}]}
        for n, (left, limit, reset) in enumerate(rates)
    ]  # fmt: skip
    return [{"apiContext": "sell", "apiName": "Fulfillment", "apiVersion": "v1", "resources": resources}]


async def test_ebay_is_asked_now_and_then_for_the_tightest_of_its_quotas(http: AioHttp) -> None:
    async with ebay.stocked() as double:
        channel = Ebay().open(ebay.account(double.url), http)
        double.limits = limits((90_000, 100_000, "2026-11-23T00:00:00.000Z"), (40, 2_500, "2026-11-23T07:00:00.000Z"))
        told = Quota(left=40, of=2_500, unit="calls a day", resets_at=datetime(2026, 11, 23, 7, tzinfo=UTC))
        assert await channel.quota() == told
        double.limits = limits((1, 100_000, "soon"))
        assert await channel.quota() == told, "a quarter of an hour has not passed"
        asked = [one for one in double.seen if "rate_limit" in one.path]
        assert len(asked) == 1
        again = Ebay().open(ebay.account(double.url), http)
        assert await again.quota() == Quota(left=1, of=100_000, unit="calls a day"), "a time nobody can read"


async def test_ebay_that_tells_nothing_or_is_away_is_no_quota(http: AioHttp) -> None:
    async with ebay.stocked() as double:
        channel = Ebay().open(ebay.account(double.url), http)
        double.fail(503)
        with pytest.raises(Retry):
            await channel.quota()
        double.limits = []
        assert await channel.quota() is None


def test_the_four_that_know_say_so() -> None:
    for name in ("etsy", "shopify", "amazon", "ebay"):
        harness = {"etsy": etsy, "shopify": shopify, "amazon": amazon, "ebay": ebay}[name].HARNESS
        account = harness.account("http://127.0.0.1:1")
        assert isinstance(CONNECTORS[name].open(account, cast(Any, None)), TellsQuota), name
