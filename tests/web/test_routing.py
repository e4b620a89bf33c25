"""The trace of a routing decision: on the order's screen, and in one field of the API."""

from __future__ import annotations

import html

from hub.domain.lifecycle import Lifecycle, Work
from hub.web.services import Services
from tests.web.conftest import Client, signed_in, token
from tests.web.rows import Shop

ROUTED = {
    "rule": "cheapest with everything", "locations": ["LYO"], "plan": 7, "name": "Cheap", "sort": ["cost", "proximity"],
    "considered": [
        {"location": "LYO", "km": 980, "lacks": {}, "arrives": "2026-03-05", "cost": 490},
        {"location": "BER", "km": 320, "lacks": {"MUG-BLUE": 1}, "arrives": "2026-03-04", "cost": 590},
        {"location": "HAM", "out": "has its 20 orders of 2026-03-02"},
    ],
    "tried": [{"rule": "Abroad", "skipped": "goes to DE, the rule is for FR"}],
}  # fmt: skip


async def routed(shop: Shop) -> int:
    order = await shop.order(state=Lifecycle.IN_PROGRESS)
    await shop.line(order, assigned=2)
    await shop.work(order, Work.OPEN)
    await shop.event(order, "routed", ROUTED)
    return order


async def test_the_screen_says_who_was_considered_and_why_the_winner_won(
    client: Client, hub: Services, shop: Shop
) -> None:
    desk = await signed_in(client, hub, shop)

    page = html.unescape(await (await desk.get(f"/console/orders/{await routed(shop)}")).text())

    for words in (
        "cheapest with everything", "Rule Cheap, sorted by cost, then proximity, rules version 7",
        "Rule Abroad before it: the order goes to DE, the rule is for FR", "lacks 1 MUG-BLUE",
        "has its 20 orders of 2026-03-02",
    ):  # fmt: skip
        assert words in page


async def test_one_field_of_the_api_holds_the_trace(client: Client, hub: Services, shop: Shop) -> None:
    headers = await token(hub, shop)

    found = await (await client.get(f"/api/v1/orders/{await routed(shop)}", headers=headers)).json()

    (decision,) = found["routing"]["decisions"]
    assert (decision["outcome"], decision["plan"], decision["rule"]) == ("routed", 7, "Cheap")
    assert [(it["location"], it["chosen"]) for it in decision["considered"]] == [
        ("LYO", True), ("BER", False), ("HAM", False),
    ]  # fmt: skip
    assert found["routing"]["kept"] is None


async def test_rules_are_compared_and_put_into_force_through_the_api(client: Client, hub: Services, shop: Shop) -> None:
    headers = await token(hub, shop)
    rules = '[[rules]]\nname = "from the north"'

    async with client.post("/api/v1/routing/simulate", json={"source": rules, "days": 7}, headers=headers) as reply:
        found = await reply.json()
        assert (reply.status, found["compared_with"], found["orders"]) == (200, 0, 0)
    for after, status in ((4, 409), (0, 200), (0, 409), (1, 200)):
        async with client.post("/api/v1/routing", json={"source": rules, "after": after}, headers=headers) as reply:
            assert reply.status == status, await reply.text()
    shown = await (await client.get("/api/v1/routing", headers=headers)).json()
    assert (shown["version"], shown["plan"]["rules"][0]["name"]) == (2, "from the north")
    async with client.post("/api/v1/routing", json={"source": "[[rules", "after": 2}, headers=headers) as reply:
        assert reply.status == 422
    report = await (await client.get("/api/v1/reports/promises?days=7", headers=headers)).json()
    assert report == {"locations": []}
    assert (await client.get("/api/v1/reports/promises?days=x", headers=headers)).status == 422
