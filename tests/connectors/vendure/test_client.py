"""Sessions, channels, and what errors that come with HTTP 200 mean."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel
from connectors.vendure.client import endpoint
from hub.contract import Account, Cursor, Secrets
from hub.domain.outgoing import Kind
from hub.errors import Invalid, Reconnect, Reject, Retry, Unknown
from tests.connectors.checks.common import push
from tests.connectors.vendure.harness import HARNESS
from tests.connectors.vendure.server import API_KEY, CHANNEL, VendureDouble


def account(double: VendureDouble, **settings: str) -> Account:
    """The harness's account with some settings changed."""
    given = HARNESS.account(double.url)
    return replace(given, settings={**given.settings, **settings})


def operations(double: VendureDouble) -> list[str]:
    """The names of what was asked so far."""
    return [json.loads(seen.body)["operationName"] for seen in double.seen]


async def test_one_login_serves_many_channels_of_an_account(double: VendureDouble, http: AioHttp) -> None:
    connector = Vendure()
    for _ in range(3):
        assert await connector.open(account(double), http).check() == "__default_channel__ as hub@example.com"
    assert operations(double) == ["Login", "Check", "Check", "Check"]


async def test_a_session_that_is_over_is_begun_anew(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.check()
    double.sessions.clear()
    receipt = await push(channel, HARNESS, Kind.PUSH_SHIPMENT, "k")
    assert receipt and len(double.effects()) == 1
    assert operations(double)[2:5] == ["Fulfillments", "Login", "Fulfillments"]


async def test_a_permission_that_is_missing_for_products_stops_no_orders(
    channel: VendureChannel, double: VendureDouble
) -> None:
    """`Reconnect` would take the whole account out of work."""
    await channel.check()
    forbidden = b'{"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}], "data": null}'
    double.mischief.fail(200, body=forbidden, headers={"Content-Type": "application/json"}, times=1)
    token = json.dumps({"data": {"login": {"__typename": "CurrentUser", "id": "1"}}}).encode()
    double.mischief.fail(200, body=token, headers={"vendure-auth-token": "t"}, times=1)
    double.mischief.fail(200, body=forbidden, headers={"Content-Type": "application/json"}, times=1)
    with pytest.raises(Reject, match="lacks a permission"):
        await push(channel, HARNESS, Kind.PUSH_STOCK, "k")


async def test_a_password_that_is_wrong_asks_for_a_new_one(double: VendureDouble, http: AioHttp) -> None:
    given = account(double)
    wrong = replace(given, secrets=Secrets(given.secrets | {"password": "not the password"}))
    with pytest.raises(Reconnect, match="refuses the login: The provided credentials are invalid"):
        await Vendure().open(wrong, http).check()


async def test_a_server_with_cookies_alone_is_told_apart(double: VendureDouble, http: AioHttp) -> None:
    double.gives_tokens = False
    with pytest.raises(Reconnect, match="add 'bearer'"):
        await Vendure().open(account(double), http).check()


async def test_a_missing_permission_is_reconnect_after_one_try(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.check()
    forbidden = b'{"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}], "data": null}'
    double.mischief.fail(200, body=forbidden, headers={"Content-Type": "application/json"}, times=1)
    assert await channel.check()
    double.mischief.fail(200, body=forbidden, headers={"Content-Type": "application/json"}, times=9)
    with pytest.raises(Reconnect):
        await channel.pull_orders(Cursor())


async def test_an_api_key_goes_without_login(double: VendureDouble, http: AioHttp) -> None:
    given = account(double)
    by_key = replace(given, secrets=Secrets(api_key=API_KEY), settings={"base_url": double.url})
    assert await Vendure().open(by_key, http).check() == "__default_channel__ as an API key"
    assert operations(double) == ["Check"]
    wrong = replace(by_key, secrets=Secrets(api_key="another key"))
    with pytest.raises(Reconnect):
        await Vendure().open(wrong, http).check()


async def test_a_channel_token_that_is_not_known_is_noticed(double: VendureDouble, http: AioHttp) -> None:
    """With one channel alone Vendure takes any token for it."""
    astray = account(double, channel_token="a token of yesterday")
    with pytest.raises(Reconnect, match="calls would be about __default_channel__"):
        await Vendure().open(astray, http).check()
    double.channels.append("token-of-another-channel")
    with pytest.raises(Reconnect, match="correct the account's channel_token"):
        await Vendure().open(astray, http).check()
    assert await Vendure().open(account(double, channel_token=CHANNEL), http).check()


def test_what_cannot_be_opened(http: AioHttp) -> None:
    given = HARNESS.account("")
    with pytest.raises(Invalid, match="base_url"):
        Vendure().open(given, http)
    with pytest.raises(Invalid, match="api_key"):
        Vendure().open(replace(HARNESS.account("http://127.0.0.1:9"), secrets=Secrets()), http)


def test_the_admin_api_is_where_the_address_says() -> None:
    assert endpoint("https://shop.example.com") == "https://shop.example.com/admin-api"
    assert endpoint("https://example.com/shop/admin") == "https://example.com/shop/admin"


@pytest.mark.parametrize(
    ("error", "asking", "pushing"),
    [
        ({"message": "No Order", "extensions": {"code": "ENTITY_NOT_FOUND"}}, Reject, Reject),
        ({"message": "Cannot take", "extensions": {"code": "USER_INPUT_ERROR"}}, Reject, Reject),
        ({"message": "deadlock", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}, Retry, Unknown),
        ({"message": "FOREIGN KEY constraint failed"}, Retry, Unknown),
    ],
)
async def test_errors_that_come_with_200(
    channel: VendureChannel, double: VendureDouble, error: Any, asking: type[Exception], pushing: type[Exception]
) -> None:
    await channel.check()
    body = json.dumps({"errors": [error], "data": None}).encode()
    double.fail(200, body=body)
    with pytest.raises(asking):
        await channel.pull_orders(Cursor())
    double.fail(200, body=body)
    with pytest.raises(pushing):
        await channel._client.change("fulfillments.MoveFulfillment", id="1", state="Shipped")
