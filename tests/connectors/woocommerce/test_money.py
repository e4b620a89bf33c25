"""Whatever a store adds up, the parts that we read add up to the same, in currencies of 0, 2 and 3 decimals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.wire import decode
from connectors.woocommerce.mapper import channel_order
from connectors.woocommerce.wire import Order
from hub.domain.money import major
from hub.domain.order import ChannelOrder
from hub.errors import BadPayload
from tests.connectors.checks.common import encode
from tests.connectors.woocommerce.orders import line, order_of

CURRENCIES = ("JPY", "EUR", "KWD")


def parts_of(order: ChannelOrder) -> int:
    lines = sum(it.unit_price * it.quantity - it.discount for it in order.lines)
    charges = sum(it.amount - it.discount for it in order.charges)
    return lines + charges + (0 if order.tax_included else order.tax_total)


def read(order: dict[str, Any]) -> ChannelOrder:
    return channel_order(decode(encode(order), Order))


amounts = some.integers(0, 2_000_00)
lines = some.lists(some.tuples(some.integers(0, 12), amounts, amounts, some.integers(0, 40_00)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    currency=some.sampled_from(CURRENCIES),
    gross=some.booleans(),
    bought=lines,
    shipping=some.tuples(amounts, some.integers(0, 20_00)),
    fee=some.integers(-500, 500),
    gap=some.integers(-40, 40),
)
def test_parts_add_up(
    currency: str,
    gross: bool,
    bought: list[tuple[int, int, int, int]],
    shipping: tuple[int, int],
    fee: int,
    gap: int,
) -> None:
    """`gap`: by how much the store's own total is beside the sum of what it tells."""
    items = []
    for number, (quantity, before, after, tax) in enumerate(bought):
        told = line(number + 1, quantity, major(after, currency), major(tax, currency), (number, 0, "S"))
        items.append({**told, "subtotal": major(before, currency), "subtotal_tax": major(tax, currency)})
    taxes = sum(tax for *_, tax in bought) + shipping[1]
    summed = sum(after for _, _, after, _ in bought) + shipping[0] + fee + taxes
    total = max(0, summed + gap)
    cost, tax = (major(part, currency) for part in shipping)
    order = read(
        order_of(
            1,
            currency=currency,
            prices_include_tax=gross,
            line_items=items,
            shipping_lines=[{"id": 90, "total": cost, "total_tax": tax}],
            fee_lines=[{"id": 91, "total": major(fee, currency), "total_tax": "0"}],
            total=major(total, currency),
            total_tax=major(taxes, currency),
            date_created_gmt="2026-11-20T09:00:00",
            date_modified_gmt="2026-11-20T09:00:00",
        )
    )
    explained = 2 * abs(total - summed) <= len(items) + 2 + 2
    assert order.total == total
    assert parts_of(order) == (total if explained else summed), "a gap that rounding cannot explain stays for a person"
    assert [it.quantity for it in order.lines] == [quantity for quantity, *_ in bought]
    assert all(it.discount >= 0 for it in order.lines if it.quantity)


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1e400", "1,50", "twelve", "1" * 40])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadPayload) as refused:
        read(order_of(1, total=text, date_modified_gmt="2026-11-20T09:00:00"))
    assert refused.value.path == "$.total"
