"""Every sample at hand: an order becomes exactly one order, to the minor unit; sums that do not add up stay as told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.woocommerce import WooCommerceChannel
from hub.contract import Delivery
from hub.domain.order import ChannelOrder, PaymentStatus, RefundNotice
from hub.domain.sanity import sane
from hub.errors import BadPayload, Invalid
from tests.connectors.checks.payloads import mutations

SUMS = {
    # name: (total, what its parts add up to); a sample that was cut down by those who recorded it holds for a person
    "docs_orders_0": (2935, 2935),
    "docs_orders_1": (2935, 2935),
    "docs_orders_3": (2935, 2935),
    "docs_orders_4": (2935, 2935),
    "ios_order": (3120, 28970),
    "ios_order-auto-draft-status": (3120, 28970),
    "ios_order-details-partially-refunded": (30445, 30445),
    "ios_order-fully-refunded": (22371, 22371),
    "ios_order-with-all-addon-types": (4454, 4454),
    "ios_order-with-attribution-info": (400, 400),
    "ios_order-with-bundled-line-items": (12020, 7520),
    "ios_order-with-charge": (3330, 3330),
    "ios_order-with-special-character-currency": (3120, 28970),
    "ios_order-with-subscription-renewal": (1450, 1450),
}
NOT_ONE_ORDER = ("docs_orders_2", "docs_orders_5", "ios_order-notes")


def sample(shared: Path, name: str) -> bytes:
    return (shared / "samples" / "woocommerce" / f"{name}.json").read_bytes()


def through(channel: WooCommerceChannel, body: bytes, topic: str = "") -> tuple[Any, ...]:
    """Through unwrapping, signing and the door, as `replay` does it, and the last look before the store."""
    topic, body = channel.unwrap(body, topic)
    headers = {name.lower(): value for name, value in channel.sign(topic, body).items()}
    return tuple(sane(news) for news in channel.read(channel.verify(headers, body)))


def one(channel: WooCommerceChannel, shared: Path, name: str) -> ChannelOrder:
    orders = [news for news in through(channel, sample(shared, name)) if isinstance(news, ChannelOrder)]
    assert len(orders) == 1
    return orders[0]


def test_all_samples_are_accounted_for(shared: Path) -> None:
    there = {file.stem for file in (shared / "samples" / "woocommerce").glob("*.json")}
    assert there == {*SUMS, *NOT_ONE_ORDER}


@pytest.mark.parametrize("name", SUMS)
def test_each_is_one_order_with_exact_money(channel: WooCommerceChannel, shared: Path, money: Any, name: str) -> None:
    order = one(channel, shared, name)
    assert (order.total, money(order)) == SUMS[name]
    assert order.placed_at.tzinfo is not None and order.words["status"]


def test_the_documented_order(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "docs_orders_0")
    assert [(it.external_id, it.quantity, it.unit_price, it.tax, it.sku, it.listing_id) for it in order.lines] == [
        ("315", 2, 300, 45, "", "93"),
        ("316", 1, 1200, 90, "Bar3", "23"),
    ]
    assert order.lines[1].title == "Ship Your Idea – Color: Black, Size: M Test", "entities are for browsers"
    assert (order.paid, order.pending, order.tax_total, order.currency) == (True, False, 135, "USD")
    assert order.placed_at.isoformat() == "2017-03-22T19:28:02+00:00", "the site is three hours west of that"
    assert [(it.external_id, it.status, it.gateway) for it in order.payments] == [
        ("order:727", PaymentStatus.CAPTURED, "bacs")
    ]
    assert order.ship_to is not None and (order.ship_to.region, order.ship_to.postcode) == ("CA", "94103")
    assert order.ship_to.phone == "(555) 555-5555", "shipping addresses have none of their own"


def test_completed_counts_as_shipped_elsewhere(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "docs_orders_3")
    assert [(it.lines, it.tracking_number) for it in order.shipments] == [({"315": 2, "316": 1}, "")]
    assert order.shipments[0].shipped_at is not None
    assert order.shipments[0].shipped_at.isoformat() == "2017-03-22T19:30:35+00:00"


def test_a_list_of_orders_is_one_delivery_each_when_it_is_pulled(
    channel: WooCommerceChannel, shared: Path, money: Any
) -> None:
    with pytest.raises(Invalid, match="a webhook carries one"):
        channel.unwrap(sample(shared, "docs_orders_2"), "")
    first, second = json.loads(sample(shared, "docs_orders_2"))
    assert money(through(channel, json.dumps(first).encode())[0]) == 2935
    order, *refunds = through(channel, json.dumps(second).encode())
    assert (order.total, money(order), order.paid) == (3900, 3900, False)
    assert [it.status for it in order.payments] == [PaymentStatus.AUTHORIZED], "completed, and nobody noted the money"
    assert [(it.external_id, it.amount, it.currency) for it in refunds] == [("726", 1000, "USD"), ("724", 900, "USD")]


def test_the_answer_to_a_batch(channel: WooCommerceChannel, shared: Path, money: Any) -> None:
    batch = json.loads(sample(shared, "docs_orders_5"))
    with pytest.raises(Invalid, match="no order"):
        channel.unwrap(sample(shared, "docs_orders_5"), "")
    orders = [through(channel, json.dumps(it).encode())[0] for kind in ("create", "update") for it in batch[kind]]
    # 728: tax is rounded on each line (1.13 + 0.23 + 0.90) and as a whole (2.25): the order's own tax counts.
    assert [(it.external_id, it.total, money(it)) for it in orders] == [
        ("728", 6225, 6225),
        ("729", 5440, 5440),
        ("727", 2935, 2935),
    ]
    assert [it.pending for it in orders] == [True, False, False]
    assert [it.tax for it in orders[0].lines] == [113, 23, 90] and orders[0].tax_total == 225


def test_refunds_are_rows(channel: WooCommerceChannel, shared: Path) -> None:
    order, *refunds = through(channel, sample(shared, "ios_order-details-partially-refunded"))
    assert [(type(it), it.external_id, it.amount, it.reason) for it in refunds] == [
        (RefundNotice, "549", 1620, "Sold out"),
        (RefundNotice, "547", 810, ""),
    ]
    assert order.total == 30445 and sum(it.quantity for it in order.lines) == 36
    assert [line.unit_price * line.quantity for line in order.lines] == [1350, 2700, 3240, 5400, 4050, 4860, 1260, 2160]
    order, refund = through(channel, sample(shared, "ios_order-fully-refunded"))
    assert refund.amount == order.total == 22371 and order.cancelled_at is not None
    assert (order.cancel_reason, order.shipments) == ("refunded at the store", ())


def test_gift_cards_are_taken_off(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-with-attribution-info")
    assert [(it.kind, it.amount, it.code) for it in order.charges] == [
        ("shipping", 1000, "flat_rate:3"),
        ("gift_card", -2000, "…EZFT"),
        ("gift_card", -400, "…ZKS9"),
    ]
    assert (order.total, order.payments[0].amount, order.payments[0].external_id) == (
        400,
        400,
        "pi_3MqpbEFmpgWy4Lrl0vJo4TIn",
    )
    assert order.note == "Beanie with Logo: As a Gift: No"


def test_bundles_ship_their_parts(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-with-bundled-line-items")
    assert [(it.external_id, it.unit_price, it.requires_shipping) for it in order.lines] == [
        ("752", 5900, False),
        ("753", 1620, True),
    ]
    assert order.ship_to is not None and order.ship_to.line2 == "632 O’Conner Skyway"


def test_prices_that_include_tax(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-with-charge")
    assert order.tax_included and order.tax_total == 65
    assert [(it.unit_price, it.tax, it.discount) for it in order.lines] == [(1800, 35, 0)]
    assert [(it.amount, it.tax) for it in order.charges] == [(1530, 30)]


def test_a_currency_is_its_code_and_not_its_sign(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-with-special-character-currency")
    assert order.currency == order.shop_currency == "AED"
    assert order.unknown_words == ("line_items[1].quantity=1.5",)
    assert [(it.title, it.quantity, it.unit_price, it.discount) for it in order.lines] == [
        ("Fruits Basket (Mix & Match Product)", 2, 2500, 2000),
        ("Fruits Bundle × 1.5", 1, 1000, 1000),
    ]
    assert [(it.kind, it.amount) for it in order.charges] == [("shipping", 13300), ("fee", 12550)]


def test_a_draft_waits(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-auto-draft-status")
    assert order.pending and order.words == {"status": "auto-draft"}


def test_cash_on_delivery_and_no_address(channel: WooCommerceChannel, shared: Path) -> None:
    order = one(channel, shared, "ios_order-with-all-addon-types")
    assert (order.paid, order.payments[0].status, order.payments[0].gateway) == (False, PaymentStatus.AUTHORIZED, "cod")
    assert order.ship_to is None and order.bill_to is None
    assert "Brick Oven Supreme Pizza: Extra cheese (multiple choice): 20-year parmesan" in order.note


@pytest.mark.parametrize("name", ["docs_orders_2", "docs_orders_5", "ios_order-notes"])
def test_what_a_webhook_never_carries_is_refused_with_a_reason(
    channel: WooCommerceChannel, shared: Path, name: str
) -> None:
    with pytest.raises(Invalid, match="can be sent") as refused:
        channel.unwrap(sample(shared, name), "")
    assert refused.value.field == "file"
    with pytest.raises(Invalid, match="can not be sent") as refused:
        channel.unwrap(sample(shared, name), "coupon.created")
    assert refused.value.field == "topic"


@pytest.mark.parametrize("name", ["docs_orders_0"])
def test_every_field_of_a_sample_may_be_anything(channel: WooCommerceChannel, shared: Path, name: str) -> None:
    _, body = channel.unwrap(sample(shared, name), "")
    read, refused = 0, 0
    for what, changed in mutations(json.loads(body)):
        try:
            channel.read(Delivery(id="1", topic="order.updated", body=msgspec.json.encode(changed)))
            read += 1
        except BadPayload as error:
            assert error.path.startswith("$"), what
            refused += 1
    assert read > 100 and refused > 20
