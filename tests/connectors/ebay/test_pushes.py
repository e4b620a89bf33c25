"""What eBay holds after each push; what was lost is looked up, and what eBay forbids is said in its words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from connectors.ebay import Ebay, EbayChannel
from connectors.http import AioHttp
from hub.domain.outgoing import Kind, ShipmentLine, StockLevel
from hub.errors import Invalid, Reject, Retry, Unknown
from tests.connectors.checks.between import Between
from tests.connectors.ebay.harness import HARNESS, LINES, ORDER, OTHER, account
from tests.connectors.ebay.server import EbayDouble

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
CANCELLATION: Any = HARNESS.pushes[Kind.PUSH_CANCELLATION]
REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]
STOCK: Any = HARNESS.pushes[Kind.PUSH_STOCK]


def parcel(*lines: tuple[str, int], number: str = "JD1") -> Any:
    parts = tuple(ShipmentLine(line_id=line, quantity=units) for line, units in lines)
    return replace(SHIPMENT, lines=parts, tracking_number=number)


# ---------------------------------------------------------------- parcels


async def test_a_parcel_holds_units_of_lines(channel: EbayChannel, double: EbayDouble) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    assert double.state.parcels[ORDER] == [
        {
            "fulfillmentId": "JD0146000038",
            "lineItems": [{"lineItemId": LINES[0], "quantity": 2}, {"lineItemId": LINES[1], "quantity": 1}],
            "shippedDate": "2024-11-02T16:20:00.000Z",
            "shipmentTrackingNumber": "JD0146000038",
            "shippingCarrierCode": "DHL",
        }
    ]
    assert receipt.external_id == receipt.details["tracking_number"] == "JD0146000038"
    assert double.state.orders[ORDER]["orderFulfillmentStatus"] == "IN_PROGRESS"


async def test_a_parcel_is_reported_once(channel: EbayChannel, double: EbayDouble) -> None:
    first = await channel.push_shipment(SHIPMENT, "k")
    assert await channel.push_shipment(SHIPMENT, "k") == first
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") == first
    assert len(double.effects()) == 1


async def test_two_parcels_of_one_order(channel: EbayChannel, double: EbayDouble) -> None:
    await channel.push_shipment(parcel((LINES[0], 1), number="JD1"), "k1")
    await channel.push_shipment(parcel((LINES[0], 1), (LINES[1], 2), number="JD2"), "k2")
    assert [it["fulfillmentId"] for it in double.state.parcels[ORDER]] == ["JD1", "JD2"]
    assert double.state.orders[ORDER]["orderFulfillmentStatus"] == "FULFILLED"
    with pytest.raises(Reject, match="Invalid input"):
        await channel.push_shipment(parcel((LINES[0], 1), number="JD3"), "k3")


async def test_what_is_missing_of_a_parcel_is_added(channel: EbayChannel, double: EbayDouble) -> None:
    await channel.push_shipment(parcel((LINES[0], 2)), "k")
    whole = parcel((LINES[0], 2), (LINES[1], 1))
    assert await channel.look_up(Kind.PUSH_SHIPMENT, whole, "k") is None
    await channel.push_shipment(whole, "k")
    assert double.state.shipped(ORDER) == {LINES[0]: 2, LINES[1]: 1}


async def test_global_shipping_wants_one_line_at_a_time(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.global_shipping.add(ORDER)
    receipt = await channel.push_shipment(SHIPMENT, "k")
    assert [len(it["lineItems"]) for it in double.state.parcels[ORDER]] == [1, 1]
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") == receipt


async def test_a_parcel_without_a_number_has_no_carrier_either(channel: EbayChannel, double: EbayDouble) -> None:
    bare = parcel((LINES[0], 1), number="")
    await channel.push_shipment(bare, "k")
    await channel.push_shipment(bare, "k")
    (made,) = double.state.parcels[ORDER]
    assert made["fulfillmentId"] == "999" and "shippingCarrierCode" not in made


@pytest.mark.parametrize(
    ("ours", "theirs"), [("Royal Mail", "RoyalMail"), ("dhl-paket", "DHL"), ("My Van Co", "MyVanCo"), ("", "Other")]
)
async def test_carriers_have_ebays_names(channel: EbayChannel, double: EbayDouble, ours: str, theirs: str) -> None:
    await channel.push_shipment(replace(SHIPMENT, carrier=ours), "k")
    assert double.state.parcels[ORDER][0]["shippingCarrierCode"] == theirs


async def test_an_order_nobody_knows(channel: EbayChannel) -> None:
    with pytest.raises(Reject):
        await channel.push_shipment(replace(SHIPMENT, order_id="no/such ?order"), "k")


# ---------------------------------------------------------------- stock


async def test_stock_reaches_the_item_and_its_live_offers(channel: EbayChannel, double: EbayDouble) -> None:
    double.state.offers["TEA-BLACK"][1]["status"] = "UNPUBLISHED"
    await channel.push_stock(STOCK, "k")
    assert [it["availableQuantity"] for it in double.state.offers["TEA-BLACK"]] == [7, 12]
    assert await channel.read_stock(["TEA-BLACK", "TEA-GREEN", "unknown"]) == {"TEA-BLACK": 7, "TEA-GREEN": 4}


async def test_thirty_things_go_in_two_calls_in_their_order(channel: EbayChannel, double: EbayDouble) -> None:
    for number in range(30):
        double.state.add_item(f"T{number}", 0, offers=0)
    levels = [StockLevel(sku=f"O{n}", listing_id=f"T{n}", available=n, version=1) for n in range(30)]
    levels[3] = replace(levels[3], listing_id="nothing")
    answers = await channel.push_at_once(Kind.PUSH_STOCK, levels, [f"k{n}" for n in range(30)])
    assert [place for place, answer in enumerate(answers) if answer.failure] == [3]
    assert answers[3].failure == "reject" and "nothing" in answers[3].why
    assert await channel.read_stock([f"T{n}" for n in range(30)]) == {f"T{n}": 0 if n == 3 else n for n in range(30)}
    assert sum(it.path.endswith("bulk_update_price_quantity") for it in double.seen) == 2


async def test_two_levels_of_one_thing_go_one_after_the_other(channel: EbayChannel) -> None:
    levels = [StockLevel(sku="", listing_id="TEA-GREEN", available=n, version=n) for n in (9, 8)]
    answers = await channel.push_at_once(Kind.PUSH_STOCK, levels, ["k1", "k2"])
    assert all(answer.receipt for answer in answers)
    assert await channel.read_stock(["TEA-GREEN"]) == {"TEA-GREEN": 8}


async def test_a_lost_answer_of_many_is_unknown_for_each_and_read_back(
    channel: EbayChannel, double: EbayDouble
) -> None:
    levels = [StockLevel(sku="", listing_id=name, available=3, version=1) for name in ("TEA-BLACK", "TEA-GREEN")]
    await channel.push_at_once(Kind.PUSH_STOCK, [replace(level, available=5) for level in levels], ["a", "b"])
    double.drop_replies()
    answers = await channel.push_at_once(Kind.PUSH_STOCK, levels, ["c", "d"])
    assert [answer.failure for answer in answers] == ["unknown", "unknown"]
    for level in levels:
        assert await channel.look_up(Kind.PUSH_STOCK, level, "c") is not None
        assert await channel.look_up(Kind.PUSH_STOCK, replace(level, available=5), "c") is None


async def test_offers_that_changed_are_asked_for_again(channel: EbayChannel, double: EbayDouble) -> None:
    await channel.push_stock(STOCK, "k")
    double.state.offers["TEA-BLACK"] = double.state.offers["TEA-BLACK"][:1]
    with pytest.raises(Retry):
        await channel.push_stock(replace(STOCK, available=2), "k2")
    await channel.push_stock(replace(STOCK, available=2), "k3")
    assert double.state.offers["TEA-BLACK"][0]["availableQuantity"] == 2


async def test_an_offer_that_goes_live_is_told_the_next_level(channel: EbayChannel, double: EbayDouble) -> None:
    """What was listed between two levels must not go on selling by the number it was listed with."""
    offers = double.state.offers.pop("TEA-BLACK")
    await channel.push_stock(STOCK, "k")
    double.state.offers["TEA-BLACK"] = offers
    await channel.push_stock(replace(STOCK, available=0), "k2")
    assert [it["availableQuantity"] for it in offers] == [0, 0]


# ---------------------------------------------------------------- cancellations


async def test_a_cancellation_is_ebays_at_once(channel: EbayChannel, double: EbayDouble) -> None:
    receipt = await channel.push_cancellation(CANCELLATION, "k")
    assert double.state.orders[ORDER]["cancelStatus"]["cancelState"] == "CANCELED"
    assert await channel.look_up(Kind.PUSH_CANCELLATION, CANCELLATION, "k") is not None
    await channel.push_cancellation(CANCELLATION, "k")
    assert double.effects() == [(Kind.PUSH_CANCELLATION, "cancel-5")]
    assert receipt.external_id == double.state.cancellations[0]["cancelId"]


async def test_a_buyers_wish_is_granted_not_repeated(channel: EbayChannel, double: EbayDouble) -> None:
    wish = double.state.ask_cancellation(ORDER)
    assert await channel.look_up(Kind.PUSH_CANCELLATION, CANCELLATION, "k") is None
    assert (await channel.push_cancellation(CANCELLATION, "k")).external_id == wish
    assert [it["cancelStatus"] for it in double.state.cancellations] == ["CANCEL_CLOSED_WITH_REFUND"]


async def test_a_part_of_an_order_is_not_cancelled(channel: EbayChannel, double: EbayDouble) -> None:
    with pytest.raises(Reject, match="whole orders"):
        await channel.push_cancellation(replace(CANCELLATION, lines={LINES[0]: 1}), "k")
    await channel.push_cancellation(replace(CANCELLATION, lines={LINES[0]: 2, LINES[1]: 2}), "k")
    assert len(double.effects()) == 1


async def test_a_shipped_order_is_not_cancelled(channel: EbayChannel) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    with pytest.raises(Reject, match="SHIPPED_ORDER"):
        await channel.push_cancellation(CANCELLATION, "k")


# ---------------------------------------------------------------- refunds


async def test_a_refund_says_why_and_how_much(channel: EbayChannel, double: EbayDouble) -> None:
    receipt = await channel.push_refund(REFUND, "k")
    assert receipt.details == {"status": "PENDING"}
    (made,) = double.state.orders[ORDER]["paymentSummary"]["refunds"]
    assert made["amount"] == {"value": "10.50", "currency": "EUR"} and made["refundId"] == receipt.external_id
    (sent,) = (it for it in double.seen if it.path.endswith("issue_refund"))
    assert b'"comment":"broken [refund-12]"' in sent.body and b"ITEM_NOT_AS_DESCRIBED" in sent.body


async def test_a_lost_refund_is_told_from_an_earlier_one(double: EbayDouble, http: AioHttp) -> None:
    async with Between(double.url).serving() as between:
        channel = Ebay().open(account(between.url), http)
        first = await channel.push_refund(REFUND, "k1")
        second = replace(REFUND, reference="refund-13")
        between.spoil = between.passed + 2  # the order is read first, then the refund is made
        with pytest.raises(Unknown):
            await channel.push_refund(second, "k2")
        found = await channel.look_up(Kind.PUSH_REFUND, second, "k2")
        assert found is not None and found.external_id != first.external_id
        assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k1") is not None
    assert [reference for _, reference in double.effects()] == ["refund-12", "refund-13"]


async def test_a_refund_that_never_arrived_is_made_again(double: EbayDouble, http: AioHttp) -> None:
    channel = Ebay().open(account(double.url), http)
    await channel.push_refund(REFUND, "k1")
    second = replace(REFUND, reference="refund-13")
    double.state.break_refunds = True
    with pytest.raises(Unknown):
        await channel.push_refund(second, "k2")
    double.state.break_refunds = False
    assert await channel.look_up(Kind.PUSH_REFUND, second, "k2") is None
    await channel.push_refund(second, "k2")
    assert len(double.effects()) == 2


async def test_a_refund_that_shows_late_is_not_made_twice(channel: EbayChannel, double: EbayDouble) -> None:
    """Its answer was lost, and when it was looked for the order did not have it yet."""
    await channel.push_refund(REFUND, "k1")
    made = double.state.orders[ORDER]["paymentSummary"]["refunds"]
    hidden, made[:] = list(made), []
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k1") is None
    made[:] = hidden
    again = await channel.push_refund(REFUND, "k1")
    assert again.external_id == hidden[0]["refundId"] and len(double.effects()) == 1


async def test_a_gateways_503_does_not_say_that_nothing_was_done(channel: EbayChannel, double: EbayDouble) -> None:
    order = json.dumps(double.state.orders[ORDER]).encode()
    double.fail(200, body=order)
    double.fail(503, headers={"Retry-After": "1"})
    with pytest.raises(Unknown):
        await channel.push_refund(REFUND, "k1")


async def test_after_a_restart_a_refund_that_is_there_needs_a_person(
    channel: EbayChannel, double: EbayDouble, http: AioHttp
) -> None:
    restarted = Ebay().open(account(double.url), http)
    assert await restarted.look_up(Kind.PUSH_REFUND, REFUND, "k") is None
    await channel.push_refund(REFUND, "k")
    with pytest.raises(Unknown, match="Seller Hub"):
        await restarted.look_up(Kind.PUSH_REFUND, REFUND, "k")


async def test_refunds_that_cannot_be(channel: EbayChannel, double: EbayDouble) -> None:
    with pytest.raises(Reject, match="paid in EUR"):
        await channel.push_refund(replace(REFUND, currency="USD"), "k")
    with pytest.raises(Reject, match="exceeds"):
        await channel.push_refund(replace(REFUND, amount=99_999), "k")
    double.state.fail_refunds = True
    with pytest.raises(Reject, match="Seller Hub"):
        await channel.push_refund(REFUND, "k")
    assert double.effects() == []


# ---------------------------------------------------------------- digital signatures


def signing() -> tuple[Ed25519PrivateKey, str]:
    key = Ed25519PrivateKey.generate()
    return key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("pem", [True, False])
async def test_money_of_sellers_in_the_eu_moves_with_a_signature(double: EbayDouble, http: AioHttp, pem: bool) -> None:
    key, text = signing()
    double.must_sign = key.public_key()
    given = text if pem else "".join(text.splitlines()[1:-1])
    channel = Ebay().open(account(double.url, signing_key=given, signing_jwe="eyJ6aXAiOiJERUYi.x.y.z"), http)
    await channel.push_refund(REFUND, "k")
    await channel.push_cancellation(CANCELLATION, "k")
    double.state.ask_cancellation(OTHER)
    await channel.push_cancellation(replace(CANCELLATION, order_id=OTHER), "k")
    assert len(double.effects()) == 3


async def test_without_its_signature_a_refund_is_refused_in_ebays_words(
    channel: EbayChannel, double: EbayDouble
) -> None:
    double.must_sign = signing()[0].public_key()
    with pytest.raises(Reject, match="x-ebay-signature-key"):
        await channel.push_refund(REFUND, "k")


@pytest.mark.parametrize(("key", "jwe"), [("garbage", "x"), ("", "x"), ("AAAA", "x"), ("AAAA", "")])
def test_a_key_that_is_none_is_said_when_connecting(http: AioHttp, key: str, jwe: str) -> None:
    with pytest.raises(Invalid):
        Ebay().open(account("https://api.ebay.com", signing_key=key, signing_jwe=jwe), http)
