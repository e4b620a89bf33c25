"""The provider itself: it never takes or gives back more than there is, and tells what happens."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.demo_payments import DemoPayments, DemoPaymentsChannel
from connectors.demo_payments.server import Options, PaymentServer, serve
from connectors.demo_store.server import Options as StoreOptions
from connectors.demo_store.server import Rush
from connectors.demo_store.server import serve as serve_stores
from connectors.demo_store.server.selling import register_at
from connectors.demo_store.server.stores import FJORD, HARBOR
from hub.contract import Account, Http, Secrets
from hub.domain.order import PaymentStatus
from hub.domain.outgoing import Kind, PaymentAction
from hub.errors import Reconnect, Reject
from tests.connectors.demo_payments.harness import PAYMENTS


def channel(server: PaymentServer, http: Http, key: str = "demo-key-payments") -> DemoPaymentsChannel:
    secrets = Secrets(api_key=key, webhook_secret="demo-secret-payments")
    return DemoPayments().open(Account(1, 1, "demo_payments", "Demo", secrets, {"base_url": server.url}), http)


def action(payment_id: str, amount: int, currency: str = "EUR") -> PaymentAction:
    return PaymentAction(reference=f"{payment_id}-{amount}", payment_id=payment_id, amount=amount, currency=currency)


@asynccontextmanager
async def paying(http: Http) -> AsyncIterator[tuple[PaymentServer, DemoPaymentsChannel, list]]:
    """The provider with three payments, and everything that it sends, verified."""
    heard: list = []

    async def hear(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard.append(ours.verify(headers, await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hear)
    async with (
        TestServer(app, host="127.0.0.1") as hub,
        serve(Options(to=f"http://127.0.0.1:{hub.port}/hook")) as server,
    ):
        server.till.authorize(PAYMENTS)
        ours = channel(server, http)
        yield server, ours, heard


async def test_captures_in_parts_and_never_more_than_authorized(http: Http):
    async with paying(http) as (server, ours, heard):
        assert (await ours.capture_payment(action("pay_1", 2000), "k1")).details == {"status": "partially_captured"}
        with pytest.raises(Reject, match="3000 of pay_1 can still be captured"):
            await ours.capture_payment(action("pay_1", 3001), "k2")
        assert (await ours.capture_payment(action("pay_1", 3000), "k3")).details == {"status": "captured"}
        with pytest.raises(Reject, match="pay_1 is captured"):
            await ours.capture_payment(action("pay_1", 1), "k4")
        await server.sender.drain()
    told = sorted(ours.read(it)[0].amount for it in heard)
    assert told == [2000, 5000]
    assert {it.topic for it in heard} == {"payment.captured"}


async def test_refunds_never_more_than_captured(http: Http):
    async with paying(http) as (server, ours, _):
        await ours.refund_payment(action("pay_3", 4999), "k1")
        with pytest.raises(Reject, match="1 of pay_3 can still be refunded"):
            await ours.refund_payment(action("pay_3", 2), "k2")
        with pytest.raises(Reject, match="0 of pay_1 can still be refunded"):
            await ours.refund_payment(action("pay_1", 1), "k3")
        assert server.effects() == [(Kind.REFUND_PAYMENT, "pay_3-4999")]


async def test_voids_only_what_was_not_taken(http: Http):
    async with paying(http) as (server, ours, heard):
        await ours.void_payment(action("pay_2", 5000), "k1")
        with pytest.raises(Reject, match="pay_2 is voided"):
            await ours.capture_payment(action("pay_2", 1), "k2")
        with pytest.raises(Reject, match="pay_3 is captured"):
            await ours.void_payment(action("pay_3", 5000), "k3")
        await server.sender.drain()
    assert [ours.read(it)[0].status for it in heard] == [PaymentStatus.VOIDED]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (action("pay_1", 100, "USD"), "pay_1 is in EUR"),
        (action("pay_1", 0), "positive number"),
        (action("pay_1", -5), "positive number"),
        (action("pay_9", 5), "no payment pay_9"),
    ],
)
async def test_what_makes_no_sense_is_refused(http: Http, asked: PaymentAction, why: str):
    async with paying(http) as (server, ours, _):
        with pytest.raises(Reject, match=why):
            await ours.capture_payment(asked, "k1")
        assert server.effects() == []


async def test_look_up_tells_kinds_apart(http: Http):
    async with paying(http) as (_, ours, _):
        done = await ours.capture_payment(action("pay_1", 2000), "k1")
        assert await ours.look_up(Kind.CAPTURE_PAYMENT, action("pay_1", 2000), "k1") == done
        assert await ours.look_up(Kind.REFUND_PAYMENT, action("pay_1", 2000), "k1") is None


async def test_a_wrong_key_needs_a_new_connection(http: Http):
    async with serve() as server:
        with pytest.raises(Reconnect):
            await channel(server, http, "stolen-key").check()


async def test_payments_fail_on_request_and_control_routes_tell(http: Http):
    async with paying(http) as (server, ours, heard), aiohttp.ClientSession(server.url) as control:
        assert (await control.post("/_/payments/pay_2/failed")).status == 200
        assert (await control.post("/_/payments/pay_2/eaten")).status == 422
        bad = {"payments": [{"id": "p", "amount": "1.005", "currency": "EUR"}]}
        assert (await control.post("/_/authorize", json=bad)).status == 422
        await server.sender.drain()
        payments = (await (await control.get("/_/payments")).json())["payments"]
        assert [it["status"] for it in payments] == ["authorized", "failed", "captured"]
        assert (await control.post("/_/listen", json={"url": "https://hub.example/hook"})).status == 422
        await control.post("/_/listen", json={"url": ""})
        await ours.capture_payment(action("pay_1", 1), "k1")
        assert len((await (await control.get("/_/effects")).json())["effects"]) == 1
    assert [ours.read(it)[0].status for it in heard] == [PaymentStatus.FAILED]


async def test_what_buyers_pay_at_a_store_can_be_captured_here(http: Http):
    async with serve() as payments:
        options = StoreOptions(register=register_at(payments.url))
        async with serve_stores([HARBOR, FJORD], options=options) as stores:
            await stores.sell(Rush("harbor", 3))
            await stores.sell(Rush("fjord", 1))
            assert payments.till.find("pay_fjord_1001").status == "pending"
            await stores.settle()
        assert payments.till.find("pay_fjord_1001").status == "captured"
        owed = payments.till.find("pay_harbor_1002")
        assert (owed.status, owed.currency) == ("authorized", "USD")
        await channel(payments, http).capture_payment(action(owed.id, owed.amount, "USD"), "k1")
        assert owed.status == "captured"


async def test_it_runs_as_a_process_of_its_own(http: Http):
    command = (sys.executable, "-m", "connectors.demo_payments.server", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    server = PaymentServer()
    server.url = json.loads(await process.stdout.readline())["url"]
    assert (await channel(server, http).check()).startswith("Demo Payments")
    process.terminate()
    assert await process.wait() == 0
