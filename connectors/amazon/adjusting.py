"""A refund as Amazon takes it: an amount for each item and component, exact to the minor unit. Pure.

The hub says how much goes back and for which units. What was paid for those units goes first, price and tax in their
proportion; what is beyond it comes off the shipping, gift wrap and other charges of the same items. More than that
cannot be expressed. Where prices contain the tax, Amazon knows no tax component of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.amazon import wire, words
from connectors.amazon.sums import Paid, Parts, paid
from connectors.amazon.units import fulfilled_units, on_delivery, standing_of
from hub.domain import money
from hub.domain.outgoing import RefundRequest
from hub.errors import BadPayload, Reject

BY_HAND = "refund it in Seller Central: Orders → Manage Orders → Refund order"

Amounts = Counter[tuple[str, str]]
"""(order item, component) → minor units."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What goes back of one order, by order item and component. `reason` is Amazon's word."""

    order_id: str
    reference: str
    reason: str
    currency: str
    items: Mapping[str, Mapping[str, int]]


def adjustment(order: wire.Order, request: RefundRequest) -> Adjustment:
    """Raises `Reject`, with what to do instead, for a refund that Amazon would refuse or do otherwise."""
    try:
        told = paid(order)
    except BadPayload as error:
        raise Reject(f"what was paid for order {order.order_id} cannot be told ({error}): {BY_HAND}") from None
    _allowed(order, request, told)
    goods, rest = _paid_for(order, request.lines or _all(order), told)
    most = goods.total() + rest.total()
    what = f"{money.major(request.amount, told.currency)} {told.currency} for order {order.order_id}"
    if request.amount > most:
        raise Reject(
            f"{what} is more than was paid for it, {money.major(most, told.currency)} {told.currency}: {BY_HAND}"
        )
    if not request.lines and request.amount != most:
        raise Reject(f"{what} is a part of it, and no items are named that it is for: name them, or {BY_HAND}")
    spread = _spread(min(request.amount, goods.total()), goods)
    spread += _spread(request.amount - spread.total(), rest)
    items: dict[str, dict[str, int]] = {}
    for (item, component), amount in spread.items():
        items.setdefault(item, {})[component] = amount
    reason = words.REFUND_REASON.get(" ".join(request.reason.casefold().split()), "GeneralAdjustment")
    return Adjustment(order.order_id, request.reference, reason, told.currency, items)


def _allowed(order: wire.Order, request: RefundRequest, told: Paid) -> None:
    if request.amount <= 0:
        raise Reject(f"a refund of {request.amount} gives nothing back")
    if request.currency != told.currency:
        raise Reject(f"order {order.order_id} was paid in {told.currency}, not in {request.currency[:10]}")
    standing = standing_of(order)
    if standing.cancelled or standing.pending or not any(map(fulfilled_units, order.order_items)):
        raise Reject(f"nothing of order {order.order_id} was shipped, so nothing was paid: cancel it instead")
    if on_delivery(order):
        raise Reject(f"the carrier collected the money for order {order.order_id}: {BY_HAND}")
    ordered, gone = _all(order), {item.order_item_id: fulfilled_units(item) for item in order.order_items}
    for line, units in (request.lines or ordered).items():
        if not 0 < units <= ordered.get(line, 0):
            raise Reject(f"order {order.order_id} has no {units} units of item {line[:40]!r}: {BY_HAND}")
        if units > gone[line]:
            raise Reject(f"of item {line} only {gone[line]} units were shipped and paid: name what goes back, by item")


def _all(order: wire.Order) -> dict[str, int]:
    return {item.order_item_id: item.quantity_ordered for item in order.order_items if item.quantity_ordered}


def _paid_for(order: wire.Order, lines: Mapping[str, int], told: Paid) -> tuple[Amounts, Amounts]:
    """What was paid for the units that are named, and for everything else about their items."""
    goods, rest = Amounts(), Amounts()
    for item, parts in zip(order.order_items, told.items, strict=True):
        units = lines.get(item.order_item_id, 0)
        for category, names in words.COMPONENTS.items():
            if not units:
                continue
            into = goods if category == "ITEM" else rest
            for name, amount in zip(names, _amounts(parts, category, told.tax_included), strict=True):
                part = -(-amount * units // item.quantity_ordered) if category == "ITEM" else amount
                into[item.order_item_id, name] += max(0, part)
    return goods, rest


def _amounts(parts: Parts, category: str, tax_included: bool) -> tuple[int, int]:
    """(price after discounts, tax on it); the price has the tax in it where prices do."""
    amount, discount, tax = parts.of(category)
    return amount - discount, 0 if tax_included else tax


def _spread(amount: int, most: Amounts) -> Amounts:
    """`amount` in proportion to what was paid, never more of anything than that."""
    parts = money.split(amount, list(most.values()))
    return Amounts({key: part for key, part in zip(most, parts, strict=True) if part})
