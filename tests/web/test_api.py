"""The API: what it answers, what it refuses, and that its description is what it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.actions.count_orders import count_orders
from hub.actions.list_orders import OrderQuery, list_orders
from hub.actions.show_order import find_order, show_order
from hub.domain.lifecycle import Lifecycle, Outbox, Work
from hub.errors import Conflict, Invalid, NotFound
from hub.store.database import Database
from hub.web.problems import CODES
from hub.web.services import Services
from tests.web.conftest import Client, token
from tests.web.rows import START, Shop


class Api:
    """A program with a token."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.client.get(f"/api/v1{path}", headers=self.headers) as reply:
            body = json.loads(await reply.read())
            assert reply.status == status, body
            assert reply.content_type == ("application/json" if status == 200 else "application/problem+json")
            return body


@pytest.fixture
async def api(client: Client, hub: Services, shop: Shop) -> Api:
    """A program of the shop's."""
    return Api(client, await token(hub, shop))


async def test_an_order_can_be_read_whole(api: Api, shop: Shop) -> None:
    order = await shop.order(state=Lifecycle.IN_PROGRESS)
    line = await shop.line(order, assigned=2, picked=2, packed=2, shipped=1)
    work = await shop.work(order, Work.DISPATCHED)
    parcel = await shop.parcel(order, work, {line: 1})
    await shop.scan(parcel, "in_transit", "Hamburg", 3)
    await shop.payment(order)
    await shop.event(order, "received", {"lines": 1})
    found = await api.get(f"/orders/{order}")
    assert found["id"] == str(order)
    assert found["phase"] == "partially_shipped"
    assert (found["total"], found["currency"]) == (4980, "EUR")
    assert found["lines"][0]["shipped"] == 1
    assert found["parcels"][0]["contents"] == [{"line_id": str(line), "title": "Enamel mug, blue", "quantity": 1}]
    assert found["parcels"][0]["scans"][0]["place"] == "Hamburg"
    assert found["payments"][0]["collected_by"] == "channel"
    assert (await api.get(f"/orders/{order}/events"))["events"] == found["events"]


async def test_orders_come_in_pages(api: Api, shop: Shop) -> None:
    ids = [str(await shop.order()) for _ in range(7)]
    seen: list[str] = []
    mark = ""
    while True:
        page = await api.get(f"/orders?limit=3&after={mark}" if mark else "/orders?limit=3")
        seen += [order["id"] for order in page["orders"]]
        mark = page["next"]
        if not mark:
            break
    assert seen == ids[::-1]


async def test_holds_accounts_and_stock_can_be_listed(api: Api, shop: Shop) -> None:
    order = await shop.order()
    holds = [str(await shop.hold(order, reason)) for reason in ("address", "payment", "manual")]
    first = await api.get("/holds?limit=2")
    rest = await api.get(f"/holds?limit=2&after={first['next']}")
    assert [held["hold"]["id"] for held in first["holds"] + rest["holds"]] == holds
    assert rest["next"] == ""
    assert [held["hold"]["reason"] for held in (await api.get("/holds?reason=payment"))["holds"]] == ["payment"]
    accounts = (await api.get("/accounts"))["accounts"]
    assert [account["webhook_path"] for account in accounts] == [f"/webhooks/{shop.account_id}"]
    place = await shop.put("locations", code="BER", name="Berlin", address={})
    for sku in ("A-1", "B-2", "C-3"):
        await shop.put("products", sku=sku, title=f"Thing {sku}", safety=2, created_at=START)
        await shop.put("stock", sku=sku, location_id=place, on_hand=9, reserved=4)
    page = await api.get("/stock?limit=2")
    assert [item["sku"] for item in page["stock"]] == ["A-1", "B-2"]
    assert page["stock"][0] | {"title": ""} == {
        "sku": "A-1", "title": "", "gtin": "", "on_hand": 9, "reserved": 4, "quarantined": 0, "available": 5,
        "safety": 2, "sellable": 3, "parts": [], "locations": [{"location": "BER", "on_hand": 9, "reserved": 4}],
    }  # fmt: skip
    assert [item["sku"] for item in (await api.get(f"/stock?after={page['next']}"))["stock"]] == ["C-3"]
    assert [item["sku"] for item in (await api.get("/stock?search=thing%20b"))["stock"]] == ["B-2"]


@pytest.mark.parametrize("path,field", [
    ("/orders?phase=nonsense", "phase"), ("/orders?limit=0", "limit"), ("/orders?limit=201", "limit"),
    ("/orders?limit=x", "limit"), ("/orders?limit=²", "limit"), ("/orders?after=x", "after"),
    ("/orders?colour=blue", "colour"), ("/holds?after=%00", "after"), ("/stock?limit=-1", "limit"),
])  # fmt: skip
async def test_a_wrong_parameter_is_named(api: Api, path: str, field: str) -> None:
    problem = await api.get(path, 422)
    assert (problem["code"], problem["field"], problem["status"]) == ("invalid", field, 422)
    assert problem["docs"] == problem["type"]


async def test_another_merchants_things_are_not_there(api: Api, shop: Shop, database: Database) -> None:
    other = Shop(database, shop.ids, shop.merchant_id + 700_000)
    await other.account("Somebody else")
    order = await other.order("THEIRS-1")
    await other.hold(order)
    for path in (
        f"/orders/{order}",
        f"/orders/{order}/events",
        "/orders/0",
        f"/orders/{2**63}",
        "/orders/abc",
        "/nowhere",
    ):
        assert (await api.get(path, 404))["code"] == "not_found"
    assert (await api.get("/orders"))["orders"] == []
    assert (await api.get("/orders?search=THEIRS-1"))["orders"] == []
    assert (await api.get("/holds"))["holds"] == []
    assert [account["name"] for account in (await api.get("/accounts"))["accounts"]] == ["Nordlicht"]


async def test_accounts_show_no_secret(api: Api, hub: Services, shop: Shop) -> None:
    fields = {"base_url": "http://127.0.0.1:9/s", "token": "tok-secret", "webhook_secret": "hook-secret"}
    await hub.accounts.add(shop.merchant_id, "demo_store", "with secrets", fields)
    text = json.dumps(await api.get("/accounts"))
    assert "with secrets" in text
    assert "secret" not in text.replace("with secrets", "")


async def test_agents_may_not_list_accounts(client: Client, hub: Services, shop: Shop) -> None:
    agent = Api(client, await token(hub, shop, "agent"))
    assert (await agent.get("/accounts", 403))["code"] == "forbidden"
    assert (await agent.get("/orders"))["orders"] == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/stock/ledger", "sku"), ("/stock/ledger?sku=%20", "sku"), ("/terms/balance", "email"),
        ("/terms/balance?email=a@example.com", "currency"),
    ],
)  # fmt: skip
async def test_what_is_needed_and_not_given_is_named(api: Api, path: str, field: str) -> None:
    told = await api.get(path, 422)
    assert (told["field"], told["detail"].partition(":")[0]) == (field, "is missing")
    async with api.client.get("/api/openapi.json") as reply:
        described = (await reply.json())["paths"]["/api/v1" + path.partition("?")[0]]["get"]["parameters"]
    assert next(it for it in described if it["name"] == field)["required"]


@pytest.mark.parametrize("path", ["/stock/receipts", "/terms", "/terms/end", "/routing", "/orders", "/holds/release"])
async def test_a_body_without_what_is_needed_or_that_is_no_text_is_told(api: Api, path: str) -> None:
    for body in (b"{}", b'{"email": "\xff"}', b"\xff"):
        async with api.client.post(f"/api/v1{path}", data=body, headers=api.headers) as reply:
            assert reply.status in {400, 422}, await reply.text()
            assert (await reply.json())["detail"]


async def test_methods_that_do_not_exist_are_told(api: Api) -> None:
    async with api.client.delete("/api/v1/orders", headers=api.headers) as reply:
        assert (reply.status, (await reply.json())["code"]) == (405, "method_not_allowed")


async def test_the_description_is_what_exists(api: Api, shop: Shop) -> None:
    async with api.client.get("/api/openapi.json") as reply:
        described = await reply.json()
    order = await shop.order()
    await shop.put("products", sku="MUG", title="Mug", created_at=START)
    assert described["openapi"].startswith("3.1")
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        if "get" not in methods:
            continue
        if path.removeprefix("/api/v1/") in {
            "floor/waves/{id}", "floor/walks/{id}", "floor/stations/{id}", "stock/transfers/{id}", "stock/counts/{id}",
            "stock/lots",
        }:  # fmt: skip
            continue  # tests/web/test_floor_api.py has a wave, tests/web/test_stock_api.py the others
        if path == "/api/v1/terms/balance":
            continue  # asks for a customer on terms
        asked = "?sku=MUG" if path.endswith("/ledger") else ""
        answer = await api.get(path.removeprefix("/api/v1").replace("{id}", str(order)) + asked)
        name = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert set(answer) == set(schemas[name]["properties"])
        for parameter in methods["get"]["parameters"]:
            assert parameter["in"] == "path" or parameter["name"] in {
                "phase",
                "sku",
                "channel",
                "search",
                "after",
                "limit",
                "reason",
                "version",
                "days",
            }
    async with api.client.get("/api/docs") as reply:
        page = await reply.text()
    for code in CODES:
        assert f'id="{code}"' in page
    for path in described["paths"]:
        assert path in page


# ------------------------------------------------------------ the actions behind it


async def test_orders_are_found_by_number_id_and_told_apart(shop: Shop, database: Database) -> None:
    one = await shop.order("#2001")
    assert await find_order(database, shop.merchant_id, "2001") == one
    assert await find_order(database, shop.merchant_id, "#2001") == one
    assert await find_order(database, shop.merchant_id, str(one)) == one
    two = await shop.order("2001")
    with pytest.raises(Conflict, match=str(two)):
        await find_order(database, shop.merchant_id, "2001")
    with pytest.raises(NotFound):
        await find_order(database, shop.merchant_id, "9\x00")
    with pytest.raises(NotFound):
        await show_order(database, shop.merchant_id + 1, one)


async def every_kind(shop: Shop) -> None:
    """Orders in many phases: units in all proportions, holds, trouble, ends."""
    for state in Lifecycle:
        for shipped, delivered, back in ((0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0), (2, 2, 1), (2, 2, 2)):
            order = await shop.order(state=state)
            await shop.line(
                order, assigned=2, picked=2, packed=2, shipped=shipped, delivered=delivered, received_back=back
            )
    for reasons in (("payment",), ("stock",), ("payment", "channel_pending"), ("payment", "address")):
        order = await shop.order()
        await shop.line(order)
        for reason in reasons:
            await shop.hold(order, reason)
    for work in (Work.OPEN, Work.PICKING, Work.PACKED, Work.CANCELLED):
        order = await shop.order(state=Lifecycle.IN_PROGRESS)
        await shop.line(order)
        await shop.work(order, work)
    dead, lost, digital = [await shop.order(state=Lifecycle.IN_PROGRESS) for _ in range(3)]
    await shop.message(dead, "push_shipment", Outbox.DEAD)
    await shop.parcel(lost, 0, {}, custody="lost")
    await shop.line(digital, requires_shipping=False)
    returned = await shop.order(state=Lifecycle.COMPLETED)
    await shop.put("returns", order_id=returned, number=f"R-{returned}", state="approved", reason="size", details={},
                   requested_by="customer", requested_at=START)  # fmt: skip


async def test_counts_lists_and_single_orders_agree_on_every_phase(shop: Shop, database: Database) -> None:
    await every_kind(shop)
    listed = await list_orders(database, shop.merchant_id, OrderQuery(limit=200))
    counts = await count_orders(database, shop.merchant_id)
    by_phase: dict[str, set[str]] = {}
    for order in listed.orders:
        by_phase.setdefault(order.phase, set()).add(order.id)
        assert (await show_order(database, shop.merchant_id, int(order.id))).phase == order.phase
    assert {phase: len(orders) for phase, orders in by_phase.items()} == counts
    assert len(counts) >= 16
    for phase, orders in by_phase.items():
        page = await list_orders(database, shop.merchant_id, OrderQuery(phase=phase, limit=200))
        assert ({order.id for order in page.orders}, page.next) == (orders, "")
    assert await count_orders(database, shop.merchant_id, "Nordlicht") == counts
    assert await count_orders(database, shop.merchant_id, "nobody") == {}


async def test_a_page_costs_one_statement(shop: Shop, database: Database) -> None:
    await every_kind(shop)
    before = database.statements
    await list_orders(database, shop.merchant_id, OrderQuery(limit=50))
    assert database.statements - before == 1


async def test_what_asks_too_much_is_refused(shop: Shop, database: Database) -> None:
    for query in (OrderQuery(limit=0), OrderQuery(limit=201), OrderQuery(phase="blue"), OrderQuery(after="junk")):
        with pytest.raises(Invalid):
            await list_orders(database, shop.merchant_id, query)
