"""What channels list: mapped where it is certain, suggested where it is not, and whoever waits for it goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.actions.gather_listings import gather_listings
from hub.actions.import_products import import_products, product_listers
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.list_listings import ListingQuery, list_listings
from hub.actions.map_listing import Mapping, find_listing, map_listing
from hub.contract import Product
from hub.errors import Invalid, NotFound
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk, an_order, mug
from tests.flow.shelves import bazaar_of, shelf, told
from tests.support.world import MERCHANT


@pytest.fixture
async def desk(database: Database, node: Node) -> AsyncIterator[Desk]:
    """A desk that sells through a channel with shelves."""
    async with bazaar_of(database, node) as made:
        yield made


def product(listing_id: str, sku: str = "", title: str = "", gtin: str = "") -> Product:
    return Product(listing_id=listing_id, sku=sku, title=title, gtin=gtin, price=1250, currency="EUR")


async def pulled(desk: Desk, *given: Product, create: bool = False) -> Any:
    shelf(desk).lists = list(given)
    return await import_products(desk.world.services, desk.world.ids["bazaar"], create=create)


async def mapped(desk: Desk, listing: str) -> tuple[str, str]:
    (row,) = await desk.world.rows("SELECT sku, mapped_by FROM listings WHERE listing_id = $1", listing)
    return row["sku"], row["mapped_by"]


async def say(desk: Desk, listing: str, sku: str, **more: Any) -> int:
    found = await find_listing(desk.world.services, MERCHANT, desk.world.ids["bazaar"], listing)
    asked = Mapping(merchant_id=MERCHANT, listing=found, sku=sku, actor="user:7", **more)
    return (await map_listing(desk.world.services, asked)).woken


async def test_what_matches_is_mapped_and_nothing_else_is_guessed(desk: Desk) -> None:
    done = await pulled(desk, product("1", "MUG"), product("2", "mug", "Mug"), product("3", "", "Mug"))

    assert (done.products, done.listings, done.without_sku, done.unmapped, done.pages) == (0, 3, 1, 2, 2)
    assert [await mapped(desk, name) for name in "123"] == [("MUG", "sku"), ("", ""), ("", "")]
    await told(desk)
    assert shelf(desk).levels()["1"] == 100, "and hears how many there are"
    assert [target.account_id for target in await product_listers(desk.world.services)] == [desk.world.ids["bazaar"]]
    await desk.sound()


async def test_what_is_imported_later_is_recognized(desk: Desk) -> None:
    await pulled(desk, product("1", "LAMP", "Desk lamp"))
    await desk.count(LAMP=4)
    assert await mapped(desk, "1") == ("LAMP", "sku")
    await told(desk)
    assert shelf(desk).levels()["1"] == 4


async def test_what_a_person_said_stays_said(desk: Desk) -> None:
    await pulled(desk, product("1", "MUG"), product("2", "CUP"))
    await say(desk, "1", "CUP")
    await say(desk, "2", "")
    await pulled(desk, product("1", "MUG"), product("2", "CUP"))

    assert await mapped(desk, "1") == ("CUP", "user:7")
    assert await mapped(desk, "2") == ("", "user:7"), "none of ours, and not to be asked again"
    page = await list_listings(desk.world.database, MERCHANT, ListingQuery(unmapped=True))
    assert (page.listings, page.unmapped) == ((), 0)


async def test_mapping_heals_every_order_that_waits_for_it(desk: Desk) -> None:
    account = desk.world.ids["bazaar"]
    unknown = mug(sku="", listing_id="X9", title="Becher")
    orders = [an_order(lines=(unknown,)) for _ in range(3)]
    await desk.tell(*orders, account=account)
    elsewhere = await desk.take(an_order(lines=(unknown,)))
    ids = [await desk.order_id(order.external_id) for order in orders]
    assert [set(await desk.holds(order_id)) for order_id in (*ids, elsewhere)] == [{"mapping"}] * 4
    assert await gather_listings(desk.world.services, MERCHANT) == 2, "it is listed now, though nobody pulled it"

    assert await say(desk, "X9", "MUG") == 3
    await desk.orders()

    assert [await desk.holds(order_id) for order_id in ids] == [{}] * 3
    assert [line["sku"] for order_id in ids for line in await desk.lines(order_id)] == ["MUG"] * 3
    assert set(await desk.holds(elsewhere)) == {"mapping"}, "another channel may mean another thing by it"
    (entry,) = await desk.world.rows("SELECT actor, details FROM audit WHERE action = 'map_listing'")
    assert entry["actor"] == "user:7"
    assert json.loads(entry["details"]) == {
        "account": "bazaar", "listing": "X9", "sku": "MUG", "before": "", "woken": 3,
    }  # fmt: skip
    await desk.sound()


async def test_a_listing_may_become_a_product(desk: Desk) -> None:
    await pulled(desk, product("1", "", "Desk lamp", "4006381333931"))
    with pytest.raises(Invalid, match="no product of ours"):
        await say(desk, "1", "LAMP")
    await say(desk, "1", "LAMP", create=True)
    (made,) = await desk.world.rows("SELECT title, gtin FROM products WHERE sku = 'LAMP'")
    assert (made["title"], made["gtin"]) == ("Desk lamp", "4006381333931")
    with pytest.raises(NotFound):
        await say(desk, "nowhere", "LAMP")
    await desk.sound()


async def test_suggestions_come_with_their_reason(desk: Desk) -> None:
    lines = [StockLine(sku="LAMP", title="Desk lamp, brass", gtin="4006381333931")]
    await import_stock(desk.world.services, MERCHANT, lines)
    await pulled(
        desk, product("1", "", "x", "4006381333931"), product("2", "lamp"), product("3", "", "Brass desk lamp")
    )

    page = await list_listings(desk.world.database, MERCHANT, ListingQuery(unmapped=True))

    assert {it.listing_id: [(s.sku, s.reason) for s in it.suggestions][:1] for it in page.listings} == {
        "1": [("LAMP", "same_gtin")], "2": [("LAMP", "alike_sku")], "3": [("LAMP", "close_name")],
    }  # fmt: skip
    assert page.unmapped == 3
    first = await list_listings(desk.world.database, MERCHANT, ListingQuery(limit=2))
    rest = await list_listings(desk.world.database, MERCHANT, ListingQuery(after=first.next))
    assert len(first.listings) + len(rest.listings) == 5
    with pytest.raises(Invalid):
        await list_listings(desk.world.database, MERCHANT, ListingQuery(after="x"))
