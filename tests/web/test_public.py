"""What needs no sign-in: tracking pages, the chat's page, health and metrics."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from hub.domain.lifecycle import Lifecycle, Work
from hub.store.database import Database
from hub.web.health import Metrics
from hub.web.services import Services
from tests.web.conftest import Client, cut_off, settings, token
from tests.web.rows import Shop

Serve = Callable[[Services], Awaitable[Client]]
PROMISED = datetime(2026, 11, 25, tzinfo=UTC)


async def tracked(shop: Shop) -> str:
    """The tracking link of an order on its way."""
    buyer = {"name": "Mara Lindqvist", "email": "mara@example.com", "phone": "+46 70 174 06 05"}
    order = await shop.order(state=Lifecycle.IN_PROGRESS, buyer=buyer, promised_at=PROMISED)
    line = await shop.line(order, assigned=2, picked=2, packed=2, shipped=2)
    parcel = await shop.parcel(order, await shop.work(order, Work.DISPATCHED), {line: 2})
    await shop.scan(parcel, "in_transit", "Hamburg", 9)
    await shop.scan(parcel, "out_for_delivery", "Malmö", 20)
    path = await shop.database.plain.fetchval("SELECT tracking_token FROM orders WHERE id = $1", order)
    return f"/track/{path}"


async def test_a_tracking_page_shows_parcels_and_scans(client: Client, shop: Shop) -> None:
    async with client.get(await tracked(shop)) as reply:
        page = await reply.text()
        assert reply.status == 200
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cache-Control"] == "no-store"
    for words in (
        "Your order is on its way",
        "Hello Mara",
        "Malmö",
        'data-style="day">25 Nov 2026</time>',
        "Hamburg",
        "2 × Enamel mug, blue",
    ):
        assert words in page, words


async def test_a_tracking_page_shows_no_more_of_the_person(client: Client, shop: Shop) -> None:
    async with client.get(await tracked(shop)) as reply:
        page = await reply.text()
    for words in ("Lindqvist", "mara@example.com", "174 06 05", "Storgatan", "211 34", "€", "49.80"):
        assert words not in page, words


@pytest.mark.parametrize("link", ["short", "x" * 64, "track-1", "%00" * 20, "é" * 20, " " * 20, "x" * 5000])
async def test_a_link_nobody_was_given_shows_nothing(client: Client, link: str) -> None:
    async with client.get(f"/track/{link}") as reply:
        assert reply.status == 404
        assert "Not found" in await reply.text()


async def test_an_order_without_a_token_has_no_page(client: Client, shop: Shop) -> None:
    await shop.order(tracking_token="")
    async with client.get("/track/") as reply:
        assert reply.status == 404


async def test_the_chat_page_takes_an_order_number_along(client: Client) -> None:
    async with client.get("/chat?order=N-77%22%3E%3Cscript%3E") as reply:
        page = await reply.text()
    assert 'data-order="N-77&#34;&gt;&lt;script&gt;"' in page
    assert "/static/chat.js" in page


async def test_routes_of_others_are_served_beside_ours(hub: Services, serve: Serve) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    client = await serve(replace(hub, extra_routes=(web.get("/chat/ws", echo),)))
    async with client.ws_connect("/chat/ws") as ws:
        await ws.send_str("hello")
        assert await ws.receive_str(timeout=60) == "hello"


# ------------------------------------------------------------ health and metrics


async def test_a_ready_process_says_so(client: Client) -> None:
    for path, status in (("/health/live", "live"), ("/health/ready", "ready")):
        async with client.get(path) as reply:
            assert (reply.status, (await reply.json())["status"]) == (200, status)


async def test_a_process_without_its_schema_is_not_ready(hub: Services, serve: Serve, database: Database) -> None:
    client = await serve(hub)
    last = await database.plain.fetchrow("SELECT * FROM tortoise_migrations ORDER BY id DESC LIMIT 1")
    assert last is not None
    await database.plain.execute("UPDATE tortoise_migrations SET name = 'away' WHERE id = $1", last["id"])
    try:
        async with client.get("/health/ready") as reply:
            assert reply.status == 503
            assert "python main.py migrate" in (await reply.json())["why"]
            assert reply.headers["Retry-After"]
    finally:
        await database.plain.execute("UPDATE tortoise_migrations SET name = $2 WHERE id = $1", last["id"], last["name"])
    async with client.get("/health/ready") as reply:
        assert reply.status == 200


async def test_metrics_count_what_waits(client: Client, shop: Shop) -> None:
    order = await shop.order()
    await shop.hold(order)
    await shop.delivery("$: wrong")
    async with client.get("/metrics") as reply:
        text = await reply.text()
        assert reply.status == 200
    for name in ('crossdock_orders{state="received"}', 'crossdock_holds{state="address"}',
                 'crossdock_inbox_rows{state="set_aside"}', 'crossdock_waiting_seconds{queue="holds",state="address"}',
                 "crossdock_process_resident_memory_bytes"):  # fmt: skip
        line = next(line for line in text.splitlines() if line.startswith(name))
        assert float(line.rpartition(" ")[2]) > 0


async def test_metrics_are_for_this_machine_or_a_token(client: Client, hub: Services, shop: Shop) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    async with client.get("/metrics", headers=forwarded) as reply:
        assert reply.status == 401
    async with client.get("/metrics", headers=forwarded | await token(hub, shop)) as reply:
        assert reply.status == 200


def test_an_empty_store_has_metrics_too() -> None:
    from hub.web.webhooks import Webhooks

    assert b"crossdock_webhooks" in Metrics(Webhooks(None, None, None)).render(())  # type: ignore[arg-type]


# ------------------------------------------------------------ odd requests


@pytest.mark.parametrize("path", ["/", "/console", "/console/"])
async def test_the_root_leads_to_the_console(client: Client, path: str) -> None:
    async with client.get(path, headers={"Accept": "text/html"}) as reply:
        assert str(reply.url).endswith("/console/sign-in")


async def test_what_is_nowhere_is_told_to_programs_as_a_problem(client: Client) -> None:
    async with client.get("/nowhere") as reply:
        assert (reply.status, reply.content_type) == (404, "application/problem+json")
        assert (await reply.json())["request_id"] == reply.headers["X-Request-Id"]


async def test_a_huge_form_is_refused(client: Client) -> None:
    async def unannounced():  # type: ignore[no-untyped-def]
        for _ in range(11):
            yield b"x" * (1 << 20)

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.post("/console/sign-in", data=unannounced(), headers=headers) as reply:
        assert reply.status == 413


async def test_nonsense_on_the_wire_does_not_stop_the_server(client: Client) -> None:
    for junk in (
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhooks/1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port, family=socket.AF_INET)
        writer.write(junk)
        await writer.drain()
        writer.write_eof()
        await reader.read()
        writer.close()
        await writer.wait_closed()
    async with client.get("/health/live") as reply:
        assert reply.status == 200


async def test_a_mistake_of_ours_tells_nothing_of_itself(hub: Services, serve: Serve, shop: Shop) -> None:
    headers = await token(hub, shop)
    client = await serve(replace(hub, settings=settings(demo=True), demo_merchant=shop.merchant_id))
    await hub.database.plain.execute("ALTER TABLE orders RENAME TO orders_away")
    try:
        async with client.get("/console/orders") as reply:
            page = await reply.text()
            assert reply.status == 500
        assert "Something went wrong" in page
        assert "orders_away" not in page
        async with client.get("/api/v1/orders", headers=headers) as reply:
            problem = await reply.json()
            assert (reply.status, problem["code"]) == (500, "error")
            assert "orders" not in problem["detail"]
    finally:
        await hub.database.plain.execute("ALTER TABLE orders_away RENAME TO orders")


async def test_a_store_that_goes_away_is_a_friendly_page_and_a_problem(
    hub: Services, serve: Serve, shop: Shop, database: Database
) -> None:
    headers = await token(hub, shop)
    client = await serve(replace(hub, settings=settings(demo=True), demo_merchant=shop.merchant_id))
    async with cut_off(database, "orders"), client.get("/console/orders") as reply:
        assert reply.status == 503
        assert "Nothing was lost" in await reply.text()
    async with cut_off(database, "orders"), client.get("/api/v1/orders", headers=headers) as reply:
        assert (reply.status, (await reply.json())["code"]) == (503, "store_unavailable")
        assert int(reply.headers["Retry-After"]) > 0
    async with client.get("/console/orders") as reply:
        assert reply.status == 200
