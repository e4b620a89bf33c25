"""Random sales for the tests of money: what was bought, and what it comes to, reckoned in whole minor units.

Nothing here uses the product's arithmetic: prices begin as integers and become the texts a channel would write; taxes
are rounded half up by integers; so what the product makes of the texts can be compared with what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

DIGITS = {"JPY": 0, "KRW": 0, "ISK": 0, "EUR": 2, "USD": 2, "PLN": 2, "BHD": 3, "KWD": 3, "TND": 3}
"""ISO 4217's minor units, written out by hand."""

CURRENCIES = tuple(DIGITS)
RATES = ((0, 100), (5, 100), (7, 100), (19, 100), (25, 100), (8875, 100_000), (77, 1000))
"""Tax rates as fractions."""
KINDS = ("shipping", "fee", "duties", "tip", "gift_wrap")


@dataclass(slots=True)
class Item:
    """One line: price of a unit, units, its own discount, its share of the order's, and its tax."""

    price: int
    units: int
    discount: int
    tax: int = 0
    share: int = 0

    @property
    def net(self) -> int:
        """What its units cost before the order's own discount."""
        return self.price * self.units - self.discount


@dataclass(slots=True)
class Extra:
    """Shipping, a fee, a tip: its amount, what is off it, its tax."""

    kind: str
    amount: int
    discount: int
    tax: int


@dataclass(slots=True)
class Sale:
    """An order as its channel reckons it. `included`: prices contain their tax. `off`: a discount on all lines."""

    currency: str
    included: bool
    off: int
    items: list[Item] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    tax: int = 0
    total: int = 0

    def add_up(self) -> None:
        """Sets `tax` and `total`."""
        total = -self.off
        for item in self.items:
            self.tax += item.tax
            total += item.price * item.units - item.discount
        for extra in self.extras:
            self.tax += extra.tax
            total += extra.amount - extra.discount
        self.total = total if self.included else total + self.tax

    def paid(self, item: Item) -> int:
        """What the buyer paid for a line."""
        return item.net - item.share + (0 if self.included else item.tax)


T = TypeVar("T")


def below(rnd: Random, most: int) -> int:
    """0 to most - 1; a tenth of what `randrange` costs."""
    return int(rnd.random() * most)


def pick(rnd: Random, things: Sequence[T]) -> T:
    """One of them."""
    return things[int(rnd.random() * len(things))]


def written(amount: int, currency: str, rnd: Random) -> str:
    """An amount as one of the ways a channel writes it: 12.50, 12.5, 12.500, 12."""
    digits = DIGITS[currency]
    whole, rest = divmod(amount, 10**digits)
    text, fraction = str(whole), f"{rest:0{digits}d}" if digits else ""
    manner = below(rnd, 4)
    if manner == 0:
        fraction = fraction.rstrip("0")
    elif manner == 1:
        fraction += "00"
    return f"{text}.{fraction}" if fraction else text


def tax_of(base: int, rate: tuple[int, int], included: bool) -> int:
    """Tax in or on `base`, rounded half up."""
    part, whole = rate
    over, under = base * part, whole + part if included else whole
    return (2 * over + under) // (2 * under)


def sale(rnd: Random) -> Sale:
    """Any sale: cheap and dear things, one and many, free ones, discounts of a line, of the order, of the shipping."""
    made = Sale(pick(rnd, CURRENCIES), rnd.random() < 0.5, 0)
    for _ in range(pick(rnd, (1, 1, 1, 1, 2, 2, 4))):
        price = below(rnd, pick(rnd, (10, 1_000, 10_000, 100_000, 100_000_000)))
        units = pick(rnd, (1, 1, 1, 2, 3, 7, 40))
        discount = below(rnd, price * units + 1) if rnd.random() < 0.3 else 0
        made.items.append(Item(price, units, discount))
    for _ in range(pick(rnd, (0, 0, 1, 1, 2))):
        amount = below(rnd, pick(rnd, (100, 10_000)))
        discount = below(rnd, amount + 1) if rnd.random() < 0.2 else 0
        tax = tax_of(amount - discount, pick(rnd, RATES), made.included)
        made.extras.append(Extra(pick(rnd, KINDS), amount, discount, tax))
    room = sum(item.net for item in made.items)
    made.off = below(rnd, room + 1) if room and rnd.random() < 0.3 else 0
    return made


def take_tax(made: Sale, rnd: Random) -> None:
    """Taxes the lines, once their shares of the order's discount are known, and adds everything up."""
    for item in made.items:
        item.tax = tax_of(item.net - item.share, pick(rnd, RATES), made.included)
    made.add_up()
