"""What the store holds after a shipment or a status, and what it says when it takes none."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from connectors.woocommerce import WooCommerceChannel
from hub.domain.outgoing import Kind, Shipment, ShipmentLine
from hub.errors import Reject
from tests.connectors.woocommerce.harness import AT, HARNESS, ORDER, OTHER
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.told import meta, read_back

SHIPMENT: Any = HARNESS.pushes[Kind.PUSH_SHIPMENT]
STATUS: Any = HARNESS.pushes[Kind.PUSH_STATUS]
STOCK: Any = HARNESS.pushes[Kind.PUSH_STOCK]
CANCEL: Any = HARNESS.pushes[Kind.PUSH_CANCELLATION]
REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]
NUMBER = "JD014600003828000000"


def shipment(reference: str, *lines: tuple[str, int], tracking_number: str = "JD1") -> Shipment:
    parts = tuple(ShipmentLine(line_id=name, quantity=units) for name, units in lines)
    changed: Shipment = replace(SHIPMENT, reference=reference, lines=parts, tracking_number=tracking_number)
    return changed


# ---------------------------------------------------------------- shipments


async def test_a_shipment_is_a_note_the_plugins_meta_and_completes(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    receipt = await channel.push_shipment(SHIPMENT, "k")
    assert (receipt.external_id, receipt.details) == (str(ORDER), {"status": "completed"})
    (note,) = double.store.notes[ORDER]
    assert note["customer_note"] is True
    assert note["note"] == (
        f"Shipped with DHL, tracking number {NUMBER}: https://www.dhl.de/?piececode={NUMBER} [parcel-77]"
    )
    assert meta(double, "_wc_shipment_tracking_items") == [
        {
            "tracking_provider": "",
            "custom_tracking_provider": "DHL",
            "custom_tracking_link": f"https://www.dhl.de/?piececode={NUMBER}",
            "tracking_number": NUMBER,
            "date_shipped": str(int(AT.timestamp())),
            "tracking_id": "parcel-77",
        }
    ]
    assert double.store.emails == [f"note {ORDER}", f"completed {ORDER}"]


async def test_our_shipment_comes_back_as_ours(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_shipment(SHIPMENT, "k")
    order = read_back(channel, double)
    assert [(it.external_id, it.tracking_number, it.lines) for it in order.shipments] == [
        ("parcel-77", NUMBER, {"1": 3, "2": 1})
    ]


async def test_two_parcels_complete_the_order_with_the_second(channel: WooCommerceChannel, double: WooDouble) -> None:
    first = await channel.push_shipment(shipment("p-1", ("1", 2), tracking_number="JD1"), "k")
    assert first.details == {"status": "processing"} and double.store.emails == [f"note {ORDER}"]
    second = await channel.push_shipment(shipment("p-2", ("1", 1), ("2", 1), tracking_number="JD2"), "k")
    assert second.details == {"status": "completed"}
    assert [it["tracking_number"] for it in meta(double, "_wc_shipment_tracking_items")] == ["JD1", "JD2"]
    assert [(it.tracking_number, it.lines) for it in read_back(channel, double).shipments] == [
        ("JD1", {"1": 2}),
        ("JD2", {"1": 1, "2": 1}),
    ]


async def test_what_others_keep_stays(channel: WooCommerceChannel, double: WooDouble) -> None:
    """PHP makes a list with a gap an object; a number that somebody entered by hand is not entered twice."""
    kept = {"1": {"tracking_provider": "dpd-de", "tracking_number": "JD1", "tracking_id": "x", "color": "red"}}
    double.store.orders[ORDER]["meta_data"] = [
        {"id": 1, "key": "_wc_shipment_tracking_items", "value": kept},
        {"id": 2, "key": "_vat_number", "value": "DE123"},
    ]
    await channel.push_shipment(shipment("p-1", ("1", 1)), "k")
    assert meta(double, "_wc_shipment_tracking_items") == list(kept.values())
    assert meta(double, "_vat_number") == "DE123"
    assert [it["reference"] for it in meta(double, "_crossdock_shipments")] == ["p-1"]


async def test_refunded_units_are_not_waited_for(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.refund(
        ORDER,
        {"amount": "21.00", "api_refund": False, "line_items": [{"id": 2, "quantity": 1, "refund_total": "21.00"}]},
    )
    receipt = await channel.push_shipment(shipment("p-1", ("1", 3)), "k")
    assert receipt.details == {"status": "completed"}


async def test_an_order_that_is_not_paid_is_not_completed_by_us(channel: WooCommerceChannel, double: WooDouble) -> None:
    double.store.change(ORDER, status="on-hold", date_paid_gmt=None)
    assert (await channel.push_shipment(SHIPMENT, "k")).details == {"status": "on-hold"}
    assert meta(double, "_crossdock_shipments")


async def test_without_tracking_nothing_is_invented(channel: WooCommerceChannel, double: WooDouble) -> None:
    await channel.push_shipment(
        replace(SHIPMENT, tracking_number="", tracking_url="", carrier="", notify_buyer=False), "k"
    )
    assert meta(double, "_wc_shipment_tracking_items") is None
    assert [(it["note"], it["customer_note"]) for it in double.store.notes[ORDER]] == [("Shipped. [parcel-77]", False)]


async def test_a_shipment_that_the_store_cannot_take_is_refused(channel: WooCommerceChannel, double: WooDouble) -> None:
    with pytest.raises(Reject, match="no order 404"):
        await channel.push_shipment(replace(SHIPMENT, order_id="404"), "k")
    with pytest.raises(Reject, match="No route was found"):
        await channel.push_shipment(replace(SHIPMENT, order_id="../products"), "k")
    with pytest.raises(Reject, match="has no line 99"):
        await channel.push_shipment(shipment("p", ("1", 1), ("99", 1)), "k")
    double.store.change(ORDER, status="cancelled")
    with pytest.raises(Reject, match="order 700 is cancelled at the store"):
        await channel.push_shipment(SHIPMENT, "k")
    assert double.effects() == [] and double.store.notes == {}


async def test_a_note_that_got_through_is_not_sent_again(channel: WooCommerceChannel, double: WooDouble) -> None:
    """The note's answer is lost: the order does not tell of the parcel yet, so it is pushed again; one e-mail."""
    await channel.check()
    double.store.notes[ORDER] = [{"id": 5, "note": "Shipped with DHL. [parcel-77]", "customer_note": True}]
    assert await channel.look_up(Kind.PUSH_SHIPMENT, SHIPMENT, "k") is None
    await channel.push_shipment(SHIPMENT, "k")
    assert len(double.store.notes[ORDER]) == 1 and double.store.emails == [f"completed {ORDER}"]
    await channel.push_shipment(SHIPMENT, "k")
    assert double.effects() == [(Kind.PUSH_SHIPMENT, "parcel-77")]


# ---------------------------------------------------------------- status


async def test_a_status_is_a_private_note_once(channel: WooCommerceChannel, double: WooDouble) -> None:
    first, again = await channel.push_status(STATUS, "k"), await channel.push_status(STATUS, "k")
    assert [(it["note"], it["customer_note"]) for it in double.store.notes[OTHER]] == [
        ("Parcel delivered (1Z999AA10123456781), 2026-11-21 16:20 UTC [parcel-12:delivered]", False)
    ]
    assert first == again and double.store.emails == []
    await channel.push_status(replace(STATUS, status="out_for_delivery"), "k")
    assert len(double.store.notes[OTHER]) == 2, "the same parcel, another fact"


async def test_words_that_an_order_has_no_place_for_are_not_sent(
    channel: WooCommerceChannel, double: WooDouble
) -> None:
    receipt = await channel.push_status(replace(STATUS, status="accepted"), "k")
    assert "accepted" in receipt.details["not_sent"] and double.seen == []
