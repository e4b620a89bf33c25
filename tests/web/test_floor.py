"""The floor's pages: a wave is released, a walk scanned, packed and handed over with forms alone."""

from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp

from hub.domain.lifecycle import Work
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import START, Shop


async def floor(shop: Shop, count: int = 2) -> list[int]:
    """A location where people work, and orders of two mugs each that wait there; gives the fulfillment orders."""
    location = await shop.put("locations", code="AAC", name="Aachen", address={"country": "DE"}, automatic=False)
    await shop.put("products", sku="MUG-BLUE", title="Enamel mug, blue", created_at=START)
    await shop.put("stock", sku="MUG-BLUE", location_id=location, on_hand=50, reserved=2 * count)
    works = []
    for _ in range(count):
        order = await shop.order(state=3)  # type: ignore[arg-type]
        line = await shop.line(order, reserved=2, assigned=2)
        work = await shop.work(order, Work.OPEN, location_id=location)
        await shop.put(
            "fulfillment_lines", fulfillment_id=work, order_id=order, order_line_id=line, sku="MUG-BLUE", quantity=2,
            per_unit=1, reserved=2, picked=0, packed=0, short=0,
        )  # fmt: skip
        works.append(work)
    return works


async def send(client: Client, path: str, page: str, **form: str) -> str:
    """Sends a form of `page` and gives the page that comes of it."""
    form["csrf"] = await csrf(client, page)
    async with client.post(path, data=form) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.text()


async def seen(client: Client, path: str) -> str:
    async with client.get(path) as reply:
        assert reply.status == 200
        return await reply.text()


async def test_from_a_wave_to_a_packed_order(client: Client, hub: Services, shop: Shop) -> None:
    works = await floor(shop)
    await signed_in(client, hub, shop)

    assert "2 wait for a wave" in await seen(client, "/console/floor")
    page = await send(
        client, "/console/floor/release", "/console/floor", location="AAC", strategy="cluster", most="20", cart="8"
    )
    assert "Wave W1: 2 orders, 4 units, 1 walk." in page
    task = await shop.database.plain.fetchval("SELECT id FROM pick_tasks WHERE merchant_id = $1", shop.merchant_id)
    walk = f"/console/floor/walks/{task}"
    assert "autofocus" in await send(client, walk, walk, do="take")
    page = await send(client, walk, walk, code="NO-SUCH")
    assert ">NO-SUCH is no code of any product here; expected 2 × MUG-BLUE.<" in page
    assert page.count('name="code"') == 1, "one field"
    for code in ("2*MUG-BLUE", "W1-1-1", "2*MUG-BLUE", "w1-1-2"):
        page = await send(client, walk, walk, code=code)
    assert "Walk 1 is done" in page

    page = await send(client, "/console/floor/pack", "/console/floor/pack", code="W1-1-1")
    assert "2 ×" in page
    station = f"/console/floor/pack/{works[0]}"
    page = await send(client, station, station, code="2*MUG-BLUE")
    assert "is packed in one parcel" in page
    states = await shop.database.plain.fetch(
        "SELECT state FROM fulfillment_orders WHERE merchant_id = $1 ORDER BY id", shop.merchant_id
    )
    assert [row["state"] for row in states] == [Work.PACKED, Work.PICKED]


async def test_a_second_look_before_the_parcel_is_closed(client: Client, hub: Services, shop: Shop) -> None:
    (work,) = await floor(shop, 1)
    await signed_in(client, hub, shop)
    page = await send(client, "/console/floor/looks", "/console/floor", location="AAC", every="1", first="0", skus="")
    assert "Second looks at AAC are set." in page
    await send(
        client, "/console/floor/release", "/console/floor", location="AAC", strategy="orders", most="9", cart="8"
    )
    task = await shop.database.plain.fetchval("SELECT id FROM pick_tasks WHERE merchant_id = $1", shop.merchant_id)
    walk, station = f"/console/floor/walks/{task}", f"/console/floor/pack/{work}"
    await send(client, walk, walk, do="take")
    await send(client, walk, walk, code="2*MUG-BLUE")

    page = await send(client, station, station, do="suggested")

    assert "Before the parcels are closed: every order is looked at." in page
    assert "1 × MUG-BLUE in quarantine" in await send(
        client, station, station, do="look", result="damaged", sku="MUG-BLUE", units="1"
    )
    await send(client, station, station, code="MUG-BLUE")
    assert "is packed in one parcel" in await send(client, station, station, do="look", result="ok")
    async with client.get("/console/floor/pack") as reply:
        assert reply.headers["Permissions-Policy"].startswith("camera=(self)")
    async with client.get("/console/floor") as reply:
        assert reply.headers["Permissions-Policy"].startswith("camera=()")


async def test_papers_can_be_scanned_back(client: Client, hub: Services, shop: Shop) -> None:
    works = await floor(shop)
    await signed_in(client, hub, shop)
    await send(
        client, "/console/floor/release", "/console/floor", location="AAC", strategy="cluster", most="9", cart="8"
    )
    wave = await shop.database.plain.fetchval("SELECT id FROM waves WHERE merchant_id = $1", shop.merchant_id)
    slip = await shop.database.plain.fetchval("SELECT number FROM fulfillment_orders WHERE id = $1", works[0])

    for path, codes in (
        (f"/console/floor/waves/{wave}.pdf", {"W1-1", "W1-1-1", "W1-1-2"}),
        (f"/console/floor/slips/{works[0]}.pdf", {slip}),
    ):
        async with client.get(path) as reply:
            assert reply.content_type == "application/pdf"
            picture = pypdfium2.PdfDocument(await reply.read())[0].render(scale=3).to_pil()
        assert {found.text for found in zxingcpp.read_barcodes(picture)} == codes


@pytest.mark.parametrize("path", ["waves/{}", "waves/{}.pdf", "walks/{}", "slips/{}.pdf"])
async def test_another_merchants_things_are_not_found(client: Client, hub: Services, shop: Shop, path: str) -> None:
    works = await floor(shop)
    await signed_in(client, hub, shop)
    await send(
        client, "/console/floor/release", "/console/floor", location="AAC", strategy="orders", most="9", cart="8"
    )
    row = await shop.database.plain.fetchrow(
        "SELECT id, wave_id FROM pick_tasks WHERE merchant_id = $1 LIMIT 1", shop.merchant_id
    )
    assert row is not None
    own = {"waves": row["wave_id"], "walks": row["id"], "slips": works[0]}[path.partition("/")[0]]
    async with client.get("/console/floor/" + path.format(own)) as reply:
        assert reply.status == 200
    other = Shop(shop.database, shop.ids, shop.ids.next())
    await signed_in(client, hub, other)

    async with client.get("/console/floor/" + path.format(own)) as reply:
        assert reply.status == 404


async def test_what_a_browser_fetches_by_itself_takes_nothing_and_a_merchant_frees(
    client: Client, hub: Services, shop: Shop
) -> None:
    (work,) = await floor(shop, 1)
    await signed_in(client, hub, shop)
    await send(
        client, "/console/floor/release", "/console/floor", location="AAC", strategy="orders", most="9", cart="8"
    )
    task = await shop.database.plain.fetchval("SELECT id FROM pick_tasks WHERE merchant_id = $1", shop.merchant_id)
    walk, station = f"/console/floor/walks/{task}", f"/console/floor/pack/{work}"
    await send(client, walk, walk, do="take")
    await send(client, walk, walk, code="2*MUG-BLUE")
    holder = "SELECT held_by FROM totes WHERE merchant_id = $1"

    page = await seen(client, station)
    assert "Nobody has it in hand" in page
    assert 'name="code"' not in page, "it is taken first"
    assert await shop.database.plain.fetchval(holder, shop.merchant_id) == ""
    assert 'name="code"' in await send(client, station, station, do="take")
    assert "Put it down" in await seen(client, "/console/floor")
    assert "is free again" in await send(client, station, "/console/floor", do="down")

    await shop.database.plain.execute(
        "UPDATE totes SET held_by = 'user:77', held_at = now() WHERE merchant_id = $1", shop.merchant_id
    )
    assert "user:77 packs it in AAC" in await seen(client, "/console/floor")
    assert "user:77 has it in hand" in await seen(client, station)
    assert "in the hands of user:77" in await send(client, station, station, do="take")
    await signed_in(client, hub, shop, "agent")
    assert "Free it" not in await seen(client, station)
    assert "This is for merchant" in await send(client, station, station, do="free")
    await signed_in(client, hub, shop)
    assert "is free again" in await send(client, station, station, do="free")
    assert await shop.database.plain.fetchval(holder, shop.merchant_id) == ""
