"""Routing rules in the console: mistakes are named, and rules are switched on only after their comparison was seen."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from hub.actions.routing_plans import NewPlan, set_plan, show_plan
from hub.domain.lifecycle import Lifecycle
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import Shop

ROOM = "/console/routing"
GOOD = '[[rules]]\nname = "from the north"\nsort = ["proximity"]\n'
OTHER = '[[rules]]\nname = "from the south"\n'


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser, signed in; a location with stock, and one past order."""
    place = await shop.put(
        "locations", code="KIEL", name="Kiel", address={"country": "DE"}, automatic=True, active=True
    )  # fmt: skip
    await shop.put("stock", sku="MUG-BLUE", location_id=place, on_hand=9, reserved=0, version=0)
    at = hub.clock.now() - timedelta(days=2)
    order = await shop.order(state=Lifecycle.IN_PROGRESS, created_at=at)
    await shop.line(order, sku="MUG-BLUE", ordered=2)
    return await signed_in(client, hub, shop)


async def send(client: Client, do: str, text: str, status: int = 200, **more: str) -> str:
    form = {"csrf": await csrf(client, ROOM), "do": do, "text": text, "days": "7", **more}
    async with client.post(ROOM, data=form) as reply:
        found = html.unescape(await reply.text())
        assert reply.status == status, found[:800]
    return found


async def version(hub: Services, shop: Shop) -> int:
    return (await show_plan(hub, shop.merchant_id)).version


async def test_a_mistake_is_named_and_the_text_stays(desk: Client, hub: Services, shop: Shop) -> None:
    text = GOOD + 'sorts = ["<b>"]\n'
    for do in ("check", "compare", "switch"):
        page = await send(desk, do, text, 422)
        assert "rules[0].sorts: is no name here; did you mean 'sort'?" in page
        assert text in page
    assert await version(hub, shop) == 0
    assert "Nothing wrong." in await send(desk, "check", GOOD)


async def test_rules_are_switched_on_only_after_their_comparison_was_seen(
    desk: Client, hub: Services, shop: Shop
) -> None:
    page = await send(desk, "switch", GOOD, 409)
    assert "Look at what these rules would have come to" in page
    assert "On 1 order of 7 days" in page
    assert "from the north: 1" in page, "which rule decided"
    assert "Units left at KIEL" in page
    assert await version(hub, shop) == 0

    await send(desk, "switch", OTHER, 409)
    assert await version(hub, shop) == 0, "another text was compared"

    page = await send(desk, "switch", OTHER, note="first try")
    assert "Version 1 is in force" in page
    assert "first try" in page
    assert (await show_plan(hub, shop.merchant_id)).source == OTHER


async def test_whoever_was_overtaken_compares_again(desk: Client, hub: Services, shop: Shop) -> None:
    assert "Switch on" in await send(desk, "compare", GOOD)
    await set_plan(hub, NewPlan(merchant_id=shop.merchant_id, source=OTHER, actor="user:9"))

    assert "Look at what these rules" in await send(desk, "switch", GOOD, 409)
    assert await version(hub, shop) == 1
    assert "Version 2 is in force" in await send(desk, "switch", GOOD)
    page = html.unescape(await (await desk.get(f"{ROOM}?version=1")).text())
    assert 'name = "from the south"' in page, "an old version can be the beginning of a new one"
    assert 'name = "from the north"' not in page


async def test_an_agent_does_not_see_the_room(client: Client, hub: Services, shop: Shop) -> None:
    desk = await signed_in(client, hub, shop, "agent")
    assert (await desk.get(ROOM)).status == 403
