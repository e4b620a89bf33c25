"""The money of an order, exact: lines, charges, tax and total in minor units of its one currency. Pure.

Amazon breaks down what the seller receives, item by item: ITEM, SHIPPING, GIFT_WRAP, COD_FEE, OTHER, TAX, DISCOUNT. The
order's own breakdown repeats these sums and adds DELIVERY_TIP. Its model does not say whether ITEM has the TAX in it,
which differs by country: the order's own total does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.amazon import wire, words
from connectors.amazon.wire_items import Breakdown, Money, OrderItem
from hub.domain import money
from hub.domain.order import Charge
from hub.errors import BadPayload

TIP = "DELIVERY_TIP"
DETAILED = frozenset({"TAX", "DISCOUNT"})


@dataclass(frozen=True, slots=True)
class LineSum:
    """Money of one line, as `ChannelLine` has it."""

    unit_price: int = 0
    discount: int = 0
    tax: int = 0


@dataclass(slots=True)
class Parts:
    """Proceeds by what they are for; `discounts` are positive."""

    amounts: Counter[str] = field(default_factory=Counter)
    taxes: Counter[str] = field(default_factory=Counter)
    discounts: Counter[str] = field(default_factory=Counter)

    def of(self, category: str) -> tuple[int, int, int]:
        """(amount, discount, tax) of a category."""
        return self.amounts[category], self.discounts[category], self.taxes[category]


@dataclass(frozen=True, slots=True)
class Sums:
    """All money of one order. `unknown`: categories that we have no meaning for; they are charged as fees."""

    currency: str
    total: int
    tax_total: int
    tax_included: bool
    lines: tuple[LineSum, ...]
    charges: tuple[Charge, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for each item, in the order of the items: goods, shipping and the rest, tips excepted."""

    currency: str
    tax_included: bool
    items: tuple[Parts, ...]


def paid(order: wire.Order) -> Paid:
    """Raises `BadPayload` as `sums` does. What only the order tells is spread over its items by their value."""
    whole = sums(order)
    items = [_item_parts(item, whole.currency, f"$.orderItems[{i}]") for i, item in enumerate(order.order_items)]
    own, _ = _order_parts(order, items, whole.currency)
    weights = [max(0, part.amounts["ITEM"] - part.discounts["ITEM"]) for part in items]
    for kind in ("amounts", "taxes", "discounts"):
        for category, amount in getattr(own, kind).items():
            for part, share in zip(items, money.split(amount, weights), strict=True):
                getattr(part, kind)[category] += share
    return Paid(whole.currency, whole.tax_included, tuple(items))


def sums(order: wire.Order) -> Sums:
    """Raises `BadPayload` for an amount that is none, or in another currency than the order's."""
    currency = currency_of(order)
    items = [_item_parts(item, currency, f"$.orderItems[{i}]") for i, item in enumerate(order.order_items)]
    own, tips = _order_parts(order, items, currency)
    lines = _lines(order, items, own, currency)
    charges = list(_charges([*items, own]))
    tax = sum(part.taxes.total() for part in (*items, own))
    goods = sum(_value(item, line) for item, line in zip(order.order_items, lines, strict=True))
    parts = goods + sum(charge.amount - charge.discount for charge in charges)
    given = order.proceeds.grand_total if order.proceeds else None
    told = None if given is None else minor(given, currency, "$.proceeds.grandTotal")
    tip = _tip(tips, told, (parts, parts + tax))
    if tip:
        charges.append(Charge(kind="tip", title="Delivery tip", amount=tip, code=TIP))
    total = parts + tax + tip if told is None else told
    return Sums(
        currency=currency,
        total=total,
        tax_total=tax,
        tax_included=bool(tax) and total == parts + tip,
        lines=tuple(lines),
        charges=tuple(charges),
        unknown=_unknown([*items, own]),
    )


def currency_of(order: wire.Order) -> str:
    """The currency of the first amount there is, else the marketplace's. Raises `BadPayload` when neither is known."""
    given = [order.proceeds.grand_total] if order.proceeds else []
    for item in order.order_items:
        given.append(item.proceeds.proceeds_total if item.proceeds else None)
        given.append(item.product.price.unit_price if item.product.price else None)
    told = next((amount.currency_code for amount in given if amount is not None), "")
    currency = told or words.CURRENCIES.get(order.sales_channel.marketplace_id or "", "")
    try:
        money.exponent(currency)
    except ValueError as error:
        raise BadPayload("$.proceeds.grandTotal", f"no amount tells the currency: {error}") from None
    return currency


def minor(given: Money, currency: str, path: str) -> int:
    """An amount in minor units. Raises `BadPayload` also where it is in another currency."""
    if given.currency_code != currency:
        raise BadPayload(
            f"{path}.currencyCode", f"it is in {given.currency_code[:10]!r}, and the order is in {currency}"
        )
    try:
        return money.minor(given.amount, currency)
    except ValueError as error:
        raise BadPayload(f"{path}.amount", str(error)) from None


def _item_parts(item: OrderItem, currency: str, path: str) -> Parts:
    parts = Parts()
    for i, told in enumerate((item.proceeds.breakdowns if item.proceeds else None) or ()):
        _add(parts, told, currency, f"{path}.proceeds.breakdowns[{i}]")
    price = item.product.price.unit_price if item.product.price else None
    if "ITEM" not in parts.amounts and price is not None:
        parts.amounts["ITEM"] = minor(price, currency, f"{path}.product.price.unitPrice") * item.quantity_ordered
    return parts


def _order_parts(order: wire.Order, items: Sequence[Parts], currency: str) -> tuple[Parts, tuple[int, int]]:
    """What the order tells that no item does, and its tips: (settled, pending)."""
    own, settled, pending = Parts(), 0, 0
    seen = {category for part in items for category in part.amounts}
    seen |= {"TAX"} if any(part.taxes for part in items) else set()
    seen |= {"DISCOUNT"} if any(part.discounts for part in items) else set()
    for i, told in enumerate((order.proceeds.breakdowns if order.proceeds else None) or ()):
        path = f"$.proceeds.breakdowns[{i}]"
        if told.type == TIP:
            amount = minor(told.subtotal, currency, f"{path}.subtotal")
            settled, pending = (settled, pending + amount) if told.status == "PENDING" else (settled + amount, pending)
        elif told.type not in seen:
            _add(own, told, currency, path)
    return own, (settled, pending)


def _add(parts: Parts, told: Breakdown, currency: str, path: str) -> None:
    amount = minor(told.subtotal, currency, f"{path}.subtotal")
    if told.type not in DETAILED:
        parts.amounts[told.type] += amount
        return
    # A discount is less money for the seller, whichever sign it is written with.
    into, sign = (parts.taxes, 1) if told.type == "TAX" else (parts.discounts, -1 if amount < 0 else 1)
    rest = amount * sign
    for j, detail in enumerate(told.detailed_breakdowns or ()):
        if detail.value is not None and detail.subtype:
            value = minor(detail.value, currency, f"{path}.detailedBreakdowns[{j}].value") * sign
            into["ITEM" if detail.subtype == "DISCOUNT" else detail.subtype] += value
            rest -= value
    into["ITEM"] += rest


def _lines(order: wire.Order, items: Sequence[Parts], own: Parts, currency: str) -> list[LineSum]:
    """Each line's price, discount and tax; what only the order tells of goods is spread over them."""
    amounts, discounts, taxes = ([part.of("ITEM")[k] for part in items] for k in range(3))
    if any(own.of("ITEM")):
        weights = [max(0, amount - off) for amount, off in zip(amounts, discounts, strict=True)]
        more, off, tax = (money.split(own.of("ITEM")[k], weights) for k in range(3))
        amounts, discounts = _plus(amounts, more), _plus(discounts, off)
        taxes = _plus(taxes, tax)
    made = []
    for i, item in enumerate(order.order_items):
        price = item.product.price.unit_price if item.product.price else None
        unit = None if price is None else minor(price, currency, f"$.orderItems[{i}].product.price.unitPrice")
        made.append(_line(item.quantity_ordered, amounts[i], unit, LineSum(discount=discounts[i], tax=taxes[i])))
    return made


def _line(quantity: int, amount: int, unit: int | None, rest: LineSum) -> LineSum:
    """Price a unit so that price × units − discount is what Amazon says; where it does not divide, the next price up
    and the difference as discount."""
    if not quantity or (unit is not None and unit * quantity == amount):
        return LineSum(unit or 0, rest.discount if quantity else 0, rest.tax)
    price = -(-amount // quantity)
    return LineSum(price, rest.discount + price * quantity - amount, rest.tax)


def _value(item: OrderItem, line: LineSum) -> int:
    return line.unit_price * item.quantity_ordered - line.discount


def _charges(all_parts: Sequence[Parts]) -> Iterable[Charge]:
    categories = {c for part in all_parts for c in (*part.amounts, *part.taxes, *part.discounts)} - {"ITEM"}
    order = {category: place for place, category in enumerate(words.CHARGES)}
    for category in sorted(categories, key=lambda c: (order.get(c, len(order)), c)):
        amount, discount, tax = (sum(part.of(category)[k] for part in all_parts) for k in range(3))
        if amount or discount or tax:
            kind, title = words.CHARGES.get(category, ("fee", category))
            yield Charge(kind=kind, title=title[:200], amount=amount, discount=discount, tax=tax, code=category)


def _tip(tips: tuple[int, int], told: int | None, bases: tuple[int, int]) -> int:
    """A tip that is still pending counts only where the order's total says so."""
    settled, pending = tips
    counted = told is not None and told in {base + settled + pending for base in bases}
    return settled + pending if pending and counted else settled


def _unknown(all_parts: Sequence[Parts]) -> tuple[str, ...]:
    found = {c for part in all_parts for c in (*part.amounts, *part.taxes, *part.discounts)}
    return tuple(f"proceeds.type={category}" for category in sorted(found - {"ITEM", *words.CHARGES}))


def _plus(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
