"""An order's money put together from its parts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.medusa import wire
from connectors.medusa.payments import given_back
from connectors.medusa.sums import Part, Purse, Sums, exact, part, sums
from hub.domain.order import Charge


@dataclass(frozen=True, slots=True)
class Reckoned:
    """`items` in the order in which `sums` has them, and after them the ways of shipping; `charges`: all but lines."""

    items: tuple[wire.Item, ...]
    sums: Sums
    charges: tuple[Charge, ...]


def reckoned(order: wire.Order, purse: Purse) -> Reckoned:
    """Lines and charges that add up to the total before refunds and returns. Raises `BadPayload`."""
    items = sorted(enumerate(order.items), key=lambda pair: (pair[1].created_at or order.created_at, pair[1].id))
    ways = sorted(enumerate(order.shipping_methods or ()), key=lambda pair: pair[1].id)
    parts = [item_part(item, f"$.order.items[{i}]") for i, item in items]
    parts += [way_part(way, f"$.order.shipping_methods[{i}]") for i, way in ways]
    credited = tuple(credit_charges(order, purse))
    money = sums(parts, sold(order, parts, items), -sum(charge.amount for charge in credited), purse)
    shipped = tuple(shipping(way, money, len(items) + place, purse) for place, (_, way) in enumerate(ways))
    return Reckoned(tuple(item for _, item in items), money, (*shipped, *extras(money), *credited))


def item_part(item: wire.Item, path: str) -> Part:
    """What all units of an item cost."""
    price = exact(item.unit_price, f"{path}.unit_price") * item.quantity
    return part(price, item, path)


def way_part(way: wire.ShippingMethod, path: str) -> Part:
    """What a way of shipping costs."""
    return part(exact(way.amount, f"{path}.amount"), way, path)


def sold(order: wire.Order, parts: Sequence[Part], items: Sequence[tuple[int, wire.Item]]) -> Fraction:
    """The total before returns and refunds: Medusa takes units that came back off its lines, and writes a credit line
    for each refund."""
    total = exact(order.total, "$.order.total")
    for i, credit in enumerate(order.credit_lines or ()):
        if given_back(credit, order):
            total += exact(credit.amount, f"$.order.credit_lines[{i}].amount")
    for each, (i, item) in zip(parts, items, strict=False):
        if item.total is not None and came_back(item):
            total += each.total - exact(item.total, f"$.order.items[{i}].total")
    return total


def came_back(item: wire.Item) -> int:
    """Units that were returned."""
    detail = item.detail or wire.Detail()
    return (detail.return_received_quantity or 0) + (detail.return_dismissed_quantity or 0)


# ---------------------------------------------------------------- charges


def credit_charges(order: wire.Order, purse: Purse) -> Iterator[Charge]:
    """Store credit and gift cards that the buyer paid with; credit that a refund wrote is none."""
    for i, credit in enumerate(order.credit_lines or ()):
        if not given_back(credit, order):
            amount = purse.read(credit.amount, f"$.order.credit_lines[{i}].amount")
            yield Charge(kind="credit", title=credit.reference or "Credit", amount=-amount)


def extras(money: Sums) -> Iterator[Charge]:
    """Tax of what is priced without it in an order whose other prices include it, and what rounding leaves over."""
    if money.on_top:
        yield Charge(kind="tax", title="Tax", amount=money.on_top)
    if money.rounding:
        yield Charge(kind="rounding", title="Rounding", amount=money.rounding)


def shipping(way: wire.ShippingMethod, money: Sums, place: int, purse: Purse) -> Charge:
    """A way of shipping; `place` is where it stands in `money`."""
    amount = purse.upward(exact(way.amount, "$.order.shipping_methods"), "$.order.shipping_methods")
    return Charge(
        kind="shipping",
        title=way.name,
        amount=amount,
        discount=amount - money.worth[place],
        tax=money.taxes[place],
    )
