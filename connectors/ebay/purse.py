"""The money of one eBay order, in minor units. Pure.

The order's currency is what the buyer pays in: where eBay shows a converted amount, the one before conversion. Tax that
eBay collects and remits is counted apart: it never is the merchant's.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.ebay import order_wire as wire
from connectors.wire import amount
from hub.domain import money
from hub.errors import BadPayload


@dataclass(frozen=True, slots=True)
class Purse:
    """`currency` is the buyer's, `shop_currency` what eBay converted to."""

    currency: str
    shop_currency: str

    @classmethod
    def of(cls, order: wire.Order) -> Purse:
        """By the order's total."""
        total = order.pricing_summary.total
        return cls(total.converted_from_currency or total.currency, total.currency)

    def amount(self, given: wire.Amount | None, path: str) -> int:
        """In the order's currency; None is zero. Raises `BadPayload` for what is in neither currency of the amount."""
        if given is None:
            return 0
        name, text = "value", given.value
        if given.converted_from_currency == self.currency:
            name, text = "convertedFromValue", given.converted_from_value or ""
        if not text:
            raise BadPayload(f"{path}.{name}", "is empty")
        if self.currency in (given.currency, given.converted_from_currency):
            return amount(text, self.currency, f"{path}.{name}")
        raise BadPayload(f"{path}.currency", f"{given.currency!r}, in an order paid in {self.currency!r}")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the parts of an order come to. `discounts`, `taxes` (the merchant's own) by position of the line."""

    total: int
    discounts: tuple[int, ...]
    taxes: tuple[int, ...]
    collected: int
    delivery: int
    delivery_discount: int
    adjustment: int
    fee: int


def sums(order: wire.Order, purse: Purse) -> Sums:
    """Counts an order. `total` is what the merchant is owed; it leaves out tax that eBay collects, which eBay adds to
    its own total only when asked for a breakdown of taxes."""
    told, path = order.pricing_summary, "$.pricingSummary"
    costs = line_costs(order, purse)
    off = discounts(order, purse, costs)
    taxes = tuple(own_tax(order, purse, i) for i in range(len(costs)))
    collected = sum(sum(_collected(order, purse, i)) for i in range(len(costs)))
    delivery = purse.amount(told.delivery_cost, f"{path}.deliveryCost")
    less = abs(purse.amount(told.delivery_discount, f"{path}.deliveryDiscount"))
    fee = purse.amount(told.fee, f"{path}.fee")
    total = purse.amount(told.total, f"{path}.total")
    base = sum(costs) - sum(off) + sum(taxes) + delivery - less + fee
    adjustment = purse.amount(told.adjustment, f"{path}.adjustment")
    if total not in (base + adjustment, base + adjustment + collected) and total in (
        base - adjustment,
        base - adjustment + collected,
    ):
        adjustment = -adjustment  # eBay's documents say that adjustments are subtracted, and give none with a sign
    if collected and total == base + adjustment + collected:
        total -= collected
    return Sums(total, off, taxes, collected, delivery, less, adjustment, fee)


def line_costs(order: wire.Order, purse: Purse) -> tuple[int, ...]:
    """What the units of each line cost together, before discounts."""
    return tuple(
        purse.amount(line.line_item_cost, f"$.lineItems[{i}].lineItemCost") for i, line in enumerate(order.line_items)
    )


def discounts(order: wire.Order, purse: Purse, costs: tuple[int, ...]) -> tuple[int, ...]:
    """The discount of each line: what its discounted cost says, and its share of a discount that is on no line."""
    off = [
        costs[i] - purse.amount(line.discounted_line_item_cost, f"$.lineItems[{i}].discountedLineItemCost")
        if line.discounted_line_item_cost is not None
        else 0
        for i, line in enumerate(order.line_items)
    ]
    whole = abs(purse.amount(order.pricing_summary.price_discount, "$.pricingSummary.priceDiscount"))
    rest = max(0, whole - sum(off))
    shares = money.split(rest, [max(0, cost - part) for cost, part in zip(costs, off, strict=True)])
    return tuple(part + share for part, share in zip(off, shares, strict=True))


def own_tax(order: wire.Order, purse: Purse, i: int) -> int:
    """The merchant's tax on a line: its taxes, without those that eBay collects and repeats there."""
    line, path = order.line_items[i], f"$.lineItems[{i}]"
    taxes = [purse.amount(tax.amount, f"{path}.taxes[{n}].amount") for n, tax in enumerate(line.taxes)]
    for theirs in _collected(order, purse, i):
        if theirs in taxes:
            taxes.remove(theirs)
    return sum(taxes)


def _collected(order: wire.Order, purse: Purse, i: int) -> list[int]:
    path = f"$.lineItems[{i}].ebayCollectAndRemitTaxes"
    taxes = order.line_items[i].ebay_collect_and_remit_taxes
    return [purse.amount(tax.amount, f"{path}[{n}].amount") for n, tax in enumerate(taxes)]
