"""Totals as `decorateCartTotals` of @medusajs/utils 2.21 makes them: in floats, nothing rounded."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def decorate(order: Document) -> Document:
    """`order` with the totals of its items, ways of shipping and of itself, in place."""
    subtotal = tax = discount = 0.0
    for item in order["items"]:
        _item(item)
        subtotal, tax = subtotal + item["subtotal"], tax + item["tax_total"]
        discount += item["discount_subtotal"]
    for way in order["shipping_methods"]:
        _way(way)
        subtotal, tax = subtotal + way["subtotal"], tax + way["tax_total"]
        discount += way["discount_subtotal"]
    credit = sum(line["amount"] for line in order["credit_lines"])
    order |= {"subtotal": subtotal, "tax_total": tax, "discount_subtotal": discount, "credit_line_total": credit}
    order["total"] = _js(subtotal + tax - discount - credit)
    return order


def _item(item: Document) -> None:
    rates = [line["rate"] / 100 for line in item["tax_lines"]]
    gross = 1 + sum(rates) if item["is_tax_inclusive"] else 1
    detail, full = item["detail"], item["quantity"]
    units = full - detail["return_received_quantity"] - detail["return_dismissed_quantity"]
    discounts = sum(
        given["amount"] / (1 + sum(rates)) if given.get("is_tax_inclusive") else given["amount"]
        for given in item["adjustments"]
    )
    _told(item, item["unit_price"] * units / gross, discounts / full * units if full else 0, rates)


def _way(way: Document) -> None:
    rates = [line["rate"] / 100 for line in way["tax_lines"]]
    gross = 1 + sum(rates) if way["is_tax_inclusive"] else 1
    _told(way, way["amount"] / gross, sum(given["amount"] for given in way["adjustments"]), rates)


def _told(thing: Document, subtotal: float, discount: float, rates: list[float]) -> None:
    tax = sum((subtotal - discount) * rate for rate in rates)
    thing |= {"subtotal": _js(subtotal), "discount_subtotal": _js(discount), "tax_total": _js(tax)}
    thing["total"] = _js(subtotal - discount + tax)


def _js(number: float) -> float | int:
    """JavaScript writes 3 for 3.0."""
    return int(number) if number == int(number) else number
