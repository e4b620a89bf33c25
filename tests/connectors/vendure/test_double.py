"""The double itself: as strict as the official schema, usable without it, and of Vendure's habits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.http import AioHttp
from connectors.vendure import Vendure
from hub.contract import Cursor
from hub.domain.outgoing import Kind
from tests.connectors.checks.common import push
from tests.connectors.vendure.engine import run
from tests.connectors.vendure.harness import HARNESS, ORDER, SENT, stocked
from tests.connectors.vendure.server import VendureDouble

KINDS = [Kind.PUSH_STATUS, Kind.PUSH_STOCK, Kind.PUSH_REFUND, Kind.PUSH_SHIPMENT]


async def everything(double: VendureDouble, channel: Any) -> list[object]:
    """All that can be asked of a shop, once."""
    receipts = [await push(channel, HARNESS, kind, f"key-{kind}") for kind in KINDS]
    page = await channel.pull_orders(Cursor())
    read = [news for delivery in page.deliveries for news in channel.read(delivery)]
    products = await channel.list_products("")
    return [
        read,
        receipts,
        products,
        await channel.read_stock(["1", "9"]),
        list(double.effects()),
        await channel.check(),
    ]


async def test_it_answers_the_same_with_and_without_the_official_schema(http: AioHttp, shared: Path) -> None:
    seen = []
    for official in (True, False):
        async with stocked(official=official) as double:
            seen.append(await everything(double, Vendure().open(HARNESS.account(double.url), http)))
    assert seen[0] == seen[1]
    assert [kind for kind, _ in seen[0][4]] == KINDS  # type: ignore[attr-defined]


def test_documents_that_the_schema_does_not_know_are_refused(shared: Path) -> None:
    asked = {"query": "query A { orders { nickname } }", "operationName": "A"}
    status, answer = run(asked, {"query": {}}, official=True)
    assert status == 400 and "nickname" in answer["errors"][0]["message"]
    assert run({"query": "{", "operationName": ""}, {}, official=True)[0] == 400


async def test_it_has_the_traps_that_the_running_server_has(double: VendureDouble) -> None:
    shop = double.shop
    order = shop.orders[ORDER]
    before = order["updatedAt"]
    shop.pass_time(60)
    handler = {"code": "manual-fulfillment", "arguments": []}
    part = {"lines": [{"orderLineId": order["lines"][0]["id"], "quantity": 1}], "handler": handler}
    first, again = shop.add_fulfillment(part), shop.add_fulfillment(part)
    assert first["id"] != again["id"], "adding is not idempotent"
    assert shop.add_fulfillment(part)["errorCode"] == "ITEMS_ALREADY_FULFILLED_ERROR"
    shop.move_fulfillment(first["id"], "Shipped")
    assert (order["state"], order["updatedAt"]) == ("PartiallyShipped", before)
    shop.cancel({"orderId": ORDER, "lines": [{"orderLineId": order["lines"][1]["id"], "quantity": 1}]})
    assert order["updatedAt"] > before and order["lines"][1]["quantity"] == 0
    assert shop.orders[SENT]["state"] == "Shipped"
