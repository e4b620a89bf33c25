"""Medusa's amounts as whole minor units.

Medusa computes taxes and promotions per line with many digits and rounds nothing: a total may be 10.714275 dollars.
What the buyer pays is that total in the currency's own digits, so the total is rounded, half up, and its parts are
shared out of it (largest remainder). Where the parts do not make the total, nothing is shared out and review sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from connectors.medusa.wire import Item, ShippingMethod
from hub.domain.money import MAX_MINOR, exponent
from hub.errors import BadPayload


@dataclass(frozen=True, slots=True)
class Part:
    """A line or a shipping method in major units, exact: `net` after promotions and without `tax`."""

    net: Fraction
    tax: Fraction
    inclusive: bool

    @property
    def total(self) -> Fraction:
        """With tax."""
        return self.net + self.tax


def part(price: Fraction, of: Item | ShippingMethod, path: str) -> Part:
    """`price` for all units, less promotions, with its taxes, as `getLineItemTotals` of @medusajs/utils computes it."""
    rates = [exact(tax.rate, f"{path}.tax_lines[{i}].rate") / 100 for i, tax in enumerate(of.tax_lines or ())]
    gross = 1 + sum(rates)
    if gross <= 0:
        raise BadPayload(f"{path}.tax_lines", "taxes of -100 % and less leave nothing to compute with")
    net = price / gross if of.is_tax_inclusive else price
    for i, given in enumerate(of.adjustments or ()):
        amount = exact(given.amount, f"{path}.adjustments[{i}].amount")
        net -= amount / gross if given.is_tax_inclusive else amount
    return Part(net, net * sum(rates), bool(of.is_tax_inclusive))


def exact(value: Decimal, path: str) -> Fraction:
    """`value` as a fraction. Raises `BadPayload` for what is no number, or out of all proportion."""
    if not value.is_finite() or abs(value.adjusted()) > 30 or len(value.as_tuple().digits) > 60:
        raise BadPayload(path, f"{str(value)[:40]!r} is not an amount")
    return Fraction(value)


class Purse:
    """Amounts of one currency."""

    def __init__(self, code: str) -> None:
        self.currency = code.upper()
        try:
            self._scale = 10 ** exponent(self.currency)
        except ValueError as error:
            raise BadPayload("$.order.currency_code", str(error)) from None

    def minor(self, value: Fraction, path: str) -> int:
        """`value` in minor units, rounded half up. Raises `BadPayload` when it is out of all proportion."""
        return self._sane(floor(value * self._scale + Fraction(1, 2)), path)

    def upward(self, value: Fraction, path: str) -> int:
        """The same, rounded up: a price finer than the currency is told as a dearer one with a discount."""
        return self._sane(ceil(value * self._scale), path)

    def major(self, amount: int) -> Fraction:
        """Minor units in major ones."""
        return Fraction(amount, self._scale)

    def read(self, value: Decimal, path: str) -> int:
        """An amount of the payload in minor units."""
        return self.minor(exact(value, path), path)

    def share(self, values: Sequence[Fraction], whole: int) -> list[int]:
        """`values` as minor units that sum to `whole`, each off by less than one; when that cannot be, each rounded."""
        scaled = [value * self._scale for value in values]
        shares = [floor(value) for value in scaled]
        rest = whole - sum(shares)
        if not 0 <= rest <= len(shares):
            return [floor(value + Fraction(1, 2)) for value in scaled]
        by_remainder = sorted(range(len(shares)), key=lambda i: (shares[i] - scaled[i], i))
        for i in by_remainder[:rest]:
            shares[i] += 1
        return shares

    def agree(self, one: Fraction, other: Fraction) -> bool:
        """Whether two sums are the same but for the last digits of a float: less than half a minor unit apart."""
        return bool(abs(one - other) * self._scale * 2 < 1)

    def _sane(self, whole: int, path: str) -> int:
        if abs(whole) > MAX_MINOR:
            raise BadPayload(path, f"more than {MAX_MINOR} is out of all proportion")
        return whole


@dataclass(frozen=True, slots=True)
class Sums:
    """An order's money in minor units. `worth`: each part after promotions, with its tax where `tax_included`; `taxes`:
    the tax of each; `on_top`: tax of parts without it in an order whose other prices include it."""

    total: int
    tax_included: bool
    tax_total: int
    worth: list[int]
    taxes: list[int]
    on_top: int
    rounding: int


def sums(parts: Sequence[Part], told: Fraction, credit: int, purse: Purse) -> Sums:
    """`told` is the total after `credit` (minor units), as Medusa tells it."""
    included = any(each.inclusive and each.tax for each in parts)
    tax_total = purse.minor(sum((each.tax for each in parts), Fraction()), "$.order.tax_total")
    taxes = purse.share([each.tax for each in parts], tax_total)
    apart = sum(tax for tax, each in zip(taxes, parts, strict=True) if not each.inclusive)
    worth = [each.total if each.inclusive else each.net for each in parts]
    total = purse.minor(told, "$.order.total")
    goods = total + credit - apart
    if purse.agree(sum((each.total for each in parts), Fraction()), told + purse.major(credit)):
        shares = purse.share(worth, goods)
        rounding = goods - sum(shares)
    else:
        shares = [purse.minor(value, "$.order.items") for value in worth]
        rounding = 0
    return Sums(total, included, tax_total, shares, taxes, apart if included else 0, rounding)
