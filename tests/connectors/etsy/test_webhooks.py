"""Webhooks: signed as Standard Webhooks has it, of now, and no more than a nudge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace

import pytest

from connectors.etsy import Etsy, EtsyChannel
from connectors.http import AioHttp
from hub.contract import Cursor, Secrets
from hub.domain.order import ChannelOrder
from hub.errors import Forbidden
from tests.connectors.etsy.harness import HARNESS, ORDER, fixture
from tests.connectors.etsy.server import EtsyDouble

PAID = json.dumps(fixture("order.paid__only_says_where_to_ask")).encode()


def test_what_etsy_signs_is_heard_and_says_nothing_yet(channel: EtsyChannel, double: EtsyDouble) -> None:
    delivery = channel.verify(double.headers(PAID, mark="msg_1"), PAID)
    assert (delivery.id, delivery.topic, delivery.body) == ("webhook:msg_1", "order.paid", PAID)
    assert delivery.occurred_at is not None and abs(delivery.occurred_at.timestamp() - time.time()) < 60
    assert channel.read(delivery) == ()


async def test_the_poll_after_the_nudge_brings_the_receipt(channel: EtsyChannel, double: EtsyDouble) -> None:
    channel.verify(double.headers(PAID), PAID)
    page = await channel.pull_orders(Cursor())
    (order,) = [news for delivery in page.deliveries for news in channel.read(delivery)]
    assert isinstance(order, ChannelOrder) and order.external_id == str(ORDER)


def test_a_retry_is_the_same_delivery_and_another_event_is_not(channel: EtsyChannel, double: EtsyDouble) -> None:
    ids = [channel.verify(double.headers(PAID, mark=mark), PAID).id for mark in ("msg_1", "msg_1", "msg_2")]
    assert ids == ["webhook:msg_1", "webhook:msg_1", "webhook:msg_2"]


@pytest.mark.parametrize("off", [-301, 301, -86_400])
def test_a_delivery_signed_at_another_time_is_refused(channel: EtsyChannel, double: EtsyDouble, off: int) -> None:
    with pytest.raises(Forbidden, match="too long ago"):
        channel.verify(double.headers(PAID, at=time.time() + off), PAID)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("text", ["", "x", "9" * 30])
def test_every_header_counts(channel: EtsyChannel, double: EtsyDouble, name: str, text: str) -> None:
    with pytest.raises(Forbidden):
        channel.verify(double.headers(PAID, mark="msg_1") | {name: text}, PAID)


def test_one_right_signature_among_several_is_enough(channel: EtsyChannel, double: EtsyDouble) -> None:
    headers = double.headers(PAID)
    right = headers["webhook-signature"]
    for told in (f"v1,AAAA {right}", f"{right} v1a,zzz", right.removeprefix("v1,")):
        channel.verify(headers | {"webhook-signature": told}, PAID)
    with pytest.raises(Forbidden, match="does not match"):
        channel.verify(headers | {"webhook-signature": "v1,AAAA v1,BBBB"}, PAID)


def test_without_a_secret_nobody_is_believed(double: EtsyDouble, http: AioHttp) -> None:
    given = HARNESS.account(double.url)
    bare = Etsy().open(replace(given, secrets=Secrets({**given.secrets, "webhook_secret": ""})), http)
    with pytest.raises(Forbidden, match="webhook_secret"):
        bare.verify(double.headers(PAID), PAID)
    with pytest.raises(Forbidden, match="webhook_secret"):
        bare.sign("order.paid", PAID)


@pytest.mark.parametrize("secret", ["whsec_", " ", "whsec_ "])
def test_a_secret_of_nothing_proves_nothing(double: EtsyDouble, http: AioHttp, secret: str) -> None:
    """An empty key is known to everybody."""
    given = HARNESS.account(double.url)
    bare = Etsy().open(replace(given, secrets=Secrets({**given.secrets, "webhook_secret": secret})), http)
    stamp = str(int(time.time()))
    forged = base64.b64encode(hmac.new(b"", f"m.{stamp}.".encode() + PAID, hashlib.sha256).digest()).decode()
    with pytest.raises(Forbidden):
        bare.verify({"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": f"v1,{forged}"}, PAID)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event_type": 5}', b'{"event_type": "listing.made"}', b"\xff"])
def test_signed_bodies_of_other_kinds_are_kept_and_say_nothing(
    channel: EtsyChannel, double: EtsyDouble, body: bytes
) -> None:
    delivery = channel.verify(double.headers(body), body)
    assert delivery.topic in ("unnamed", "listing.made") and channel.read(delivery) == ()
