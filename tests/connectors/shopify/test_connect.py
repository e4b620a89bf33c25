"""OAuth with ShopifyAPI against a real TLS server: the address, the callback, the token, and nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from connectors import oauth
from connectors.shopify import connect
from hub.errors import Forbidden, Invalid, Reject, Retry
from tests.connectors.shopify import consent
from tests.connectors.shopify.server import CLIENT_ID, CLIENT_SECRET, SHOP, TOKEN, ShopifyDouble, serve
from tests.support.ports import nobody_listens

APP = connect.App(CLIENT_ID, CLIENT_SECRET)
NOW = datetime.now(UTC)

callback = partial(consent.callback, now=NOW)


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ShopifyDouble]:
    """A shop behind TLS, with a certificate that this test alone trusts."""
    certificate, context = consent.tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serve(tls=context) as double:
        double.codes |= {"code-1", "code-2"}
        yield double


def nothing_is_left() -> None:
    """ShopifyAPI's shared places hold no key, secret or token."""
    import shopify

    assert (shopify.Session.api_key, shopify.Session.secret) == (None, None)
    assert shopify.ShopifyResource.site is None
    assert "X-Shopify-Access-Token" not in shopify.ShopifyResource.headers


def test_the_address_to_ask_at() -> None:
    url = urlsplit(connect.authorization_url(APP, SHOP.upper(), "https://hub.example/cb?a=1&b=2", "st&te"))
    assert (url.scheme, url.netloc, url.path) == ("https", SHOP, "/admin/oauth/authorize")
    asked = parse_qs(url.query)
    assert asked["client_id"] == [CLIENT_ID] and asked["state"] == ["st&te"]
    assert asked["redirect_uri"] == ["https://hub.example/cb?a=1&b=2"]
    assert set(asked["scope"][0].split(",")) == set(connect.SCOPES) >= {"write_orders", "write_inventory"}
    nothing_is_left()


@pytest.mark.parametrize("name", ["", "evil.example", "crossdock-test.myshopify.com.evil.example", "a/b.myshopify.com"])
def test_nobody_is_sent_to_another_host(name: str) -> None:
    with pytest.raises(Invalid):
        connect.authorization_url(APP, name, "https://hub.example/cb", "s")
    with pytest.raises(Forbidden):
        connect.verify_callback(APP, callback(shop=name), NOW)


def test_a_callback_of_shopify_is_accepted_and_names_the_shop() -> None:
    assert connect.verify_callback(APP, callback(), NOW) == SHOP
    assert connect.verify_callback(APP, callback(host="YWRtaW4"), NOW) == SHOP


@pytest.mark.parametrize(
    "params",
    [
        {},
        callback(secret="another app's secret"),
        callback() | {"code": "code-9"},
        callback() | {"hmac": ""},
        callback() | {"hmac": "é"},
        {name: value for name, value in callback().items() if name != "hmac"},
        callback(timestamp="soon"),
        callback(now=NOW - timedelta(hours=1)),
        callback(now=NOW + timedelta(hours=1)),
    ],
)
def test_a_forged_or_old_callback_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        connect.verify_callback(APP, params, NOW)


def test_an_app_without_its_secret_proves_nothing() -> None:
    with pytest.raises(Forbidden):
        connect.verify_callback(replace(APP, client_secret=""), callback(secret=""), NOW)
    with pytest.raises(Forbidden):
        connect.verify_session_token(replace(APP, client_secret=""), "Bearer x")


async def test_a_code_becomes_a_token_once(shop: ShopifyDouble) -> None:
    app = replace(APP, base_url=shop.url)
    grant = await connect.exchange(app, callback(), NOW)
    assert dict(grant.secrets) == {"access_token": TOKEN, "client_secret": CLIENT_SECRET}
    assert grant.settings == {"shop": SHOP, "client_id": CLIENT_ID}
    assert "write_orders" in grant.scopes
    assert TOKEN not in repr(grant) and CLIENT_SECRET not in repr(grant) + repr(app)
    with pytest.raises(Reject, match="400"):
        await connect.exchange(app, callback(), NOW)
    nothing_is_left()


async def test_two_apps_at_once_do_not_meet(shop: ShopifyDouble) -> None:
    """The other app's secret would make its callback wrong, had they shared a session."""
    mine, other = replace(APP, base_url=shop.url), connect.App("other", "other-secret", shop.url)
    signed = callback(secret="other-secret", code="code-2")
    results = await asyncio.gather(
        connect.exchange(mine, callback(), NOW), connect.exchange(other, signed, NOW), return_exceptions=True
    )
    assert isinstance(results[0], oauth.Grant)
    assert isinstance(results[1], Reject), "proven by its own secret, and refused by a shop that does not know the app"
    nothing_is_left()


async def test_waiting_for_shopify_does_not_hold_up_the_loop(shop: ShopifyDouble) -> None:
    """The server answers in the loop that would be blocked: an exchange outside a thread would never end."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(tick())
    await connect.exchange(replace(APP, base_url=shop.url), callback(), NOW)
    beside.cancel()
    assert ticks > 1


async def test_a_shop_that_cannot_be_reached_is_tried_again(shop: ShopifyDouble) -> None:
    with nobody_listens() as port, pytest.raises(Retry):
        await connect.exchange(replace(APP, base_url=f"https://127.0.0.1:{port}"), callback(), NOW)
    with pytest.raises(Forbidden):
        await connect.exchange(replace(APP, base_url=shop.url), callback(secret="wrong"), NOW)
    assert "code-1" in shop.codes, "a forged callback exchanges nothing"


def session_token(secret: str = CLIENT_SECRET, **changed: object) -> str:
    now = int(time.time())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
    }
    return "Bearer " + jwt.encode({**claims, **changed}, secret, algorithm="HS256")


def test_a_session_token_says_who_is_there() -> None:
    visitor = connect.verify_session_token(APP, session_token())
    assert (visitor.shop, visitor.user_id) == (SHOP, "42")


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another secret that is as long as it needs"},
        {"aud": "another app"},
        {"exp": 1},
        {"dest": "https://else.myshopify.com"},
        {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
    ],
)
def test_a_session_token_that_is_not_ours_is_refused(changed: dict[str, Any]) -> None:
    """Each is made just now: one that had ended would be refused for that alone."""
    with pytest.raises(Forbidden):
        connect.verify_session_token(APP, session_token(**changed))


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Basic abc", "Bearer " + jwt.encode({"dest": f"https://{SHOP}"}, "", algorithm="none")]
)
def test_what_is_no_session_token_is_refused(header: str) -> None:
    with pytest.raises(Forbidden):
        connect.verify_session_token(APP, header)
