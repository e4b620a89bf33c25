"""What Etsy holds after each push: one letter to the buyer, an inventory that keeps all else, and refusals in words."""

from __future__ import annotations

import asyncio
from dataclasses import replace as changed
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.etsy import Etsy, EtsyChannel
from connectors.http import AioHttp
from hub.contract import Product
from hub.domain.outgoing import Kind, Receipt, Shipment, StockLevel
from hub.errors import Reconnect, Reject, Unknown
from tests.connectors.checks.between import Between
from tests.connectors.etsy.harness import BLUE, CUP, HARNESS, ORDER, RED, TEAPOT
from tests.connectors.etsy.server import EtsyDouble
from tests.connectors.etsy.shop import colored, money, plain, receipt

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
NUMBER = "JD014600003828000000"


def shipment(**fields: Any) -> Shipment:
    return replace(SHIPMENT, **fields)  # type: ignore[no-any-return]


def level(listing_id: str, available: int, sku: str = "") -> StockLevel:
    return StockLevel(sku=sku, listing_id=listing_id, available=available, version=1)


# ---------------------------------------------------------------- shipments


async def test_the_number_arrives_and_the_buyer_hears_of_it_once(channel: EtsyChannel, double: EtsyDouble) -> None:
    made = await channel.push_shipment(SHIPMENT, "k")
    (kept,) = double.shop.receipts[ORDER]["shipments"]
    assert (kept["tracking_code"], kept["carrier_name"]) == (NUMBER, "dhl")
    assert made == Receipt(
        external_id=str(kept["receipt_shipping_id"]), details={"carrier_name": "dhl", "tracking_code": NUMBER}
    )
    for again in (SHIPMENT, shipment(tracking_number=" jd01 4600 0038 2800 0000 ")):
        assert await channel.push_shipment(again, "k2") == made
        assert await channel.look_up(Kind.PUSH_SHIPMENT, again, "k2") == made
    assert double.shop.emails == [(ORDER, NUMBER)]


async def test_a_second_parcel_is_a_second_number(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    await channel.push_shipment(shipment(tracking_number="1Z999AA10123456784", carrier="UPS"), "k2")
    assert double.shop.emails == [(ORDER, NUMBER), (ORDER, "1Z999AA10123456784")]


async def test_an_answer_that_is_lost_is_looked_up_and_no_second_letter_goes_out(
    double: EtsyDouble, http: AioHttp
) -> None:
    async with Between(double.url).serving() as between:
        channel = Etsy().open(HARNESS.account(between.url), http)
        await channel.check()
        between.spoil = between.passed + 2  # the receipt is looked at, then the number is submitted
        with pytest.raises(Unknown):
            await channel.push_shipment(SHIPMENT, "k")
        assert double.shop.emails == [(ORDER, NUMBER)]
        found = await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k")
        assert found is not None and await channel.push_shipment(SHIPMENT, "k") == found
    assert double.shop.emails == [(ORDER, NUMBER)]


async def test_a_number_that_etsy_writes_its_own_way_is_not_submitted_again(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    """Each submission is a letter to the buyer."""
    dashed = shipment(tracking_number="RR-123.456-789/DE")
    made = await channel.push_shipment(dashed, "k")
    (kept,) = double.shop.receipts[ORDER]["shipments"]
    kept["tracking_code"] = "RR123456789DE"
    assert (await channel.look_up(Kind.PUSH_SHIPMENT, dashed, "k") or made).external_id == made.external_id
    assert await channel.look_up(Kind.PUSH_SHIPMENT, dashed, "k") is not None
    await channel.push_shipment(dashed, "k")
    assert len(double.shop.emails) == 1


async def test_a_carrier_etsy_does_not_know_still_shows_its_number(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.push_shipment(shipment(carrier="Brieftaube GmbH"), "k")
    (kept,) = double.shop.receipts[ORDER]["shipments"]
    assert (kept["carrier_name"], kept["tracking_code"]) == ("other", NUMBER)


async def test_a_parcel_without_a_number_is_told_once(channel: EtsyChannel, double: EtsyDouble) -> None:
    bare = shipment(tracking_number="", carrier="")
    assert await channel.look_up(Kind.PUSH_SHIPMENT, bare, "k") is None
    await channel.push_shipment(bare, "k")
    await channel.push_shipment(bare, "k")
    assert await channel.look_up(Kind.PUSH_SHIPMENT, bare, "k") is not None
    assert double.shop.emails == [(ORDER, "")]


@pytest.mark.parametrize(
    ("country", "total"), [("IN", money(100)), ("US", money(1001, "USD")), ("US", money(11, "USD", 1))]
)
async def test_where_etsy_wants_a_number_none_is_a_refusal_before_anything_is_sent(
    channel: EtsyChannel, double: EtsyDouble, country: str, total: dict[str, Any]
) -> None:
    double.shop.add(receipt(5, 1_795_000_000, country_iso=country, grandtotal=total))
    with pytest.raises(Reject, match="India"):
        await channel.push_shipment(shipment(order_id="5", tracking_number=""), "k")
    assert [seen.method for seen in double.seen if "/tracking" in seen.path] == []


async def test_up_to_ten_dollars_need_no_number(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.add(receipt(5, 1_795_000_000, country_iso="US", grandtotal=money(1000, "USD")))
    await channel.push_shipment(shipment(order_id="5", tracking_number=""), "k")
    assert double.shop.emails == [(5, "")]


async def test_what_was_canceled_or_never_was_is_not_shipped(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.change(ORDER, status="CANCELED")
    with pytest.raises(Reject, match="canceled"):
        await channel.push_shipment(SHIPMENT, "k")
    for order_id in ("404404", "ord_1", ""):
        with pytest.raises(Reject):
            await channel.push_shipment(shipment(order_id=order_id), "k")
    assert double.shop.emails == []


async def test_a_scope_that_is_missing_asks_for_a_new_connection(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.scopes -= {"transactions_w"}
    with pytest.raises(Reconnect, match="insufficient_scope"):
        await channel.push_shipment(SHIPMENT, "k")


# ---------------------------------------------------------------- stock


async def test_one_variant_changes_and_all_else_is_written_back(channel: EtsyChannel, double: EtsyDouble) -> None:
    products = double.shop.listings[CUP]["inventory"]["products"]
    products[0]["offerings"][0] |= {"price": money(1999), "readiness_state_id": 77}
    double.shop.listings[CUP]["inventory"]["price_on_property"] = [200]
    await channel.push_stock(level(RED, 40), "k")
    (written,) = double.shop.inventories
    assert written == {
        "products": [
            {
                "sku": "CUP-RED",
                "property_values": [
                    {
                        "property_id": 200,
                        "value_ids": [11],
                        "values": ["Red"],
                        "property_name": "Primary color",
                        "scale_id": None,
                    }
                ],
                "offerings": [{"price": 19.99, "quantity": 40, "is_enabled": True, "readiness_state_id": 77}],
            },
            {
                "sku": "CUP-BLUE",
                "property_values": [
                    {
                        "property_id": 200,
                        "value_ids": [12],
                        "values": ["Blue"],
                        "property_name": "Primary color",
                        "scale_id": None,
                    }
                ],
                "offerings": [{"price": 12.0, "quantity": 4, "is_enabled": True}],
            },
        ],
        "price_on_property": [200],
        "quantity_on_property": [200],
        "sku_on_property": [200],
    }
    body = next(seen.body for seen in double.seen if seen.method == "PUT")
    assert b'"price":19.99,' in body and b'"price":12,' in body, "prices are exact numbers, no text"


async def test_a_level_that_is_right_is_not_written(channel: EtsyChannel, double: EtsyDouble) -> None:
    made = await channel.push_stock(level(BLUE, 4), "k")
    assert made == Receipt(external_id=str(CUP), details={"state": "active", "quantity": "4"})
    assert double.effects() == []


async def test_product_ids_change_with_each_write_and_do_not_matter(channel: EtsyChannel, double: EtsyDouble) -> None:
    for available in (5, 6):
        await channel.push_stock(level(RED, available), "k")
    assert double.shop.quantities(CUP) == [6, 4]
    assert await channel.read_stock([RED, BLUE, "7001", "7099/1-1", "NAIL", ""]) == {RED: 6, BLUE: 4}


async def test_variants_that_share_a_quantity_are_set_together(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.list_(7003, colored((11, "Red", 3), (12, "Blue", 3)) | {"quantity_on_property": []})
    await channel.push_stock(level("7003/200-12", 8), "k")
    assert double.shop.quantities(7003) == [8, 8]


async def test_a_variant_whose_values_changed_is_known_by_its_sku(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.push_stock(level("7001/200-999", 9, sku="CUP-BLUE"), "k")
    assert double.shop.quantities(CUP) == [3, 9]
    with pytest.raises(Reject, match="import the products"):
        await channel.push_stock(level("7001/200-999", 9, sku="OTHER"), "k")


async def test_the_last_unit_takes_the_listing_off_sale(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.push_stock(level(RED, 0), "k")
    assert double.shop.quantities(CUP) == [0, 4] and double.shop.listings[CUP]["state"] == "active"
    await channel.push_stock(level(BLUE, 0), "k")
    assert double.shop.listings[CUP]["state"] == "inactive", "Etsy takes no inventory without a unit"
    assert await channel.read_stock([RED, BLUE]) == {RED: 0, BLUE: 0}
    assert await channel.look_up(Kind.PUSH_STOCK, level(BLUE, 0), "k") is not None
    before = len(double.effects())
    await channel.push_stock(level(BLUE, 0), "k")
    assert len(double.effects()) == before


async def test_levels_of_two_variants_at_once_undo_nothing(channel: EtsyChannel, double: EtsyDouble) -> None:
    """A listing's inventory is written as a whole: who reads it before another writes brings the old level back."""
    await asyncio.gather(channel.push_stock(level(RED, 0), "k1"), channel.push_stock(level(BLUE, 9), "k2"))
    assert double.shop.quantities(CUP) == [0, 9]


async def test_the_unit_that_etsy_kept_is_not_sold_when_another_variant_comes_back(
    double: EtsyDouble, http: AioHttp
) -> None:
    account = HARNESS.account(double.url)
    etsy, put_back = Etsy(), changed(account, settings={**account.settings, "put_back": "yes"})
    await etsy.open(put_back, http).push_stock(level(RED, 0), "k1")
    await etsy.open(put_back, http).push_stock(level(BLUE, 0), "k2")
    assert double.shop.listings[CUP]["state"] == "inactive" and double.shop.quantities(CUP) == [0, 4]
    await etsy.open(put_back, http).push_stock(level(RED, 6), "k3")
    assert double.shop.listings[CUP]["state"] == "active" and double.shop.quantities(CUP) == [6, 0]
    await etsy.open(put_back, http).push_stock(level(BLUE, 2), "k4")
    assert double.shop.quantities(CUP) == [6, 2]


@pytest.mark.parametrize(("setting", "state"), [("", "inactive"), ("Yes", "active")])
async def test_stock_that_came_back_is_put_on_sale_only_where_that_is_wanted(
    double: EtsyDouble, http: AioHttp, setting: str, state: str
) -> None:
    account = HARNESS.account(double.url)
    channel = Etsy().open(changed(account, settings={**account.settings, "put_back": setting}), http)
    double.shop.listings[TEAPOT]["state"] = "inactive"
    made = await channel.push_stock(level("7002", 5, sku="TEAPOT"), "k")
    assert made.details == {"state": state, "quantity": "5"}
    assert (double.shop.quantities(TEAPOT), double.shop.listings[TEAPOT]["state"]) == ([5], state)


async def test_a_sold_out_listing_is_filled_but_not_renewed_for_money(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.list_(7004, plain("CUP", 0), state="sold_out")
    made = await channel.push_stock(level("7004", 5), "k")
    assert made.details == {"state": "sold_out", "quantity": "5"}
    assert double.shop.listings[7004]["state"] == "sold_out"


async def test_etsy_takes_no_more_than_999_and_yen_have_no_cents(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.list_(7005, plain("CUP", 1, price=money(2200, "JPY", 1)))
    await channel.push_stock(level("7005", 5000), "k")
    assert double.shop.quantities(7005) == [999]
    assert double.shop.inventories[-1]["products"][0]["offerings"][0]["price"] == 2200
    assert await channel.look_up(Kind.PUSH_STOCK, level("7005", 5000), "k") is not None


@pytest.mark.parametrize("listing_id", ["", "CUP", "7099", "12345678901234567890"])
async def test_a_listing_that_is_none_is_refused(channel: EtsyChannel, double: EtsyDouble, listing_id: str) -> None:
    with pytest.raises(Reject):
        await channel.push_stock(level(listing_id, 1), "k")
    assert double.effects() == []


async def test_products_are_named_as_orders_name_them(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.shop.list_(7006, plain("PDF", 9), listing_type="download")
    double.shop.list_(
        7007, plain("", 0), state="sold_out", title="Woman&#39;s cap", item_weight=2, item_weight_unit="oz"
    )
    double.shop.listings[7008] = {**double.shop.listings[CUP], "listing_id": 7008, "inventory": None, "skus": ["ODD"]}
    found: list[Product] = []
    after = ""
    while True:
        page = await channel.list_products(after)
        found += page.products
        after = page.next
        if not after:
            break
    assert [(one.listing_id, one.sku, one.grams, one.price, one.currency) for one in found] == [
        (RED, "CUP-RED", 0, 1200, "EUR"),
        (BLUE, "CUP-BLUE", 0, 1200, "EUR"),
        ("7002", "TEAPOT", 1500, 1200, "EUR"),
        ("7008", "ODD", 0, 1200, "EUR"),
        ("7007", "", 57, 1200, "EUR"),
    ]
    assert [found[0].title, found[-1].title] == ["Thing 7001 (Red)", "Woman's cap"]
