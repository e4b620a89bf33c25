"""Transfers, counts and kits in the console, from the first form to the last."""

from __future__ import annotations

import re

import pytest

from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import START, Shop
from tests.web.test_stock import stocked, text

ROOM = "/console/stock"


async def send(client: Client, path: str, status: int = 200, **form: str) -> str:
    """Sends a form of the page at `path`, and gives the page that comes of it."""
    given = {name.replace("__", ":"): value for name, value in form.items()}
    given["csrf"] = await csrf(client, path)
    async with client.post(path, data=given) as reply:
        page = await reply.text()
        assert reply.status == status, page[:300]
    return page


async def link(client: Client, path: str) -> str:
    """The first row of a list."""
    return re.findall(rf'href="({path}/[0-9]+)"', await text(client, path))[0]


async def figures(shop: Shop) -> dict[str, int]:
    rows = await shop.database.plain.fetch(
        "SELECT l.code || ' ' || s.sku AS at, s.on_hand FROM stock s JOIN locations l ON l.id = s.location_id"
        " WHERE s.merchant_id = $1", shop.merchant_id,
    )  # fmt: skip
    return {row["at"]: row["on_hand"] for row in rows}


async def test_a_transfer_from_plan_to_difference(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    desk = await signed_in(client, hub, shop)
    rooms = f"{ROOM}/transfers"
    page = await send(desk, rooms, reference="TR-1", source="BER", target="NJ", lines="MUG-BLUE=8")
    assert "TR-1 is planned; nothing has left yet." in page
    one = await link(desk, rooms)
    assert "That did not work: MUG-BLUE: give" not in await send(desk, one, do="ship", **{"units__MUG-BLUE": "6"})
    assert await figures(shop) == {"BER MUG-BLUE": 14, "NJ MUG-BLUE": 0}
    assert "4 arrived" in await send(desk, one, do="partly", **{"units__MUG-BLUE": "4"})
    page = await send(desk, one, do="receive", **{"units__MUG-BLUE": "1"})
    assert "Booked: 1 arrived, 1 are missing." in page
    assert await figures(shop) == {"BER MUG-BLUE": 14, "NJ MUG-BLUE": 5}
    assert "was received already" in await send(desk, one, do="receive", **{"units__MUG-BLUE": "1"})
    assert "That did not work" in await send(
        desk, rooms, reference="TR-2", source="BER", target="BER", lines="MUG-BLUE=1"
    )


async def test_a_sheet_is_counted_and_approved(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    desk = await signed_in(client, hub, shop)
    rooms = f"{ROOM}/counts"
    page = await send(desk, rooms, location="BER", tolerance="1", percent="0", skus="MUG-BLUE")
    assert "0 of 1 booked" in page
    one = await link(desk, rooms)
    async with desk.get(f"{one}.pdf") as reply:
        assert (reply.status, reply.content_type) == (200, "application/pdf")
    assert "nothing is filled in" in await send(desk, one, do="count")
    assert "count MUG-BLUE again" in await send(desk, one, do="count", **{"units__MUG-BLUE": "12"})
    helper = await signed_in(client, hub, shop, "agent")
    assert "for merchants" in await send(helper, one, do="approve:MUG-BLUE")
    assert "Approve</button>" not in await text(helper, one)
    desk = await signed_in(client, hub, shop)
    assert "MUG-BLUE is booked as counted." in await send(desk, one, do="approve:MUG-BLUE")
    assert await figures(shop) == {"BER MUG-BLUE": 12}
    assert "is done already" in await send(desk, one, do="count", **{"units__MUG-BLUE": "12"})


async def test_kits_are_made_and_taken_apart(client: Client, hub: Services, shop: Shop) -> None:
    await stocked(shop)
    await shop.put("products", sku="GIFT", title="Gift box", created_at=START)
    desk = await signed_in(client, hub, shop)
    rooms = f"{ROOM}/kits"
    assert "GIFT is a kit." in await send(desk, rooms, do="set", sku="GIFT", parts="MUG-BLUE=2")
    assert "BER: 0 free, 10 more could be made" in await text(desk, rooms)
    page = await send(desk, rooms, do="make", sku="GIFT", reference="K-1", location="BER", units="3")
    assert "Booked: +3 GIFT, -6 MUG-BLUE." in page
    assert "only 14 may be taken" in await send(
        desk, rooms, do="make", sku="GIFT", reference="K-2", location="BER", units="8"
    )
    await send(desk, rooms, do="apart", sku="GIFT", reference="K-3", location="BER", units="1")
    assert await figures(shop) == {"BER GIFT": 2, "BER MUG-BLUE": 16}


@pytest.mark.parametrize("room", ["transfers", "counts"])
async def test_agents_look_and_others_do_not_find(client: Client, hub: Services, shop: Shop, room: str) -> None:
    await stocked(shop)
    desk = await signed_in(client, hub, shop)
    form = {"location": "BER", "skus": "MUG-BLUE"}
    if room == "transfers":
        form = {"reference": "TR-1", "source": "BER", "target": "NJ", "lines": "MUG-BLUE=8"}
    await send(desk, f"{ROOM}/{room}", **form)
    one = await link(desk, f"{ROOM}/{room}")
    agent = await signed_in(client, hub, shop, "agent")
    assert "MUG-BLUE" in await text(agent, one)
    assert "Plan a transfer" not in await text(agent, f"{ROOM}/{room}")
    if room == "transfers":
        await send(agent, one, status=403, do="ship")
    other = await signed_in(client, hub, Shop(shop.database, shop.ids, shop.ids.next()))
    await text(other, one, 404)
