"""Every official sample of Amazon's at hand: orders with their money worked out by hand, and why the rest is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.amazon import AmazonChannel, mapper
from connectors.amazon.notices import order_change
from hub.contract import Delivery
from hub.domain.order import ChannelOrder, ForeignShipment, PaymentStatus
from hub.domain.sanity import sane
from hub.errors import BadPayload
from tests.connectors.checks.payloads import mutations

EXACT: dict[str, tuple[str, int, int, list[tuple[str, int, int, int]]]] = {
    "171-9876543-2109876": ("BRL", 29990, 0, [("ECHO-DOT-4-BR-PRETO", 1, 29990, 0)]),
    "028-1234567-8901234": ("TRY", 12500, 0, [("FIRE-HD10-TR-BLK", 2, 6250, 0)]),
    "114-9876543-1234567": ("USD", 4999, 1000, [("ECHO-POP-US-BLK", 1, 3999, 1000)]),
    "202-1234567-8901234": ("GBP", 10397, 400, [("ECHO-DOT-4-UK-CHARCOAL-3PACK", 3, 2999, 300)]),
    "250-1234567-8901234": (
        "JPY", 19940, 0, [("ECHO-DOT-4-JP-CHARCOAL", 1, 5980, 0), ("FIRE-TV-4K-MAX-JP", 2, 6980, 0)],
    ),
    "202-7654321-1098765": ("GBP", 3499, 0, [("ECHO-DOT-4-UK-CHARCOAL-SINGLE", 1, 3499, 0)]),
    "171-2345678-9012345": ("BRL", 159990, 0, [("DELL-I15-BR-001", 1, 159990, 0)]),
    "123-4567890-1234567": ("USD", 15499, 2, [("ECHO-DOT-4-CHARCOAL", 2, 4999, 2), ("FIRE-TV-4K-2021", 1, 4999, 0)]),
}  # fmt: skip
"""Order → currency, total, tax, and of each line SKU, units, price and tax; in minor units, from the samples' text."""


def orders(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, order) of every sample of the Orders API 2026-01-01."""
    for file in sorted((shared / "samples" / "amazon").glob("orders_2026-01-01_*.json")):
        answer = json.loads(file.read_text(encoding="utf-8"))["response"]
        for order in answer.get("orders") or [answer["order"]]:
            yield file.stem, order


def read(channel: AmazonChannel, order: object) -> ChannelOrder:
    (news,) = channel.read(mapper.delivery_of(msgspec.json.encode(order)))
    assert isinstance(news, ChannelOrder)
    return sane(news)


def by_id(channel: AmazonChannel, shared: Path) -> dict[str, ChannelOrder]:
    found = [read(channel, order) for _, order in orders(shared)]
    assert len(found) == len({order.external_id for order in found}), "each order is told once"
    return {order.external_id: order for order in found}


def test_all_samples_are_accounted_for(channel: AmazonChannel, shared: Path) -> None:
    assert {order["orderId"] for _, order in orders(shared)} == EXACT.keys()
    kinds = {file.stem.split("_")[0] for file in (shared / "samples" / "amazon").glob("*.json")}
    assert kinds == {
        "orders", "ordersV0", "notif", "tracking", "fulfillmentOutbound",
        "externalFulfillmentReturns", "externalFulfillmentShipments",
    }, "a new kind of sample wants a look"  # fmt: skip


def test_every_sample_order_is_one_order_with_exact_money(
    channel: AmazonChannel, shared: Path, parts: Callable[[ChannelOrder], int]
) -> None:
    for order_id, order in by_id(channel, shared).items():
        currency, total, tax, lines = EXACT[order_id]
        told = [(line.sku, line.quantity, line.unit_price, line.tax) for line in order.lines]
        taxed = sum(line.tax for line in order.lines) + sum(charge.tax for charge in order.charges)
        assert (order.currency, order.total, order.tax_total, told) == (currency, total, tax, lines), order_id
        assert parts(order) == total and taxed == tax, order_id
        assert not order.pending and order.unknown_words == (), order_id
        on_delivery = order_id == "123-4567890-1234567"
        status = PaymentStatus.AUTHORIZED if on_delivery else PaymentStatus.CAPTURED
        assert order.paid is not on_delivery, order_id
        assert [(p.status, p.amount) for p in order.payments] == [(status, total)], order_id


def test_charges_and_tips_of_the_samples(channel: AmazonChannel, shared: Path) -> None:
    found = by_id(channel, shared)
    (shipping,) = found["202-1234567-8901234"].charges
    assert (shipping.kind, shipping.amount, shipping.tax) == ("shipping", 1000, 100)
    (tip,) = found["123-4567890-1234567"].charges
    assert (tip.kind, tip.amount) == ("tip", 500)


def test_what_others_shipped_in_the_samples(channel: AmazonChannel, shared: Path) -> None:
    found = by_id(channel, shared)
    assert found["123-4567890-1234567"].shipments == (
        ForeignShipment(
            external_id="PKG-2024-001",
            lines={"12345678901234": 2, "12345678901235": 1},
            carrier="UPS",
            tracking_number="1Z999AA1234567890",
            shipped_at=datetime(2024, 12, 25, 14, 0, tzinfo=UTC),
        ),
    )
    (untold,) = found["250-1234567-8901234"].shipments
    assert (untold.carrier, untold.lines) == ("Amazon", {"25012345678901": 1, "25012345678902": 2})
    assert not any(line.requires_shipping for line in found["250-1234567-8901234"].lines)
    assert found["171-9876543-2109876"].shipments == ()


def test_addresses_and_words_of_the_samples(channel: AmazonChannel, shared: Path) -> None:
    found = by_id(channel, shared)
    turkey = found["028-1234567-8901234"].ship_to
    assert turkey is not None
    assert (turkey.line1, turkey.line2, turkey.city) == ("Istiklal Caddesi No:42", "Kat 3, Beyoglu", "Istanbul")
    brazil = found["171-2345678-9012345"]
    assert brazil.ship_to is not None and brazil.ship_to.company == "Oliveira Tecnologia Ltda"
    assert (
        brazil.words["purchaseOrder"] == "PO-BR-2024-5678" and brazil.words["sellerOrderId"] == "BR-BIZ-ORDER-2024-001"
    )
    assert found["123-4567890-1234567"].words["associatedOrders"] == "REPLACEMENT_ORIGINAL_ID=123-4567890-1234566"
    assert found["171-9876543-2109876"].note.startswith("Gift (STANDARD) ECHO-DOT-4-BR-PRETO: Feliz Natal!")


@pytest.mark.parametrize("number", range(4))
def test_every_field_of_a_sample_may_be_anything(channel: AmazonChannel, shared: Path, number: int) -> None:
    order = list(orders(shared))[number * 2][1]
    read_, refused = 0, 0
    for what, changed in mutations(order):
        try:
            channel.read(Delivery(id="1", topic="order", body=msgspec.json.encode(changed)))
            read_ += 1
        except BadPayload as error:
            assert error.path.startswith("$"), what
            refused += 1
    assert read_ > 100 and refused > 20


def test_orders_of_version_0_are_set_aside_with_the_place(channel: AmazonChannel, shared: Path) -> None:
    """Version 0 is deprecated and spells everything differently (AmazonOrderId, OrderTotal): we neither ask for it nor
    guess at it."""
    for file in sorted((shared / "samples" / "amazon").glob("ordersV0_*.json")):
        answer = json.loads(file.read_text(encoding="utf-8"))["response"]
        payload = answer.get("payload", answer)
        for order in payload.get("Orders") or [payload]:
            delivery = mapper.delivery_of(msgspec.json.encode(order))
            with pytest.raises(BadPayload, match="orderId") as told:
                channel.read(delivery)
            assert told.value.path == "$", file.stem


def test_notifications_of_the_samples(channel: AmazonChannel, shared: Path) -> None:
    """ORDER_CHANGE names its order; everything else is kept and says nothing about orders of ours."""
    changes = {}
    for file in sorted((shared / "samples" / "amazon").glob("notif_*.json")):
        body = file.read_bytes()
        assert channel.read(Delivery(id="1", topic="notification", body=body)) == (), file.stem
        if (change := order_change(body)) is not None:
            changes[file.stem] = (change.amazon_order_id, change.seller_id)
    assert changes == {"notif_OrderChangeNotification_0": ("903-8868176-2219830", "A3TH9S8BH6GOGM")}
