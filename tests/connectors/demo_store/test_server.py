"""The store itself: its buyers, its habits, its limits, and that it remembers what we tell it."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.demo_store import DemoStore, DemoStoreChannel
from connectors.demo_store.server import STORES, Options, Rush, StoreServer, serve
from connectors.demo_store.server.stores import BRIXTON, FJORD, HARBOR, NORDLICHT, POLDER, Store
from connectors.playing.sender import Hook, Sender
from hub.contract import Account, Cursor, Http, Secrets
from hub.domain.order import Cancellation, ChannelOrder, ShipmentNotice
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine
from hub.errors import Forbidden, Reconnect, Reject, Retry


def account(server: StoreServer, store: Store, **secrets: str) -> Account:
    kept = Secrets(token=store.token, webhook_secret=store.webhook_secret) | secrets
    return Account(1, 1, "demo_store", store.title, Secrets(kept), {"base_url": f"{server.url}/{store.key}"})


def channel(server: StoreServer, store: Store, http: Http, **secrets: str) -> DemoStoreChannel:
    return DemoStore().open(account(server, store, **secrets), http)


class Hub:
    """Somebody who listens to webhooks: verifies and reads them as the hub would."""

    def __init__(self) -> None:
        self.url = ""
        self.refuse = 0
        self.channel: DemoStoreChannel | None = None
        self.deliveries: list = []

    async def hear(self, request: web.Request) -> web.Response:
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.deliveries.append(self.channel.verify(headers, await request.read()))
        return web.Response()

    @property
    def topics(self) -> list[str]:
        return [delivery.topic for delivery in self.deliveries]

    @property
    def news(self) -> list:
        return [news for delivery in self.deliveries for news in self.channel.read(delivery)]


@asynccontextmanager
async def trading(store: Store, http: Http, **options) -> AsyncIterator[tuple[StoreServer, Hub]]:
    hub = Hub()
    app = web.Application()
    app.router.add_post("/hook", hub.hear)
    async with TestServer(app, host="127.0.0.1") as listener, serve([store], options=Options(**options)) as server:
        hub.url = f"http://127.0.0.1:{listener.port}/hook"
        hub.channel = channel(server, store, http)
        yield server, hub


def ship(order: ChannelOrder, reference: str = "fo-1") -> Shipment:
    return Shipment(
        reference=reference,
        order_id=order.external_id,
        order_number=order.number,
        lines=tuple(ShipmentLine(line_id=line.external_id, quantity=line.quantity) for line in order.lines),
        carrier="Demo Carrier",
        tracking_number="DC0000000011",
        shipped_at=order.placed_at,
    )


# ---------------------------------------------------------------- selling


async def test_orders_come_as_signed_webhooks_each_once(http: Http):
    async with trading(NORDLICHT, http) as (server, hub):
        ids, tally = await server.sell(Rush("nordlicht", 25, hub.url, concurrency=5))
        assert (tally.accepted, tally.given_up, len(tally.ack_ms)) == (25, 0, 25)
    assert sorted(news.external_id for news in hub.news) == sorted(ids)
    assert len({delivery.id for delivery in hub.deliveries}) == 25
    assert all(delivery.occurred_at for delivery in hub.deliveries)


async def test_a_refused_webhook_comes_again_with_the_same_id(http: Http):
    async with trading(NORDLICHT, http) as (server, hub):
        hub.refuse = 2
        _, tally = await server.sell(Rush("nordlicht", 3, hub.url))
        assert (tally.accepted, tally.retried, tally.refusals) == (3, 2, {"503": 2})


async def test_pace_spreads_orders_over_time(http: Http):
    async with trading(NORDLICHT, http) as (server, hub):
        _, tally = await server.sell(Rush("nordlicht", 11, hub.url, pace=50))
        assert tally.seconds >= 0.2


async def test_a_store_that_stutters_sends_each_delivery_twice(http: Http):
    async with trading(POLDER, http) as (server, hub):
        await server.sell(Rush("polder", 5, hub.url))
    assert set(Counter(delivery.id for delivery in hub.deliveries).values()) == {2}


async def test_a_store_that_tells_of_the_change_first(http: Http):
    async with trading(BRIXTON, http) as (server, hub):
        await server.sell(Rush("brixton", 2, hub.url, concurrency=1))
    assert hub.topics == ["order.updated", "order.created"] * 2


async def test_a_store_whose_buyers_pay_later(http: Http):
    sold = asyncio.Event()

    async def register(payments) -> None:
        if payments[0]["status"] == "captured":
            await sold.wait()

    async with trading(replace(FJORD, later=0.0), http, register=register) as (server, hub):
        await server.sell(Rush("fjord", 3, hub.url))
        sold.set()  # nobody pays before all three were told
        await server.settle()
    first, later = hub.news[:3], hub.news[3:]
    assert hub.topics == ["order.created"] * 3 + ["order.paid"] * 3
    assert all(order.pending and not order.paid for order in first)
    assert all(order.paid and not order.pending for order in later)
    revised = {order.external_id: order.revised_at for order in first}
    assert all(order.revised_at > revised[order.external_id] for order in later)


async def test_some_buyers_change_their_mind(http: Http):
    async with trading(replace(HARBOR, later=0.02), http, flawed=1.0) as (server, hub):
        await server.sell(Rush("harbor", 30, hub.url))
        await server.settle()
        soon = {order for order, flaw in server.books["harbor"].flaws.items() if flaw == "cancelled_soon"}
    assert soon == {news.order_id for news in hub.news if isinstance(news, Cancellation)}
    assert soon


async def test_payments_are_registered_before_anybody_hears_of_the_order(http: Http):
    told: list[str] = []

    async def register(payments) -> None:
        told.extend(f"{payment['id']} {payment['status']} {payment['currency']}" for payment in payments)

    async with trading(HARBOR, http, register=register) as (server, hub):
        await server.sell(Rush("harbor", 2, hub.url))
    assert told == ["pay_harbor_1001 authorized USD", "pay_harbor_1002 authorized USD"]
    assert {news.payments[0].external_id for news in hub.news} == {"pay_harbor_1001", "pay_harbor_1002"}


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", False),
        (b"HTTP/1.1 200", False),
        (b"", False),
    ],
)
async def test_only_a_whole_answer_of_2xx_counts_as_accepted(answer: bytes, accepted: bool):
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        for byte in range(0, len(answer), 7):
            writer.write(answer[byte : byte + 7])
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(listen, "127.0.0.1", 0)
    hook = Hook(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/hook?a=b", {"X-Demo-Topic": "x"}, b"{}")
    async with listener, Sender(ladder=()) as sender:
        tally = await sender.load([hook])
    assert (tally.accepted, tally.given_up) == ((1, 0) if accepted else (0, 1))


# ---------------------------------------------------------------- the API


async def test_subscriptions_are_made_moved_and_then_used(http: Http):
    async with trading(HARBOR, http) as (server, hub):
        stranger, ours = "http://127.0.0.1:9/old", hub.url
        server.books["harbor"].hooks["hook_0"] = {"id": "hook_0", "topic": "order.created", "url": stranger}
        before = await hub.channel.check_webhooks(ours)
        assert before.elsewhere == ("order.created",) and "order.paid" in before.missing and not before.healthy
        assert (await hub.channel.repair_webhooks(ours)).healthy
        assert (await hub.channel.check_webhooks(stranger)).elsewhere
        await server.sell(Rush("harbor", 1))
        order = hub.news[0]
        await hub.channel.push_shipment(ship(order), "k1")
        await server.settle()
    assert hub.topics == ["order.created", "shipment.created"]
    echo = hub.news[1]
    assert isinstance(echo, ShipmentNotice) and echo.shipment.tracking_number == "DC0000000011"


async def test_a_poll_finds_what_a_push_changed(http: Http):
    async with trading(NORDLICHT, http) as (server, hub):
        server.seed_orders(3)
        page = await hub.channel.pull_orders(Cursor())
        order = hub.channel.read(page.deliveries[0])[0]
        await hub.channel.push_shipment(ship(order), "k1")
        again = await hub.channel.pull_orders(page.cursor)
        changed = {news.external_id: news for it in again.deliveries for news in hub.channel.read(it)}[
            order.external_id
        ]
        assert changed.words["status"] == "versendet"
        assert [line.fulfilled for line in changed.lines] == [line.quantity for line in order.lines]


async def test_the_store_refuses_what_cannot_be(http: Http):
    async with trading(HARBOR, http) as (server, hub):
        (order_id,) = server.seed_orders(1)
        order = hub.channel.read((await hub.channel.pull_orders(Cursor())).deliveries[0])[0]
        await hub.channel.push_shipment(ship(order), "k1")
        with pytest.raises(Reject, match="0 are open"):
            await hub.channel.push_shipment(ship(order, "fo-2"), "k2")
        with pytest.raises(Reject, match="used for something else"):
            await hub.channel.push_shipment(ship(order, "fo-3"), "k1")
        with pytest.raises(Reject, match=r"nothing of .* is open"):
            await hub.channel.push_cancellation(CancellationRequest(reference="c", order_id=order_id, reason=""), "k3")
        much = RefundRequest(reference="r", order_id=order_id, amount=order.total + 1, currency="USD")
        with pytest.raises(Reject, match="more than was paid"):
            await hub.channel.push_refund(much, "k4")
        with pytest.raises(Reject, match="no order nope"):
            await hub.channel.push_refund(RefundRequest(reference="r", order_id="nope", amount=1, currency="USD"), "k5")
        assert server.effects() == [(Kind.PUSH_SHIPMENT, "fo-1")]


async def test_tokens_limits_and_unknown_stores(http: Http):
    async with serve([replace(HARBOR, rate=3), NORDLICHT]) as server:
        with pytest.raises(Reconnect, match="token is not valid"):
            await channel(server, HARBOR, http, token="demo-token-nordlicht").check()
        with pytest.raises(Reject, match="no such store"):
            await channel(server, FJORD, http).check()
        with pytest.raises(Retry) as caught:
            await asyncio.gather(*(channel(server, HARBOR, http).check() for _ in range(12)))
        assert caught.value.after == 1.0


async def test_another_stores_signature_is_no_signature(http: Http):
    async with serve(STORES) as server:
        one, other = channel(server, HARBOR, http), channel(server, NORDLICHT, http)
        headers = {name.lower(): value for name, value in one.sign("order.paid", b"{}").items()}
        assert one.verify(headers, b"{}").topic == "order.paid"
        with pytest.raises(Forbidden):
            other.verify(headers, b"{}")


# ---------------------------------------------------------------- control


async def test_control_routes_tell_what_happened_and_fail_on_request(http: Http):
    async with trading(HARBOR, http) as (server, hub), aiohttp.ClientSession(server.url) as control:
        wish = {"store": "harbor", "count": 2, "to": hub.url}
        sold = await (await control.post("/_/orders", json=wish)).json()
        assert len(sold["orders"]) == sold["accepted"] == 2 and sold["ack_ms"]["p99"] > 0
        await hub.channel.push_shipment(ship(hub.news[0]), "k1")
        effects = (await (await control.get("/_/effects?store=harbor&kind=push_shipment")).json())["effects"]
        assert [(it["reference"], it["payload"]["tracking_number"]) for it in effects] == [("fo-1", "DC0000000011")]
        orders = (await (await control.get("/_/orders?store=harbor")).json())["orders"]
        assert [it["number"] for it in orders] == ["HA-1001", "HA-1002"]
        stores = (await (await control.get("/_/stores")).json())["stores"]
        assert (stores[0]["orders"], stores[0]["effects"]) == (2, 1)
        await control.post("/_/fail", json={"status": 503, "headers": {"Retry-After": "9"}, "times": 1})
        with pytest.raises(Retry) as caught:
            await hub.channel.check()
        assert caught.value.after == 9.0
        assert await hub.channel.check() == "Harbor Goods"
        assert (await control.post("/_/orders", json={"store": "nope", "count": 1})).status == 404
        assert (await control.post("/_/orders", json={**wish, "to": "https://hub.example/hook"})).status == 422
        assert (await control.post("/_/orders", json={"store": "harbor", "count": "x"})).status == 422


async def test_it_runs_as_a_process_of_its_own(http: Http):
    async with trading(NORDLICHT, http) as (_, hub):
        command = f"-m connectors.demo_store.server --port 0 --store nordlicht --orders 20 --to {hub.url}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command.split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    started, result = map(json.loads, out.splitlines())
    assert started["url"].startswith("http://127.0.0.1:")
    assert (result["accepted"], result["given_up"]) == (20, 0)
    assert len(hub.news) == 20
