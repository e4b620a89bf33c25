"""Transfers, kits, count sheets and lots by JSON: the same actions as the pages, each step safe to send twice."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from hub.web.services import Services
from tests.web.conftest import Client, token
from tests.web.rows import START, Shop
from tests.web.test_stock import stocked
from tests.web.test_stock_moves import figures

_keys = itertools.count()


class Till:
    """A program with a token."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.client.get(f"/api/v1/stock{path}", headers=self.headers) as reply:
            told = json.loads(await reply.read())
            assert reply.status == status, told
            return told

    async def post(self, path: str, status: int = 200, key: str = "", **body: Any) -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        async with self.client.post(f"/api/v1/stock{path}", headers=headers, json=body) as reply:
            told = json.loads(await reply.read())
            assert reply.status == status, told
            return told

    async def twice(self, path: str, status: int = 200, **body: Any) -> Any:
        """As after a lost answer: with the same key, answered alike."""
        key = f"step-{next(_keys)}"
        first, second = [await self.post(path, status, key, **body) for _ in range(2)]
        assert first == second
        return first


@pytest.fixture
async def till(client: Client, hub: Services, shop: Shop) -> Till:
    """A shop's own program, with twenty mugs in Berlin."""
    await stocked(shop)
    return Till(client, await token(hub, shop))


async def test_a_transfer_from_plan_to_difference(till: Till, shop: Shop) -> None:
    lines = {"MUG-BLUE": 8}
    made = await till.twice("/transfers", 201, reference="T1", source="BER", target="NJ", lines=lines, planned=True)
    one = f"/transfers/{made['transfer']['id']}"
    assert made["transfer"]["state"] == "draft"
    assert (await till.twice(f"{one}/send", lines={"MUG-BLUE": 6}))["transfer"]["state"] == "in_transit"
    assert await figures(shop) == {"BER MUG-BLUE": 14, "NJ MUG-BLUE": 0}
    assert (await till.twice(f"{one}/receive", lines={"MUG-BLUE": 4}, complete=False))["lines"][0]["open"] == 2
    assert (await till.twice(f"{one}/receive", lines={"MUG-BLUE": 1}))["lines"][0]["missing"] == 1
    assert await figures(shop) == {"BER MUG-BLUE": 14, "NJ MUG-BLUE": 5}
    assert (await till.post(f"{one}/cancel", 409))["code"] == "conflict"
    assert [row["state"] for row in (await till.get("/transfers"))["transfers"]] == ["received"]

    shipped = await till.post("/transfers", 201, reference="T2", source="BER", target="NJ", lines={"MUG-BLUE": 1})
    again = await till.post("/transfers", 201, reference="T2", source="BER", target="NJ", lines={"MUG-BLUE": 1})
    assert shipped == again, "the reference alone ships once too"
    more = {"reference": "T2", "source": "BER", "target": "NJ", "lines": {"MUG-BLUE": 2}}
    assert (await till.post("/transfers", 409, **more))["code"] == "conflict"
    assert (await till.get(f"/transfers/{shipped['transfer']['id']}"))["lines"][0]["open"] == 1


async def test_kits_are_made_and_taken_apart(till: Till, shop: Shop) -> None:
    await shop.put("products", sku="SET", title="Two mugs", created_at=START)
    assert (await till.twice("/kits", sku="SET", parts={"MUG-BLUE": 2}))["parts"] == {"MUG-BLUE": 2}
    work = {"location": "BER", "sku": "SET"}
    assert (await till.twice("/kits/work", 201, reference="K1", units=3, **work))["moved"] == {"SET": 3, "MUG-BLUE": -6}
    assert (await till.post("/kits/work", 200, reference="K1", units=3, **work))["booked"] is False
    assert (await till.twice("/kits/work", 201, reference="K2", units=-1, **work))["moved"]["MUG-BLUE"] == 2
    assert await figures(shop) == {"BER MUG-BLUE": 16, "BER SET": 2}
    (kit,) = (await till.get("/kits"))["kits"]
    assert [(place["location"], place["free"], place["makeable"]) for place in kit["places"]] == [
        ("BER", 2, 8), ("NJ", 0, 0),
    ]  # fmt: skip
    assert (await till.post("/kits/work", 409, reference="K3", units=99, **work))["code"] == "conflict"
    assert (await till.post("/kits", 422, sku="SET", parts={"SET": 1}))["field"] == "parts"


async def test_a_sheet_is_counted_by_an_agent_and_approved_by_somebody_else(
    till: Till, hub: Services, shop: Shop
) -> None:
    agent = Till(till.client, await token(hub, shop, "agent"))
    assert (await agent.post("/counts", 403, location="BER"))["code"] == "forbidden"
    made = await till.twice("/counts", 201, location="BER", skus=["MUG-BLUE"])
    one = f"/counts/{made['id']}"
    assert (await agent.post(f"{one}/count", 403, sku="MUG-BLUE", units=2, accept=True))["code"] == "forbidden"
    for units in (-1, 10**10):
        assert (await agent.post(f"{one}/count", 422, sku="MUG-BLUE", units=units))["field"] == "units"

    told = await agent.twice(f"{one}/count", sku="MUG-BLUE", units=17)

    assert "17 counted, 20 expected" in told["said"]
    assert (told["lines"][0]["state"], told["lines"][0]["counts"]) == ("recount", 1), "counted once, though told twice"
    assert (await agent.post(f"{one}/approve", 403, sku="MUG-BLUE"))["code"] == "forbidden"
    assert (await till.twice(f"{one}/approve", sku="MUG-BLUE"))["state"] == "done"
    assert (await figures(shop))["BER MUG-BLUE"] == 17
    assert (await till.post(f"{one}/cancel", 409))["code"] == "conflict"
    other = await till.post("/counts", 201, location="BER")
    assert (await till.twice(f"/counts/{other['id']}/cancel"))["state"] == "cancelled"
    assert {row["state"] for row in (await till.get("/counts"))["sheets"]} == {"done", "cancelled"}
    assert (await till.get(one))["lines"][0]["difference"] == -3


async def test_lots_are_told_and_listed_by_the_day_they_expire(till: Till, shop: Shop) -> None:
    lot = {"location": "BER", "sku": "MUG-BLUE", "units": 4}
    assert (await till.post("/lots", 409, lot="L2", expires="2027-05-01", **lot))["code"] == "conflict"
    await shop.database.plain.execute("UPDATE products SET tracking = 'lot' WHERE merchant_id = $1", shop.merchant_id)
    await till.twice("/lots", lot="L2", expires="2027-05-01", **lot)
    await till.twice("/lots", lot="L1", expires="2027-04-01", **lot)
    found = (await till.get("/lots?location=BER&sku=MUG-BLUE"))["lots"]
    assert [(it["lot"], it["expires_on"], it["left"]) for it in found] == [
        ("L1", "2027-04-01", 4),
        ("L2", "2027-05-01", 4),
    ]
    assert (await till.post("/lots", 422, lot="L3", expires="May", **lot))["field"] == "expires"
    assert (await till.get("/lots?location=MOON&sku=MUG-BLUE", 404))["code"] == "not_found"


async def test_another_merchants_things_are_not_found_and_bad_bodies_are_told(
    till: Till, hub: Services, shop: Shop
) -> None:
    made = await till.post("/transfers", 201, reference="T\u00001", source="BER", target="NJ", lines={"MUG-BLUE": 1})
    sheet = await till.post("/counts", 201, location="BER")
    thief = Till(till.client, await token(hub, Shop(shop.database, shop.ids, shop.ids.next())))
    transfer, count = f"/transfers/{made['transfer']['id']}", f"/counts/{sheet['id']}"
    for path in (transfer, count):
        assert (await thief.get(path, 404))["code"] == "not_found"
    assert (await thief.post(f"{transfer}/receive", 404, lines={}))["code"] == "not_found"
    assert (await thief.post(f"{count}/count", 404, sku="MUG-BLUE", units=1))["code"] == "not_found"
    assert (await thief.post(f"{count}/cancel", 404))["code"] == "not_found"
    wrong = await till.post("/kits/work", 422, reference="K", location="BER", sku="SET", units="three")
    assert (wrong["code"], wrong["path"]) == ("bad_payload", "$.units")
    async with till.client.get("/api/openapi.json") as reply:
        described = await reply.json()
    paths, schemas = described["paths"], described["components"]["schemas"]
    for path, answer in (
        ("transfers/{id}", await till.get(transfer)), ("counts/{id}", await till.get(count)),
        ("lots", await till.get("/lots?location=BER&sku=MUG-BLUE")),
    ):  # fmt: skip
        shape = paths[f"/api/v1/stock/{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert set(answer) == set(schemas[shape["$ref"].rpartition("/")[2]]["properties"])
    for path in ("transfers", "kits", "counts", "lots"):
        assert {"get", "post"} <= set(paths[f"/api/v1/stock/{path}"])
