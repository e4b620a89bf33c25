"""Decimal strings of one order as integers of its currency's minor units. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from hub.domain import money
from hub.errors import BadPayload


@dataclass(frozen=True, slots=True)
class Purse:
    """Reads the amounts of an order. `gross`: prices include tax, so what is told without it is put together again."""

    currency: str
    gross: bool

    @classmethod
    def of(cls, currency: str, gross: bool) -> Purse:
        """Raises `BadPayload` for a currency that ISO 4217 does not list."""
        try:
            money.exponent(currency)
        except ValueError as error:
            raise BadPayload("$.currency", str(error)) from None
        return cls(currency, gross)

    def near(self, text: str | Decimal | None, path: str) -> int:
        """An amount to the nearest minor unit: a store may keep more decimals than its currency can pay."""
        try:
            step = Decimal(1).scaleb(-money.exponent(self.currency))
            return money.minor(Decimal(text or 0).quantize(step, ROUND_HALF_UP), self.currency)
        except (ValueError, InvalidOperation):
            raise BadPayload(path, f"{str(text)[:40]!r} is not an amount") from None

    def exact(self, text: str) -> bool:
        """Whether an amount that can be read needs no rounding."""
        try:
            money.minor(text, self.currency)
        except ValueError:
            return False
        return True

    def with_tax(self, net: str | None, tax: str | None, path: str, name: str = "total") -> int:
        """What a line or charge costs as the store shows prices: `net`, and its tax where prices include it."""
        paid = self.near(net, f"{path}.{name}")
        return paid + self.near(tax, f"{path}.{name}_tax" if name == "subtotal" else f"{path}.total_tax") * self.gross
