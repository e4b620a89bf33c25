"""Returns on the order's page and in the API: what is known of them, and what of it cannot be."""

from __future__ import annotations

import json

from hub.domain.lifecycle import Lifecycle
from hub.domain.returning import STATES
from hub.web.console import vocabulary
from hub.web.services import Services
from tests.web.conftest import Client, signed_in, token
from tests.web.rows import START, Shop

XSS = '"><script>alert(1)</script>'


async def returned(shop: Shop, **told: object) -> int:
    """A delivered order of two mugs, one of which is on its way back; the channel told of a third."""
    order = await shop.order(state=Lifecycle.COMPLETED)
    line = await shop.line(order, external_id="l-1", shipped=2, delivered=2, assigned=2, picked=2, packed=2)
    details = {
        "told": {"began": START.isoformat(), "carrier": "DHL", "word": "OPEN", **told},
        "faults": [{"line_id": "l-1", "told": 3, "possible": 2}],
    }
    back = await shop.put(
        "returns", order_id=order, account_id=shop.account_id, external_id=f"r-{order}", number="#1001-R1",
        state="in_transit", reason="size_too_small", requested_by="channel", requested_at=START,
        tracking_number="JJD000390007882", details=details,
    )  # fmt: skip
    await shop.put("return_lines", return_id=back, order_line_id=line, quantity=2, received=1)
    await shop.event(order, "return_in_transit", {"return": "#1001-R1", "units": 3, "tracking_number": "JJD0003"})
    return order


async def test_the_page_of_an_order_shows_its_returns(client: Client, hub: Services, shop: Shop) -> None:
    order = await returned(shop)
    desk = await signed_in(client, hub, shop)
    async with desk.get(f"/console/orders/{order}") as reply:
        page = await reply.text()
    for said in (
        "Return open", "#1001-R1", "On its way back", "2 × Enamel mug, blue", "1 received", "Size too small",
        "JJD000390007882", "DHL", "The channel told of 3 × Enamel mug, blue; 2 can come back",
        "Return #1001-R1: on its way back, 3 units, JJD0003",
    ):  # fmt: skip
        assert said in page, said


async def test_what_a_channel_calls_a_return_is_text(client: Client, hub: Services, shop: Shop) -> None:
    order = await returned(shop, word=XSS, unknown=True, carrier=XSS)
    await shop.database.plain.execute(
        "UPDATE returns SET number = $2, reason = $2, tracking_number = $2 WHERE order_id = $1", order, XSS
    )
    desk = await signed_in(client, hub, shop)
    async with desk.get(f"/console/orders/{order}") as reply:
        page = await reply.text()
    assert "<script>alert" not in page and "nobody knows the meaning of" in page


async def test_a_program_reads_returns_with_the_order(client: Client, hub: Services, shop: Shop) -> None:
    order = await returned(shop)
    async with client.get(f"/api/v1/orders/{order}", headers=await token(hub, shop)) as reply:
        found = json.loads(await reply.read())
    (back,) = found["returns"]
    (line,) = back["lines"]
    assert found["phase"] == "return_open"
    assert (back["number"], back["state"], back["word"], back["tracking_number"]) == (
        "#1001-R1", "in_transit", "OPEN", "JJD000390007882",
    )  # fmt: skip
    assert (line["title"], line["quantity"], line["received"], line["outcome"]) == ("Enamel mug, blue", 2, 1, "")
    assert back["faults"] == [{"line_id": "l-1", "title": "Enamel mug, blue", "told": 3, "possible": 2}]


async def test_every_state_has_its_words() -> None:
    assert set(vocabulary.RETURN_WORDS) == set(STATES) >= set(vocabulary.RETURN_TONES)
