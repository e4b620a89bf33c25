"""Levels are absolute, on products and on variations; and what the store lists as for sale."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.woocommerce import WooCommerceChannel
from hub.contract import Cursor
from hub.domain.outgoing import Kind, StockLevel
from hub.errors import Reconnect, Reject
from tests.connectors.woocommerce.harness import HARNESS
from tests.connectors.woocommerce.orders import product_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.told import calls

STOCK: Any = HARNESS.pushes[Kind.PUSH_STOCK]


async def test_who_may_not_see_products_still_gets_orders(channel: WooCommerceChannel, double: WooDouble) -> None:
    """`Reconnect` would take the whole account out of work."""
    denied = b'{"code":"woocommerce_rest_cannot_edit","message":"Sorry, you are not allowed to.","data":{"status":403}}'
    double.fail(403, body=denied)
    with pytest.raises(Reject, match="not allowed"):
        await channel.push_stock(StockLevel(sku="LAMP-RED", listing_id="52", available=1, version=1), "k")
    site = b'{"name":"","timezone_string":""}'
    double.fail(200, body=site)
    double.fail(403, body=denied)
    with pytest.raises(Reconnect):
        await channel.pull_orders(Cursor(at=datetime(2026, 11, 20, tzinfo=UTC)))


async def test_stock_is_absolute_on_products_and_variations(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_stock(STOCK, "k")
    await channel.push_stock(StockLevel(sku="SCARF", listing_id="41", available=0, version=1), "k")
    await channel.push_stock(StockLevel(sku="LAMP-BLUE", listing_id="53", available=5, version=1), "k")
    assert [
        (it["stock_quantity"], it["manage_stock"]) for it in map(double.store.products.get, (52, 41, 53)) if it
    ] == [
        (40, True),
        (0, True),
        (5, True),
    ]
    assert calls(double, "PUT") == [
        "PUT /products/50/variations/52",
        "PUT /products/41",
        "PUT /products/50/variations/53",
    ]


async def test_a_level_that_is_there_is_not_written(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_stock(StockLevel(sku="SCARF", listing_id="41", available=3, version=1), "k")
    assert calls(double, "PUT") == []


async def test_stock_is_found_by_sku_where_the_listing_is_unknown(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    receipt = await channel.push_stock(StockLevel(sku="LAMP-RED", listing_id="title:Lamp", available=9, version=1), "k")
    assert (receipt.external_id, receipt.details) == ("52", {"stock_quantity": "9"})
    # The variation without a SKU shows its product's: the product is meant.
    receipt = await channel.push_stock(StockLevel(sku="LAMP", listing_id="", available=2, version=1), "k")
    assert receipt.external_id == "50"


async def test_a_sku_that_several_have_is_not_guessed(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.products[70] = product_of(70, "SCARF")
    with pytest.raises(Reject, match="several products with SKU 'SCARF'"):
        await channel.push_stock(StockLevel(sku="SCARF", listing_id="", available=1, version=1), "k")
    with pytest.raises(Reject, match="no product with number '404' or SKU 'UNHEARD-OF'"):
        await channel.push_stock(StockLevel(sku="UNHEARD-OF", listing_id="404", available=1, version=1), "k")


async def test_a_store_that_ignores_levels_shows_it(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.ignore_stock = True
    receipt = await channel.push_stock(STOCK, "k")
    assert receipt.details == {"stock_quantity": "3"}
    assert await channel.look_up(Kind.PUSH_STOCK, STOCK, "k") is None
    assert await channel.read_stock(["52", "41", "50", "404", "title:x"]) == {"52": 3, "41": 3}


# ---------------------------------------------------------------- products


async def listed(channel: WooCommerceChannel) -> list[Any]:
    """Every product, page by page."""
    found: list[Any] = []
    after = ""
    while True:
        page = await channel.list_products(after)
        found += page.products
        after = page.next
        if not after:
            return found


async def test_what_is_for_sale_is_listed_as_it_is_sold(channel: WooCommerceChannel) -> None:
    found = await listed(channel)
    assert [(it.listing_id, it.sku, it.title, it.gtin, it.grams, it.price, it.currency) for it in found] == [
        ("41", "SCARF", "Scarf “Nordlicht”", "4006381333931", 250, 1500, "EUR"),
        ("52", "LAMP-RED", "Lamp – red", "", 0, 2100, "EUR"),
        ("53", "LAMP-BLUE", "Lamp – blue", "", 0, 2100, "EUR"),
        # It has no SKU of its own, though the store shows it with its product's.
        ("54", "", "Lamp", "", 0, 2100, "EUR"),
    ]


async def test_products_and_variations_are_read_to_the_end(channel: WooCommerceChannel, double: WooDouble) -> None:
    for number in range(1000, 1130):
        double.store.products[number] = product_of(number, f"P-{number}")
        double.store.products[number + 1000] = product_of(number + 1000, f"V-{number}", type="variation", parent_id=50)
    found = await listed(channel)
    assert len(found) == len({it.listing_id for it in found}) == 4 + 2 * 130


async def test_a_key_that_may_not_see_settings_lists_without_weights(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    double.api.hidden = "/settings/"
    found = await listed(channel)
    assert [it.grams for it in found] == [0, 0, 0, 0] and found[0].currency == "EUR"
    double.api.hidden = ""


async def test_a_price_in_words_is_no_price(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.products[41] |= {"price": "on request", "weight": "heavy"}
    found = await listed(channel)
    assert (found[0].price, found[0].grams) == (0, 0)
