"""Money of one order: which of Shopify's two currencies counts, and exact minor units in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.shopify import wire
from hub.domain import money
from hub.errors import BadPayload


@dataclass(frozen=True, slots=True)
class Purse:
    """Reads amounts of one order. `currency` is the buyer's where the payload gives amounts in it, else the shop's."""

    currency: str
    shop_currency: str

    @classmethod
    def of(cls, order: wire.Order) -> Purse:
        """The purse of an order. Raises `BadPayload` for a currency that ISO 4217 does not know."""
        bag = order.total_price_set
        currency = bag.presentment_money.currency_code if bag and bag.presentment_money else order.currency
        for code in (currency, order.currency):
            try:
                money.exponent(code)
            except ValueError as error:
                raise BadPayload("$.currency", str(error)) from None
        return cls(currency, order.currency)

    def price(self, plain: Decimal | None, bag: wire.Bag | None, path: str) -> int:
        """Minor units of `currency`; nothing given counts as zero. Raises `BadPayload`, also when the payload has the
        amount only in a currency that the order does not count in."""
        given = bag.presentment_money if bag else None
        if given is not None:
            return _minor(given.amount, self._same(given, self.currency, path), path)
        if plain and self.currency != self.shop_currency:
            raise BadPayload(path, f"it is given in {self.shop_currency} only, and the order is in {self.currency}")
        return _minor(plain, self.currency, path)

    def shop_price(self, plain: Decimal | None, bag: wire.Bag | None, path: str) -> int:
        """The same in minor units of `shop_currency`."""
        given = bag.shop_money if bag else None
        if given is not None:
            return _minor(given.amount, self._same(given, self.shop_currency, path), path)
        return _minor(plain, self.shop_currency, path)

    def knows(self, plain: Decimal | None, bag: wire.Bag | None) -> bool:
        """Whether the payload has this amount in the order's own currency."""
        if bag is not None and bag.presentment_money is not None:
            return True
        return plain is not None and self.currency == self.shop_currency

    def taxed(self, taxes: Sequence[wire.TaxLine] | None, path: str) -> int:
        """The sum of tax lines."""
        return sum(self.price(t.price, t.price_set, f"{path}[{i}].price") for i, t in enumerate(taxes or ()))

    def allocated(self, parts: Sequence[wire.DiscountAllocation] | None, path: str) -> int:
        """The sum of the discounts that fall on one line."""
        return sum(self.price(p.amount, p.amount_set, f"{path}[{i}].amount") for i, p in enumerate(parts or ()))

    def _same(self, given: wire.Money, currency: str, path: str) -> str:
        if given.currency_code != currency:
            raise BadPayload(path, f"it is in {given.currency_code[:10]!r}, and the order is in {currency}")
        return currency


def _minor(amount: Decimal | None, currency: str, path: str) -> int:
    if amount is None:
        return 0
    try:
        return money.minor(amount, currency)
    except ValueError as error:
        raise BadPayload(path, str(error)) from None
