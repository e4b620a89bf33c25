"""Connecting a shop in the browser: signed in, sent to Shopify, back with a code, and the shop works."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp.connector
import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.actions.create_user import NewUser, create_user
from hub.actions.services import Services
from hub.settings import Settings
from hub.store.database import Database
from hub.store.nodes import Node
from hub.web.app import create_app
from hub.web.services import Services as Doors
from tests.connectors.shopify.consent import callback, tls
from tests.connectors.shopify.server import CLIENT_ID, CLIENT_SECRET, SHOP, TOKEN, ShopifyDouble, serve
from tests.shows.shops import Shops, shops_of

PASSWORD = "correct horse battery staple"
PUBLIC = "http://hub.example"
FORM = "/connect/shopify"


@pytest.fixture
async def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ShopifyDouble]:
    """A shop behind TLS. ShopifyAPI asks for what to trust at each call; aiohttp did when it was imported."""
    certificate, context = tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusted = ssl.create_default_context()
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusted)
    async with serve(tls=context) as made:
        yield made


@dataclass
class Browser:
    """Somebody at the console. `back` is where Shopify sent them last."""

    client: TestClient[Any, Any]
    shops: Shops

    async def sign_in(self, role: str = "merchant", merchant: int = 0) -> Browser:
        email = f"{role}{self.shops.world.node.ids.next()}@example.com"
        merchant = merchant or self.shops.world.merchant_id
        user = NewUser(merchant_id=merchant, email=email, role=role, password=PASSWORD)
        await create_user(self.shops.world.services, user, "test")
        form = {"csrf": await self.csrf("/console/sign-in"), "email": email, "password": PASSWORD}
        async with self.client.post("/console/sign-in", data=form, allow_redirects=False) as reply:
            assert reply.status == 303
        return self

    async def csrf(self, path: str) -> str:
        _, text = await self.get(path)
        return text.partition('name="csrf" value="')[2].partition('"')[0]

    async def get(self, path: str) -> tuple[int, str]:
        async with self.client.get(path) as reply:
            return reply.status, await reply.text()

    async def begin(self, **fields: str) -> tuple[int, str]:
        """Fills the form in; gives the status and, where it went well, the address at Shopify."""
        form = {"csrf": await self.csrf(FORM), **fields}
        async with self.client.post(FORM, data=form) as reply:
            text = await reply.text()
            if reply.status != 200:
                return reply.status, text
            (address,) = re.findall(r'class="button primary" href="([^"]+)"', text)
            assert reply.headers["Refresh"] == f"0; url={unescape(address)}"
            return 200, unescape(address)

    async def consent(self, address: str, double: ShopifyDouble) -> dict[str, str]:
        """Says yes at Shopify; gives the parameters it sends back."""
        assert address.startswith(f"{double.url}/admin/oauth/authorize?")
        async with aiohttp.ClientSession() as session, session.get(address, allow_redirects=False) as reply:
            assert reply.status == 302, await reply.text()
            back = urlsplit(reply.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == f"{PUBLIC}{FORM}/callback"
        return dict(parse_qsl(back.query))

    async def come_back(self, params: dict[str, str]) -> tuple[int, str]:
        """Follows Shopify's way back; gives the status, and the address or the text."""
        async with self.client.get(f"{FORM}/callback", params=params, allow_redirects=False) as reply:
            return reply.status, reply.headers.get("Location") or await reply.text()


@pytest.fixture
async def shops(database: Database, node: Node, double: ShopifyDouble, tmp_path: Path) -> AsyncIterator[Shops]:
    """One process that trusts the double."""
    async with shops_of(database, node, tmp_path / "mailbox") as made:
        yield made


@pytest.fixture
async def app(shops: Shops) -> AsyncIterator[TestServer]:
    """The product's doors at a public address."""
    given = Settings.model_construct().model_dump() | {"public_url": PUBLIC, "allow_private_hosts": True}
    settings = Settings.model_construct(**given)
    services = replace(shops.world.services, settings=settings)
    parts = {name: getattr(services, name) for name in Services.__dataclass_fields__}
    async with TestServer(create_app(Doors(**parts, inbox=shops.world.inbox))) as server:
        yield server


@pytest.fixture
async def browser(app: TestServer, shops: Shops) -> AsyncIterator[Browser]:
    """A merchant who is signed in."""
    async with TestClient(app) as client:
        yield await Browser(client, shops).sign_in()


@pytest.fixture
async def stranger(app: TestServer, shops: Shops) -> AsyncIterator[Browser]:
    """Another browser."""
    async with TestClient(app) as client:
        yield Browser(client, shops)


def filled(double: ShopifyDouble, **more: str) -> dict[str, str]:
    return {
        "name": "Main street", "shop": SHOP.upper(), "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "base_url": double.url, **more,
    }  # fmt: skip


async def accounts(shops: Shops) -> list[dict[str, Any]]:
    rows = await shops.world.rows("SELECT id, name, state, connector FROM accounts ORDER BY id")
    return [dict(row) for row in rows]


# ---------------------------------------------------------------- the straight way


async def test_a_merchant_connects_a_shop_and_it_works(browser: Browser, double: ShopifyDouble) -> None:
    _, page = await browser.get("/console/accounts")
    assert 'href="/connect/shopify"' in page
    _, form = await browser.get(FORM)
    assert f"{PUBLIC}{FORM}/callback" in form and 'name="access_token"' not in form
    status, address = await browser.begin(**filled(double))
    assert status == 200
    status, where = await browser.come_back(await browser.consent(address, double))
    (account,) = await accounts(browser.shops)
    assert (status, where) == (303, f"/console/accounts#account-{account['id']}")
    assert (account["name"], account["state"]) == ("Main street", "active")
    channel = await browser.shops.world.accounts.open(account["id"])
    assert dict(channel.account.secrets) == {"access_token": TOKEN, "client_secret": CLIENT_SECRET}
    assert channel.account.settings == {"shop": SHOP, "client_id": CLIENT_ID, "base_url": double.url}
    assert await channel.check() == "Crossdock Test"
    _, page = await browser.get("/console/accounts")
    assert "Main street is connected<" in page


async def test_shopify_is_asked_to_tell_us_its_news(browser: Browser, double: ShopifyDouble) -> None:
    _, address = await browser.begin(**filled(double))
    await browser.come_back(await browser.consent(address, double))
    (account,) = await accounts(browser.shops)
    told = {hook["topic"]: hook["uri"] for hook in double.state.subscriptions.values()}
    assert set(told.values()) == {f"{PUBLIC}/webhooks/{account['id']}"}
    assert {"ORDERS_CREATE", "ORDERS_UPDATED", "APP_UNINSTALLED"} <= set(told)


async def test_a_shop_that_gives_a_token_and_then_fails_is_connected_with_the_reason(
    browser: Browser, double: ShopifyDouble
) -> None:
    _, address = await browser.begin(**filled(double))
    params = await browser.consent(address, double)
    double.fail(503, times=20)
    status, _ = await browser.come_back(params)
    assert status == 303 and len(await accounts(browser.shops)) == 1
    _, page = await browser.get("/console/accounts")
    assert "Main street is connected, but:" in page and "Needs you" in page


async def test_connecting_again_renews_the_account_that_is_there(browser: Browser, double: ShopifyDouble) -> None:
    for name in ("Main street", "Another name"):
        status, address = await browser.begin(**filled(double, name=name))
        assert status == 200
        assert (await browser.come_back(await browser.consent(address, double)))[0] == 303
        world = browser.shops.world
        await world.database.plain.execute("UPDATE accounts SET state = 'reconnect', secrets = '{}'")
        world.accounts.forget((await accounts(browser.shops))[0]["id"])
    assert [row["name"] for row in await accounts(browser.shops)] == ["Main street"]
    _, address = await browser.begin(**filled(double))
    await browser.come_back(await browser.consent(address, double))
    (account,) = await accounts(browser.shops)
    assert account["state"] == "active"
    _, page = await browser.get("/console/accounts")
    assert "Main street is connected again" in page
    trail = await browser.shops.world.rows("SELECT action, actor FROM audit ORDER BY id")
    assert [row["action"] for row in trail if "account" in row["action"]] == ["add_account", *["renew_account"] * 2]
    assert all(row["actor"].startswith("user:") for row in trail if "account" in row["action"])


async def test_the_app_of_another_account_is_used_without_showing_its_secret(
    browser: Browser, double: ShopifyDouble
) -> None:
    values = {"shop": "other.myshopify.com", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    other = await browser.shops.world.account("shopify", "Other", values)
    _, form = await browser.get(FORM)
    assert f'<option value="{other}"' in form and CLIENT_SECRET not in form
    given = {"name": "Main street", "shop": SHOP, "base_url": double.url, "app_of": str(other)}
    status, address = await browser.begin(**given)
    assert status == 200
    assert (await browser.come_back(await browser.consent(address, double)))[0] == 303
    assert [row["name"] for row in await accounts(browser.shops)] == ["Other", "Main street"]


# ---------------------------------------------------------------- what is refused


CORRECTIONS = (
    ("shop", "evil.example", "is not an address like example.myshopify.com"),
    ("shop", "", "is not an address like example.myshopify.com"),
    ("client_secret", "", "the Dev Dashboard shows it"),
    ("client_id", "x" * 251, "longer than 250 characters"),
    ("name", " ", "give it a name"),
    ("app_of", "12345", "there is no such account"),
)
"""Field, what was entered, what the page says."""


async def test_a_form_that_needs_correcting_says_what(browser: Browser, double: ShopifyDouble) -> None:
    for field, entered, said in CORRECTIONS:
        status, page = await browser.begin(**filled(double, **{field: entered}))
        assert status == 422 and said in unescape(page) + unescape(page).lower(), (field, entered)
        assert ('aria-invalid="true"' in page) is (field != "app_of")
        assert CLIENT_SECRET not in page, "a secret is entered again"


async def test_a_name_that_another_shop_has_is_taken(browser: Browser, double: ShopifyDouble) -> None:
    values = {"shop": "other.myshopify.com", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    await browser.shops.world.account("shopify", "Main street", values)
    status, page = await browser.begin(**filled(double))
    assert status == 422 and "choose another name" in page


async def test_only_merchants_who_are_signed_in_may_connect(stranger: Browser) -> None:
    for path in (FORM, f"{FORM}/callback"):
        async with stranger.client.get(path, headers={"Accept": "text/html"}, allow_redirects=False) as reply:
            assert (reply.status, reply.headers["Location"]) == (303, "/console/sign-in")
    async with stranger.client.post(FORM, data={"csrf": ""}) as reply:
        assert reply.status == 401
    await stranger.sign_in("agent")
    assert (await stranger.get(FORM))[0] == 403
    assert (await stranger.come_back(callback()))[0] == 403


async def test_a_form_without_its_token_starts_nothing(browser: Browser, double: ShopifyDouble) -> None:
    for token in ("", "forged"):
        async with browser.client.post(FORM, data=filled(double) | {"csrf": token}) as reply:
            assert reply.status == 403


FORGERIES = (
    {"state": "forged"}, {"state": ""}, {"hmac": "0" * 64}, {"hmac": ""}, {"shop": "other.myshopify.com"},
    {"code": "made up"}, {"timestamp": "1"}, {"timestamp": ""},
)  # fmt: skip


async def test_a_callback_that_is_not_shopifys_answer_connects_nothing(browser: Browser, double: ShopifyDouble) -> None:
    _, address = await browser.begin(**filled(double))
    params = await browser.consent(address, double)
    for change in FORGERIES:
        status, said = await browser.come_back(params | change)
        assert status == 403 and CLIENT_SECRET not in said, change
    assert await accounts(browser.shops) == [] and double.granted == 0
    assert (await browser.come_back(params))[0] == 303, "the real answer still counts"


async def test_a_signed_callback_of_another_shop_connects_nothing(browser: Browser, double: ShopifyDouble) -> None:
    _, address = await browser.begin(**filled(double))
    params = await browser.consent(address, double)
    signed = callback(shop="other.myshopify.com", state=params["state"], code=params["code"])
    status, said = await browser.come_back(signed)
    assert status == 403 and "not the shop that was asked" in said and double.granted == 0


async def test_an_answer_counts_only_in_its_own_browser_and_once(
    browser: Browser, stranger: Browser, double: ShopifyDouble
) -> None:
    _, address = await browser.begin(**filled(double))
    params = await browser.consent(address, double)
    await stranger.sign_in(merchant=2)
    assert (await stranger.come_back(params))[0] == 403
    await stranger.begin(**filled(double))
    assert (await stranger.come_back(params))[0] == 403
    assert (await browser.come_back(params))[0] == 303
    assert (await browser.come_back(params))[0] == 403
    assert len(await accounts(browser.shops)) == 1 and double.granted == 1


async def test_a_used_code_and_a_late_answer_are_refused(browser: Browser, double: ShopifyDouble) -> None:
    _, address = await browser.begin(**filled(double))
    params = await browser.consent(address, double)
    double.codes.clear()
    status, said = await browser.come_back(params)
    assert status == 502 and "connect again" in said
    browser.shops.world.clock.advance(timedelta(minutes=16))
    late = callback(browser.shops.world.clock.now(), state=params["state"])
    assert (await browser.come_back(late))[0] == 403
    assert await accounts(browser.shops) == []


async def test_what_cannot_be_connected_so_is_not_found(browser: Browser) -> None:
    for kind in ("demo_carrier", "email", "nothing", "1"):
        assert (await browser.get(f"/connect/{kind}"))[0] == 404
        assert (await browser.get(f"/connect/{kind}/callback"))[0] == 404
