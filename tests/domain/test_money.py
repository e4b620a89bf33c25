"""Money is exact: over currencies with 0, 2 and 3 decimals, over splits, over whatever is not an amount."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.domain import money

DIGITS = {"JPY": 0, "KRW": 0, "EUR": 2, "USD": 2, "BHD": 3, "KWD": 3}
currencies = st.sampled_from(sorted(DIGITS))
amounts = st.integers(-money.MAX_MINOR, money.MAX_MINOR)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


@pytest.mark.parametrize(("currency", "digits"), [*DIGITS.items(), ("CLP", 0), ("ISK", 0), ("TND", 3), ("CLF", 4)])
def test_exponents_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert money.exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "ZZZ", "€", "E\x00R", "ＥＵＲ"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        money.exponent(currency)


@pytest.mark.parametrize("currency", ["XAU", "XXX", "XTS", "XDR"])
def test_what_one_cannot_pay_with_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="not money"):
        money.exponent(currency)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12.500000", "EUR", 1250),
        ("0", "JPY", 0),
        ("1250", "JPY", 1250),
        ("1250.00", "JPY", 1250),
        ("0.001", "BHD", 1),
        ("-0.01", "USD", -1),
        ("1e3", "JPY", 1000),
        (7, "KWD", 7000),
        (Decimal("19.99"), "USD", 1999),
    ],
)
def test_minor_units(text: str | int | Decimal, currency: str, expected: int) -> None:
    assert money.minor(text, currency) == expected


@given(amounts, currencies)
@example(money.MAX_MINOR, "BHD")
@example(-1, "JPY")
def test_there_and_back(amount: int, currency: str) -> None:
    text = money.major(amount, currency)

    assert money.minor(text, currency) == amount
    assert Fraction(text) * 10 ** DIGITS[currency] == amount
    assert "E" not in text.upper(), "a plain decimal string"
    assert len(text.partition(".")[2]) == DIGITS[currency]


@given(amounts, amounts, currencies)
def test_sums_survive_the_way_to_text_and_back(one: int, other: int, currency: str) -> None:
    there = Decimal(money.major(one, currency)) + Decimal(money.major(other, currency))

    if abs(one + other) <= money.MAX_MINOR:
        assert money.minor(there, currency) == one + other


@given(st.integers(-(10**12), 10**12), currencies)
def test_finer_than_the_currency_can_pay_is_refused(amount: int, currency: str) -> None:
    digits = DIGITS[currency] + 1
    text = str(Decimal(amount * 10 + 5).scaleb(-digits))

    with pytest.raises(ValueError, match="finer"):
        money.minor(text, currency)


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-inf", "", " ", "12,50", "€12", "0x10", "1.2.3", "--1", "1e400"]
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        money.minor(text, "EUR")


@given(st.text(max_size=60) | st.decimals() | st.integers(), currencies)
@example("9" * 5000, "EUR")
@example("1e-400", "EUR")
@example("١٢", "EUR")
@example("1_000", "EUR")
def test_junk_is_an_amount_or_a_value_error(junk: str | Decimal | int, currency: str) -> None:
    try:
        amount = money.minor(junk, currency)
    except ValueError as error:
        assert len(str(error)) < 200, "the reason can be shown"
    else:
        assert abs(amount) <= money.MAX_MINOR
        assert Fraction(Decimal(junk)) * 10 ** DIGITS[currency] == amount


@given(amounts.filter(bool), currencies)
def test_out_of_all_proportion_is_refused(amount: int, currency: str) -> None:
    beyond = money.MAX_MINOR + abs(amount)

    for value in (beyond, -beyond):
        with pytest.raises(ValueError, match="proportion"):
            money.minor(Decimal(value).scaleb(-DIGITS[currency]), currency)


@pytest.mark.parametrize("amount", [0.1, 0.5, 2.0, float("nan")])
def test_a_float_is_no_money(amount: float) -> None:
    with pytest.raises(ValueError, match="float"):
        money.minor(amount, "EUR")  # type: ignore[arg-type]


@given(amounts, weights)
@example(100, [1, 1, 1])
@example(-100, [1, 1, 1])
@example(1, [0, 0])
def test_parts_sum_to_the_whole(amount: int, shares: list[int]) -> None:
    parts = money.split(amount, shares)

    assert len(parts) == len(shares)
    assert sum(parts) == amount


@given(amounts, weights)
def test_each_part_is_its_share_to_within_one(amount: int, shares: list[int]) -> None:
    total = sum(shares)

    for part, share in zip(money.split(amount, shares), shares, strict=True):
        exact = Fraction(amount * share, total) if total else Fraction(amount, len(shares))
        assert abs(part - exact) < 1
        assert part * amount >= 0, "no part has the other sign"
        assert part == 0 or share or not total, "nothing falls to a weight of zero"


@given(amounts, weights)
def test_a_negative_amount_splits_like_its_opposite(amount: int, shares: list[int]) -> None:
    assert money.split(-amount, shares) == [-part for part in money.split(amount, shares)]


@given(amounts, weights.filter(any), st.integers(2, 1000))
def test_only_proportions_matter(amount: int, shares: list[int], factor: int) -> None:
    assert money.split(amount, [share * factor for share in shares]) == money.split(amount, shares)


def test_ties_go_to_the_first() -> None:
    assert money.split(100, [1, 1, 1]) == [34, 33, 33]
    assert money.split(5, [0, 0, 0]) == [2, 2, 1]
    assert money.split(2, [1, 2, 1]) == [1, 1, 0]


def test_nothing_to_split_over() -> None:
    assert money.split(0, []) == []
    with pytest.raises(ValueError, match="nothing to split over"):
        money.split(1, [])
    with pytest.raises(ValueError, match="negative"):
        money.split(1, [1, -1])
