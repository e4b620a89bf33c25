"""Over https the keys travel as they are, over plain http they never do: each call is signed with them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from msgspec.structs import replace

from connectors.http import AioHttp
from connectors.oauth1 import Keys, signed
from connectors.woocommerce import WooCommerce, WooCommerceChannel
from connectors.woocommerce.client import segment
from hub.contract import Account, Cursor, Http, Reply
from hub.domain.outgoing import Kind
from hub.errors import Reconnect, Reject
from tests.connectors.woocommerce.door import BASIC
from tests.connectors.woocommerce.harness import HARNESS
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import KEY, SECRET

SITE = "https://shop.example"
MINUTE, DAY = 60.0, 24 * 3600.0
GOOD = Keys(KEY, SECRET)


class Line:
    """`Http` with a listener on it. `tls`: where a proxy passes on what comes for `SITE` over https. `twice`: how many
    of the next questions go out two times, as a library does that finds its kept connection broken."""

    def __init__(self, http: AioHttp, tls: str = "", twice: int = 0) -> None:
        self._http = http
        self._tls = tls
        self.twice = twice
        self.heard: list[tuple[str, str, Mapping[str, str]]] = []

    async def call(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **rest: Any) -> Reply:
        self.heard.append((method, url, headers or {}))
        if self._tls and url.startswith(SITE):
            url, headers = self._tls + url.removeprefix(SITE), {**(headers or {}), "X-Forwarded-Proto": "https"}
        if self.twice and method == "GET":
            self.twice -= 1
            await self._http.call(method, url, headers=headers, **rest)
        return await self._http.call(method, url, headers=headers, **rest)


def opened(url: str, http: Http, **secrets: str) -> WooCommerceChannel:
    account = HARNESS.account(url)
    account = Account(
        account.id, account.merchant_id, "woocommerce", account.name, type(account.secrets)(account.secrets | secrets),
        account.settings,
    )  # fmt: skip
    return WooCommerce().open(account, http)


def said(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["message"]


async def test_over_http_every_call_is_signed_and_nothing_secret_travels(double: WooDouble, http: AioHttp) -> None:
    line = Line(http)
    channel: Any = opened(double.url, line)
    assert await channel.check() == "Smith & Daughters"
    await channel.pull_orders(Cursor())
    await channel.list_products("")
    await channel.repair_webhooks("https://hub.example/webhooks/61?a=b c")
    for kind in (Kind.PUSH_SHIPMENT, Kind.PUSH_STATUS, Kind.PUSH_STOCK, Kind.PUSH_REFUND):
        assert await getattr(channel, kind.value)(HARNESS.pushes[kind], "k") is not None
    assert {method for method, _, _ in line.heard} == {"GET", "PUT", "POST"}
    for _, url, headers in line.heard:
        assert "Authorization" not in headers and SECRET not in url
        assert ("oauth_signature=" in url) == ("/wc/v3/" in url)
    nonces = [dict(parse_qsl(urlsplit(url).query))["oauth_nonce"] for _, url, _ in line.heard if "/wc/v3/" in url]
    assert len(set(nonces)) == len(nonces) > 10


async def test_over_https_the_keys_go_as_basic(double: WooDouble, http: AioHttp) -> None:
    line = Line(http, tls=double.url)
    channel: Any = opened(SITE, line)
    assert await channel.check() == "Smith & Daughters"
    await channel.push_refund(HARNESS.pushes[Kind.PUSH_REFUND], "k")
    assert {headers["Authorization"] for _, url, headers in line.heard if "/wc/v3/" in url} == {f"Basic {BASIC}"}
    assert not any("oauth_" in url for _, url, _ in line.heard)
    with pytest.raises(Reconnect, match="Consumer secret is invalid"):
        await opened(SITE, line, consumer_secret="cs_other").check()


async def test_a_site_that_talks_to_nobody_but_its_users_is_read_all_the_same(double: WooDouble, http: AioHttp) -> None:
    double.api.private = True
    channel = opened(double.url, http)
    assert await channel.check() == urlsplit(double.url).netloc
    assert len((await channel.pull_orders(Cursor())).deliveries) == 2


async def test_over_http_basic_is_not_looked_at(double: WooDouble, http: AioHttp) -> None:
    headers = {"Authorization": f"Basic {BASIC}"}
    reply = await http.call("GET", f"{double.url}/wp-json/wc/v3/orders", headers=headers)
    assert said(reply) == (401, "Sorry, you cannot list resources.")


async def test_parameters_may_hold_anything(double: WooDouble, http: AioHttp) -> None:
    channel = opened(double.url, http)
    odd = "a b+c%2F&d=e~ü☃'\"*()!"
    found = await channel._client.part("/orders", dict, {"search": odd, "status": "processing", "per_page": "1"})
    assert found.total == 2 and len(found.items) == 1
    with pytest.raises(Reject, match="404"):
        await channel._client.get(f"/orders/{segment(odd)}", dict)


# ---------------------------------------------------------------- what the store refuses


async def test_what_was_heard_cannot_be_sent_again(double: WooDouble, http: AioHttp) -> None:
    line = Line(http)
    await opened(double.url, line).check()
    method, url, _ = line.heard[0]
    assert said(await http.call(method, url)) == (401, "Invalid nonce - nonce has already been used.")
    reply = await http.call("POST", url.replace("/orders?", "/webhooks?"), body=b"{}")
    assert reply.status == 401 and not double.store.webhooks


@pytest.mark.parametrize(
    ("method", "part", "other"),
    [("GET", "per_page=2", "per_page=3"), ("GET", "/orders?", "/products?"), ("POST", "", "")],
)
async def test_what_was_signed_cannot_be_changed(
    double: WooDouble, http: AioHttp, method: str, part: str, other: str
) -> None:
    url = signed(GOOD, "GET", f"{double.url}/wp-json/wc/v3/orders?per_page=2", time.time())
    if method == "POST":
        url = url.replace("/orders?", "/webhooks?")
    reply = await http.call(method, url.replace(part, other), body=b"{}" if method == "POST" else None)
    assert said(reply) == (401, "Invalid signature - provided signature does not match.")


@pytest.mark.parametrize("off", [-16 * MINUTE, 16 * MINUTE])
async def test_a_call_of_another_hour_is_refused(double: WooDouble, http: AioHttp, off: float) -> None:
    url = signed(GOOD, "GET", f"{double.url}/wp-json/wc/v3/orders", time.time() + off)
    assert said(await http.call("GET", url)) == (401, "Invalid timestamp.")


async def test_a_parameter_of_oauth_that_is_missing_is_named(double: WooDouble, http: AioHttp) -> None:
    reply = await http.call("GET", f"{double.url}/wp-json/wc/v3/orders?oauth_consumer_key={KEY}")
    assert said(reply)[1].startswith("Missing OAuth parameters oauth_timestamp, oauth_nonce")


@pytest.mark.parametrize(
    ("secrets", "why"),
    [({"consumer_secret": "cs_other"}, "signature does not match"), ({"consumer_key": "ck_other"}, "key is invalid")],
)
async def test_keys_that_are_wrong_ask_for_others(
    double: WooDouble, http: AioHttp, secrets: dict[str, str], why: str
) -> None:
    with pytest.raises(Reconnect, match=why):
        await opened(double.url, http, **secrets).check()


async def test_a_store_that_calls_itself_otherwise_proves_nothing(double: WooDouble, http: AioHttp) -> None:
    """Its site address is http://shop.lan, and it was connected by its number in the network."""
    double.api.door.home = "shop.lan"
    with pytest.raises(Reconnect, match="signature does not match"):
        await opened(double.url, http).check()


# ---------------------------------------------------------------- what goes on all the same


@pytest.mark.parametrize("ahead", [-3 * 3600.0, 40 * MINUTE])
async def test_clocks_that_differ_are_no_reason_to_stop(double: WooDouble, http: AioHttp, ahead: float) -> None:
    double.api.door.ahead = ahead
    channel: Any = opened(double.url, http)
    refund: Any = HARNESS.pushes[Kind.PUSH_REFUND]
    assert await channel.check() == "Smith & Daughters"
    await channel.push_refund(refund, "k")
    await channel.push_refund(replace(refund, reference="refund-13"), "k2")
    assert double.effects() == [(Kind.PUSH_REFUND, "refund-12"), (Kind.PUSH_REFUND, "refund-13")]


async def test_a_clock_that_cannot_be_meant_is_not_signed_by(double: WooDouble, http: AioHttp) -> None:
    double.api.door.ahead = 30 * DAY
    with pytest.raises(Reconnect, match="Invalid timestamp"):
        await opened(double.url, http).check()


async def test_a_question_that_the_library_sent_twice_is_signed_anew(double: WooDouble, http: AioHttp) -> None:
    line = Line(http, twice=1)
    assert await opened(double.url, line).check() == "Smith & Daughters"
    orders = [url for _, url, _ in line.heard if "/orders" in url]
    assert len(orders) == 2 and orders[0] != orders[1]


async def test_an_address_that_may_not_be_called_is_told_without_the_key(double: WooDouble) -> None:
    async with AioHttp() as strict:
        with pytest.raises(Reject, match="is not an https address") as refusal:
            await opened(double.url, strict).check()
    assert KEY not in str(refusal.value) and "oauth" not in str(refusal.value)
