"""Pushes beyond what the contract suite asks: what the shop holds afterwards, and how a broken-off push goes on."""

from __future__ import annotations

from dataclasses import replace as with_
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.http import AioHttp
from connectors.medusa import Medusa, MedusaChannel
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine
from hub.errors import Reconnect, Reject, Unknown
from tests.connectors.checks.between import Between
from tests.connectors.medusa.documents import item, order, payment, restate, way
from tests.connectors.medusa.harness import HARNESS, ORDER, SHIPPED
from tests.connectors.medusa.server import API_KEY, MedusaDouble

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
STATUS: Any = HARNESS.pushes[Kind.PUSH_STATUS]
REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]


def shipment(reference: str, *lines: tuple[str, int], number: str = "JD1", order_id: str = ORDER) -> Shipment:
    parts = tuple(ShipmentLine(line_id=line, quantity=units) for line, units in lines)
    made: Shipment = replace(SHIPMENT, reference=reference, lines=parts, tracking_number=number, order_id=order_id)
    return made


def fulfillments(double: MedusaDouble, order_id: str = ORDER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = double.shop.orders[order_id]["fulfillments"]
    return found


# ---------------------------------------------------------------- goods


async def test_the_shipment_arrives_with_its_tracking(channel: MedusaChannel, double: MedusaDouble) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    (made,) = fulfillments(double)
    assert made["id"] == receipt.external_id and made["shipped_at"] and made["told"] is True
    assert made["metadata"] == {"crossdock_reference": "P-77", "carrier": "DHL"}
    assert [(label["tracking_number"], label["tracking_url"]) for label in made["labels"]] == [
        ("JD014600003828000000", "https://www.dhl.de/?piececode=JD014600003828000000")
    ]
    assert {packed["line_item_id"]: packed["quantity"] for packed in made["items"]} == {"ordli_11": 2, "ordli_12": 1}
    assert double.shop.orders[ORDER]["fulfillment_status"] == "shipped"
    assert double.shop.orders[ORDER]["status"] == "pending", "until somebody completes it"


@pytest.mark.parametrize("lost", [2, 3])
async def test_a_push_that_breaks_off_goes_on_where_it_was(double: MedusaDouble, http: AioHttp, lost: int) -> None:
    async with Between(double.url).serving() as between:
        channel = Medusa().open(HARNESS.account(between.url), http)
        between.spoil = lost
        with pytest.raises(Exception, match=r"lost|no answer"):
            await channel.push_shipment(SHIPMENT, "k")
        found = await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k")
        assert (found is not None) is (lost == 3), "found only once it has left"
        receipt = await channel.push_shipment(SHIPMENT, "k")
    assert [made["id"] for made in fulfillments(double)] == [receipt.external_id]
    assert [what for what, _ in double.shop.effects[-2:]] == ["packed", Kind.PUSH_SHIPMENT]


async def test_two_parcels_are_two_fulfillments_and_a_third_is_refused(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    await channel.push_shipment(shipment("P-1", ("ordli_11", 1), number="JD1"), "k1")
    await channel.push_shipment(shipment("P-2", ("ordli_11", 1), ("ordli_12", 1), number="JD2"), "k2")
    assert [made["labels"][0]["tracking_number"] for made in fulfillments(double)] == ["JD1", "JD2"]
    with pytest.raises(Reject, match="exceeds"):
        await channel.push_shipment(shipment("P-3", ("ordli_11", 1), number="JD3"), "k3")


async def test_what_a_person_packed_is_shipped_and_not_packed_again(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    double.shop.pack(ORDER, {"items": [{"id": "ordli_11", "quantity": 2}]})
    await channel.push_shipment(shipment("P-1", ("ordli_11", 2)), "k")
    (made,) = fulfillments(double)
    assert made["shipped_at"] and made["labels"][0]["tracking_number"] == "JD1"


async def test_what_a_person_shipped_with_our_number_is_done(channel: MedusaChannel, double: MedusaDouble) -> None:
    await channel.push_shipment(shipment("P-1", ("ordli_11", 2)), "k")
    fulfillments(double)[0]["metadata"] = None
    await channel.push_shipment(shipment("P-1", ("ordli_11", 2)), "k")
    assert len(fulfillments(double)) == 1


async def test_goods_that_are_not_shipped_get_a_fulfillment_of_their_own(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    mixed = double.shop.add(order(9, [item("91", 5, 1), item("92", 5, 1, requires_shipping=False)]))
    sent = shipment("P-9", ("ordli_91", 1), ("ordli_92", 1), order_id=mixed)
    receipt = await channel.push_shipment(sent, "k")
    assert len(receipt.details["fulfillment_ids"].split(",")) == len(fulfillments(double, mixed)) == 2
    assert await channel.look_up(Kind.PUSH_SHIPMENT, sent, "k") == receipt


async def test_goods_of_different_shipping_profiles_go_by_ways_of_their_own(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    double.shop.options["so_02"] = {"id": "so_02", "shipping_profile_id": "sp_bulky"}
    sofa = item("92", 900, 1)
    sofa["variant"]["product"]["shipping_profile"] = {"id": "sp_bulky"}
    ways = [way(4.9), way(49, id="ordsm_02", shipping_option_id="so_02")]
    both = double.shop.add(order(9, [item("91", 5, 1), sofa], shipping_methods=ways))
    receipt = await channel.push_shipment(shipment("P-9", ("ordli_91", 1), ("ordli_92", 1), order_id=both), "k")
    made = fulfillments(double, both)
    assert [each["id"] for each in made] == receipt.details["fulfillment_ids"].split(",")
    assert [[packed["line_item_id"] for packed in each["items"]] for each in made] == [["ordli_91"], ["ordli_92"]]


async def test_without_tracking_and_with_an_odd_address_nothing_is_invented(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    await channel.push_shipment(shipment("P-1", ("ordli_11", 2), number=""), "k")
    odd = replace(shipment("P-2", ("ordli_12", 1)), tracking_url="javascript:alert(1)", notify_buyer=False)
    await channel.push_shipment(odd, "k")
    first, second = fulfillments(double)
    assert first["labels"] == [] and second["labels"][0]["tracking_url"] == "" and second["told"] is False


async def test_the_accounts_location_ships(double: MedusaDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    placed = with_(account, settings={**account.settings, "location_id": "sloc_hamburg"})
    await Medusa().open(placed, http).push_shipment(shipment("P-1", ("ordli_11", 2)), "k")
    assert fulfillments(double)[0]["location_id"] == "sloc_hamburg"


async def test_lines_and_orders_that_are_not_there_are_refused(channel: MedusaChannel, double: MedusaDouble) -> None:
    with pytest.raises(Reject, match="no line ordli_404"):
        await channel.push_shipment(shipment("P-1", ("ordli_404", 1)), "k")
    with pytest.raises(Reject, match="not found"):
        await channel.push_shipment(shipment("P-1", ("ordli_11", 1), order_id="order_404"), "k")
    with pytest.raises(Reject, match="no id"):
        await channel.push_shipment(shipment("P-1", ("ordli_11", 1), order_id=".."), "k")


async def test_delivered_is_told_once_and_other_words_are_not_sent(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    first, again = await channel.push_status(STATUS, "k"), await channel.push_status(STATUS, "k")
    assert first == again and fulfillments(double, SHIPPED)[0]["delivered_at"]
    told = await channel.push_status(replace(STATUS, status="out_for_delivery"), "k")
    assert "out_for_delivery" in told.details["not_sent"]
    with pytest.raises(Reject, match="NOBODYS"):
        await channel.push_status(replace(STATUS, tracking_number="NOBODYS"), "k")


# ---------------------------------------------------------------- cancellations and refunds


async def test_cancelling_voids_what_was_only_authorized(channel: MedusaChannel, double: MedusaDouble) -> None:
    open_ = double.shop.add(order(9, [item("91", 5, 1)], paid=False))
    double.shop.pack(open_, {"items": [{"id": "ordli_91", "quantity": 1}], "metadata": {"crossdock_reference": "P"}})
    request = CancellationRequest(reference="c-1", order_id=open_, reason="stock")
    await channel.push_cancellation(request, "k")
    await channel.push_cancellation(request, "k")
    document = double.shop.orders[open_]
    assert document["status"] == "canceled" and document["payment_status"] == "canceled"
    assert fulfillments(double, open_)[0]["canceled_at"], "packed by us and never shipped"
    assert [what for what, _ in double.effects()] == [Kind.PUSH_CANCELLATION]


async def test_what_has_left_and_single_units_are_not_cancelled(channel: MedusaChannel) -> None:
    with pytest.raises(Reject, match="fulfillments must be canceled"):
        await channel.push_cancellation(CancellationRequest(reference="c", order_id=SHIPPED, reason=""), "k")
    units = CancellationRequest(reference="c", order_id=ORDER, reason="", lines={"ordli_11": 1})
    with pytest.raises(Reject, match="whole orders"):
        await channel.push_cancellation(units, "k")


async def test_a_refund_goes_in_major_units_and_is_known_by_its_note(
    channel: MedusaChannel, double: MedusaDouble
) -> None:
    receipt = await channel.push_refund(REFUND, "k")
    (refund,) = double.shop.orders[ORDER]["payment_collections"][0]["payments"][0]["refunds"]
    assert (refund["id"], refund["amount"], refund["note"]) == (receipt.external_id, 19.98, "broken [refund-12]")
    assert b'{"amount":19.98,' in double.seen[-1].body
    assert await channel.push_refund(REFUND, "k") == receipt
    assert await channel.look_up(Kind.PUSH_REFUND, REFUND, "k") == receipt
    assert await channel.look_up(Kind.PUSH_REFUND, replace(REFUND, reference="12"), "k") is None


async def test_a_refund_is_spread_over_payments_and_finished_after_a_break(double: MedusaDouble, http: AioHttp) -> None:
    document = order(9, [item("91", 50, 1)], paid=False)
    at = "2026-11-20T10:00:00.000Z"
    document["payment_collections"][0]["payments"] = [
        payment("b", 30, "eur", 30, at=at), payment("a", 20, "eur", 20, at=at),
    ]  # fmt: skip
    restate(document)
    asked = RefundRequest(reference="r-1", order_id=double.shop.add(document), amount=3550, currency="EUR")
    async with Between(double.url).serving() as between:
        channel = Medusa().open(HARNESS.account(between.url), http)
        between.spoil = 2
        with pytest.raises(Unknown):
            await channel.push_refund(asked, "k")
        assert await channel.look_up(Kind.PUSH_REFUND, asked, "k") is None
        receipt = await channel.push_refund(asked, "k")
    payments = document["payment_collections"][0]["payments"]
    assert [[r["amount"] for r in p["refunds"]] for p in payments] == [[15.5], [20]]
    assert len(receipt.details["refund_ids"].split(",")) == 2


async def test_more_than_is_left_or_another_currency_is_refused(channel: MedusaChannel, double: MedusaDouble) -> None:
    with pytest.raises(Reject, match=r"do not hold 84\.89 EUR"):
        await channel.push_refund(replace(REFUND, amount=8489), "k")
    with pytest.raises(Reject, match="in EUR, not in USD"):
        await channel.push_refund(replace(REFUND, currency="USD"), "k")
    assert double.effects() == []


async def test_what_cancelling_paid_back_is_not_paid_back_again(channel: MedusaChannel, double: MedusaDouble) -> None:
    await channel.push_cancellation(CancellationRequest(reference="c-1", order_id=ORDER, reason="stock"), "k")
    receipt = await channel.push_refund(replace(REFUND, amount=8488), "k")
    assert receipt.details["refunded"] == "by cancelling the order"
    assert len(double.shop.orders[ORDER]["payment_collections"][0]["payments"][0]["refunds"]) == 1


# ---------------------------------------------------------------- who we are


async def test_the_key_goes_as_the_user_of_basic_authentication(channel: MedusaChannel, double: MedusaDouble) -> None:
    assert await channel.check() == "Nordlicht Linen"
    assert double.seen[-1].headers["authorization"].startswith("Basic ")
    assert API_KEY not in double.seen[-1].headers["authorization"], "encoded, as RFC 7617 has it"


async def test_a_wrong_key_asks_for_a_new_connection(double: MedusaDouble, http: AioHttp) -> None:
    account = HARNESS.account(double.url)
    wrong = with_(account, secrets=type(account.secrets)(account.secrets, api_key="sk_wrong"))
    with pytest.raises(Reconnect):
        await Medusa().open(wrong, http).check()
