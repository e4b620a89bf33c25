"""Money of an order that is on no line of goods. Pure."""

from __future__ import annotations

from connectors.shopify import wire
from connectors.shopify.purse import Purse
from hub.domain.order import Charge


def charges(order: wire.Order, purse: Purse, lines_tax: int) -> tuple[Charge, ...]:
    """Shipping, tips, duties, fees and cash rounding. Tax of the order that no line and no shipping line carries
    belongs to duties and fees: the payload gives it nowhere else."""
    shipping = [
        shipping_charge(line, purse, f"$.shipping_lines[{i}]")
        for i, line in enumerate(order.shipping_lines or ())
        if not line.is_removed
    ]
    extras = [
        Charge(kind=kind, title=title, amount=purse.price(None, bag, f"$.{field}"))
        for kind, title, field, bag in (
            ("duties", "Duties", "original_total_duties_set", order.original_total_duties_set),
            ("fee", "Additional fees", "original_total_additional_fees_set", order.original_total_additional_fees_set),
        )
        if bag is not None and not (kind == "duties" and order.duties_included)
    ]
    extras = [charge for charge in extras if charge.amount]
    rest = purse.price(order.total_tax, order.total_tax_set, "$.total_tax") - lines_tax - sum(c.tax for c in shipping)
    if extras and rest > 0:
        last = extras.pop()
        extras.append(Charge(kind=last.kind, title=last.title, amount=last.amount, tax=rest))
    path = "$.total_cash_rounding_payment_adjustment_set"
    rounding = purse.price(None, order.total_cash_rounding_payment_adjustment_set, path)
    others = [
        Charge(kind="tip", title="Tip", amount=_tip(order, purse)),
        Charge(kind="rounding", title="Cash rounding", amount=rounding),
    ]
    return (*shipping, *extras, *(charge for charge in others if charge.amount))


def _tip(order: wire.Order, purse: Purse) -> int:
    """What `total_tip_received` says, else the lines that are tips: payloads differ in which of them they carry."""
    total = purse.price(order.total_tip_received, order.total_tip_received_set, "$.total_tip_received")
    return total or sum(
        purse.price(line.price, line.price_set, f"$.line_items[{i}].price") * line.quantity
        for i, line in enumerate(order.line_items)
        if line.tip is not None
    )


def shipping_charge(line: wire.ShippingLine, purse: Purse, path: str) -> Charge:
    """One shipping line. Its discount is what was allocated to it, else what its discounted price leaves out."""
    price = purse.price(line.price, line.price_set, f"{path}.price")
    discount = purse.allocated(line.discount_allocations, f"{path}.discount_allocations")
    if not discount and (line.discounted_price is not None or line.discounted_price_set is not None):
        discount = price - purse.price(line.discounted_price, line.discounted_price_set, f"{path}.discounted_price")
    return Charge(
        kind="shipping",
        title=line.title or "",
        amount=price,
        discount=discount,
        tax=purse.taxed(line.tax_lines, f"{path}.tax_lines"),
        code=line.code or "",
    )
