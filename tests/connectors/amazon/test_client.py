"""Tokens, quotas and pages: asked for once, obeyed, and read to the end."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.amazon import Amazon, AmazonChannel, reading
from connectors.amazon.limits import PLANS, Limits
from connectors.amazon.settings import LWA, Settings
from connectors.http import AioHttp
from hub.contract import Account, Cursor, Secrets
from hub.domain.order import ChannelOrder
from hub.errors import Invalid, Reconnect, Reject, Retry
from tests.connectors.amazon import server
from tests.connectors.amazon.books import FRANCE, GERMANY, NOW, iso, plain_order
from tests.connectors.amazon.harness import HARNESS, ORDER, with_queue
from tests.connectors.amazon.server import AmazonDouble

# ---------------------------------------------------------------- quotas


def test_a_bucket_holds_its_burst_and_fills_by_its_rate() -> None:
    limits = Limits()
    assert [limits.take("searchOrders", 1000.0) for _ in range(20)] == [0.0] * 20
    wait = limits.take("searchOrders", 1000.0)
    assert wait == pytest.approx(1 / 0.0056) and 178 < wait < 179
    assert limits.take("searchOrders", 1000.0 + 178) == pytest.approx(wait - 178)
    assert limits.take("searchOrders", 1000.0 + 179) == 0.0
    assert limits.take("searchOrders", 1000.0 + 179) > 170, "one call per 179 seconds"


def test_a_full_bucket_does_not_overflow() -> None:
    limits = Limits()
    limits.take("confirmShipment", 0.0)
    assert [limits.take("confirmShipment", 1e9) for _ in range(11)] == [*[0.0] * 10, pytest.approx(0.5)]


def test_a_sellers_own_rate_is_learnt_and_junk_is_not() -> None:
    limits = Limits()
    for _ in range(20):
        limits.take("searchOrders", 0.0)
    limits.learn("searchOrders", "0.1", 0.0)
    for junk in (None, "", "fast", "-1", "0", "nan", "inf"):
        limits.learn("searchOrders", junk, 0.0)
    assert limits.take("searchOrders", 0.0) == pytest.approx(10.0)
    assert limits.spent("searchOrders", 5.0) == pytest.approx(10.0), "a 429 empties what we thought was left"


def test_the_plans_are_those_of_the_models() -> None:
    assert {name: (float(rate), burst) for name, (rate, burst) in server.PLANS.items()} == PLANS


async def test_the_quota_is_one_for_all_channels_of_an_account(
    amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    begun = time.monotonic()
    for _ in range(20):
        await amazon.open(account, http).pull_orders(Cursor(at=NOW))
    with pytest.raises(Retry, match="no room") as told:
        await amazon.open(account, http).pull_orders(Cursor(at=NOW))
    assert told.value.after is not None
    passed = 1 / 0.0056 - told.value.after
    assert 0 < passed <= time.monotonic() - begun, "room for one in 179 seconds, less those that have passed"
    assert double.left["searchOrders"] == 0 and double.asked("searchOrders") == 20
    other = replace(account, id=account.id + 1)
    with pytest.raises(Retry, match="429"):
        await amazon.open(other, http).pull_orders(Cursor(at=NOW))


async def test_throttled_by_amazon_waits_as_its_header_says(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.left["searchOrders"], double.rates["searchOrders"] = 0, "0.02"
    with pytest.raises(Retry, match="429") as told:
        await channel.pull_orders(Cursor(at=NOW))
    assert told.value.after == pytest.approx(50)
    seen = len(double.seen)
    with pytest.raises(Retry, match="no room"):
        await channel.pull_orders(Cursor(at=NOW))
    assert len(double.seen) == seen


# ---------------------------------------------------------------- tokens


async def test_a_token_is_fetched_once_however_many_ask(channel: AmazonChannel, double: AmazonDouble) -> None:
    names = await asyncio.gather(*(channel.check() for _ in range(5)))
    assert set(names) == {"Muster & Co (DE, FR)"} and double.granted == [""]


async def test_a_token_that_ends_or_is_refused_is_replaced(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.check()
    double.good.clear()
    await asyncio.gather(*(channel.check() for _ in range(5)))
    assert len(double.granted) == 2, "who was refused with the old one takes the new one"
    double.fail(403, body=b'{"errors":[{"code":"Unauthorized","message":"Access denied","details":""}]}', times=2)
    with pytest.raises(Reconnect, match="Access denied"):
        await channel.check()
    assert len(double.granted) == 3, "a refusal is asked about once more, not for ever"


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one(
    channel: AmazonChannel, double: AmazonDouble, http: AioHttp
) -> None:
    """Of many calls under way some are refused when the token has long been replaced."""
    tokens = channel._kept.tokens
    old = await tokens.current(http)
    tokens.forget(old)
    new = await tokens.current(http)
    tokens.forget(old)
    assert await tokens.current(http) == new != old and len(double.granted) == 2


async def test_credentials_that_ran_out_say_what_to_do(
    amazon: Amazon, account: Account, double: AmazonDouble, http: AioHttp
) -> None:
    double.refused_secret = server.CLIENT_SECRET
    with pytest.raises(Reconnect, match="180 days"):
        await amazon.open(account, http).check()
    double.refused_secret = ""
    wrong = replace(account, secrets=Secrets({**account.secrets, "refresh_token": "Atzr|revoked-0123456789"}))
    with pytest.raises(Reconnect, match="authorize the app again"):
        await amazon.open(wrong, http).check()
    assert await amazon.open(account, http).check(), "corrected credentials count at once"
    assert Amazon.about.credentials_last == timedelta(days=180) and Amazon.about.forget_after == timedelta(days=30)


# ---------------------------------------------------------------- fields


def test_fields_that_make_no_sense_are_named(account: Account) -> None:
    def refused(field: str, **settings: str) -> None:
        with pytest.raises(Invalid) as told:
            Settings.of(replace(account, settings={**account.settings, **settings}))
        assert told.value.field == field

    refused("region", region="mars")
    refused("marketplace_ids", marketplace_ids=" , ")
    refused("queue_url", queue_url="https://sqs.eu-west-1.amazonaws.com/")
    refused("aws_access_key_id", queue_url="https://sqs.eu-west-1.amazonaws.com/1/orders")


def test_where_amazon_is(account: Account) -> None:
    def at(base_url: str) -> tuple[str, str]:
        settings = Settings.of(replace(account, settings={**account.settings, "base_url": base_url}))
        return settings.endpoint, settings.token_url

    sandbox = "https://sandbox.sellingpartnerapi-eu.amazon.com"
    assert at("") == ("https://sellingpartnerapi-eu.amazon.com", LWA)
    assert at(sandbox) == (sandbox, LWA)
    assert at("http://127.0.0.1:9/") == ("http://127.0.0.1:9", "http://127.0.0.1:9/auth/o2/token")
    assert at("https://amazon.com.evil.example")[1] == "https://amazon.com.evil.example/auth/o2/token"
    queue = Settings.of(with_queue(account, "https://sqs.eu-west-1.amazonaws.com/123456789012/my-orders")).queue
    assert queue is not None and (queue.region, queue.arn) == (
        "eu-west-1", "arn:aws:sqs:eu-west-1:123456789012:my-orders"
    )  # fmt: skip


async def test_a_seller_who_is_not_there_is_told(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.participating = [GERMANY]
    with pytest.raises(Reconnect, match=FRANCE):
        await channel.check()


# ---------------------------------------------------------------- pages


async def pull_all(channel: AmazonChannel, cursor: Cursor) -> tuple[list[ChannelOrder], Cursor, int]:
    found: list[ChannelOrder] = []
    for pages in range(1, 50):
        page = await channel.pull_orders(cursor)
        found += [it for d in page.deliveries for it in channel.read(d) if isinstance(it, ChannelOrder)]
        cursor = page.cursor
        if not page.more:
            return found, cursor, pages
    raise AssertionError("no end")


async def test_a_search_reaches_two_minutes_before_now_and_the_next_begins_there(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    late = double.books.add(plain_order("404-0000000-0000001", iso(NOW - timedelta(seconds=30))))
    first, cursor, _ = await pull_all(channel, Cursor(at=NOW - timedelta(hours=6)))
    assert late not in {order.external_id for order in first}, "Amazon's data are two minutes late"
    assert cursor == Cursor(at=NOW - timedelta(minutes=2))
    double.books.now = NOW + timedelta(minutes=5)
    second, cursor, _ = await pull_all(channel, cursor)
    assert [order.external_id for order in second] == [late] and cursor.at == NOW + timedelta(minutes=3)


async def test_both_marketplaces_come_page_by_page_in_their_currencies(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    seeded = double.seed_orders(230)
    at = double.books.orders[seeded[0]]["lastUpdatedTime"]
    swedish = json.loads(json.dumps(plain_order("405-0000000-0000001", at)).replace("EUR", "SEK"))
    double.books.add(swedish)
    found, _, pages = await pull_all(channel, Cursor(at=NOW))
    assert {order.external_id for order in found} == {*seeded, "405-0000000-0000001"}
    assert pages == 5, "three of orders, one of refunds, one of returns"
    assert {order.currency for order in found} == {"EUR", "SEK"}
    assert {order.words["marketplaceId"] for order in found} == {GERMANY, FRANCE}


async def test_a_pending_order_waits_until_it_has_its_address(channel: AmazonChannel, double: AmazonDouble) -> None:
    order = double.books.orders[ORDER]
    address, order["fulfillment"]["fulfillmentStatus"] = order.pop("recipient"), "PENDING"
    found, cursor, _ = await pull_all(channel, Cursor(at=NOW - timedelta(days=1)))
    (pending,) = [it for it in found if it.external_id == ORDER]
    assert pending.pending and not pending.paid and pending.ship_to is None
    assert pending.lines[0].quantity == 18 and pending.lines[0].cancelled == 0, "the goods are kept for it"
    order |= {"recipient": address, "fulfillment": {**order["fulfillment"], "fulfillmentStatus": "UNSHIPPED"}}
    double.books.touch(ORDER)
    ((ready,), _, _) = await pull_all(channel, cursor)
    assert not ready.pending and ready.paid and ready.ship_to is not None and ready.revised_at > pending.revised_at


async def test_what_changes_while_a_long_list_is_read_comes_with_the_next(
    channel: AmazonChannel, double: AmazonDouble
) -> None:
    """Each page says until when it looked; the list itself is that of the first. Twenty pages in, that is an hour."""
    seeded = double.seed_orders(150)
    first = await channel.pull_orders(Cursor(at=NOW))
    (told,) = channel.read(first.deliveries[0])
    assert isinstance(told, ChannelOrder) and told.external_id in seeded
    changed = told.external_id
    double.books.touch(changed)
    double.books.now += timedelta(hours=1)
    last = await channel.pull_orders(first.cursor)
    assert first.more and last.more and last.cursor.at == first.cursor.at, "refunds follow; until then nothing is in"
    none, reached, _ = await pull_all(channel, last.cursor)
    found, _, _ = await pull_all(channel, reached)
    assert none == []
    assert changed in {order.external_id for order in found}


async def test_an_expired_page_mark_is_a_refusal(channel: AmazonChannel, double: AmazonDouble) -> None:
    with pytest.raises(Reject, match="paginationToken"):
        await channel.pull_orders(Cursor(at=NOW, token="of yesterday"))


async def test_one_odd_order_does_not_hold_up_its_page(channel: AmazonChannel, double: AmazonDouble) -> None:
    double.seed_orders(3)
    odd = double.books.orders["305-0000002-0000014"]
    odd["orderItems"][0]["quantityOrdered"] = "many"
    page = await channel.pull_orders(Cursor(at=NOW))
    assert len(page.deliveries) == 3 and all(delivery.occurred_at for delivery in page.deliveries)


async def test_listings_come_with_the_name_and_price_of_the_first_marketplace(channel: AmazonChannel) -> None:
    first = await channel.list_products("")
    (kettle,) = [it for it in first.products if it.sku == "KETTLE"]
    assert len(first.products) == 20 and first.next == "20"
    assert (kettle.listing_id, kettle.title, kettle.price, kettle.currency) == (
        "KETTLE", "KETTLE in Germany", 1250, "EUR"
    )  # fmt: skip


async def test_dates_are_asked_to_the_second_and_exactly_one(channel: AmazonChannel, double: AmazonDouble) -> None:
    await channel.pull_orders(Cursor(at=NOW.replace(microsecond=999_999)))
    with pytest.raises(Reject, match="exactly one"):
        await reading.search(channel._client, {})
    with pytest.raises(Reject, match="two minutes"):
        await reading.search(channel._client, {"createdAfter": iso(NOW), "createdBefore": iso(NOW)})
    assert HARNESS.connector.about.overlap > timedelta(minutes=2), "each poll reaches behind what may be late"
