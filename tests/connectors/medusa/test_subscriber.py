"""The subscriber's posts: made here by its own rule, and the file itself as the how-to shows it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from pathlib import Path

import msgspec
import pytest

from connectors.http import AioHttp
from connectors.medusa import Medusa, MedusaChannel, fields
from hub.contract import Account, Cursor, Secrets
from hub.errors import Forbidden
from tests.connectors.medusa.documents import item, order
from tests.connectors.medusa.harness import HARNESS, WEBHOOK_SECRET
from tests.connectors.medusa.server import MedusaDouble

ROOT = Path(__file__).resolve().parents[3]
FILE = (ROOT / "connectors" / "medusa" / "subscriber.ts").read_text(encoding="utf-8")


def post(event: str, body: bytes) -> dict[str, str]:
    """The headers as subscriber.ts makes them."""
    mark = hmac.new(WEBHOOK_SECRET.encode(), event.encode() + b"\n" + body, hashlib.sha256).digest()
    return {"x-crossdock-event": event, "x-crossdock-signature": base64.b64encode(mark).decode()}


async def test_what_the_subscriber_posts_is_what_a_poll_brings(channel: MedusaChannel, double: MedusaDouble) -> None:
    made = double.shop.add(order(9, [item("91", 5, 1)], "2026-11-22T11:00:00.000Z"))
    page = await channel.pull_orders(Cursor())
    (polled,) = [delivery for delivery in page.deliveries if made.encode() in delivery.body]
    heard = channel.verify(post("order.placed", polled.body), polled.body)
    assert channel.read(heard) == channel.read(polled)
    assert heard.occurred_at == polled.occurred_at and heard.topic == "order.placed"


def test_the_event_is_signed_too(channel: MedusaChannel) -> None:
    body = msgspec.json.encode({"order": order(9, [item("91", 5, 1)])})
    headers = post("order.placed", body)
    assert channel.verify(headers, body).id == channel.verify(headers, body).id
    with pytest.raises(Forbidden):
        channel.verify({**headers, "x-crossdock-event": "order.canceled"}, body)
    with pytest.raises(Forbidden, match="event"):
        channel.verify(post("", body), body)


def test_without_a_secret_nobody_is_heard(http: AioHttp) -> None:
    account = Account(1, 1, "medusa", "x", Secrets(api_key="sk_1"), {"base_url": "https://shop.example"})
    body = b"{}"
    forged = base64.b64encode(hmac.new(b"", b"order.placed\n{}", hashlib.sha256).digest()).decode()
    with pytest.raises(Forbidden):
        Medusa().open(account, http).verify(
            {"x-crossdock-event": "order.placed", "x-crossdock-signature": forged}, body
        )


def test_the_file_asks_for_what_the_poll_asks_for() -> None:
    listed = re.findall(r'^  "([\w.*]+)",$', FILE.partition("const FIELDS")[2].partition("]")[0], re.MULTILINE)
    assert listed == [f"{name[1:]}.*" if name.startswith("*") else name for name in fields.ORDER]


def test_the_how_to_shows_the_file() -> None:
    guide = (ROOT / "docs" / "how-to" / "connect-medusa.md").read_text(encoding="utf-8")
    assert f"```ts\n{FILE}```" in guide


def test_every_fixture_topic_but_the_poll_is_an_event_that_the_file_hears() -> None:
    heard = set(re.findall(r'"([\w.-]+)"', FILE.partition("event: [")[2].partition("]")[0]))
    topics = {file.name.partition("__")[0] for file in HARNESS.fixtures.glob("*.json")} - {"order.polled"}
    assert topics <= heard
