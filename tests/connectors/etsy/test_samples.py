"""Every receipt at hand: read exactly, worked out by hand, and robust field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.etsy import EtsyChannel
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder, PaymentStatus, RefundNotice
from hub.domain.sanity import sane
from hub.errors import BadPayload, Invalid
from tests.connectors.checks.payloads import mutations
from tests.connectors.etsy.harness import FIXTURES
from tests.connectors.etsy.server import EtsyDouble

SAMPLES = (
    "derived_bundle_digital_zero",
    "derived_canceled",
    "derived_gift",
    "derived_partial_refund",
    "receipt_0",
    "receipt_1",
)
BLACK = "1654741347/200-49928889190/513-108800809405"


def sample(shared: Path, name: str) -> bytes:
    return (shared / "samples" / "etsy" / f"{name}.json").read_bytes()


def read(channel: EtsyChannel, body: bytes) -> tuple[Any, ...]:
    """Through unwrapping, signing and the door, as `replay` does it."""
    topic, body = channel.unwrap(body, "")
    headers = {name.lower(): value for name, value in channel.sign(topic, body).items()}
    return tuple(sane(news) for news in channel.read(channel.verify(headers, body)))


def order_of(channel: EtsyChannel, body: bytes) -> ChannelOrder:
    """The one order among the news."""
    (order,) = [news for news in read(channel, body) if isinstance(news, ChannelOrder)]
    return order


def added(order: ChannelOrder) -> int:
    """What the parts add up to, as review counts it."""
    lines = sum(line.unit_price * line.quantity - line.discount for line in order.lines)
    charges = sum(charge.amount - charge.discount for charge in order.charges)
    return lines + charges + (0 if order.tax_included else order.tax_total)


def test_all_samples_are_accounted_for(shared: Path) -> None:
    assert {file.stem for file in (shared / "samples" / "etsy").glob("*.json")} == set(SAMPLES)


def test_receipt_0(channel: EtsyChannel, shared: Path) -> None:
    (order,) = read(channel, sample(shared, "receipt_0"))
    # 25.50 less 10.20 of coupons, plus 1.11 of sales tax.
    assert (order.external_id, order.currency, order.total, added(order)) == ("3228083899", "EUR", 1641, 1641)
    assert (order.tax_included, order.tax_total, order.charges) == (False, 111, ())
    (line,) = order.lines
    assert (line.quantity, line.unit_price, line.discount, line.sku) == (1, 2550, 1020, "600422359200014")
    assert line.listing_id == BLACK and line.requires_shipping and not line.fulfilled
    assert line.title.endswith("(Color: Black, Letter Quantity: 1-4 LETTERS, Personalization: B.A)")
    assert (order.paid, order.pending, order.cancelled_at) == (True, False, None)
    assert [(p.status, p.amount, p.gateway) for p in order.payments] == [(PaymentStatus.CAPTURED, 1641, "cc")]
    assert order.placed_at.isoformat() == "2024-03-07T16:24:30+00:00"
    assert order.revised_at.isoformat() == "2024-03-07T16:24:37+00:00"
    assert (order.ship_to.name, order.ship_to.region, order.ship_to.country) == ("Chloé Ó Briain", "OH", "US")
    assert order.buyer.email == "buyer6825@example.com" and order.unknown_words == ()
    assert order.words == {"status": "Paid"}


def test_receipt_1(channel: EtsyChannel, shared: Path) -> None:
    (order,) = read(channel, sample(shared, "receipt_1"))
    # 31.00 less 12.40, plus 1.44.
    assert (order.total, added(order), order.tax_total) == (2004, 2004, 144)
    assert [(line.unit_price, line.discount, line.sku) for line in order.lines] == [(3100, 1240, "")]
    assert order.ship_to.line2 == "" and order.ship_to.country == "US"


def test_a_gift_whose_wrap_is_not_in_its_total(channel: EtsyChannel, shared: Path) -> None:
    order = order_of(channel, sample(shared, "derived_gift"))
    assert order.total == added(order) == 1641, "the total has no room for 3.99 more"
    assert order.note == "Gift from Zoë\nGift message: Joyeux anniversaire 🎂\nGift wrap: 3.99 EUR"


def test_a_receipt_that_was_canceled(channel: EtsyChannel, shared: Path) -> None:
    order = order_of(channel, sample(shared, "derived_canceled"))
    assert order.cancelled_at == order.revised_at and not order.paid and not order.pending
    assert order.total == 0 and order.words == {"status": "Canceled"}
    assert [(p.status, p.amount) for p in order.payments] == [(PaymentStatus.VOIDED, 1641)]


def test_a_receipt_of_which_a_part_was_refunded(channel: EtsyChannel, shared: Path) -> None:
    order, refund = read(channel, sample(shared, "derived_partial_refund"))
    assert isinstance(order, ChannelOrder) and order.total == added(order) == 1641
    assert order.paid and not order.pending and order.unknown_words == ()
    assert isinstance(refund, RefundNotice)
    assert (refund.order_id, refund.amount, refund.currency) == ("3228083899", 500, "EUR")
    assert refund.external_id == "3228083899:1709900000:500:1"
    assert (refund.reason, refund.at.isoformat()) == ("damaged", "2024-03-08T12:13:20+00:00")


def test_a_digital_line_for_nothing_beside_goods(channel: EtsyChannel, shared: Path) -> None:
    order = order_of(channel, sample(shared, "derived_bundle_digital_zero"))
    assert order.total == added(order) == 1641
    goods, freebie = order.lines
    assert (goods.external_id, goods.discount, goods.requires_shipping) == ("4005048827", 1020, True)
    assert (freebie.external_id, freebie.unit_price, freebie.discount) == ("99", 0, 0)
    assert freebie.sku == "" and not freebie.requires_shipping


@pytest.mark.parametrize("name", SAMPLES)
async def test_samples_are_the_same_by_polling_and_by_replay(
    channel: EtsyChannel, double: EtsyDouble, shared: Path, name: str
) -> None:
    body = sample(shared, name)
    double.shop.receipts.clear()
    double.shop.add(json.loads(body))
    page = await channel.pull_orders(Cursor())
    assert [channel.read(delivery) for delivery in page.deliveries] == [read(channel, body)]


FIXTURE_ORDERS = [
    file
    for file in sorted(FIXTURES.glob("receipt__*.json"))
    if "bad" not in json.loads(file.read_text("utf-8"))["expect"]
]


@pytest.mark.parametrize("file", FIXTURE_ORDERS, ids=lambda file: file.stem)
def test_the_parts_of_every_fixture_add_up(channel: EtsyChannel, file: Path) -> None:
    order = order_of(channel, msgspec.json.encode(json.loads(file.read_text("utf-8"))["body"]))
    assert order.cancelled_at or order.total == added(order)


def test_sums_that_cannot_be_made_to_fit_are_shown_as_they_are(channel: EtsyChannel, shared: Path) -> None:
    body = json.loads(sample(shared, "derived_gift"))
    body["grandtotal"]["amount"] = 1700
    order = order_of(channel, msgspec.json.encode(body))
    assert (order.total, added(order)) == (1700, 1641), "review holds it, and names both"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"count": 1, "results": []}', b"not JSON"])
def test_what_etsy_never_delivers_is_refused_with_a_reason(channel: EtsyChannel, body: bytes) -> None:
    with pytest.raises(Invalid, match="a file can be a receipt"):
        channel.unwrap(body, "")


@pytest.mark.parametrize("name", ["receipt_0", "derived_partial_refund"])
def test_every_field_of_a_sample_may_be_anything(channel: EtsyChannel, shared: Path, name: str) -> None:
    read_, refused = 0, 0
    for what, changed in mutations(json.loads(sample(shared, name))):
        try:
            for news in channel.read(Delivery(id="1", topic="receipt", body=msgspec.json.encode(changed))):
                sane(news)
            read_ += 1
        except BadPayload as error:
            assert error.path.startswith("$"), what
            refused += 1
    assert read_ > 100 and refused > 20
