"""Amounts of one order in minor units of its currency. Pure.

Vendure keeps 1/10^precision of the major unit for every currency, yen and dinars included, and rounds most amounts but
not all: the net price of a shipping line that is priced with tax is a fraction. Half up, as `Math.round` does.
Sources: `MoneyStrategy` in docs.vendure.io; `shipping-line.entity.ts`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from msgspec import Struct

from hub.domain import money
from hub.errors import BadPayload


class Purse(Struct, frozen=True):
    """`with_tax`: prices of this order are told with the tax inside."""

    currency: str
    precision: int
    with_tax: bool = False

    def amount(self, value: Decimal, path: str) -> int:
        """`value` in minor units. Raises `BadPayload` naming `path` for what the currency cannot pay."""
        try:
            whole = value.to_integral_value(ROUND_HALF_UP)
            return money.minor(whole.scaleb(-self.precision), self.currency)
        except (ValueError, InvalidOperation) as error:
            raise BadPayload(path, str(error) or "it is not an amount") from None

    def price(self, net: Decimal, gross: Decimal, path: str) -> int:
        """The one of the two that this order's prices are told in; `path` is the net one's."""
        return self.amount(gross, f"{path}WithTax") if self.with_tax else self.amount(net, path)

    def tax(self, net: Decimal, gross: Decimal, path: str) -> int:
        """The difference of the two."""
        return self.amount(gross, f"{path}WithTax") - self.amount(net, path)

    def told(self, minor: int) -> int:
        """Minor units as Vendure counts them. Raises ValueError where it cannot count that finely."""
        value = Decimal(money.major(minor, self.currency)).scaleb(self.precision)
        if value != value.to_integral_value():
            raise ValueError(f"Vendure keeps {self.precision} decimals, too few for {minor} of {self.currency}")
        return int(value)
