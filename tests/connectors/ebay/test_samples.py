"""Every recorded order at hand, through the door: one order each, its money worked out by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.ebay import EbayChannel
from hub.domain.order import ChannelOrder, PaymentStatus, RefundNotice
from hub.domain.sanity import sane
from hub.errors import BadPayload, Invalid

NAMES = (
    "derived_global_shipping_unicode",
    "derived_partial_refund",
    "ebaydoc_oss_vat_multicurrency",
    "metasfresh_03_ebay-order-cancelled_0",
    "metasfresh_ebay-order-sample-full_0",
    "metasfresh_ebay-order-sample-full_1",
    "metasfresh_ebay-order-sample-full_2",
)


def sample(shared: Path, name: str) -> bytes:
    return (shared / "samples" / "ebay" / f"{name}.json").read_bytes()


def read(channel: EbayChannel, body: bytes) -> tuple[ChannelOrder, list[RefundNotice]]:
    """Through unwrapping, signing and the door, as `replay` does it."""
    topic, body = channel.unwrap(body, "")
    headers = {name.lower(): value for name, value in channel.sign(topic, body).items()}
    order, *refunds = channel.read(channel.verify(headers, body))
    assert isinstance(order, ChannelOrder)
    return order, [refund for refund in refunds if isinstance(refund, RefundNotice)]


def parts(order: ChannelOrder) -> int:
    """What the parts come to, as review counts it."""
    lines = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
    return lines + sum(charge.amount - charge.discount for charge in order.charges) + order.tax_total


def money(order: ChannelOrder) -> tuple[Any, ...]:
    lines = [(line.quantity, line.unit_price, line.discount, line.tax) for line in order.lines]
    return order.currency, order.total, order.tax_total, lines, [charge.amount for charge in order.charges]


def test_all_samples_are_accounted_for(shared: Path) -> None:
    assert {file.stem for file in (shared / "samples" / "ebay").glob("*.json")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_is_one_order_whose_parts_add_up(channel: EbayChannel, shared: Path, name: str) -> None:
    order, _ = read(channel, sample(shared, name))
    assert sane(order) == order
    assert order.external_id == json.loads(sample(shared, name))["orderId"]
    assert parts(order) == order.total == sum(payment.amount for payment in order.payments)
    assert (order.paid, order.pending, order.unknown_words) == (True, False, ())
    assert all(payment.status is PaymentStatus.CAPTURED for payment in order.payments)


def test_vat_that_ebay_remits_is_not_the_merchants(channel: EbayChannel, shared: Path) -> None:
    order, refunds = read(channel, sample(shared, "ebaydoc_oss_vat_multicurrency"))
    # 100.00 for the goods, 16.26 for delivery; 24.41 of VAT go from the buyer to eBay to the state
    assert money(order) == ("EUR", 11626, 0, [(1, 10000, 0, 0)], [1626])
    assert (order.words["collected_tax"], order.words["tax_reference"]) == ("24.41 EUR", "OSS EU 123 4567 89")
    assert order.words["due_to_seller"] == "85.02 GBP"
    assert refunds == [] and order.ship_to is not None and order.ship_to.country == "ES"


def test_a_partial_refund_is_told_once_in_the_buyers_currency(channel: EbayChannel, shared: Path) -> None:
    order, refunds = read(channel, sample(shared, "derived_partial_refund"))
    at = datetime(2023, 8, 5, 8, 0, tzinfo=UTC)
    assert order.total == 11626 and order.words["payment"] == "PARTIALLY_REFUNDED"
    assert refunds == [RefundNotice(order_id="11-00001-00001", external_id="r1", at=at, amount=829, currency="EUR")]


def test_the_warehouse_abroad_keeps_its_reference(channel: EbayChannel, shared: Path) -> None:
    order, _ = read(channel, sample(shared, "derived_global_shipping_unicode"))
    assert order.ship_to is not None and order.ship_to.name == "山田 太郎 (Reference #AGPxyz)"
    assert order.words["final_country"] == "JP"


def test_a_reference_of_its_own_goes_above_the_street_once(channel: EbayChannel, shared: Path) -> None:
    told = json.loads(sample(shared, "derived_global_shipping_unicode"))
    step = told["fulfillmentStartInstructions"][0]["shippingStep"]
    step["shipToReferenceId"] = "AGPxyz"
    order, _ = read(channel, json.dumps(told).encode())
    assert order.ship_to is not None and order.ship_to.line1 == "C********7"
    step["shipToReferenceId"] = "Reference #99"
    order, _ = read(channel, json.dumps(told).encode())
    assert order.ship_to is not None
    assert (order.ship_to.line1, order.ship_to.line2) == ("Reference #99", "C********7")


def test_a_cancelled_converted_order(channel: EbayChannel, shared: Path) -> None:
    order, refunds = read(channel, sample(shared, "metasfresh_03_ebay-order-cancelled_0"))
    assert money(order) == ("EUR", 890, 0, [(1, 890, 0, 0)], [0])
    assert (order.shop_currency, order.shop_total) == ("USD", 1063)
    assert order.cancelled_at == datetime(2021, 6, 9, 12, 47, 54, tzinfo=UTC)
    assert order.cancel_reason == "cancelled by seller"
    # marked as shipped before it was cancelled, and 1.53 USD of it are 1.28 EUR
    assert [shipment.lines for shipment in order.shipments] == [{"10042355857307": 1}]
    assert [(refund.external_id, refund.amount, refund.currency) for refund in refunds] == [("5244299502", 128, "EUR")]


def test_line_costs_are_for_all_units(channel: EbayChannel, shared: Path) -> None:
    order, _ = read(channel, sample(shared, "metasfresh_ebay-order-sample-full_0"))
    assert money(order) == ("USD", 1200, 0, [(1, 100, 0, 0), (2, 100, 0, 0), (3, 100, 0, 0)], [600])


@pytest.mark.parametrize(("name", "tax"), [("1", "0.27 USD"), ("2", "0.25 USD")])
def test_tax_that_stands_among_the_taxes_too_is_still_ebays(
    channel: EbayChannel, shared: Path, name: str, tax: str
) -> None:
    order, _ = read(channel, sample(shared, f"metasfresh_ebay-order-sample-full_{name}"))
    assert money(order) == ("USD", 420, 0, [(2, 110, 0, 0)], [200])
    assert order.words["collected_tax"] == tax
    assert order.lines[0].listing_id.startswith("item:2********") and order.lines[0].sku == ""


def test_what_is_broken_is_named(channel: EbayChannel, shared: Path) -> None:
    told = json.loads(sample(shared, "ebaydoc_oss_vat_multicurrency"))
    told["lineItems"][0]["lineItemCost"]["value"] = "100.001"
    with pytest.raises(BadPayload) as refused:
        read(channel, json.dumps(told).encode())
    assert refused.value.path == "$.lineItems[0].lineItemCost.value"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"orders": []}', b'{"a": 1}', b'{"metadata": {}}'])
def test_what_cannot_be_replayed_is_refused(channel: EbayChannel, body: bytes) -> None:
    with pytest.raises(Invalid):
        channel.unwrap(body, "")
