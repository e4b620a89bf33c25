"""Money is exact: an order built from parts, in any currency, with discounts and taxes in either manner, adds up to the
last minor unit, and one unit off is noticed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import money
from hub.domain.order import Charge
from hub.domain.outcome import LineRow, OrderRow
from hub.domain.validation import expected_total, sums_holds
from tests.domain.build import line, order

CURRENCIES = ("JPY", "KRW", "EUR", "USD", "PLN", "BHD", "KWD", "TND")
RATES = (Decimal(0), Decimal("0.05"), Decimal("0.07"), Decimal("0.19"), Decimal("0.08875"), Decimal("0.25"))


@st.composite
def baskets(draw: st.DrawFn) -> tuple[str, list[LineRow], list[Charge], bool]:
    """A currency, lines and charges whose prices are major-unit texts on their way in, and whether tax is in them."""
    currency = draw(st.sampled_from(CURRENCIES))
    included = draw(st.booleans())
    lines, charges = [], []
    for number in range(draw(st.integers(1, 6))):
        price = _amount(draw, currency)
        quantity = draw(st.integers(0, 40))
        discount = draw(st.integers(0, price * quantity))
        tax = _tax(draw(st.sampled_from(RATES)), price * quantity - discount, included)
        made: dict[str, Any] = {"id": number + 1, "external_id": f"L{number}", "ordered": quantity}
        lines.append(line(unit_price=price, discount=discount, tax=tax, **made))
    for kind in draw(st.lists(st.sampled_from(["shipping", "fee", "duties", "tip", "rounding"]), max_size=3)):
        amount = _amount(draw, currency)
        discount = draw(st.integers(0, amount))
        tax = _tax(draw(st.sampled_from(RATES)), amount - discount, included)
        charges.append(Charge(kind=kind, title=kind, amount=amount, discount=discount, tax=tax))
    return currency, lines, charges, included


def _amount(draw: st.DrawFn, currency: str) -> int:
    """An amount as a channel writes it, read the way mappers read it."""
    digits = money.exponent(currency)
    whole, rest = draw(st.integers(0, 99_999)), draw(st.integers(0, 10**digits - 1))
    return money.minor(f"{whole}.{rest:0{digits}}" if digits else str(whole), currency)


def _tax(rate: Decimal, net_or_gross: int, included: bool) -> int:
    base = Decimal(net_or_gross)
    exact = base - base / (1 + rate) if included else base * rate
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def build(basket: tuple[str, list[LineRow], list[Charge], bool]) -> OrderRow:
    """The order whose total the channel adds up in major units, independently of our own rule."""
    currency, lines, charges, included = basket
    tax = sum(part.tax for part in (*lines, *charges))
    total = Decimal(0)
    for ln in lines:
        total += Decimal(money.major(ln.unit_price, currency)) * ln.ordered
        total -= Decimal(money.major(ln.discount, currency))
    for charge in charges:
        total += Decimal(money.major(charge.amount, currency)) - Decimal(money.major(charge.discount, currency))
    if not included:
        total += sum((Decimal(money.major(part.tax, currency)) for part in (*lines, *charges)), Decimal(0))
    return order(
        currency=currency, lines=tuple(lines), charges=tuple(charges), tax_included=included, tax_total=tax,
        total=money.minor(total, currency),
    )  # fmt: skip


@given(baskets())
def test_the_parts_are_the_total(basket: tuple[str, list[LineRow], list[Charge], bool]) -> None:
    row = build(basket)

    assert expected_total(row) == row.total
    assert sums_holds(row) == ()


@given(baskets(), st.sampled_from([-1, 1]))
def test_one_minor_unit_off_is_noticed(basket: tuple[str, list[LineRow], list[Charge], bool], off: int) -> None:
    row = build(basket)
    wrong = order(**{name: getattr(row, name) for name in row.__struct_fields__} | {"total": row.total + off})

    (hold,) = sums_holds(wrong)

    assert hold.detail == {"what": "sums", "expected": row.total, "told": row.total + off, "currency": row.currency}


@given(baskets(), st.data())
def test_a_discount_spread_over_lines_changes_nothing_but_its_sum(
    basket: tuple[str, list[LineRow], list[Charge], bool], data: st.DataObject
) -> None:
    """A discount on the whole order is split over its lines by the mappers; the buyer owes less by exactly it."""
    currency, lines, charges, _ = basket
    plain = build((currency, lines, charges, True))
    room = [ln.unit_price * ln.ordered - ln.discount for ln in lines]
    discount = data.draw(st.integers(0, sum(room)))
    parts = money.split(discount, room)
    less = [line(**_fields(ln) | {"discount": ln.discount + part}) for ln, part in zip(lines, parts, strict=True)]

    spread = build((currency, less, charges, True))

    assert all(part <= most for part, most in zip(parts, room, strict=True)), "no line goes below nothing"
    assert expected_total(spread) == expected_total(plain) - discount == spread.total


def _fields(ln: LineRow) -> dict[str, Any]:
    return {name: getattr(ln, name) for name in ln.__struct_fields__}


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "discount", "tax", "included", "total"),
    [
        ("JPY", "1980", 3, "594", "486", True, "5346"),
        ("EUR", "19.99", 2, "3.99", "5.75", True, "35.99"),
        ("USD", "19.99", 2, "4.00", "3.19", False, "39.17"),
        ("BHD", "1.995", 3, "0.005", "0.598", False, "6.578"),
    ],
)  # fmt: skip
def test_by_hand(currency: str, price: str, quantity: int, discount: str, tax: str, included: bool, total: str) -> None:
    cents = {name: money.minor(text, currency) for name, text in [("p", price), ("d", discount), ("t", tax)]}
    lines = (line(unit_price=cents["p"], ordered=quantity, discount=cents["d"], tax=cents["t"]),)

    row = order(currency=currency, lines=lines, tax_included=included, tax_total=cents["t"])

    assert money.major(expected_total(row), currency) == total
