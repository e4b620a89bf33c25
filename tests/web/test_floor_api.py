"""The floor by JSON: a program walks, packs and hands over as the pages do, and may send every scan twice."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from hub.domain.lifecycle import Work
from hub.web.services import Services
from tests.web.conftest import Client, token
from tests.web.rows import Shop
from tests.web.test_floor import floor

_keys = itertools.count(1)


class Gun:
    """A hand scanner: every scan has a key, and is sent twice, as after a lost answer."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def ask(self, method: str, path: str, status: int = 200, key: str = "", **body: Any) -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        given = {"json": body} if body else {}
        async with self.client.request(method, f"/api/v1/floor{path}", headers=headers, **given) as reply:
            told = json.loads(await reply.read())
            assert reply.status == status, told
            return told

    async def send(self, path: str, status: int = 200, **body: Any) -> Any:
        key = f"scan-{next(_keys)}"
        first, second = [await self.ask("POST", path, status, key, **body) for _ in range(2)]
        assert first | {"request_id": ""} == second | {"request_id": ""}
        return first


@pytest.fixture
async def gun(client: Client, hub: Services, shop: Shop) -> Gun:
    """An agent's scanner."""
    return Gun(client, await token(hub, shop, "agent"))


async def wave(gun: Gun, strategy: str = "cluster") -> tuple[str, str]:
    """A wave of whatever waits in Aachen, and its first walk."""
    made = await gun.send("/waves", 201, location="AAC", strategy=strategy)
    return made["wave_id"], (await gun.ask("GET", f"/waves/{made['wave_id']}"))["walks"][0]["id"]


async def test_a_walk_the_pack_station_and_the_door(gun: Gun, shop: Shop) -> None:
    works = await floor(shop)
    assert (await gun.ask("GET", ""))["places"][0]["waiting"] == 2
    wave_id, task = await wave(gun)
    assert (await gun.ask("GET", ""))["waves"][0]["id"] == wave_id, "one wave, though it was asked for twice"

    assert (await gun.send(f"/walks/{task}/take"))["next"] == "2 × MUG-BLUE"
    steps = [await gun.send(f"/walks/{task}/scan", code=code) for code in ("2*MUG-BLUE", "W1-1-1", "MUG-BLUE")]
    assert [step["kind"] for step in steps] == ["tote", "item", "tote"]
    walk = await gun.ask("GET", f"/walks/{task}")
    assert [(stop["picked"], stop["left"]) for stop in walk["stops"]] == [(2, 0), (0, 2)], "nothing counted twice"
    for code in ("W1-1-2", "MUG-BLUE", "W1-1-2"):
        last = await gun.send(f"/walks/{task}/scan", code=code)
    assert last["done"]

    station = await gun.ask("POST", "/stations", code="W1-1-1")
    assert (station["id"], station["left"], station["ship_to"]) == (
        str(works[0]),
        {"MUG-BLUE": 2},
        "Mara Lindqvist, Malmö, SE",
    )
    begun = await gun.send(f"/stations/{works[0]}/scan", code="MUG-BLUE")
    assert (begun["parcels"], begun["ship_to"]) == ([{"box": "", "units": {"MUG-BLUE": 1}, "grams": 0, "why": ""}], "")
    assert (await gun.send(f"/stations/{works[0]}/over"))["parcels"] == []
    assert (await gun.send(f"/stations/{works[0]}/scan", code="2*MUG-BLUE"))["packed"]
    assert (await gun.send(f"/stations/{works[0]}/unpack"))["said"] == "unpacked; pack it again"
    assert (await gun.send(f"/stations/{works[0]}/suggested"))["packed"]

    number = await shop.database.plain.fetchval(
        "UPDATE parcels SET label = 'bought' WHERE merchant_id = $1 AND custody = 'packed' RETURNING number",
        shop.merchant_id,
    )
    refused = await gun.ask("POST", "/hand-overs", 409, code=number)
    assert "only what is labeled is handed over" in refused["detail"]
    await shop.database.plain.execute(
        "UPDATE fulfillment_orders SET state = $2 WHERE id = $1", works[0], int(Work.LABELED)
    )
    assert (await gun.send("/hand-overs", code=number))["dispatched"]


async def test_two_boxes_are_two_parcels(gun: Gun, shop: Shop) -> None:
    (work,) = await floor(shop, 1)
    await shop.put("boxes", code="BOX-S", length_mm=100, width_mm=100, height_mm=100, own_grams=50, most_grams=900)
    _, task = await wave(gun)
    await gun.send(f"/walks/{task}/take")
    await gun.send(f"/walks/{task}/scan", code="2*MUG-BLUE")
    await gun.ask("POST", "/stations", code="W1-1-1")
    for code in ("BOX-S", "MUG-BLUE", "BOX-S", "MUG-BLUE"):
        last = await gun.send(f"/stations/{work}/scan", code=code)
    assert (last["packed"], [parcel["box"] for parcel in last["parcels"]]) == (True, ["BOX-S", "BOX-S"])


async def test_what_is_refused_changes_nothing_and_its_key_may_be_used_again(gun: Gun, shop: Shop) -> None:
    await floor(shop, 1)
    _, task = await wave(gun)
    scan = f"/walks/{task}/scan"
    assert (await gun.ask("POST", scan, 409, key="a", code="MUG-BLUE"))["code"] == "conflict", "not taken yet"
    await gun.send(f"/walks/{task}/take")
    wrong = await gun.ask("POST", scan, 422, key="a", code="TEA")
    assert (wrong["code"], wrong["field"]) == ("invalid", "code")
    assert wrong["detail"] == "TEA is no code of any product here; expected 2 × MUG-BLUE"
    assert (await gun.ask("POST", scan, key="a", code="MUG-BLUE"))["said"] == "1 × MUG-BLUE picked"
    assert (await gun.ask("POST", scan, 409, key="a", code="2*MUG-BLUE"))["code"] == "key_reused"
    assert (await gun.ask("POST", scan, 422, key="k" * 129, code="MUG-BLUE"))["field"] == "Idempotency-Key"
    assert (await gun.ask("POST", scan, 422, key="b", codes="MUG-BLUE"))["code"] == "bad_payload"
    assert (await gun.ask("POST", scan, code="MUG-BLUE"))["done"], "a key is not demanded"


async def test_a_short_pick_and_a_walk_given_back(gun: Gun, shop: Shop) -> None:
    (work,) = await floor(shop, 1)
    _, task = await wave(gun)
    await gun.send(f"/walks/{task}/take")
    await gun.send(f"/walks/{task}/scan", code="MUG-BLUE")
    await gun.ask("POST", f"/walks/{task}/back")
    await gun.send(f"/walks/{task}/take")
    assert "1 × MUG-BLUE short" in (await gun.send(f"/walks/{task}/short"))["said"]
    row = await shop.database.plain.fetchrow(
        "SELECT quantity, picked FROM fulfillment_lines WHERE fulfillment_id = $1", work
    )
    assert row is not None
    assert tuple(row) == (1, 1), "one short pick, though it was told twice"


async def test_roles_and_other_merchants(gun: Gun, hub: Services, shop: Shop) -> None:
    (work,) = await floor(shop, 1)
    wave_id, task = await wave(gun)
    await gun.send(f"/walks/{task}/take")
    assert (await gun.ask("POST", f"/walks/{task}/free", 403))["code"] == "forbidden"
    boss = Gun(gun.client, await token(hub, shop, "merchant"))
    assert "somebody" not in (await boss.ask("POST", f"/walks/{task}/scan", 409, code="MUG-BLUE"))["detail"]
    await boss.ask("POST", f"/walks/{task}/free")
    other = Shop(shop.database, shop.ids, shop.ids.next())
    thief = Gun(gun.client, await token(hub, other))
    for method, path in (
        ("GET", f"/waves/{wave_id}"), ("GET", f"/walks/{task}"), ("POST", f"/walks/{task}/take"),
        ("POST", f"/walks/{task}/free"), ("POST", f"/stations/{work}/suggested"), ("POST", f"/stations/{work}/unpack"),
    ):  # fmt: skip
        assert (await thief.ask(method, path, 404))["code"] == "not_found"
    assert (await thief.ask("POST", "/stations", 404, code="W1-1-1"))["code"] == "not_found"


async def test_whose_work_at_the_pack_station_is(gun: Gun, hub: Services, shop: Shop) -> None:
    (work,) = await floor(shop, 1)
    _, task = await wave(gun, "orders")
    await gun.send(f"/walks/{task}/take")
    await gun.send(f"/walks/{task}/scan", code="2*MUG-BLUE")
    station = f"/stations/{work}"
    assert (await gun.ask("GET", station))["held_by"] == "", "to look is not to take"
    await gun.send(f"{station}/take")
    (held,) = (await gun.ask("GET", ""))["held"]
    assert (held["id"], held["location"]) == (str(work), "AAC")
    boss = Gun(gun.client, await token(hub, shop, "merchant"))
    assert (await boss.ask("GET", station))["held_by"] == held["held_by"]
    assert "may free it" in (await boss.ask("POST", f"{station}/take", 409))["detail"]
    assert (await boss.ask("POST", f"{station}/put-down", 409))["code"] == "conflict"
    assert (await gun.ask("POST", f"{station}/free", 403))["code"] == "forbidden"
    thief = Gun(gun.client, await token(hub, Shop(shop.database, shop.ids, shop.ids.next())))
    for method, path in (("GET", station), ("POST", f"{station}/take"), ("POST", f"{station}/put-down")):
        assert (await thief.ask(method, path, 404))["code"] == "not_found"

    await boss.send(f"{station}/free")

    await boss.send(f"{station}/take")
    await boss.send(f"{station}/put-down")
    assert (await gun.ask("POST", "/stations", code="W1-1-1", location="AAC"))["id"] == str(work)
    assert (await gun.ask("POST", "/stations", 404, code="W1-1-1", location="BER"))["code"] == "not_found"


async def test_the_description_is_what_is_answered(gun: Gun, shop: Shop) -> None:
    await floor(shop, 1)
    wave_id, task = await wave(gun)
    async with gun.client.get("/api/openapi.json") as reply:
        described = await reply.json()
    schemas = described["components"]["schemas"]
    for path, answer in (
        ("waves/{id}", await gun.ask("GET", f"/waves/{wave_id}")),
        ("walks/{id}", await gun.ask("GET", f"/walks/{task}")),
        ("walks/{id}/take", await gun.send(f"/walks/{task}/take")),
    ):  # fmt: skip
        operation = next(iter(described["paths"][f"/api/v1/floor/{path}"].values()))
        name = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert set(answer) == set(schemas[name]["properties"])
    scans = [path for path in described["paths"] if path.startswith("/api/v1/floor/")]
    assert len(scans) >= 14
