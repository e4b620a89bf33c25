"""What the shop holds after each push; crashes halfway, refusals in words, and what is not sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine, StockLevel
from hub.errors import Reject, Unknown
from tests.connectors.checks.between import Between
from tests.connectors.vendure.harness import CODE, CUP, HARNESS, LINE, ORDER, SENT
from tests.connectors.vendure.server import VendureDouble

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
STATUS: Any = HARNESS.pushes[Kind.PUSH_STATUS]
REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]
CANCELLATION: Any = HARNESS.pushes[Kind.PUSH_CANCELLATION]


def shipment(*lines: tuple[str, int], tracking_number: str = "JD7") -> Shipment:
    parts = tuple(ShipmentLine(line_id=line, quantity=units) for line, units in lines)
    changed: Shipment = replace(SHIPMENT, lines=parts, tracking_number=tracking_number)
    return changed


def there(double: VendureDouble, order: str = ORDER) -> list[tuple[str, str, dict[str, int]]]:
    """(state, tracking code, units by line) of the fulfillments of an order."""
    return [
        (made["state"], made["trackingCode"], {part["orderLineId"]: part["quantity"] for part in made["lines"]})
        for made in double.shop.orders[order]["fulfillments"]
    ]


async def test_the_shipment_arrives_and_the_order_is_shipped(channel: VendureChannel, double: VendureDouble) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    (made,) = double.shop.orders[ORDER]["fulfillments"]
    assert there(double) == [("Shipped", CODE, {LINE: 2, CUP: 1})] and made["method"] == "DHL"
    assert double.shop.orders[ORDER]["state"] == "Shipped"
    assert receipt.external_id == made["id"] and receipt.details == {"fulfillment_ids": made["id"]}
    assert await channel.push_shipment(SHIPMENT, "k") == receipt
    assert len(there(double)) == 1


async def test_two_parcels_of_one_order(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.push_shipment(shipment((LINE, 1), tracking_number="A"), "k1")
    assert double.shop.orders[ORDER]["state"] == "PartiallyShipped"
    await channel.push_shipment(shipment((LINE, 1), (CUP, 1), tracking_number="B"), "k2")
    assert there(double) == [("Shipped", "A", {LINE: 1}), ("Shipped", "B", {LINE: 1, CUP: 1})]
    assert double.shop.orders[ORDER]["state"] == "Shipped"


@pytest.mark.parametrize("status", [0, 502])
@pytest.mark.parametrize("lost", ["AddFulfillment", "MoveFulfillment"])
async def test_a_lost_answer_is_looked_up_and_what_is_missing_is_done(
    double: VendureDouble, http: AioHttp, lost: str, status: int
) -> None:
    async with Between(double.url).serving() as between:
        channel = Vendure().open(HARNESS.account(between.url), http)
        await channel.check()
        between.status, between.spoil = status, between.passed + (2 if lost == "AddFulfillment" else 3)
        with pytest.raises(Unknown):
            await channel.push_shipment(SHIPMENT, "k")
        found = await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k")
        assert (found is not None) == (lost == "MoveFulfillment")
        if found is None:
            assert there(double) == [("Pending", CODE, {LINE: 2, CUP: 1})]
            await channel.push_shipment(SHIPMENT, "k")
    assert there(double) == [("Shipped", CODE, {LINE: 2, CUP: 1})]
    assert double.effects() == [(Kind.PUSH_SHIPMENT, "parcel-77")]


async def test_units_that_somebody_else_fulfilled_are_refused(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.push_shipment(shipment((LINE, 1), tracking_number="THEIRS"), "k")
    with pytest.raises(
        Reject, match=rf"not enough left to ship: 1 of line {LINE}; there are fulfillments \d+ \(Shipped\)"
    ):
        await channel.push_shipment(shipment((LINE, 2)), "k2")
    assert len(there(double)) == 1


async def test_a_cancelled_fulfillment_does_not_count(channel: VendureChannel, double: VendureDouble) -> None:
    first = await channel.push_shipment(SHIPMENT, "k")
    double.shop.move_fulfillment(first.external_id, "Cancelled")
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") is None
    await channel.push_shipment(SHIPMENT, "k")
    assert [state for state, _, _ in there(double)] == ["Cancelled", "Shipped"]


async def test_without_a_tracking_number_our_reference_is_the_code(
    channel: VendureChannel, double: VendureDouble
) -> None:
    bare = shipment((CUP, 1), tracking_number="")
    await channel.push_shipment(bare, "k")
    await channel.push_shipment(bare, "k")
    assert there(double) == [("Shipped", "parcel-77", {CUP: 1})]


async def test_delivered_moves_the_fulfillment_of_the_receipt(channel: VendureChannel, double: VendureDouble) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    await channel.push_status(replace(STATUS, order_id=ORDER, tracking_number="", receipt=receipt.details), "k2")
    assert there(double)[0][0] == "Delivered" and double.shop.orders[ORDER]["state"] == "Delivered"
    assert there(double, SENT)[0][0] == "Shipped"
    with pytest.raises(Reject, match="no fulfillment with tracking code 'NOBODYS'"):
        await channel.push_status(replace(STATUS, tracking_number="NOBODYS"), "k3")


async def test_a_status_without_a_word_is_not_sent(channel: VendureChannel, double: VendureDouble) -> None:
    receipt = await channel.push_status(replace(STATUS, status="out_for_delivery"), "k")
    assert receipt.details == {"not_sent": "Vendure has no word for 'out_for_delivery'"}
    assert double.seen == []


# ---------------------------------------------------------------- stock


async def test_what_can_be_bought_is_our_level(channel: VendureChannel, double: VendureDouble) -> None:
    """Two pots are allocated to the order that is not fulfilled yet: they are on hand beside what can be sold."""
    await channel.push_stock(StockLevel(sku="POT-S", listing_id="1", available=40, version=3), "k")
    assert double.shop.level("1") == {"stockLocationId": "1", "stockOnHand": 42, "stockAllocated": 2}
    assert double.shop.variants["1"]["stockLevels"][1]["stockOnHand"] == 100
    assert await channel.read_stock(["1", "3", "no such"]) == {"1": 40, "3": 99}
    await channel.push_stock(StockLevel(sku="CUP-1", listing_id="", available=0, version=1), "k")
    assert await channel.read_stock(["3"]) == {"3": 0}


async def test_stock_of_what_is_not_there(double: VendureDouble, http: AioHttp, channel: VendureChannel) -> None:
    with pytest.raises(Reject, match="no variant with id '77' or SKU 'NOPE'"):
        await channel.push_stock(StockLevel(sku="NOPE", listing_id="77", available=1, version=1), "k")
    double.shop.add_variant("8", "CUP-1", 500)
    with pytest.raises(Reject, match="several variants with id '' or SKU 'CUP-1'"):
        await channel.push_stock(StockLevel(sku="CUP-1", listing_id="", available=1, version=1), "k")
    account = HARNESS.account(double.url)
    elsewhere = Vendure().open(
        type(account)(**{f: getattr(account, f) for f in account.__slots__} | {
            "settings": {**account.settings, "stock_location_id": "99"}
        }), http,
    )  # fmt: skip
    with pytest.raises(Reject, match="no stock location '99'"):
        await elsewhere.push_stock(StockLevel(sku="CUP-1", listing_id="3", available=1, version=1), "k")


# ---------------------------------------------------------------- cancelling and refunding


async def test_the_whole_order_is_cancelled_with_its_shipping(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.push_cancellation(CANCELLATION, "k")
    order = double.shop.orders[ORDER]
    assert (order["state"], order["shipping"]) == ("Cancelled", 0)
    assert order["history"][-2]["data"]["reason"] == "customer [cancel-5]"
    await channel.push_cancellation(CANCELLATION, "k")
    assert len(double.effects()) == 1


async def test_units_are_cancelled_once(channel: VendureChannel, double: VendureDouble) -> None:
    some = CancellationRequest(reference="cancel-6", order_id=ORDER, reason="stock", lines={LINE: 1})
    assert await channel.look_up(Kind.PUSH_CANCELLATION, some, "k") is None
    for _ in range(2):
        await channel.push_cancellation(some, "k")
    order = double.shop.orders[ORDER]
    assert [line["quantity"] for line in order["lines"]] == [1, 1] and order["state"] == "PaymentSettled"
    with pytest.raises(Reject, match="QUANTITY_TOO_GREAT_ERROR"):
        await channel.push_cancellation(replace(some, reference="cancel-7", lines={LINE: 9}), "k2")


async def test_goods_that_have_left_are_not_cancelled(channel: VendureChannel, double: VendureDouble) -> None:
    with pytest.raises(Reject, match="too late: goods have left"):
        await channel.push_cancellation(replace(CANCELLATION, order_id=SENT), "k")
    assert double.effects() == []


async def test_a_refund_is_spread_over_payments_and_made_once(channel: VendureChannel, double: VendureDouble) -> None:
    order = double.shop.orders[ORDER]
    second = double.shop.add_payment(order, 1000)
    first = order["payments"][0]
    most: RefundRequest = replace(REFUND, amount=first["amount"] + 400)
    receipt = await channel.push_refund(most, "k")
    assert [r["total"] for r in first["refunds"]] == [first["amount"]]
    assert [(r["total"], r["reason"]) for r in second["refunds"]] == [(400, "broken [refund-12]")]
    assert await channel.push_refund(most, "k") == receipt == await channel.look_up(Kind.PUSH_REFUND, most, "k")
    with pytest.raises(Reject, match="only 600 of 601"):
        await channel.push_refund(replace(REFUND, reference="refund-13", amount=601), "k2")


async def test_a_refund_of_two_parts_goes_on_where_it_was_lost(double: VendureDouble, http: AioHttp) -> None:
    order = double.shop.orders[ORDER]
    double.shop.add_payment(order, 1000)
    most: RefundRequest = replace(REFUND, amount=order["payments"][0]["amount"] + 400)
    async with Between(double.url).serving() as between:
        channel = Vendure().open(HARNESS.account(between.url), http)
        await channel.check()
        between.spoil = between.passed + 2
        with pytest.raises(Unknown):
            await channel.push_refund(most, "k")
        assert await channel.look_up(Kind.PUSH_REFUND, most, "k") is None
        await channel.push_refund(most, "k")
    totals = [refund["total"] for payment in order["payments"] for refund in payment["refunds"]]
    assert totals == [order["payments"][0]["amount"], 400]


async def test_money_of_another_currency_and_precision(channel: VendureChannel, double: VendureDouble) -> None:
    with pytest.raises(Reject, match="paid in EUR, not in USD"):
        await channel.push_refund(replace(REFUND, currency="USD"), "k")
    double.shop.orders[ORDER]["currencyCode"] = "JPY"
    double.shop.orders[ORDER]["payments"][0]["amount"] = 7300
    await channel.push_refund(replace(REFUND, currency="JPY", amount=9), "k")
    (made,) = double.shop.orders[ORDER]["payments"][0]["refunds"]
    assert made["total"] == 900, "nine yen are kept as nine hundred hundredths"


async def test_a_refund_that_failed_is_made_again(channel: VendureChannel, double: VendureDouble) -> None:
    await channel.push_refund(REFUND, "k")
    (failed,) = double.shop.orders[ORDER]["payments"][0]["refunds"]
    failed["state"] = "Failed"
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k") is None
    await channel.push_refund(REFUND, "k")
    assert [r["state"] for r in double.shop.orders[ORDER]["payments"][0]["refunds"]] == ["Failed", "Settled"]


async def test_an_error_of_a_union_is_refused_in_its_own_words(channel: VendureChannel, double: VendureDouble) -> None:
    double.shop.orders[ORDER]["state"] = "PaymentAuthorized"
    with pytest.raises(Reject, match="REFUND_ORDER_STATE_ERROR: Cannot refund"):
        await channel.push_refund(REFUND, "k")
    answers = json.dumps({"data": {"addFulfillmentToOrder": {
        "__typename": "CreateFulfillmentError", "errorCode": "CREATE_FULFILLMENT_ERROR", "message": "no",
        "fulfillmentHandlerError": "the printer is out of paper",
    }}}).encode()  # fmt: skip
    await channel.check()
    double.fail(200, body=answers)
    with pytest.raises(Reject, match="the printer is out of paper"):
        await channel._client.change("fulfillments.AddFulfillment", input={"lines": [], "handler": {}})
    with pytest.raises(Reject, match="no order 999"):
        await channel.push_shipment(replace(SHIPMENT, order_id="999"), "k")
