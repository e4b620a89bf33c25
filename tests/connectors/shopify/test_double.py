"""The double itself: as strict as the official schema, usable without it, and a sender of real webhooks."""

from __future__ import annotations

import json

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.http import AioHttp
from connectors.shopify import Shopify, ShopifyChannel
from hub.contract import Cursor
from hub.domain.outgoing import Kind
from tests.connectors.checks.common import push
from tests.connectors.harness import Double
from tests.connectors.shopify.engine import run
from tests.connectors.shopify.harness import HARNESS, ORDER, SHIPPED, fixture
from tests.connectors.shopify.server import ShopifyDouble, serve

KINDS = [Kind.PUSH_STATUS, Kind.PUSH_STOCK, Kind.PUSH_REFUND, Kind.PUSH_SHIPMENT]


async def everything(double: ShopifyDouble, channel: ShopifyChannel) -> list[object]:
    """All that can be asked of a shop, once."""
    double.add_order_from_webhook(fixture("orders_create__two_currencies"))
    double.add_order_from_webhook(fixture("orders_updated__partly_shipped_partly_gone"))
    double.state.page = 1
    page = await channel.pull_orders(Cursor())
    read = [news for delivery in page.deliveries for news in channel.read(delivery)]
    receipts = [await push(channel, HARNESS, kind, f"key-{kind}") for kind in KINDS]
    hooks = await channel.repair_webhooks("https://hub.example/webhooks/51")
    return [read, receipts, hooks, await channel.list_products(""), list(double.effects()), double.fulfillments]


async def test_it_answers_the_same_with_and_without_the_official_schema(http: AioHttp, shared: object) -> None:
    seen = []
    for schema in ("official", None):
        async with serve(schema) as double:
            seen.append(await everything(double, Shopify().open(HARNESS.account(double.url), http)))
    assert seen[0] == seen[1]
    assert len(seen[0][4]) == 4  # type: ignore[arg-type]


async def test_it_works_where_there_is_no_schema(http: AioHttp) -> None:
    async with serve(None) as double:
        await everything(double, Shopify().open(HARNESS.account(double.url), http))
        assert [made["order_id"] for made in double.fulfillments] == [ORDER]
        assert str(next(iter(double.state.events))) == "4800000000001"
        assert SHIPPED in double.state.orders


async def test_documents_that_the_schema_does_not_know_are_refused(shared: object) -> None:
    async with serve() as double:
        roots = double._roots()
        answer = run(double._schema, {"query": "{ shop { nickname } }"}, roots)
        assert "nickname" in answer["errors"][0]["message"] and "data" not in answer
        assert "Syntax Error" in run(double._schema, {"query": "{"}, roots)["errors"][0]["message"]


async def test_it_sends_webhooks_that_the_connector_accepts(http: AioHttp) -> None:
    heard = []

    async with serve() as double:
        channel = Shopify().open(HARNESS.account(double.url), http)

        async def door(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            heard.extend(channel.read(channel.verify(headers, await request.read())))
            return web.Response()

        app = web.Application()
        app.router.add_post("/webhooks/51", door)
        async with TestServer(app) as hub:
            body = fixture("orders_create__two_currencies")
            assert await double.send(str(hub.make_url("/webhooks/51")), "orders/create", body) == 200
    assert [order.external_id for order in heard] == [ORDER]  # type: ignore[union-attr]


async def test_a_shipped_order_is_shown_as_shipped(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    """Our own shipment comes back by polling, on the line that it took."""
    await push(channel, HARNESS, Kind.PUSH_SHIPMENT, "k")
    page = await channel.pull_orders(Cursor())
    (order,) = channel.read(page.deliveries[-1])
    assert [line.fulfilled for line in order.lines] == [2, 1]  # type: ignore[union-attr]
    assert order.shipments[0].tracking_number == "JD014600003828000000"  # type: ignore[union-attr]
    assert json.dumps(double.fulfillments) and isinstance(double.seen, list)
    shop: Double = double
    assert shop.effects() == [(Kind.PUSH_SHIPMENT, "parcel-77")]
