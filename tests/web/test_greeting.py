"""The webhook door for channels that ask first whether the address is ours, and those whose keys must be fetched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.contract import About, Account, Delivery, FetchesKeys, Greeting, Greets, HearsWebhooks, Http, Reply
from hub.domain.order import News
from hub.errors import Forbidden, Retry
from hub.settings import Settings
from hub.store.database import Database
from hub.web.services import Services
from tests.connectors.ebay.harness import TOKEN, account, stocked
from tests.connectors.ebay.server import EbayDouble
from tests.web.conftest import Client, settings
from tests.web.rows import Shop

PUBLIC = "https://hub.example"
Serve = Callable[[Services], Awaitable[Client]]


@dataclass
class Notes:
    """What the door asked a channel, and what is true at the other side."""

    greetings: list[Greeting] = field(default_factory=list)
    fetched: list[Mapping[str, str]] = field(default_factory=list)
    away: bool = False


class Polite:
    """A system that pings unsigned by POST, asks by GET, and signs with keys that come over the wire."""

    about = About(name="polite", title="Polite")

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def open(self, account: Account, http: Http) -> PoliteChannel:
        return PoliteChannel(account, self.notes)


class PoliteChannel:
    def __init__(self, account: Account, notes: Notes) -> None:
        self.account = account
        self.notes = notes
        self.keys: set[str] = set()

    async def check(self) -> str:
        return "polite"

    def greet(self, greeting: Greeting) -> Reply | None:
        self.notes.greetings.append(greeting)
        if greeting.query.get("who") == "stranger":
            raise Forbidden("strangers are not answered")
        if greeting.query.get("hello"):
            return Reply(203, {"content-type": "text/plain", "x-mine": "1"}, greeting.query["hello"].encode())
        return Reply(200, {}, b"") if greeting.body.startswith(b"webhook_id=") else None

    async def fetch_keys(self, headers: Mapping[str, str]) -> None:
        self.notes.fetched.append(headers)
        if self.notes.away:
            raise Retry("the system cannot be asked for its keys", 30.0)
        if not headers.get("x-key", "").startswith("good"):
            raise Forbidden("there is no such key")
        self.keys.add(headers["x-key"])

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        assert headers["x-key"] in self.keys, "verify was asked before the key was fetched"
        if headers.get("x-signature") != hashlib.sha256(headers["x-key"].encode() + body).hexdigest():
            raise Forbidden("the signature does not match")
        return Delivery(id=headers["x-signature"], topic="x", body=body)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return ()

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Key": "good", "X-Signature": hashlib.sha256(b"good" + body).hexdigest()}


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def polite(
    hub: Services, shop: Shop, serve: Serve, database: Database, notes: Notes
) -> AsyncIterator[tuple[Client, str]]:
    """The application with an account of that system, and the account's address."""
    async with AioHttp() as http:
        accounts = Accounts(database, Tools({"polite": Polite(notes)}, http, hub.vault), hub.clock, hub.ids)
        number = await accounts.add(shop.merchant_id, "polite", "polite", {})
        client = await serve(replace(hub, accounts=accounts, settings=settings(public_url=f"{PUBLIC}/")))
        yield client, f"/webhooks/{number}"


async def kept(database: Database, path: str) -> list[bytes]:
    number = int(path.rpartition("/")[2])
    rows = await database.plain.fetch("SELECT body FROM inbox WHERE account_id = $1 ORDER BY id", number)
    return [bytes(row["body"]) for row in rows]


def test_the_toy_is_what_it_plays(notes: Notes) -> None:
    channel: Any = PoliteChannel(Account(1, 1, "polite", "", account("").secrets), notes)
    assert isinstance(channel, Greets) and isinstance(channel, FetchesKeys) and isinstance(channel, HearsWebhooks)


# ---------------------------------------------------------------- greetings


def test_our_public_address_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_PUBLIC_URL", f"{PUBLIC}/")
    assert Settings().url == PUBLIC


async def test_a_question_by_get_is_answered_with_our_public_address(
    polite: tuple[Client, str], notes: Notes, database: Database
) -> None:
    client, path = polite
    async with client.get(path, params={"hello": "abc"}, headers={"X-Any": "Thing"}) as reply:
        assert (reply.status, await reply.read(), reply.headers["x-mine"]) == (203, b"abc", "1")
        assert reply.content_type == "text/plain"
    (greeting,) = notes.greetings
    assert (greeting.method, greeting.url, greeting.body) == ("GET", f"{PUBLIC}{path}", b"")
    assert greeting.headers["x-any"] == "Thing" and notes.fetched == []
    assert await kept(database, path) == []


async def test_a_ping_by_post_is_answered_unsigned_and_not_kept(
    polite: tuple[Client, str], notes: Notes, database: Database
) -> None:
    client, path = polite
    async with client.post(path, data=b"webhook_id=7") as reply:
        assert reply.status == 200
    (greeting,) = notes.greetings
    assert (greeting.method, greeting.url, greeting.body) == ("POST", f"{PUBLIC}{path}", b"webhook_id=7")
    assert notes.fetched == [] and await kept(database, path) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_greeting_that_is_refused_is_401(polite: tuple[Client, str], method: str) -> None:
    client, path = polite
    async with client.request(method, path, params={"who": "stranger"}) as reply:
        assert (reply.status, (await reply.json())["code"]) == (401, "unauthorized")


async def test_a_get_that_asks_nothing_finds_nothing(polite: tuple[Client, str]) -> None:
    client, path = polite
    async with client.get(path) as reply:
        assert (reply.status, (await reply.json())["code"]) == (404, "not_found")
    async with client.get("/webhooks/12345", params={"hello": "x"}) as reply:
        assert reply.status == 404
    async with client.head(path, params={"hello": "x"}) as reply:
        assert reply.status == 405


# ---------------------------------------------------------------- keys


async def test_keys_are_fetched_before_a_delivery_is_verified(
    polite: tuple[Client, str], notes: Notes, database: Database
) -> None:
    client, path = polite
    headers = {"X-Key": "good", "X-Signature": hashlib.sha256(b"good{}").hexdigest()}
    async with client.post(path, data=b"{}", headers=headers) as reply:
        assert reply.status == 200
    assert notes.fetched[0]["x-key"] == "good" and await kept(database, path) == [b"{}"]
    async with client.post(path, data=b"{ }", headers=headers) as reply:
        assert reply.status == 401
    assert await kept(database, path) == [b"{}"]


async def test_a_key_that_does_not_exist_is_401(polite: tuple[Client, str], database: Database) -> None:
    client, path = polite
    for headers in ({"X-Key": "made up"}, {}):
        async with client.post(path, data=b"{}", headers=headers) as reply:
            assert reply.status == 401
    assert await kept(database, path) == []


async def test_keys_that_cannot_be_had_now_are_503_and_the_sender_comes_again(
    polite: tuple[Client, str], notes: Notes, database: Database
) -> None:
    client, path = polite
    headers = {"X-Key": "good", "X-Signature": hashlib.sha256(b"good{}").hexdigest()}
    notes.away = True
    async with client.post(path, data=b"{}", headers=headers) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (503, "30")
    assert await kept(database, path) == []
    notes.away = False
    async with client.post(path, data=b"{}", headers=headers) as reply:
        assert reply.status == 200
    assert await kept(database, path) == [b"{}"]


# ---------------------------------------------------------------- eBay, by its own rules


@pytest.fixture
async def ebay() -> AsyncIterator[EbayDouble]:
    async with stocked() as double:
        yield double


async def test_ebays_challenge_and_notification_go_through_the_door(
    hub: Services, shop: Shop, serve: Serve, database: Database, ebay: EbayDouble
) -> None:
    given = account(ebay.url)
    number = await hub.accounts.add(shop.merchant_id, "ebay", "ebay", {**given.secrets, **given.settings})
    client = await serve(replace(hub, settings=settings(public_url=PUBLIC)))
    path = f"/webhooks/{number}"
    async with client.get(path, params={"challenge_code": "a8628072"}) as reply:
        wanted = hashlib.sha256(f"a8628072{TOKEN}{PUBLIC}{path}".encode()).hexdigest()
        assert (reply.status, reply.content_type) == (200, "application/json")
        assert json.loads(await reply.read()) == {"challengeResponse": wanted}
    headers, body = ebay.notification("MARKETPLACE_ACCOUNT_DELETION", {"username": "somebody"})
    for content, status in ((body, 200), (body, 200), (body + b" ", 401)):
        async with client.post(path, data=content, headers=headers) as reply:
            assert reply.status == status
    assert await kept(database, path) == [body] and len(ebay.asked_keys) == 1
    for _ in range(2):
        async with client.post(path, data=body, headers=ebay.sign(body, "made-up")) as reply:
            assert reply.status == 401
    assert ebay.asked_keys[1:] == ["made-up"]
