"""Rules in the console: mistakes and conflicts are shown before anything is saved, and what was typed stays."""

from __future__ import annotations

import pytest

from hub.actions.automation_rules import stored_rules
from hub.domain.lifecycle import Lifecycle
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import START, Shop

ROOM = "/console/automation"
GOOD = '[[rule]]\nname = "Fast"\nwhen = "accepted"\nif.country = ["DE"]\nthen.service = "express"\n'
OTHER = '[[rule]]\nname = "Slow"\nwhen = "accepted"\nthen.service = "economy"\n'


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser, signed in."""
    return await signed_in(client, hub, shop)


async def send(client: Client, do: str, text: str, status: int = 200, **more: str) -> str:
    form = {"csrf": await csrf(client, ROOM), "do": do, "text": text, **more}
    async with client.post(ROOM, data=form) as reply:
        found = await reply.text()
        assert reply.status == status, found[:500]
    return found


async def test_a_mistake_is_named_and_the_text_stays(desk: Client, hub: Services, shop: Shop) -> None:
    page = await send(desk, "save", GOOD + '[[rule]]\nname = "<b>"\nwhen = "sold"\nthen.note = "x"', 422)
    assert "rule 2 (&lt;b&gt;): when: &#39;sold&#39;: choose one of accepted, held" in page
    assert "then.service = &#34;express&#34;" in page
    assert (await stored_rules(hub.database, shop.merchant_id)).version == 0


async def test_a_conflict_is_shown_before_saving_and_saved_only_when_wanted(
    desk: Client, hub: Services, shop: Shop
) -> None:
    page = await send(desk, "save", GOOD + OTHER, 409)
    assert "conflict of “Fast” and “Slow”: service express and service economy" in page
    assert "save although rules conflict" in page
    assert (await stored_rules(hub.database, shop.merchant_id)).version == 0
    page = await send(desk, "save", GOOD + OTHER, anyway="1")
    assert "Version 1 counts from now on" in page
    assert (await stored_rules(hub.database, shop.merchant_id)).source == GOOD + OTHER


async def test_a_text_that_is_too_long_is_refused_not_cut(desk: Client, hub: Services, shop: Shop) -> None:
    """Cut where the limit is it would be saved without its last rules, and nobody told."""
    long = GOOD + "# a remark\n" * 20_000 + OTHER

    page = await send(desk, "save", long, 422, anyway="1")

    assert "the rules are larger than 200 kB" in page
    assert (await stored_rules(hub.database, shop.merchant_id)).version == 0


async def test_trying_writes_nothing(desk: Client, hub: Services, shop: Shop) -> None:
    order = await shop.order(state=Lifecycle.IN_PROGRESS, number="TRY-1", ship_to={"country": "DE"})
    await hub.database.plain.execute(
        """INSERT INTO events (merchant_id, subject_id, seq, order_id, kind, actor, source, occurred_at, recorded_at)
           VALUES ($1, $2, 1, $2, 'accepted', 'hub', 'hub', $3, $3)""",
        shop.merchant_id, order, START,
    )  # fmt: skip
    page = await send(desk, "try", GOOD)
    assert "1 of 1 orders would have met a rule" in page
    assert "TRY-1" in page
    assert (await stored_rules(hub.database, shop.merchant_id)).version == 0


async def test_only_merchants_see_and_change_rules(client: Client, hub: Services, shop: Shop) -> None:
    agent = await signed_in(client, hub, shop, "agent")
    async with agent.get(ROOM) as reply:
        assert reply.status == 403
    async with agent.get("/console/orders") as reply:
        assert ROOM not in await reply.text()
