"""What is told: signatures by the published vector, keys in rotation, what each answer means, what is chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.http import AioHttp
from connectors.signing import require_webhook, webhook_headers, webhook_keys
from hub.contract import Secrets
from hub.domain.outgoing import Kind, Shipment
from hub.errors import CrossdockError, Forbidden, Reconnect, Reject, Retry, Unknown
from tests.connectors.hooks.harness import HARNESS
from tests.connectors.hooks.server import FORMER, SECRET, HooksDouble, serve


@pytest.fixture
async def double() -> AsyncIterator[HooksDouble]:
    async with serve() as served:
        yield served


def channel(double: HooksDouble, http: AioHttp, secret: str = SECRET, **settings: str):
    account = HARNESS.account(double.url)
    return HARNESS.connector.open(
        replace(account, secrets=Secrets(secret=secret), settings={**account.settings, **settings}), http
    )


async def tell(told, kind: Kind, key: str = "crossdock-1"):
    return await getattr(told, kind.value)(HARNESS.pushes[kind], key)


def test_signatures_are_those_of_the_published_vector() -> None:
    keys = webhook_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = webhook_headers(
        keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_%%%", "whsec_abc"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(Forbidden):
        webhook_keys(secret)


def test_what_is_old_or_of_no_known_version_proves_nothing() -> None:
    keys, body = webhook_keys(SECRET), b"{}"
    now = datetime.now(UTC)
    good = dict(webhook_headers(keys, "m1", now, body))
    assert require_webhook(keys, good, body)[0] == "m1"
    for wrong in (
        webhook_headers(keys, "m1", datetime.fromtimestamp(now.timestamp() - 400, UTC), body),
        webhook_headers(keys, "m1", datetime.fromtimestamp(now.timestamp() + 400, UTC), body),
        good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")},
        good | {"webhook-timestamp": "1" * 12},
        good | {"webhook-id": "m2"},
        good | {"webhook-id": ""},
    ):
        with pytest.raises(Forbidden):
            require_webhook(keys, wrong, body)


async def test_every_event_says_what_happened_once_under_its_id(double: HooksDouble, http: AioHttp) -> None:
    told = channel(double, http)
    for number, kind in enumerate(HARNESS.pushes):
        for _ in range(2):
            receipt = await tell(told, kind, f"crossdock-{number}")
            assert receipt.external_id == f"crossdock-{number}"
    assert [done for done, _ in double.effects()] == list(HARNESS.pushes)
    assert len(double.seen) == 2 * len(HARNESS.pushes)
    shipped = double.events["crossdock-0"]
    assert (shipped["type"], shipped["timestamp"]) == ("shipment.created", "2026-11-21T16:20:00Z")
    assert shipped["data"] == {
        "reference": "NO-1001-F1-P1", "channel": "", "order_id": "web-1001", "order_number": "NO-1001",
        "lines": [{"line_id": "1", "quantity": 2}], "carrier": "DHL", "service": "parcel",
        "tracking_number": "JD014600003828000000", "shipped_at": "2026-11-21T16:20:00Z", "location": "BER",
        "tracking_url": "https://www.dhl.de/?piececode=JD014600003828000000",
    }  # fmt: skip
    assert double.events["crossdock-4"]["data"]["amount"] == 1998
    returned = double.events["crossdock-5"]
    assert (returned["type"], returned["timestamp"]) == ("return.status_changed", "2026-11-21T16:20:00Z")
    assert returned["data"] == {
        "reference": "return-9", "channel": "", "order_id": "web-1001", "order_number": "NO-1001", "number": "RMA-77",
        "status": "received", "at": "2026-11-21T16:20:00Z", "requested_at": "2026-11-21T16:20:00Z", "reason": "size",
        "lines": [{"line_id": "1", "sku": "MUG-BLUE", "quantity": 2, "received": 1, "reason": "size"}],
        "tracking_number": "", "carrier": "",
    }  # fmt: skip


async def test_a_key_is_replaced_without_a_gap(double: HooksDouble, http: AioHttp) -> None:
    double.knows = [FORMER]
    with pytest.raises(Reconnect, match="compare the secret"):
        await tell(channel(double, http), Kind.PUSH_STOCK)
    both = channel(double, http, f"{SECRET} {FORMER}")
    await tell(both, Kind.PUSH_STOCK)
    double.knows = [SECRET]
    await tell(both, Kind.PUSH_STATUS, "crossdock-2")
    assert len(double.events) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, Retry), (307, Retry), (400, Reject), (401, Reconnect), (403, Reconnect), (404, Retry), (409, Reject),
        (410, Reconnect), (413, Retry), (422, Reject), (429, Retry), (500, Retry), (502, Retry), (504, Retry),
    ],
)  # fmt: skip
async def test_every_answer_means_what_the_guide_says(
    double: HooksDouble, http: AioHttp, status: int, error: type[CrossdockError]
) -> None:
    double.fail(status, body=b'{"message": "says the receiver"}', headers={"Location": "/elsewhere"})
    with pytest.raises(error, match="says the receiver"):
        await tell(channel(double, http), Kind.PUSH_SHIPMENT)
    assert not double.events


async def test_an_answer_that_is_lost_is_told_again_and_done_once(double: HooksDouble, http: AioHttp) -> None:
    told = channel(double, http)
    double.drop_replies()
    with pytest.raises(Unknown):
        await tell(told, Kind.PUSH_CANCELLATION)
    await tell(told, Kind.PUSH_CANCELLATION)
    assert double.effects() == [(Kind.PUSH_CANCELLATION, "cancel-5")]


async def test_only_chosen_events_are_sent(double: HooksDouble, http: AioHttp) -> None:
    told = channel(double, http, events="shipment.created, order.refunded")
    receipts = [await tell(told, kind, f"crossdock-{kind}") for kind in HARNESS.pushes]
    assert {kind for kind, _ in double.effects()} == {Kind.PUSH_SHIPMENT, Kind.PUSH_REFUND}
    assert sum("not_sent" in receipt.details for receipt in receipts) == 4


async def test_a_check_pings_and_changes_nothing(double: HooksDouble, http: AioHttp) -> None:
    assert await channel(double, http).check() == "127.0.0.1"
    assert (double.pings, double.effects()) == (1, [])
    with pytest.raises(Reconnect, match="no signing secret"):
        await channel(double, http, secret="").check()


async def test_a_name_that_looks_like_an_attack_is_only_text(double: HooksDouble, http: AioHttp) -> None:
    payload = HARNESS.pushes[Kind.PUSH_SHIPMENT]
    assert isinstance(payload, Shipment)
    odd = msgspec.structs.replace(payload, order_number='"}],"type":"x\x00é🎁', reference="=cmd|' /C calc'!A0")
    await channel(double, http).push_shipment(odd, "crossdock-9")
    assert double.events["crossdock-9"]["data"]["order_number"] == '"}],"type":"x\x00é🎁'
