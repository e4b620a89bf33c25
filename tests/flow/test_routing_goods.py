"""Brands and tags of products, from a file or a channel's catalogue to the decision that asks for them."""

from __future__ import annotations

from hub.actions.import_products import import_products
from hub.actions.import_stock import import_stock, read_csv
from hub.actions.routing_simulate import simulate
from hub.actions.show_order import show_order
from hub.contract import Product
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk, an_order
from tests.flow.shelves import bazaar_of, shelf
from tests.flow.test_routing import hamburg, plan, ships_from
from tests.support.world import MERCHANT

TOLD = "SELECT brand, tags FROM products WHERE sku = 'MUG'"


async def test_brands_and_tags_come_with_the_stock_file_and_decide(desk: Desk) -> None:
    await hamburg(desk, MUG=50)
    text = "sku,brand,tags\nMUG,Acme,gift; fragile\n"
    await import_stock(desk.world.services, MERCHANT, read_csv(text))
    await import_stock(desk.world.services, MERCHANT, read_csv("sku,title\nMUG,Mug\n"))
    await plan(
        desk,
        """
        [locations.berlin]
        brands = ["Other"]
        [[rules]]
        name = "gifts"
        when = {tags = ["gift"], brands = ["acme"]}
        """,
    )

    order_id = await desk.take(an_order())

    assert [code for _, code, _ in await ships_from(desk, order_id)] == ["hamburg"]
    (decision,) = (await show_order(desk.world.database, MERCHANT, order_id)).routing.decisions
    assert (decision.rule, [it.out for it in decision.considered if it.out]) == ("gifts", ["ships only Other"])
    other = '[[rules]]\nname = "no gifts"\nwhen = {tags = ["cold"]}'
    found = await simulate(desk.world.services, MERCHANT, 30, other)
    assert (found.now.routed, found.now.by_rule, found.then.routed) == (1, {"gifts": 1}, 0)
    await desk.sound()


async def test_a_catalogue_tells_them_and_keeps_what_it_does_not_tell(database: Database, node: Node) -> None:
    async with bazaar_of(database, node) as desk:
        account = await desk.world.value("SELECT id FROM accounts WHERE name = 'bazaar'")
        mug = Product(listing_id="M", sku="MUG", title="Mug", brand="Acme", tags=("gift", "gift", " "))
        shelf(desk).lists = [mug, Product(listing_id="X", sku="NEW", title="New", brand="Nordic")]

        await import_products(desk.world.services, account, create=False)
        assert [tuple(row) for row in await desk.world.rows(TOLD)] == [("Acme", '["gift"]')]
        assert await desk.world.value("SELECT count(*) FROM products WHERE sku = 'NEW'") == 0

        shelf(desk).lists = [Product(listing_id="M", sku="MUG", title="Mug")]
        await import_products(desk.world.services, account)
        assert [tuple(row) for row in await desk.world.rows(TOLD)] == [("Acme", '["gift"]')], "not told is not gone"
