"""What a receipt adds up to. Pure.

By the contract the grand total is the goods less coupons, plus tax and shipping. It says nothing of value-added tax and
gift wrap, which are inside other amounts for some shops and on top for others: the total itself tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from connectors.etsy import wire
from connectors.etsy.amounts import minor
from hub.domain.order import Charge


@dataclass(frozen=True, slots=True)
class Sums:
    """The parts of a receipt in minor units. `vat_on_top`, `wrap_on_top`: whether the total counts them besides."""

    currency: str
    total: int
    prices: tuple[int, ...]
    """What one unit costs, line by line."""
    goods: int
    discount: int
    shipping: int
    tax: int
    vat: int
    wrap: int
    vat_on_top: bool = False
    wrap_on_top: bool = False

    @property
    def parts(self) -> int:
        """What the parts add up to."""
        extra = self.vat * self.vat_on_top + self.wrap * self.wrap_on_top
        return self.goods - self.discount + self.shipping + self.tax + extra

    @property
    def tax_included(self) -> bool:
        """Whether all tax that is told is inside the prices. A sales tax on top excludes that."""
        return bool(self.vat) and not self.vat_on_top and not self.tax

    @property
    def tax_total(self) -> int:
        """Tax inside the prices, or on top of them. VAT inside the prices beside a sales tax on top is no part of it:
        an order has one kind or the other."""
        if self.tax_included:
            return self.vat
        return self.tax + self.vat * self.vat_on_top


def sums_of(receipt: wire.Receipt) -> Sums:
    """The sums of a receipt; where no reading of VAT and gift wrap gives its total, the contract's own, with both
    inside, so that review shows by how much it is off. Raises `BadPayload`."""
    currency = receipt.grandtotal.currency_code
    prices = tuple(
        minor(line.price, currency, f"$.transactions[{index}].price") for index, line in enumerate(receipt.transactions)
    )
    goods = sum(price * line.quantity for price, line in zip(prices, receipt.transactions, strict=True))
    told = {
        "discount": minor(receipt.discount_amt, currency, "$.discount_amt"),
        "shipping": minor(receipt.total_shipping_cost, currency, "$.total_shipping_cost"),
        "tax": minor(receipt.total_tax_cost, currency, "$.total_tax_cost"),
        "vat": minor(receipt.total_vat_cost, currency, "$.total_vat_cost"),
        "wrap": minor(receipt.gift_wrap_price, currency, "$.gift_wrap_price"),
    }
    total = minor(receipt.grandtotal, currency, "$.grandtotal")
    readings = [
        Sums(currency, total, prices, goods, **told, vat_on_top=vat, wrap_on_top=wrap)
        for vat, wrap in product((False, True), (True, False))
    ]
    return next((sums for sums in readings if sums.parts == total), readings[1])


def charges(receipt: wire.Receipt, sums: Sums) -> tuple[Charge, ...]:
    """Shipping, and gift wrap where it is paid on top."""
    first = receipt.transactions[0] if receipt.transactions else None
    method = (first.shipping_upgrade or first.shipping_method or "") if first else ""
    found = (
        Charge(kind="shipping", title=method or "Shipping", amount=sums.shipping, code=method),
        Charge(kind="gift_wrap", title="Gift wrap", amount=sums.wrap * sums.wrap_on_top),
    )
    return tuple(charge for charge in found if charge.amount)
