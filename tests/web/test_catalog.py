"""The catalog in the console: products, listings, what a listing may be; one click maps, and what waited goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.domain.lifecycle import FOREVER, Lifecycle
from hub.store.database import Database
from hub.web.services import Services
from tests.web.conftest import Client, csrf, signed_in
from tests.web.rows import START, Shop

ROOM = "/console/catalog"
XSS = '"><script>alert(1)</script>{{ 7*7 }}'


@pytest.fixture
async def desk(client: Client, hub: Services, shop: Shop) -> Client:
    """A merchant's browser, signed in."""
    return await signed_in(client, hub, shop)


async def text(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as reply:
        found = await reply.text()
        assert reply.status == status, found[:500]
    return found


async def send(client: Client, page: str, path: str, **fields: str) -> str:
    """Sends a form of `page` and returns the page it leads to."""
    form = {"csrf": await csrf(client, page), **fields}
    async with client.post(path, data=form) as reply:
        found = await reply.text()
        assert reply.status == 200, found
    return found


async def product(shop: Shop, sku: str, title: str = "", **more: object) -> int:
    return await shop.put("products", sku=sku, title=title or sku, created_at=START, **more)


async def listing(shop: Shop, listing_id: str, title: str = "", **more: object) -> int:
    columns: dict[str, Any] = {"sku": "", "price": 1450, "currency": "EUR", "seen_at": START, **more}
    return await shop.put("listings", account_id=shop.account_id, listing_id=listing_id, title=title, **columns)


async def waiting(shop: Shop, listing_id: str) -> int:
    """An order that is held because nobody knows what it wants."""
    order = await shop.order(state=Lifecycle.RECEIVED)
    await shop.line(order, sku="", listing_id=listing_id, title="Becher, blau")
    await shop.hold(order, "mapping", detail={"what": "skus", "lines": [{"listing": listing_id, "title": "Becher"}]},
                    resolutions=["cancel"])  # fmt: skip
    return order


async def is_asleep(database: Database, order: int) -> bool:
    return bool(await database.plain.fetchval("SELECT due_at = $2 FROM orders WHERE id = $1", order, FOREVER))


# ------------------------------------------------------------ looking


async def test_an_empty_catalog_says_what_to_do_next(desk: Client) -> None:
    assert "channel products ID --create" in await text(desk, ROOM)
    assert "No listings yet" in await text(desk, f"{ROOM}/listings")
    assert "Everything is mapped" in await text(desk, f"{ROOM}/listings?unmapped=1")
    assert "No channel lists anything yet" in await text(desk, f"{ROOM}/shares")


async def test_products_with_what_channels_may_offer(desk: Client, shop: Shop) -> None:
    await product(shop, "MUG-BLUE", "Stoneware mug", gtin="4006381000017", safety=3)
    await product(shop, "LAMP", "Desk lamp")
    place = await shop.put("locations", code="BER", name="Berlin", address={})
    await shop.put("stock", sku="MUG-BLUE", location_id=place, on_hand=20, reserved=5)

    page = await text(desk, ROOM)

    assert "Stoneware mug" in page
    assert '<td class="right strong" data-label="For channels">12</td>' in page, "20 less 5 promised, less 3 kept back"
    assert "BER 15 free" in page
    assert "Not counted" in page
    assert "Desk lamp" not in await text(desk, f"{ROOM}?q=mug")
    assert "No product fits" in await text(desk, f"{ROOM}?q=zebra")


async def test_pages_follow_one_another(desk: Client, shop: Shop) -> None:
    for number in range(45):
        await product(shop, f"SKU-{number:03}")
        await listing(shop, f"L{number:03}", sku=f"SKU-{number:03}", mapped_by="sku")
    for start, first, last in ((ROOM, "SKU-000", "SKU-044"), (f"{ROOM}/listings", "L044", "L000")):
        page = await text(desk, start)
        assert first in page
        assert last not in page
        following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert last in await text(desk, following)


async def test_nothing_of_anybody_is_markup(desk: Client, shop: Shop) -> None:
    await product(shop, XSS[:60], XSS)
    await listing(shop, XSS[:60], XSS, channel_sku=XSS[:60])
    for path in (ROOM, f"{ROOM}/listings", f"{ROOM}/listings?unmapped=1", f"{ROOM}?q={'%3Cscript%3E'}"):
        page = await text(desk, path)
        assert "<script>alert" not in page
        assert "{{ 7*7 }}" in page or "q=" in path


# ------------------------------------------------------------ mapping


async def test_one_click_maps_and_what_waited_goes_on(desk: Client, shop: Shop, database: Database) -> None:
    await product(shop, "MUG-BLUE", "Stoneware mug, blue", gtin="4006381000017")
    made = await listing(shop, "V-9", "Becher, blau", gtin="4006381000017")
    orders = [await waiting(shop, "V-9") for _ in range(3)]
    assert "Say which products these are" in await text(desk, f"/console/orders/{orders[0]}")
    page = await text(desk, f"{ROOM}/listings?unmapped=1")
    assert "MUG-BLUE" in page
    assert "same GTIN, 100" in page

    page = await send(
        desk, f"{ROOM}/listings?unmapped=1", f"{ROOM}/listings/{made}/map", sku="MUG-BLUE", **{"from": "unmapped"}
    )

    assert "V-9 is MUG-BLUE. 3 orders that waited for it go on." in page
    assert "Everything is mapped" in page
    assert not any([await is_asleep(database, order) for order in orders])
    row = await database.plain.fetchrow(
        "SELECT actor, details FROM audit WHERE merchant_id = $1 AND action = 'map_listing'", shop.merchant_id
    )
    assert row is not None
    assert row["actor"].startswith("user:")
    assert json.loads(row["details"])["woken"] == 3


async def test_what_only_an_order_names_can_be_mapped_too(desk: Client, shop: Shop) -> None:
    """Of a channel that does not list what it sells."""
    await product(shop, "MUG-BLUE", "Becher blau")
    await waiting(shop, "V-77")

    page = await text(desk, f"{ROOM}/listings?unmapped=1")

    assert "V-77" in page
    assert "close name" in page


async def test_a_listing_becomes_a_product_or_none_of_ours(desk: Client, shop: Shop, database: Database) -> None:
    lamp, gift = await listing(shop, "V-1", "Desk lamp"), await listing(shop, "V-2", "Gift wrap")
    page = await send(desk, f"{ROOM}/listings", f"{ROOM}/listings/{lamp}/map", sku="LAMP")
    assert "no product of ours" in page
    page = await send(desk, f"{ROOM}/listings", f"{ROOM}/listings/{lamp}/map", sku="LAMP", create="1")
    assert "V-1 is LAMP." in page
    page = await send(desk, f"{ROOM}/listings", f"{ROOM}/listings/{gift}/map", sku="")
    assert "V-2 is none of our products." in page
    assert "None of ours" in page
    assert await database.plain.fetchval("SELECT title FROM products WHERE sku = 'LAMP' AND merchant_id = $1",
                                         shop.merchant_id) == "Desk lamp"  # fmt: skip


# ------------------------------------------------------------ what is kept back


async def test_safety_stock_and_shares_are_set(desk: Client, shop: Shop, database: Database) -> None:
    await product(shop, "MUG-BLUE")
    await listing(shop, "V-1", sku="MUG-BLUE")
    assert "7 of MUG-BLUE are kept" in await send(desk, ROOM, f"{ROOM}/safety", sku="MUG-BLUE", units="7")
    assert await database.plain.fetchval("SELECT safety FROM products WHERE merchant_id = $1", shop.merchant_id) == 7
    for units in ("-1", "x", "", "99999999"):
        assert "That did not work" in await send(desk, ROOM, f"{ROOM}/safety", sku="MUG-BLUE", units=units)
    assert "That did not work" in await send(desk, ROOM, f"{ROOM}/safety", sku="NOBODY", units="1")

    shares = f"{ROOM}/shares"
    to = f"{shares}/{shop.account_id}"
    assert "Done" in await send(desk, shares, to, buffer="2", percent="50", most="")
    assert "That did not work" in await send(desk, shares, to, buffer="2", percent="101", most="")
    row = await database.plain.fetchrow("SELECT * FROM allotments WHERE merchant_id = $1", shop.merchant_id)
    assert row is not None
    assert (row["account_id"], row["buffer"], row["percent"], row["most"]) == (shop.account_id, 2, 50, None)
    marked = await database.plain.fetch("SELECT sku FROM stale WHERE merchant_id = $1", shop.merchant_id)
    assert {row["sku"] for row in marked} == {"MUG-BLUE"}, "channels hear of it"


async def test_a_bundle_is_made_and_shown(desk: Client, shop: Shop) -> None:
    await product(shop, "POT")
    await product(shop, "CUP")
    place = await shop.put("locations", code="BER", name="Berlin", address={})
    for sku, units in (("POT", 9), ("CUP", 21)):
        await shop.put("stock", sku=sku, location_id=place, on_hand=units, reserved=0)

    page = await send(desk, ROOM, f"{ROOM}/bundle", sku="SET", title="Tea set", parts="POT=1 CUP=4")

    assert "SET is made of 1 × POT and 4 × CUP." in page
    assert "bundle of 4 × CUP, 1 × POT" in page
    assert '<td class="right strong" data-label="For channels">5</td>' in page
    assert "That did not work" in await send(desk, ROOM, f"{ROOM}/bundle", sku="SET", parts="SET=1")
    assert "SET is no bundle." in await send(desk, ROOM, f"{ROOM}/bundle", sku="SET", parts="")


# ------------------------------------------------------------ who may


async def test_agents_map_but_do_not_set_what_channels_offer(client: Client, hub: Services, shop: Shop) -> None:
    agent = await signed_in(client, hub, shop, "agent")
    await product(shop, "MUG-BLUE")
    made = await listing(shop, "V-1", "Becher")
    assert "V-1 is MUG-BLUE." in await send(agent, f"{ROOM}/listings", f"{ROOM}/listings/{made}/map", sku="MUG-BLUE")
    await text(agent, f"{ROOM}/shares", 403)
    token = await csrf(agent, f"{ROOM}/listings")
    for path in ("safety", "bundle", f"shares/{shop.account_id}"):
        async with agent.post(f"{ROOM}/{path}", data={"csrf": token, "sku": "MUG-BLUE", "units": "1"}) as reply:
            assert reply.status == 403
    async with agent.post(f"{ROOM}/listings/{made}/map", data={"sku": ""}) as reply:
        assert reply.status == 403, "a form of somebody else's"


async def test_another_merchants_catalog_is_not_there(
    desk: Client, database: Database, shop: Shop, hub: Services
) -> None:
    other = Shop(database, shop.ids, shop.merchant_id + 500_000)
    await other.account()
    await product(other, "SECRET-SKU", "Secret thing")
    theirs = await listing(other, "SECRET-LISTING", "Secret thing")
    for path in (ROOM, f"{ROOM}/listings", f"{ROOM}/listings?unmapped=1", f"{ROOM}/shares"):
        assert "SECRET" not in (await text(desk, path)).upper()
    form = {"csrf": await csrf(desk, f"{ROOM}"), "sku": ""}
    async with desk.post(f"{ROOM}/listings/{theirs}/map", data=form) as reply:
        assert reply.status == 404
    form |= {"buffer": "1", "percent": "1", "most": ""}
    async with desk.post(f"{ROOM}/shares/{other.account_id}", data=form) as reply:
        assert reply.status == 404
    assert "no product &#39;SECRET-SKU&#39;" in await send(desk, ROOM, f"{ROOM}/safety", sku="SECRET-SKU", units="1")


async def test_nobody_looks_without_signing_in(client: Client) -> None:
    for path in (ROOM, f"{ROOM}/listings", f"{ROOM}/shares"):
        async with client.get(path, allow_redirects=False) as reply:
            assert reply.status in {303, 401}
