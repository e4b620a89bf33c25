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
