"""`POST /api/v1/orders`: what is taken, what is refused and where it is wrong; nothing is lost or taken twice."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hub.store.database import Database
from hub.web.api.place import LONGEST_WAIT
from hub.web.services import Services
from tests.web.conftest import Client, cut_off, token
from tests.web.rows import Shop

ORDER: dict[str, Any] = {
    "placed_at": "2026-11-22T09:30:00+01:00", "currency": "EUR", "tax_included": True,
    "lines": [{"sku": "MUG-BLUE", "title": "Enamel mug", "quantity": 2, "unit_price": "22.45", "tax": "7.17"}],
    "charges": [{"kind": "shipping", "title": "DHL", "amount": "4.90"}],
    "buyer": {"name": "Mara Lindqvist", "email": "mara@example.com"},
    "ship_to": {"name": "Mara Lindqvist", "line1": "Köpenicker Str. 10", "city": "Berlin", "postcode": "10997",
                "country": "DE"},
    "payments": [{"id": "pi_1", "status": "paid", "gateway": "stripe"}],
}  # fmt: skip


class Till:
    """A program that places orders."""

    def __init__(self, client: Client, headers: dict[str, str], shop: Shop) -> None:
        self.client = client
        self.headers = headers
        self.shop = shop

    async def post(self, body: object, status: int, key: str = "", **more: Any) -> dict[str, Any]:
        """Who counts on the order's id waits for it longer than a program would."""
        patient = {"Prefer": f"wait={LONGEST_WAIT:.0f}"} if status == 201 else {}
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {}), **patient, **more.pop("headers", {})}
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        async with self.client.post(f"/api/v1/orders{more.pop('query', '')}", data=data, headers=headers) as reply:
            answer = json.loads(await reply.read())
            assert reply.status == status, answer
            assert reply.content_type == ("application/json" if status < 300 else "application/problem+json")
            if status == 201:
                assert reply.headers["Location"] == f"/api/v1/orders/{answer['id']}"
            return dict(answer)

    async def count(self, table: str = "orders") -> int:
        sql = f"SELECT count(*) FROM {table} WHERE merchant_id = $1"
        return int(await self.shop.database.plain.fetchval(sql, self.shop.merchant_id))


@pytest.fixture
async def till(client: Client, hub: Services, shop: Shop) -> Till:
    return Till(client, await token(hub, shop), shop)


NOW = {"Prefer": "respond-async"}


async def test_an_order_is_taken_in_and_named(till: Till, working: None) -> None:
    placed = await till.post({**ORDER, "id": "web-1", "number": "NO-1", "total": "49.80"}, 201, "k-1")
    assert placed | {"id": ""} == {
        "id": "", "external_id": "web-1", "number": "NO-1", "account": "API", "state": "taken_in",
    }  # fmt: skip
    async with till.client.get(f"/api/v1/orders/{placed['id']}", headers=till.headers) as reply:
        order = await reply.json()
    assert (order["number"], order["total"], order["currency"]) == ("NO-1", 4980, "EUR")
    assert order["payments"][0]["captured"] == 4980
    assert (order["connector"], order["channel"]) == ("own_site", "API")
    assert order["lines"][0]["sku"] == "MUG-BLUE"


async def test_the_same_key_is_the_same_order(till: Till, working: None) -> None:
    first = await till.post(ORDER, 201, "k-2")
    assert len(first["number"]) == 14
    again = [await till.post(ORDER, 201, "k-2") for _ in range(3)]
    spaced = await till.post(json.dumps(ORDER, indent=4, sort_keys=True).encode(), 201, "k-2")
    assert [first] * 4 == [*again, spaced]
    problem = await till.post({**ORDER, "note": "another"}, 409, "k-2")
    assert problem["code"] == "key_reused"
    assert await till.count() == await till.count("inbox") == 1
    other = await till.post(ORDER, 201, "k-3")
    assert other["id"] != first["id"]


async def test_twenty_at_once_with_one_key_are_one(till: Till, working: None) -> None:
    answers = await asyncio.gather(*(till.post(ORDER, 201, "k-4") for _ in range(20)))
    assert len({json.dumps(answer) for answer in answers}) == 1
    assert await till.count() == 1
    headers = till.headers | NOW | {"Idempotency-Key": "k-5"}
    bodies = [{**ORDER, "note": str(number % 2)} for number in range(10)]
    mixed = await asyncio.gather(*(till.client.post("/api/v1/orders", json=body, headers=headers) for body in bodies))
    statuses = [reply.status for reply in mixed]
    assert set(statuses) <= {201, 202, 409}
    assert statuses.count(409) == 5


async def test_without_a_key_the_body_counts(till: Till, working: None) -> None:
    one = {**ORDER, "id": "web-2"}
    first = await till.post(one, 201)
    assert await till.post(one, 201) == first
    paid = await till.post({**one, "note": "leave it at the door"}, 201)
    assert (paid["id"], await till.count(), await till.count("inbox")) == (first["id"], 1, 2)
    problem = await till.post(ORDER, 422)
    assert (problem["code"], problem["field"]) == ("invalid", "Idempotency-Key")
    problem = await till.post({**ORDER, "currency": "EUX"}, 422)
    assert problem["path"] == "$.currency"


@pytest.mark.parametrize("key", ["x" * 256, "caf\u00e9", "a\tb"])
async def test_a_key_that_is_none_is_refused(till: Till, key: str) -> None:
    problem = await till.post(ORDER, 422, headers={"Idempotency-Key": key})
    assert problem["field"] == "Idempotency-Key"


async def test_a_newer_version_changes_the_order(till: Till, working: None, database: Database) -> None:
    unpaid = {**ORDER, "id": "web-3", "payments": [{"id": "pi_1", "status": "pending"}]}
    first = await till.post({**unpaid, "revised_at": "2026-11-22T08:31:00Z"}, 201, "v1")
    paid = {**ORDER, "id": "web-3", "revised_at": "2026-11-22T08:35:00Z"}
    assert (await till.post(paid, 201, "v2"))["id"] == first["id"]
    assert (await till.post({**unpaid, "revised_at": "2026-11-22T08:33:00Z"}, 201, "v1.5"))["id"] == first["id"]
    state = await database.plain.fetchval("SELECT state FROM payments WHERE order_id = $1", int(first["id"]))
    assert (state, await till.count()) == ("captured", 1)


WRONG: dict[str, tuple[object, str]] = {
    "no json": (b"order=1", "$"),
    "a list": ([], "$"),
    "nothing": (b"", "$"),
    "no lines": ({**ORDER, "lines": []}, "$.lines"),
    "no quantity": ({**ORDER, "lines": [{"sku": "A", "unit_price": 1}]}, "$.lines[0]"),
    "none of it": ({**ORDER, "lines": [{"sku": "A", "unit_price": 1, "quantity": 0}]}, "$.lines[0].quantity"),
    "a float": ({**ORDER, "charges": [{"amount": 4.9}]}, "$.charges[0].amount"),
    "finer than a cent": ({**ORDER, "charges": [{"amount": "4.905"}]}, "$.charges[0].amount"),
    "a wrong total": ({**ORDER, "total": "49.81"}, "$.total"),
    "an unknown field": ({**ORDER, "shipto": {}}, "$"),
    "an unknown field deep down": ({**ORDER, "ship_to": {"zip": "1"}}, "$.ship_to"),
    "a long country": ({**ORDER, "ship_to": {"country": "Germany"}}, "$.ship_to.country"),
    "no time": ({**ORDER, "placed_at": "yesterday"}, "$.placed_at"),
    "less than nothing": ({**ORDER, "charges": [{"amount": "-100.00"}]}, "$.total"),
    "a line twice": ({**ORDER, "lines": [ORDER["lines"][0] | {"id": "a"}] * 2}, "$.lines[1].id"),
    "a card number": ({**ORDER, "payments": [{"status": "paid", "last4": "4242424242424242"}]}, "$.payments[0].last4"),
    "beyond proportion": ({**ORDER, "charges": [{"amount": 10**17}]}, "$.charges[0].amount"),
    "a surrogate": (json.dumps(ORDER).replace("Mara", "\\ud800").encode(), "$"),
    "depth": (b'{"id":' + b"[" * 50_000, "$.id"),
    "NaN": (json.dumps({**ORDER, "total": float("nan")}).encode(), "$"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_wrong_is_named_and_leaves_nothing(till: Till, what: str) -> None:
    body, path = WRONG[what]
    problem = await till.post(body, 422, "wrong")
    assert (problem["code"], problem["path"]) == ("bad_payload", path), problem
    assert await till.count("inbox") == 0


async def test_sizes_have_an_end(till: Till) -> None:
    most = json.dumps({**ORDER, "note": "x" * 4000}).encode()
    assert (await till.post(most.ljust(10 * 1024 * 1024), 202, "big", headers=NOW))["state"] == "kept"
    assert (await till.post(most.ljust(10 * 1024 * 1024 + 1), 413, "bigger"))["code"] == "too_large"
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    assert (await till.post(bomb, 413, "bomb", headers={"Content-Encoding": "gzip"}))["code"] == "too_large"


async def test_without_a_worker_it_is_kept_and_found_later(till: Till) -> None:
    kept = await till.post(ORDER, 202, "later", headers=NOW)
    assert (kept["id"], kept["state"]) == ("", "kept")
    assert await till.post(ORDER, 202, "later", headers={"Prefer": "wait=0"}) == kept
    assert (await till.count("inbox"), await till.count()) == (1, 0)


async def test_orders_belong_to_the_account_that_is_named(till: Till, hub: Services, shop: Shop) -> None:
    store = {"base_url": "http://127.0.0.1:1/x", "token": "t", "webhook_secret": "s"}
    await hub.accounts.add(shop.merchant_id, "demo_store", "A store", store)
    site = await hub.accounts.add(shop.merchant_id, "own_site", "nordlicht.example", {})
    assert (await till.post(ORDER, 202, "a", headers=NOW))["account"] == "nordlicht.example"
    await hub.accounts.add(shop.merchant_id, "own_site", "Till 3", {})
    assert (await till.post(ORDER, 202, "b", headers=NOW, query="?account=Till%203"))["account"] == "Till 3"
    assert (await till.post(ORDER, 202, "c", headers=NOW, query=f"?account={site}"))["account"] == "nordlicht.example"
    for query, said in (("", "nordlicht.example, Till 3"), ("?account=A%20store", "its own channel"),
                        ("?account=nobody", "no account"), ("?acount=x", "no parameter")):  # fmt: skip
        problem = await till.post(ORDER, 422, "d", query=query)
        assert problem["code"] == "invalid"
        assert said in problem["detail"]


async def test_the_first_order_makes_its_account_once(till: Till, hub: Services) -> None:
    made = await asyncio.gather(*(till.post(ORDER, 202, f"first-{n}", headers=NOW) for n in range(8)))
    assert {placed["account"] for placed in made} == {"API"}
    assert await till.count("accounts") == 2


async def test_merchants_are_strangers(
    till: Till, hub: Services, database: Database, serve: Callable[[Services], Awaitable[Client]]
) -> None:
    other = Shop(database, till.shop.ids, till.shop.merchant_id + 500_000)
    await other.account("Somebody else")
    theirs = await hub.accounts.add(other.merchant_id, "own_site", "Theirs", {})
    assert (await till.post(ORDER, 422, "x", query=f"?account={theirs}"))["field"] == "account"
    foreign = Till(await serve(hub), await token(hub, other), other)
    await till.post(ORDER, 202, "same", headers=NOW)
    await foreign.post({**ORDER, "note": "mine"}, 202, "same", headers=NOW)
    assert (await till.count("inbox"), await foreign.count("inbox")) == (1, 1)


@pytest.mark.parametrize("role", ["merchant", "agent", "api"])
async def test_every_role_may_place_and_nobody_else(client: Client, hub: Services, shop: Shop, role: str) -> None:
    await Till(client, await token(hub, shop, role), shop).post(ORDER, 202, "k", headers=NOW)
    nobody = Till(client, {}, shop)
    assert (await nobody.post(ORDER, 401, "k"))["code"] == "unauthorized"
    assert (await Till(client, {"Authorization": "Bearer x"}, shop).post(ORDER, 401, "k"))["code"] == "unauthorized"


async def test_a_store_that_is_away_takes_nothing_and_says_so(till: Till, database: Database) -> None:
    await till.post(ORDER, 202, "before", headers=NOW)
    async with cut_off(database, "inbox"):
        assert (await till.post(ORDER, 503, "away", headers=NOW))["code"] in {"retry", "store_unavailable"}
    await till.post(ORDER, 202, "away", headers=NOW)
    assert await till.count("inbox") == 2


async def test_signed_posts_of_the_same_order_come_by_the_webhook_door(
    till: Till, hub: Services, shop: Shop, working: None
) -> None:
    secret = "whsec_" + base64.b64encode(b"s" * 32).decode()
    site = await hub.accounts.add(shop.merchant_id, "own_site", "Posts", {"webhook_secret": secret})
    channel: Any = await hub.accounts.open(site)
    body = json.dumps({**ORDER, "id": "posted-1"}).encode()
    signed = channel.sign("order", body)
    for _ in range(2):
        async with till.client.post(f"/webhooks/{site}", data=body, headers=signed) as reply:
            assert reply.status == 200
    async with till.client.post(f"/webhooks/{site}", data=body + b" ", headers=signed) as reply:
        assert reply.status == 401
    placed = await till.post({**ORDER, "id": "posted-1"}, 201, "by the API", query="?account=Posts")
    assert (placed["external_id"], await till.count()) == ("posted-1", 1)


async def test_the_shape_is_described(till: Till) -> None:
    async with till.client.get("/api/openapi.json") as reply:
        described = await reply.json()
    post = described["paths"]["/api/v1/orders"]["post"]
    assert post["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/PlacedOrder")
    assert {"Idempotency-Key", "Prefer", "account"} == {it["name"] for it in post["parameters"]}
    assert {"201", "202", "default"} == set(post["responses"])
    shape = described["components"]["schemas"]["PlacedOrder"]
    assert shape["required"] == ["currency", "lines"]
    assert shape["additionalProperties"] is False
    assert set(ORDER) <= set(shape["properties"])
