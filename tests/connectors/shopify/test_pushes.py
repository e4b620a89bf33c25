"""Pushes beyond what the contract suite asks: several fulfillment orders, refusals in words, and what is not sent."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from connectors.http import AioHttp
from connectors.shopify import Shopify, ShopifyChannel
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine, StockLevel
from hub.errors import Reject, Unknown
from tests.connectors.shopify.harness import HARNESS, ORDER, SHIPPED, fixture
from tests.connectors.shopify.server import ShopifyDouble
from tests.connectors.shopify.state import LOCATION

HAMMER, NAIL = "14000000000001", "14000000000002"
SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
STATUS: Any = HARNESS.pushes[Kind.PUSH_STATUS]


def shipment(*lines: tuple[str, int], tracking_number: str = "JD1") -> Shipment:
    parts = tuple(ShipmentLine(line_id=line, quantity=units) for line, units in lines)
    changed: Shipment = replace(SHIPMENT, lines=parts, tracking_number=tracking_number)
    return changed


async def test_the_shipment_arrives_with_its_tracking(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    (made,) = double.fulfillments
    assert made == {
        "order_id": ORDER,
        "tracking_number": "JD014600003828000000",
        "company": "DHL",
        "url": "https://www.dhl.de/?piececode=JD014600003828000000",
        "notify": True,
        "lines": {HAMMER: 2, NAIL: 1},
    }
    assert receipt.details["fulfillment_ids"] == receipt.external_id


async def test_one_fulfillment_per_fulfillment_order_and_one_letter_to_the_buyer(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    double.add_order_from_webhook(fixture("orders_create__two_currencies"), split=[[int(HAMMER)], [int(NAIL)]])
    receipt = await channel.push_shipment(SHIPMENT, "k")
    assert [made["lines"] for made in double.fulfillments] == [{HAMMER: 2}, {NAIL: 1}]
    assert [made["notify"] for made in double.fulfillments] == [True, False]
    assert len(receipt.details["fulfillment_ids"].split(",")) == 2


async def test_a_shipment_broken_off_half_way_is_finished_and_not_doubled(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    double.add_order_from_webhook(fixture("orders_create__two_currencies"), split=[[int(HAMMER)], [int(NAIL)]])
    await channel.push_shipment(shipment((HAMMER, 2)), "k")
    assert await channel.look_up(Kind.PUSH_SHIPMENT, shipment((HAMMER, 2), (NAIL, 1)), "k") is None
    await channel.push_shipment(shipment((HAMMER, 2), (NAIL, 1)), "k")
    await channel.push_shipment(shipment((HAMMER, 2), (NAIL, 1)), "k")
    assert [made["lines"] for made in double.fulfillments] == [{HAMMER: 2}, {NAIL: 1}]


async def test_two_parcels_of_one_order_are_two_fulfillments(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await channel.push_shipment(shipment((HAMMER, 1), tracking_number="JD1"), "k1")
    await channel.push_shipment(shipment((HAMMER, 1), (NAIL, 1), tracking_number="JD2"), "k2")
    assert [made["tracking_number"] for made in double.fulfillments] == ["JD1", "JD2"]
    with pytest.raises(Reject, match=f"1 of line {HAMMER}"):
        await channel.push_shipment(shipment((HAMMER, 1), tracking_number="JD3"), "k3")


async def test_a_fulfillment_order_on_hold_is_named(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.state.fulfillment_orders[ORDER][0]["status"] = "ON_HOLD"
    with pytest.raises(Reject, match="ON_HOLD"):
        await channel.push_shipment(SHIPMENT, "k")
    assert double.effects() == []


async def test_lists_of_many_pages_are_read_to_their_end(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.add_order_from_webhook(fixture("orders_create__two_currencies"), split=[[int(HAMMER)], [int(NAIL)]])
    double.state.page = 1
    await channel.push_shipment(SHIPMENT, "k")
    again = await channel.push_shipment(SHIPMENT, "k")
    assert len(double.fulfillments) == 2 and len(again.details["fulfillment_ids"].split(",")) == 2


async def test_without_tracking_nothing_is_invented(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await channel.push_shipment(replace(SHIPMENT, tracking_number="", tracking_url=""), "k")
    assert double.fulfillments[0]["tracking_number"] is None and double.fulfillments[0]["company"] is None


async def test_an_order_that_is_not_there_is_a_refusal(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    with pytest.raises(Reject, match="no order 404"):
        await channel.push_shipment(replace(SHIPMENT, order_id="404"), "k")
    with pytest.raises(Reject, match="no order 404"):
        await channel.push_refund(RefundRequest(reference="r", order_id="404", amount=1, currency="EUR"), "k")


# ---------------------------------------------------------------- status


async def test_a_status_is_told_once_with_its_time(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    first = await channel.push_status(STATUS, "k")
    again = await channel.push_status(STATUS, "k")
    (events,) = double.state.events.values()
    assert [(event["status"], event["happenedAt"]) for event in events] == [("DELIVERED", "2026-11-22T09:05:07Z")]
    assert first == again


async def test_the_receipt_of_the_shipment_says_which_fulfillments(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    told = replace(STATUS, order_id=ORDER, tracking_number="", receipt=receipt.details, status="out_for_delivery")
    await channel.push_status(told, "k")
    assert [event["status"] for event in double.state.events[receipt.external_id]] == ["OUT_FOR_DELIVERY"]


async def test_words_that_shopify_has_not_are_not_sent(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    receipt = await channel.push_status(replace(STATUS, status="accepted"), "k")
    assert "accepted" in receipt.details["not_sent"] and double.seen == []


async def test_a_status_of_an_unknown_parcel_is_a_refusal(channel: ShopifyChannel) -> None:
    with pytest.raises(Reject, match="NOBODYS"):
        await channel.push_status(replace(STATUS, tracking_number="NOBODYS"), "k")


# ---------------------------------------------------------------- stock


async def test_stock_is_set_by_sku_where_the_listing_is_unknown(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.state.add_variant(41011, "NAIL-LONG")
    await channel.push_stock(StockLevel(sku="NAIL", listing_id="title:Nails", available=0, version=1), "k")
    assert double.state.levels["gid://shopify/InventoryItem/41004", LOCATION] == 0
    assert double.state.levels["gid://shopify/InventoryItem/41012", LOCATION] == 7, "a longer SKU is another one"


async def test_a_sku_that_several_variants_have_is_not_guessed(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.state.add_variant(41011, "NAIL")
    with pytest.raises(Reject, match="several variants"):
        await channel.push_stock(StockLevel(sku="NAIL", listing_id="", available=1, version=1), "k")
    with pytest.raises(Reject, match="no variant"):
        await channel.push_stock(StockLevel(sku="UNHEARD-OF", listing_id="", available=1, version=1), "k")


async def test_stock_goes_to_the_location_of_the_account(double: ShopifyDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    settings = {**account.settings, "location_id": "70999"}
    channel = Shopify().open(type(account)(**{**_fields(account), "settings": settings}), http)
    with pytest.raises(Reject, match="location '70999'"):
        await channel.push_stock(StockLevel(sku="NAIL", listing_id="41003", available=1, version=1), "k")


def _fields(account: Any) -> dict[str, Any]:
    return {name: getattr(account, name) for name in account.__slots__}


async def test_a_key_used_for_something_else_is_a_refusal(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    await channel.push_stock(StockLevel(sku="NAIL", listing_id="41003", available=1, version=1), "k")
    with pytest.raises(Reject, match="other input"):
        await channel.push_stock(StockLevel(sku="NAIL", listing_id="41003", available=2, version=2), "k")


# ---------------------------------------------------------------- cancellations and refunds


async def test_some_units_are_taken_off_without_money(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    request = CancellationRequest(reference="c-1", order_id=ORDER, reason="stock", lines={HAMMER: 1})
    first = await channel.push_cancellation(request, "k")
    again = await channel.push_cancellation(request, "another key")
    assert first.external_id == again.external_id and double.effects() == [(Kind.PUSH_CANCELLATION, "c-1")]
    (refund,) = double.state.orders[ORDER]["refunds"]
    assert refund["refund_line_items"] == [{"line_item_id": int(HAMMER), "quantity": 1, "restock_type": "no_restock"}]


async def test_a_cancelled_order_is_cancelled_enough(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    request = CancellationRequest(reference="c-1", order_id=ORDER, reason="fraud")
    await channel.push_cancellation(request, "k")
    assert (await channel.push_cancellation(request, "k2")).external_id == ORDER
    assert double.state.orders[ORDER]["cancel_reason"] == "fraud" and len(double.effects()) == 1


async def test_what_was_shipped_cannot_be_cancelled(channel: ShopifyChannel) -> None:
    with pytest.raises(Reject, match="fulfillments"):
        await channel.push_cancellation(CancellationRequest(reference="c", order_id=SHIPPED, reason="x"), "k")


async def test_a_refund_is_spread_over_what_was_paid(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    paid = double.state.transactions[ORDER]
    paid[0]["amountSet"]["presentmentMoney"]["amount"] = "100.00"
    paid.append(double.state.transaction("SALE", "11.86", "EUR", None))
    paid.append(double.state.transaction("REFUND", "90.00", "EUR", paid[0]["id"]))
    request = RefundRequest(reference="r-1", order_id=ORDER, amount=1250, currency="EUR", lines={HAMMER: 1})
    await channel.push_refund(request, "k")
    made = [(t["amountSet"]["presentmentMoney"]["amount"], t["parentTransaction"]["id"]) for t in paid[3:]]
    assert made == [("10.00", paid[0]["id"]), ("2.50", paid[1]["id"])]


async def test_more_than_was_paid_or_another_currency_is_refused(
    channel: ShopifyChannel, double: ShopifyDouble
) -> None:
    request = RefundRequest(reference="r-1", order_id=ORDER, amount=11187, currency="EUR")
    with pytest.raises(Reject, match=r"only 111\.86 EUR"):
        await channel.push_refund(request, "k")
    with pytest.raises(Reject, match="not in CAD"):
        await channel.push_refund(replace(request, amount=1, currency="CAD"), "k")
    assert double.effects() == []


async def test_a_lost_answer_to_a_refund_is_found_by_its_note(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    request = RefundRequest(reference="r-9", order_id=ORDER, amount=100, currency="EUR")
    await channel.check()
    double.fail(200, body=b"")
    with pytest.raises(Exception, match="order_money"):
        await channel.push_refund(request, "k")
    await channel.push_refund(request, "k")
    found = await channel.look_up(Kind.PUSH_REFUND, request, "k")
    other = await channel.look_up(Kind.PUSH_REFUND, replace(request, reference="-9"), "k")
    assert found is not None and other is None, "a reference that another one ends with is not the same"


async def test_a_5xx_to_a_push_is_unknown(channel: ShopifyChannel, double: ShopifyDouble) -> None:
    double.fail(502)
    with pytest.raises(Unknown):
        await channel.push_shipment(SHIPMENT, "k")
