"""Releasing holds through the doors: the API one by one and many, and the console's page of a reason."""

from __future__ import annotations

from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in, token
from tests.web.rows import Shop

FRAUD = {
    "what": "fraud", "score": 70, "hold_at": 60, "version": 1,
    "rules": [{"rule": "the channel warns", "points": 70, "why": "channel_risk", "level": "high", "by": "shop"}],
}  # fmt: skip


async def fraud(shop: Shop, number: str) -> tuple[int, int]:
    order = await shop.order(number)
    hold = await shop.hold(order, "fraud", detail=FRAUD, resolutions=["accept", "cancel"])
    return order, hold


async def test_a_program_releases_one_hold_and_many(client: Client, hub: Services, shop: Shop) -> None:
    headers = await token(hub, shop)
    (_, first), (_, second), (_, third) = [await fraud(shop, f"F-{n}") for n in (1, 2, 3)]

    async with client.post(f"/api/v1/holds/{first}/release", json={"resolution": "accept"}, headers=headers) as reply:
        assert reply.status == 200, await reply.text()
        (hold,) = (await reply.json())["holds"]
    assert (hold["state"], hold["resolution"]) == ("released", "accept")

    asked = {"resolution": "accept", "hold_ids": [str(first), str(second), str(third)]}
    async with client.post("/api/v1/holds/release", json=asked, headers=headers) as reply:
        told = await reply.json()
    assert told["released"] == 2
    assert {it["hold_id"]: it["problem"] for it in told["holds"]}[str(first)] == "no such open hold"

    asked = {"resolution": "accept", "reason": "frad"}
    async with client.post("/api/v1/holds/release", json=asked, headers=headers) as reply:
        told = await reply.json()
        assert (reply.status, told["field"]) == (422, "reason")
        assert "fraud" in told["detail"]

    for body, status in (({"resolution": "fly"}, 409), ({"resolutoin": "accept"}, 422), ([], 422)):
        async with client.post(f"/api/v1/holds/{first}/release", json=body, headers=headers) as reply:
            assert reply.status in {status, 400}, await reply.text()


async def test_anothers_hold_is_not_found(client: Client, hub: Services, shop: Shop) -> None:
    _, hold = await fraud(shop, "F-9")
    other = await token(hub, Shop(shop.database, shop.ids, shop.merchant_id + 500_000))

    async with client.post(f"/api/v1/holds/{hold}/release", json={"resolution": "accept"}, headers=other) as reply:
        assert reply.status == 404


async def test_the_page_of_a_reason_releases_all_of_it(client: Client, hub: Services, shop: Shop) -> None:
    browser = await signed_in(client, hub, shop)
    (order, first), (_, second) = [await fraud(shop, f"F-{n}") for n in (5, 6)]
    async with browser.get("/console/holds?reason=fraud") as reply:
        page = await reply.text()
    assert "All 2 holds of this page" in page
    assert "70 points, from 60 on an order waits: the channel warns (+70: shop says high)" in page
    form = {
        "csrf": await csrf(browser, "/console/holds?reason=fraud"), "holds": f"{first},{second},",
        "resolution": "accept",
    }  # fmt: skip

    async with browser.post("/console/holds/release", data=form) as reply:
        page = await reply.text()

    assert "Accept as it is: 2 of 2" in page
    assert f"/console/orders/{order}" in page
    async with browser.get("/console/holds") as reply:
        assert "Nothing waits for you" in await reply.text()


async def test_ids_that_no_hold_can_have_are_none(client: Client, hub: Services, shop: Shop) -> None:
    browser = await signed_in(client, hub, shop)
    form = {"csrf": await csrf(browser, "/console/holds"), "holds": "9" * 30, "resolution": "accept"}

    async with browser.post("/console/holds/release", data=form) as reply:
        assert reply.status == 200
        assert "There was nothing to release." in await reply.text()
