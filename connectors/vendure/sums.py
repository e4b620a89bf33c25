"""What an order came to before units were cancelled, and what is on no line. Pure, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from connectors.vendure import wire
from connectors.vendure.purse import Purse
from hub.domain.order import Charge


def placed(line: wire.Line) -> int:
    """Units that were ordered; a line that was added later has no `orderPlacedQuantity`."""
    return max(line.order_placed_quantity, line.quantity)


class Sums(Struct, frozen=True):
    """`total` with all tax in it, and that tax, cancelled units included."""

    total: int
    tax: int

    @classmethod
    def of(cls, order: wire.Order, purse: Purse) -> Sums:
        """Adds what the cancelled units came to to what Vendure tells."""
        total = purse.amount(order.total_with_tax, "$.data.order.totalWithTax")
        taxes = total - purse.amount(order.total, "$.data.order.total")
        for i, line in enumerate(order.lines):
            gone, path = placed(line) - line.quantity, f"$.data.order.lines[{i}].proratedUnitPrice"
            total += purse.amount(line.prorated_unit_price_with_tax, f"{path}WithTax") * gone
            taxes += purse.tax(line.prorated_unit_price, line.prorated_unit_price_with_tax, path) * gone
        return cls(total, taxes)


def discount(line: wire.Line, purse: Purse, path: str) -> int:
    """The discount of all units: as told for those left, and per unit for the cancelled ones. Of a line that is gone
    altogether Vendure no longer tells any."""
    left = purse.price(line.line_price, line.line_price_with_tax, f"{path}.linePrice")
    left -= purse.price(line.prorated_line_price, line.prorated_line_price_with_tax, f"{path}.proratedLinePrice")
    unit = purse.price(line.unit_price, line.unit_price_with_tax, f"{path}.unitPrice")
    unit -= purse.price(line.prorated_unit_price, line.prorated_unit_price_with_tax, f"{path}.proratedUnitPrice")
    return left + unit * (placed(line) - line.quantity)


def tax(line: wire.Line, purse: Purse, path: str) -> int:
    """The tax of all units after discounts; `lineTax` is that before."""
    left = purse.tax(line.prorated_line_price, line.prorated_line_price_with_tax, f"{path}.proratedLinePrice")
    unit = purse.tax(line.prorated_unit_price, line.prorated_unit_price_with_tax, f"{path}.proratedUnitPrice")
    return left + unit * (placed(line) - line.quantity)


def charges(order: wire.Order, purse: Purse) -> tuple[Charge, ...]:
    """Shipping and surcharges."""
    return (
        *(_shipping(line, purse, f"$.data.order.shippingLines[{i}]") for i, line in enumerate(order.shipping_lines)),
        *(_surcharge(extra, purse, f"$.data.order.surcharges[{i}]") for i, extra in enumerate(order.surcharges)),
    )


def _shipping(line: wire.ShippingLine, purse: Purse, path: str) -> Charge:
    price = purse.price(line.price, line.price_with_tax, f"{path}.price")
    after = purse.price(line.discounted_price, line.discounted_price_with_tax, f"{path}.discountedPrice")
    return Charge(
        kind="shipping",
        title=line.shipping_method.name,
        amount=price,
        discount=price - after,
        tax=purse.tax(line.discounted_price, line.discounted_price_with_tax, f"{path}.discountedPrice"),
        code=line.shipping_method.code,
    )


def _surcharge(extra: wire.Surcharge, purse: Purse, path: str) -> Charge:
    return Charge(
        kind="fee",
        title=extra.description,
        amount=purse.price(extra.price, extra.price_with_tax, f"{path}.price"),
        tax=purse.tax(extra.price, extra.price_with_tax, f"{path}.price"),
        code=extra.sku or "",
    )


def rounding(order: wire.Order, purse: Purse, sums: Sums, costs: Sequence[Charge]) -> tuple[Charge, ...]:
    """What rounding leaves between the parts and the total: Vendure rounds lines, not units, and may be set to round
    tax once for the whole order. A difference that rounding cannot explain is not smoothed over: review holds it."""
    parts = sum(charge.amount - charge.discount for charge in costs) + (0 if purse.with_tax else sums.tax)
    for i, line in enumerate(order.lines):
        path = f"$.data.order.lines[{i}]"
        unit = purse.price(line.unit_price, line.unit_price_with_tax, f"{path}.unitPrice")
        parts += unit * placed(line) - discount(line, purse, path)
    difference = sums.total - parts
    most = len(order.lines) + len(costs) + sum(placed(line) for line in order.lines) // 2
    if not difference or abs(difference) > most:
        return ()
    return (Charge(kind="rounding", title="Rounding", amount=difference),)
