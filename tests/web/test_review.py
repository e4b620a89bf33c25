"""The console's review room: rules with mistakes, tried before they are switched on, and back; customers on terms."""

from __future__ import annotations

import pytest

from hub.actions.show_rules import show_rules
from hub.domain.fraud_default import DEFAULT, STRICT
from hub.domain.lifecycle import Lifecycle
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in, token
from tests.web.rows import Shop

ROOM, TERMS = "/console/review", "/console/review/terms"
DEAR = """name = "dear"
hold_at = 10
[[rule]]
name = "above forty"
kind = "high_value"
above = { EUR = 40 }
weight = 12
"""


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser, signed in."""
    return await signed_in(client, hub, shop)


async def send(client: Client, path: str, status: int = 200, **form: str) -> str:
    room = TERMS if path.startswith(TERMS) else ROOM
    async with client.post(path, data={"csrf": await csrf(client, room), **form}) as reply:
        found = await reply.text()
        assert reply.status == status, found[:500]
    return found


async def test_mistakes_are_named_with_line_and_near_name_and_the_text_stays(
    desk: Client, hub: Services, shop: Shop
) -> None:
    wrong = (
        DEAR.replace("high_value", "high_valu") + '[[rule]]\nname = "<b>"\nkind = "differ"\nby = "contry"\nweight = 1\n'
    )
    page = await send(desk, ROOM, 422, do="switch", text=wrong)

    assert "line 5: rule 1 (above forty), kind: " in page
    assert "did you mean &#39;high_value&#39;?" in page
    assert "line 11: rule 2 (&lt;b&gt;), by: " in page
    assert "did you mean &#39;country&#39;?" in page
    assert "kind = &#34;high_valu&#34;" in page
    assert (await show_rules(hub.database, shop.merchant_id)).version == 0


async def test_rules_are_tried_then_switched_on_then_back(desk: Client, hub: Services, shop: Shop) -> None:
    await shop.order("TRY-1", Lifecycle.COMPLETED)
    await shop.order("TRY-2", Lifecycle.COMPLETED, total=100)

    page = await send(desk, ROOM, do="try", text=DEAR, last="50")
    assert "1 of 2 would wait, from 10 points on" in page
    assert "above forty (+12: €49.80)" in page
    assert "TRY-2" not in page
    assert "1 of 1 would wait" not in await send(desk, ROOM, do="try", text=DEAR, last="1"), (
        "the newest is the cheap one"
    )
    assert (await show_rules(hub.database, shop.merchant_id)).version == 0

    assert "Version 1 is in force" in await send(desk, ROOM, do="switch", text=DEAR)
    assert "Version 2 is in force" in await send(desk, ROOM, do="switch", text=STRICT)
    page = await send(desk, f"{ROOM}/back", version="1")
    assert "The rules of version 1 are in force again, as version 3" in page
    assert (await show_rules(hub.database, shop.merchant_id)).text == DEAR
    await send(desk, f"{ROOM}/back", version="0")
    assert (await show_rules(hub.database, shop.merchant_id)).text == DEFAULT
    await send(desk, f"{ROOM}/back", 404, version="9")
    trail = "SELECT count(*) FROM audit WHERE merchant_id = $1 AND action = 'switch_rules'"
    assert await hub.database.plain.fetchval(trail, shop.merchant_id) == 4


async def test_agents_do_not_switch_rules_or_agree_on_terms(client: Client, hub: Services, shop: Shop) -> None:
    agent = await signed_in(client, hub, shop, "agent")
    async with agent.get(ROOM) as reply:
        assert reply.status == 403
    async with agent.get(TERMS) as reply:
        page = await reply.text()
    assert "Nobody pays later" in page
    assert "Agree on terms" not in page


async def test_terms_are_agreed_shown_with_what_counts_and_ended(desk: Client, hub: Services, shop: Shop) -> None:
    page = await send(desk, TERMS, 422, email="kim@example", currency="EUR", limit="100", days="30")
    assert "is no e-mail address" in page
    page = await send(desk, TERMS, 422, email="kim@example.com", currency="EUR", limit="1.001", days="30")
    assert "finer than EUR can pay" in page
    assert 'value="1.001"' in page

    await shop.order("OWE-1", Lifecycle.IN_PROGRESS, email="kim@example.com", paid=False)
    await shop.order("OWE-2", Lifecycle.CANCELLED, email="kim@example.com", paid=False)
    page = await send(desk, TERMS, email="Kim@Example.com", currency="eur", limit="40", days="14")
    assert "Owes €49.80" in page
    assert "€9.80 above the limit" in page
    assert "OWE-1" in page
    assert "OWE-2" not in page, "what is cancelled does not count"

    page = await send(desk, f"{TERMS}/end", email="kim@example.com", currency="EUR")
    assert "ended" in page
    trail = "SELECT action FROM audit WHERE merchant_id = $1 ORDER BY seq"
    assert [row["action"] for row in await hub.database.plain.fetch(trail, shop.merchant_id)][-2:] == [
        "set_terms", "end_terms",
    ]  # fmt: skip


async def test_programs_agree_look_and_end(client: Client, hub: Services, shop: Shop) -> None:
    headers = await token(hub, shop)
    new = {"email": "ann@example.com", "currency": "JPY", "limit": 5000, "days": 30}
    async with client.post("/api/v1/terms", json=new, headers=headers) as reply:
        assert reply.status == 200, await reply.text()
        assert (await reply.json())["terms"]["left"] == 5000
    for wrong in ({**new, "days": 400}, {**new, "currency": "JPX"}, {**new, "limit": -1}, {**new, "limits": 1}):
        async with client.post("/api/v1/terms", json=wrong, headers=headers) as reply:
            assert reply.status == 422, await reply.text()
    async with client.get("/api/v1/terms?search=ann", headers=headers) as reply:
        assert [it["email"] for it in (await reply.json())["terms"]] == ["ann@example.com"]
    whose = {"email": "ann@example.com", "currency": "JPY"}
    other = await token(hub, Shop(shop.database, shop.ids, shop.merchant_id + 500_000))
    async with client.get("/api/v1/terms/balance", params=whose, headers=other) as reply:
        assert reply.status == 404
    async with client.post("/api/v1/terms/end", json=whose, headers=headers) as reply:
        assert (await reply.json())["terms"]["ended_at"]
    async with client.post("/api/v1/terms/end", json=whose, headers=headers) as reply:
        assert reply.status == 404
