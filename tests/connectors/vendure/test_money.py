"""Money of orders is exact: parts add up to the total as review counts them, whatever was discounted or cancelled."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.vendure import wire
from connectors.vendure.mapper import news
from connectors.vendure.purse import Purse
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("order_changed__*.json"))
POT = {"id": "1", "sku": "POT-S", "name": "Teapot"}


def half_up(value: float) -> int:
    """`Math.round`, which Vendure rounds with."""
    return int(value + 0.5)


def line(number: int, given_: tuple[int, int, int, int, bool]) -> dict[str, Any]:
    """A line as `order-line.entity.ts` prices it: list price with or without tax, discounts for the units ordered."""
    price, placed, cancelled, share, with_tax = given_
    count, off = placed - cancelled, price * placed * share / 100

    def both(value: float, units: int = 1) -> tuple[int, int]:
        net, gross = (value / 1.19, value) if with_tax else (value, value * 1.19)
        return half_up(net * units), half_up(gross * units)

    left = price - (off / placed if count else 0)
    told: dict[str, Any] = {"id": str(number), "quantity": count, "orderPlacedQuantity": placed, "productVariant": POT}
    for name, (net, gross) in {
        "unitPrice": both(price), "linePrice": both(price, count),
        "proratedUnitPrice": both(left), "proratedLinePrice": both(left, count),
    }.items():  # fmt: skip
        told |= {name: net, f"{name}WithTax": gross}
    return told


LINES = st.lists(
    st.tuples(
        st.integers(0, 99_999), st.integers(1, 9), st.integers(0, 9), st.integers(0, 100), st.booleans()
    ).map(lambda t: (t[0], t[1], min(t[1], t[2]), t[3], t[4])),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=150)
@given(lines=LINES, with_tax=st.booleans(), precision=st.sampled_from([2]), shipping=st.integers(0, 2000))
def test_parts_add_up(
    lines: list[tuple[int, int, int, int, bool]], with_tax: bool, precision: int, shipping: int
) -> None:
    told = [line(number, one) for number, one in enumerate(lines, 1)]
    gross = half_up(shipping * 1.19)
    order = {
        "id": "1", "code": "C", "state": "PaymentSettled", "orderPlacedAt": "2026-11-22T12:00:00.000Z",
        "updatedAt": "2026-11-22T12:00:00.000Z", "currencyCode": "EUR", "lines": told,
        "latest": {"totalItems": 1, "items": [{"createdAt": "2026-11-22T12:00:00.000Z"}]},
        "shippingLines": [{
            "price": shipping, "priceWithTax": gross, "discountedPrice": shipping, "discountedPriceWithTax": gross,
        }],
        "total": sum(one["proratedLinePrice"] for one in told) + shipping,
        "totalWithTax": sum(one["proratedLinePriceWithTax"] for one in told) + gross,
    }  # fmt: skip
    channel = {"code": "c", "pricesIncludeTax": with_tax, "defaultCurrencyCode": "EUR"}
    body = json.dumps({"channel": channel, "precision": precision, "order": order}).encode()
    (read,) = news(msgspec.json.decode(body, type=wire.Told))
    assert isinstance(read, ChannelOrder)
    assert parts(read) == read.total
    if not any(cancelled for _, _, cancelled, _, _ in lines):
        assert read.total == order["totalWithTax"] and read.tax_total == read.total - order["total"]  # type: ignore[operator]
    assert sum(one.tax for one in read.lines) + sum(charge.tax for charge in read.charges) == read.tax_total
    assert all(0 <= one.cancelled <= one.quantity for one in read.lines)


def parts(order: ChannelOrder) -> int:
    """What the parts of an order come to, as `hub.domain.validation.expected_total` counts them."""
    lines = sum(one.unit_price * one.quantity - one.discount for one in order.lines)
    charges = sum(charge.amount - charge.discount for charge in order.charges)
    return lines + charges + (0 if order.tax_included else order.tax_total)


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_parts_of_recorded_orders_add_up(file: Path) -> None:
    kept = json.loads(file.read_text(encoding="utf-8"))
    told = msgspec.convert(kept["body"]["data"], wire.Told, strict=False)
    if isinstance(kept["expect"], dict) and "bad" in kept["expect"]:
        with pytest.raises(BadPayload):
            news(told)
        return
    orders = [it for it in news(told) if isinstance(it, ChannelOrder)]
    assert [parts(order) for order in orders] == [order.total for order in orders]


def test_a_difference_that_rounding_cannot_explain_is_left_to_review() -> None:
    kept = json.loads((FIXTURES[0].parent / "order_changed__net_prices_and_a_discount.json").read_text("utf-8"))
    order = kept["body"]["data"]["order"]
    order["totalWithTax"] += 50
    order["total"] += 50
    (read,) = news(msgspec.convert(kept["body"]["data"], wire.Told, strict=False))
    assert isinstance(read, ChannelOrder)
    assert read.total - parts(read) == 50 and [charge.kind for charge in read.charges] == ["shipping"]


def test_decimals_of_the_shop_and_of_the_currency() -> None:
    assert Purse("EUR", 2).amount(Decimal(1234), "$") == 1234
    assert Purse("JPY", 2).amount(Decimal(110000), "$") == 1100
    assert Purse("KWD", 2).amount(Decimal(125), "$") == 1250
    assert Purse("EUR", 4).amount(Decimal(123400), "$") == 1234
    assert Purse("EUR", 2).amount(Decimal("499.5"), "$") == 500
    assert (Purse("JPY", 2).told(1100), Purse("KWD", 3).told(1251), Purse("EUR", 2).told(5)) == (110000, 1251, 5)
    with pytest.raises(ValueError, match="too few"):
        Purse("KWD", 2).told(1251)
    for wrong in (Decimal("NaN"), Decimal("Infinity"), Decimal("1e40"), Decimal(105)):
        with pytest.raises(BadPayload):
            Purse("JPY", 2).amount(wrong, "$.total")
