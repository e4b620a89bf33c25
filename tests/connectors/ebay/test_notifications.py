"""The door: eBay's published vectors, keys that are fetched and remembered, the challenge, subscriptions."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.ebay import Ebay, EbayChannel, hearing, keys
from connectors.ebay import notification_wire as wire
from connectors.http import AioHttp
from connectors.playing.manners import listening
from hub.contract import Greeting
from hub.domain.order import Erasure
from hub.errors import Forbidden, Reject, Retry
from tests.connectors.ebay.harness import TOKEN, account
from tests.connectors.ebay.notifying import KID
from tests.connectors.ebay.server import EbayDouble

DATA = {"username": "buyer-1", "userId": "u-1", "eiasToken": "x"}
TOPIC = "MARKETPLACE_ACCOUNT_DELETION"
DOOR = "https://hub.example/webhooks/61"


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    """The vectors that eBay publishes with its SDK."""
    file = shared / "contracts" / "ebay" / "event-notification-sdk_test_vectors.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def vector_body(vector: dict[str, Any]) -> bytes:
    """The message as JSON.stringify writes it, which is what eBay signed."""
    return json.dumps(vector["message"], separators=(",", ":"), ensure_ascii=False).encode()


def proves(vector: dict[str, Any]) -> bool:
    signature = hearing.signature_of({"x-ebay-signature": vector["signature"]}).signature
    told = vector["response"]
    try:
        key = keys.Key(wire.PublicKey(told["key"], told["digest"]))
        key.require(base64.b64decode(signature), vector_body(vector))
    except Forbidden:
        return False
    return True


def test_the_valid_vector_is_proven(vectors: dict[str, Any]) -> None:
    assert proves(vectors["VALID"])


@pytest.mark.parametrize("name", ["INVALID", "SIGNATURE_MISMATCH"])
def test_the_other_vectors_are_not(vectors: dict[str, Any], name: str) -> None:
    assert not proves(vectors[name])


def kid_of(vector: dict[str, Any]) -> str:
    return hearing.signature_of({"x-ebay-signature": vector["signature"]}).kid


async def test_the_vectors_through_the_door(vectors: dict[str, Any], channel: EbayChannel, double: EbayDouble) -> None:
    double.other_keys[kid_of(vectors["VALID"])] = vectors["VALID"]["response"]
    for name in ("VALID", "INVALID", "SIGNATURE_MISMATCH"):
        headers, body = {"x-ebay-signature": vectors[name]["signature"]}, vector_body(vectors[name])
        await channel.fetch_keys(headers)
        if name != "VALID":
            with pytest.raises(Forbidden):
                channel.verify(headers, body)
            continue
        delivery = channel.verify(headers, body)
        assert delivery.id == vectors[name]["message"]["notification"]["notificationId"]
        (_, by_id) = channel.read(delivery)
        assert isinstance(by_id, Erasure) and by_id.external_id == "ma8vp1jySJC"
    assert len(double.asked_keys) == 1


async def test_the_vector_whose_key_cannot_be_had(
    vectors: dict[str, Any], channel: EbayChannel, double: EbayDouble
) -> None:
    headers, body = {"x-ebay-signature": vectors["ERROR"]["signature"]}, vector_body(vectors["ERROR"])
    with pytest.raises(Forbidden):
        await channel.fetch_keys(headers)
    with pytest.raises(Forbidden):
        channel.verify(headers, body)
    assert double.asked_keys == [kid_of(vectors["ERROR"])]


# ---------------------------------------------------------------- keys


async def test_a_key_is_fetched_once_and_outlives_the_channel(double: EbayDouble, http: AioHttp) -> None:
    connector = Ebay()
    for _ in range(3):
        channel = connector.open(account(double.url), http)
        headers, body = double.notification(TOPIC, DATA)
        await channel.fetch_keys(headers)
        delivery = channel.verify(headers, body)
        assert (delivery.topic, delivery.body) == (TOPIC, body)
        assert [it.external_id for it in channel.read(delivery) if isinstance(it, Erasure)] == ["buyer-1", "u-1"]
    assert double.asked_keys == [KID]
    assert double.granted == ["client_credentials"]


async def test_without_its_key_nothing_is_proven(channel: EbayChannel, double: EbayDouble) -> None:
    headers, body = double.notification(TOPIC, DATA)
    with pytest.raises(Forbidden):
        channel.verify(headers, body)
    await channel.fetch_keys(headers)
    with pytest.raises(Forbidden):
        channel.verify(headers, body + b" ")
    with pytest.raises(Forbidden):
        channel.verify(double.sign(body, "another-kid"), body)


async def test_ids_that_ebay_does_not_know_are_remembered(channel: EbayChannel, double: EbayDouble) -> None:
    for _ in range(5):
        with pytest.raises(Forbidden):
            await channel.fetch_keys(double.sign(b"{}", "00000000-0000"))
    assert double.asked_keys == ["00000000-0000"]


async def test_whoever_knocks_cannot_make_us_ask_without_end(channel: EbayChannel, double: EbayDouble) -> None:
    for number in range(keys.ASKED + 5):
        with pytest.raises((Forbidden, Retry)):
            await channel.fetch_keys(double.sign(b"{}", f"made-up-{number}"))
    assert len(double.asked_keys) == keys.ASKED
    headers, _ = double.notification(TOPIC, DATA)
    with pytest.raises(Retry):
        await channel.fetch_keys(headers)  # eBay repeats it; nothing is lost


@pytest.mark.parametrize("kid", ["", "a/b", "../order", "x" * 65, "a b", "ключ"])
async def test_what_can_be_no_id_is_not_asked_for(channel: EbayChannel, double: EbayDouble, kid: str) -> None:
    with pytest.raises(Forbidden):
        await channel.fetch_keys(double.sign(b"{}", kid))
    assert double.asked_keys == []


@pytest.mark.parametrize("text", ["", "x", "e30=", base64.b64encode(b"[1]").decode(), "é", "A" * 10_000])
async def test_a_header_that_cannot_be_read_names_no_key(channel: EbayChannel, text: str) -> None:
    with pytest.raises(Forbidden):
        await channel.fetch_keys({"x-ebay-signature": text})
    with pytest.raises(Forbidden):
        channel.verify({"x-ebay-signature": text}, b"{}")


async def test_ebay_being_away_is_no_verdict_on_a_key(channel: EbayChannel, double: EbayDouble) -> None:
    headers, body = double.notification(TOPIC, DATA)
    double.fail(500)
    with pytest.raises(Retry):
        await channel.fetch_keys(headers)
    await channel.fetch_keys(headers)
    assert channel.verify(headers, body).topic == TOPIC


async def test_a_key_of_another_kind_proves_nothing(channel: EbayChannel, double: EbayDouble) -> None:
    double.keys["odd"] = "MD5"
    with pytest.raises(Forbidden):
        await channel.fetch_keys(double.sign(b"{}", "odd"))


# ---------------------------------------------------------------- the challenge


def greeting(code: str = "a8628072-3d33", url: str = DOOR, method: str = "GET") -> Greeting:
    return Greeting(method, url, {"challenge_code": code} if code else {}, {}, b"")


def test_the_challenge_is_answered_in_ebays_order(channel: EbayChannel) -> None:
    reply = channel.greet(greeting())
    assert reply is not None and reply.headers["content-type"] == "application/json"
    wanted = hashlib.sha256(b"a8628072-3d33" + TOKEN.encode() + DOOR.encode()).hexdigest()
    assert (reply.status, json.loads(reply.body)) == (200, {"challengeResponse": wanted})


def test_anything_else_is_a_delivery(channel: EbayChannel) -> None:
    assert channel.greet(greeting(code="")) is None
    assert channel.greet(greeting(method="POST")) is None


def test_a_challenge_without_token_or_address_is_not_answered(channel: EbayChannel, http: AioHttp) -> None:
    with pytest.raises(Retry, match="PUBLIC_URL"):
        channel.greet(greeting(url="/webhooks/61"))
    given = account("https://api.sandbox.ebay.com")
    del given.secrets["verification_token"]
    with pytest.raises(Forbidden, match="verification_token"):
        Ebay().open(given, http).greet(greeting())


# ---------------------------------------------------------------- subscriptions


@asynccontextmanager
async def door(channel: EbayChannel) -> AsyncIterator[str]:
    """A door that answers challenges by the connector, as the hub's does."""
    where = ""

    async def hear(request: web.Request) -> web.Response:
        reply = channel.greet(Greeting(request.method, where, dict(request.query), {}, b""))
        assert reply is not None
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    app = web.Application()
    app.router.add_get("/webhooks/61", hear)
    async with listening(app, "127.0.0.1", 0) as root:
        where = f"{root}/webhooks/61"
        yield where


async def test_the_subscription_is_made_checked_and_moved(channel: EbayChannel, double: EbayDouble) -> None:
    async with door(channel) as url:
        assert (await channel.check_webhooks(url)).missing == (TOPIC,)
        assert (await channel.repair_webhooks(url)).healthy
        assert (await channel.repair_webhooks(url)).healthy
        assert len(double.state.destinations) == len(double.state.subscriptions) == 1
        (there,) = double.state.subscriptions.values()
        assert there["payload"] == {"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}
        assert (await channel.check_webhooks("https://elsewhere.example/webhooks/61")).elsewhere == (TOPIC,)


async def test_an_address_that_was_marked_down_is_enabled_again(channel: EbayChannel, double: EbayDouble) -> None:
    async with door(channel) as url:
        await channel.repair_webhooks(url)
        (there,) = double.state.destinations.values()
        there["status"] = "MARKED_DOWN"
        assert not (await channel.check_webhooks(url)).healthy
        assert (await channel.repair_webhooks(url)).healthy
        assert there["status"] == "ENABLED"


async def test_others_subscriptions_are_paged_over(channel: EbayChannel, double: EbayDouble) -> None:
    for number in range(5):
        config = {"endpoint": f"https://other.example/{number}"}
        double.state.destinations[str(number)] = {
            "destinationId": str(number), "status": "ENABLED", "deliveryConfig": config,
        }  # fmt: skip
    async with door(channel) as url:
        assert (await channel.repair_webhooks(url)).healthy
        assert len(double.state.destinations) == 6
        assert (await channel.repair_webhooks(url)).healthy
        assert len(double.state.destinations) == 6


async def test_what_a_person_must_do_is_said(channel: EbayChannel, double: EbayDouble, http: AioHttp) -> None:
    double.state.alert_email = ""
    with pytest.raises(Reject, match="Alerts & Notifications"):
        await channel.repair_webhooks(DOOR)
    given = account(double.url)
    del given.secrets["verification_token"]
    with pytest.raises(Reject, match="verification_token"):
        await Ebay().open(given, http).repair_webhooks(DOOR)
