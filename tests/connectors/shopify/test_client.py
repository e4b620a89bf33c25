"""The Admin API's limits and errors: room is waited for, and each error says what to do next."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from connectors.http import AioHttp
from connectors.shopify import Shopify, ShopifyChannel, answers
from connectors.shopify.bucket import Bucket
from connectors.shopify.client import Client
from connectors.shopify.envelope import Cost, Throttle
from connectors.shopify.tokens import Credentials, Tokens
from hub.contract import Account, Cursor, Secrets
from hub.domain.outgoing import Kind
from hub.errors import Invalid, Reconnect, Reject, Retry, Unknown
from tests.connectors.shopify.harness import HARNESS
from tests.connectors.shopify.server import CLIENT_ID, CLIENT_SECRET, SHOP, TOKEN, ShopifyDouble


def client_of(double: ShopifyDouble, http: AioHttp, token: str = TOKEN) -> Client:
    return Client(http, Tokens(Credentials(double.url, token, CLIENT_ID, CLIENT_SECRET)), Bucket())


def status(left: float, most: float = 1000, rate: float = 50) -> Cost:
    return Cost(throttle_status=Throttle(most, left, rate), requested_query_cost=100)


def test_a_bucket_that_nobody_has_seen_lets_everything_through() -> None:
    assert Bucket().take("x", 5.0) == 0


def test_a_call_that_fits_takes_its_points() -> None:
    bucket = Bucket()
    bucket.learn("x", status(250), 0.0)
    assert [bucket.take("x", 0.0) for _ in range(3)] == [0, 0, pytest.approx(1.0)], "50 of 100 are there: 1 s at 50/s"
    assert bucket.take("x", 1.0) == 0


def test_points_come_back_up_to_the_full_bucket_and_no_further() -> None:
    bucket = Bucket()
    bucket.learn("x", status(0, most=120), 0.0)
    assert bucket.take("x", 1e6) == 0
    assert bucket.take("x", 1e6) == pytest.approx(80 / 50)


def test_a_document_dearer_than_the_bucket_waits_for_a_full_one_and_is_sent() -> None:
    bucket = Bucket()
    bucket.learn("x", status(0, most=60), 0.0)
    assert bucket.take("x", 0.0) == pytest.approx(60 / 50)
    assert bucket.take("x", 2.0) == 0


async def test_calls_wait_for_room_instead_of_being_throttled(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await channel.check()
    double.points, double.most, double.rate = 25.0, 25.0, 100.0
    started = time.monotonic()
    for _ in range(5):
        assert await channel.check() == "Crossdock Test"
    assert time.monotonic() - started > 0.2, "50 points from 25 at 100 a second cannot take less"
    assert len(double.seen) == 6, "no call was thrown away"


async def test_throttled_says_when_there_will_be_room(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.points, double.most, double.rate = 0.0, 1000.0, 0.5
    with pytest.raises(Retry, match="Throttled") as told:
        await channel.check()
    missing = 10 - int(double.points)  # some may have come back before it was asked
    assert told.value.after == pytest.approx(missing / 0.5, abs=1), "10 points at half a point a second"
    with pytest.raises(Retry, match="no room"):
        await channel.check()
    assert len(double.seen) == 1, "what would not fit for so long is not even sent"


async def test_the_bucket_is_one_for_all_channels_of_an_account(double: ShopifyDouble, http: AioHttp) -> None:
    double.points, double.most, double.rate = 10.0, 1000.0, 0.5
    shopify = Shopify()
    await shopify.open(HARNESS.account(double.url), http).check()
    with pytest.raises(Retry):
        await shopify.open(HARNESS.account(double.url), http).check()
    assert len(double.seen) == 1


async def test_pages_shrink_until_they_are_cheap_enough(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.seed_orders(9)
    double.dearest = 25.0
    page = await channel.pull_orders(Cursor())
    assert len(page.deliveries) == 5 and page.more
    double.dearest = 1.0
    with pytest.raises(Reject, match="exceeds"):
        await channel.pull_orders(Cursor())


@pytest.mark.parametrize(
    ("errors", "meaning"),
    [
        ([{"message": "Access denied for orders field", "extensions": {"code": "ACCESS_DENIED"}}], Reconnect),
        ([{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], Retry),
        ([{"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}], Reject),
        ([{"message": "something"}], Reject),
        ("Not Found", Reject),
    ],
)
async def test_errors_with_200_are_errors(
    channel: ShopifyChannel, double: ShopifyDouble, errors: object, meaning: type[Exception]
) -> None:
    body = json.dumps({"errors": errors, "data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False}}}})
    double.fail(200, body=body.encode())
    with pytest.raises(meaning):
        await channel.pull_orders(Cursor())


async def test_another_shops_token_is_told(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    body = {"data": {"shop": {"name": "Else", "myshopifyDomain": "else.myshopify.com"}}}
    double.fail(200, body=json.dumps(body).encode())
    with pytest.raises(Reconnect, match="not one of"):
        await channel.check()


async def test_a_wrong_token_asks_to_connect_again(double: ShopifyDouble, http: AioHttp) -> None:
    client = client_of(double, http, "shpat_wrong")
    with pytest.raises(Reconnect):
        await client.find("shop.Shop", answers.Shop)


async def test_a_mutation_that_does_not_say_what_became_of_it_is_unknown(
    channel: ShopifyChannel, double: ShopifyDouble, http: AioHttp
) -> None:
    client = client_of(double, http)
    for body in (
        b'{"data": {"refundCreate": null}}',
        b'{"data": {"refundCreate": {"refund": {"id": "1"}}}}',
        b"<html>",
    ):
        double.fail(200, body=body)
        with pytest.raises(Unknown):
            await client.change("refund_create.RefundCreate", "refund", input={}, key="k")


async def test_a_concurrent_request_with_the_same_key_is_waited_for(
    channel: ShopifyChannel, double: ShopifyDouble, http: AioHttp
) -> None:
    client = client_of(double, http)
    busy = {"userErrors": [{"message": "still running", "code": "IDEMPOTENCY_CONCURRENT_REQUEST"}]}
    double.fail(200, body=json.dumps({"data": {"inventorySetQuantities": busy}}).encode())
    with pytest.raises(Retry):
        await client.change("inventory_set.InventorySet", "inventoryAdjustmentGroup", input={}, key="k")


async def test_many_calls_at_once_share_the_bucket(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await channel.check()
    double.points, double.most, double.rate = 30.0, 30.0, 200.0
    await channel.check()
    names = await asyncio.gather(*(channel.check() for _ in range(10)))
    assert names == ["Crossdock Test"] * 10
    assert Kind.PUSH_STOCK in Shopify.about.repeatable


# ---------------------------------------------------------------- tokens of a day


def without_token(account: Account, **secrets: str) -> Account:
    return replace(account, secrets=Secrets({"client_secret": CLIENT_SECRET} | secrets))


async def test_the_apps_own_credentials_fetch_a_token_once(double: ShopifyDouble, http: AioHttp) -> None:
    shopify, account = Shopify(), without_token(HARNESS.account(double.url))
    names = await asyncio.gather(*(shopify.open(account, http).check() for _ in range(5)))
    assert names == ["Crossdock Test"] * 5 and double.granted == 1


async def test_a_token_is_replaced_before_it_ends(double: ShopifyDouble, http: AioHttp) -> None:
    double.lasts = 300.0
    channel = Shopify().open(without_token(HARNESS.account(double.url)), http)
    await channel.check()
    await asyncio.sleep(1.01)
    await channel.check()
    assert double.granted == 2


async def test_a_refused_token_of_a_day_is_fetched_anew_once(double: ShopifyDouble, http: AioHttp) -> None:
    channel = Shopify().open(without_token(HARNESS.account(double.url)), http)
    await channel.check()
    double.token = "rotated"
    await channel.check()
    assert double.granted == 2
    double.fail(401, times=2)
    with pytest.raises(Reconnect):
        await channel.check()
    assert double.granted == 3


async def test_refused_credentials_ask_to_connect_again(double: ShopifyDouble, http: AioHttp) -> None:
    account = without_token(HARNESS.account(double.url), client_secret="not the app's secret")
    shopify = Shopify()
    with pytest.raises(Reconnect, match="client_secret"):
        await shopify.open(account, http).check()
    mended = shopify.open(without_token(HARNESS.account(double.url)), http)
    assert await mended.check() == "Crossdock Test", "corrected credentials count at once"


def test_an_account_needs_one_or_the_other(double: ShopifyDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    with pytest.raises(Invalid, match="access token"):
        Shopify().open(replace(account, secrets=Secrets()), http)
    with pytest.raises(Invalid, match="access token"):
        Shopify().open(replace(without_token(account), settings={"shop": SHOP}), http)
