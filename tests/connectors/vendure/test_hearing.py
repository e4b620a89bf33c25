"""What the plugin posts: Standard Webhooks, several signatures while a secret is changed, the same order as polled."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel, hearing
from hub.contract import Cursor, Secrets
from hub.domain.order import ChannelOrder
from hub.errors import Forbidden
from tests.connectors.vendure.harness import HARNESS, ORDER
from tests.connectors.vendure.server import VendureDouble


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries' own tests."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    mark, at, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    assert hearing.signature(secret, mark, at, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_post_says_what_polling_says(channel: VendureChannel, double: VendureDouble) -> None:
    page = await channel.pull_orders(Cursor())
    polled = next(news for delivery in page.deliveries for news in channel.read(delivery) if news.external_id == ORDER)
    headers, body = double.post(ORDER, "msg-1")
    delivery = channel.verify(headers, body)
    assert (delivery.id, delivery.topic, delivery.body) == ("msg-1", "order.changed", body)
    assert channel.read(delivery) == (polled,) and isinstance(polled, ChannelOrder)
    assert [delivery.topic for delivery in page.deliveries] == ["order.changed"] * 2


async def test_one_good_signature_of_several_is_enough(channel: VendureChannel, double: VendureDouble) -> None:
    headers, body = double.post(ORDER)
    good = headers["webhook-signature"]
    other = "v1," + base64.b64encode(b"x" * 32).decode()
    assert channel.verify(headers | {"webhook-signature": f"{other} v1a,abc {good}"}, body)
    for wrong in (other, f"{other} {other}", good.replace("v1,", "v2,"), good[:-4]):
        with pytest.raises(Forbidden):
            channel.verify(headers | {"webhook-signature": wrong}, body)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
async def test_id_and_time_are_signed_too(channel: VendureChannel, double: VendureDouble, name: str) -> None:
    headers, body = double.post(ORDER)
    for value in ("", "1", headers[name] + "0"):
        with pytest.raises(Forbidden):
            channel.verify(headers | {name: value}, body)


async def test_a_secret_may_be_plain_text(double: VendureDouble, http: AioHttp) -> None:
    given = HARNESS.account(double.url)
    plain = Vendure().open(replace(given, secrets=Secrets(given.secrets | {"webhook_secret": "plain words"})), http)
    body = b'{"type": "order.changed"}'
    headers = {name.lower(): value for name, value in plain.sign("order.changed", body).items()}
    assert plain.verify(headers, body).topic == "order.changed"
    with pytest.raises(Forbidden):
        Vendure().open(given, http).verify(headers, body)
