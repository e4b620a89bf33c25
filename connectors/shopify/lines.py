"""Lines of an order: units that are gone, and the discount and tax of each, to the minor unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.shopify import wire, words
from connectors.shopify.purse import Purse
from hub.domain import money
from hub.domain.order import ChannelLine


@dataclass(frozen=True, slots=True)
class Units:
    """Counts by line id: `fulfilled` by fulfillments that succeeded, `refunded` in all, `returned` after shipping."""

    fulfilled: Counter[str]
    refunded: Counter[str]
    returned: Counter[str]

    @classmethod
    def of(cls, order: wire.Order) -> Units:
        """Counts the units of an order."""
        units = cls(Counter(), Counter(), Counter())
        for fulfillment in order.fulfillments or ():
            if fulfillment.status == words.SHIPPED:
                for line in fulfillment.line_items or ():
                    units.fulfilled[str(line.id)] += line.quantity
        for refund in order.refunds or ():
            for item in refund.refund_line_items or ():
                units.refunded[str(item.line_item_id)] += item.quantity
                if item.restock_type == "return":
                    units.returned[str(item.line_item_id)] += item.quantity
        return units

    def gone(self, line: wire.LineItem) -> tuple[int, int]:
        """(cancelled, fulfilled) units of a line; together never more than were ordered.

        `current_quantity` leaves out returned units as well as cancelled ones, so the returned are taken off again.
        """
        key = str(line.id)
        fulfilled = min(self.fulfilled[key], line.quantity)
        removed = self.refunded[key] if line.current_quantity is None else line.quantity - line.current_quantity
        return max(0, min(removed - self.returned[key], line.quantity - fulfilled)), fulfilled


def channel_lines(
    order: wire.Order, purse: Purse, units: Units, off: Sequence[int], taxes: Sequence[int]
) -> tuple[ChannelLine, ...]:
    """The goods of an order with discount `off` and `taxes` by position; tips, which are lines too, are charges."""
    return tuple(
        _channel_line(
            line, purse.price(line.price, line.price_set, f"$.line_items[{i}].price"), off[i], taxes[i], units
        )
        for i, line in enumerate(order.line_items)
        if line.tip is None
    )


def _channel_line(line: wire.LineItem, price: int, off: int, tax: int, units: Units) -> ChannelLine:
    cancelled, fulfilled = units.gone(line)
    title = line.name or line.title or ""
    sold = line.variant_id if line.variant_id is not None else line.product_id
    return ChannelLine(
        external_id=str(line.id),
        title=title,
        quantity=line.quantity,
        unit_price=price,
        sku=(line.sku or "").strip(),
        listing_id=str(sold) if sold is not None else f"title:{title}",
        discount=off,
        tax=tax,
        cancelled=cancelled,
        fulfilled=fulfilled,
        requires_shipping=line.requires_shipping is not False,
        gift_card=bool(line.gift_card),
        grams=line.grams or 0,
    )


def discounts(order: wire.Order, purse: Purse) -> list[int]:
    """The discount of each line: its allocations, else its `total_discount`.

    Payloads before 2018 have no allocations, and a discount on the whole order is on no line. It is spread by largest
    remainder when both sums of the payload (`total_discounts`, `subtotal_price`) prove that it is missing from lines.
    """
    off = [_discount(line, purse, f"$.line_items[{i}]") for i, line in enumerate(order.line_items)]
    if any(line.discount_allocations is not None for line in order.line_items):
        return off
    left = [max(0, value - part) for value, part in zip(_values(order, purse), off, strict=True)]
    if order.subtotal_price is None and order.subtotal_price_set is None:
        return off
    missing = purse.price(order.total_discounts, order.total_discounts_set, "$.total_discounts") - sum(off)
    subtotal = purse.price(order.subtotal_price, order.subtotal_price_set, "$.subtotal_price")
    if missing <= 0 or sum(left) - subtotal != missing:
        return off
    return [a + b for a, b in zip(off, money.split(missing, left), strict=True)]


def _discount(line: wire.LineItem, purse: Purse, path: str) -> int:
    if line.discount_allocations:
        return purse.allocated(line.discount_allocations, f"{path}.discount_allocations")
    if line.total_discount is None and line.total_discount_set is None:
        return 0
    return purse.price(line.total_discount, line.total_discount_set, f"{path}.total_discount")


def _values(order: wire.Order, purse: Purse) -> list[int]:
    return [
        purse.price(line.price, line.price_set, f"$.line_items[{i}].price") * line.quantity * (line.tip is None)
        for i, line in enumerate(order.line_items)
    ]


def line_taxes(order: wire.Order, purse: Purse, off: Sequence[int]) -> list[int]:
    """The tax of each line: its tax lines; where no line has any, the order's tax by largest remainder over the
    taxable lines' discounted values."""
    lines = order.line_items
    if any(line.tax_lines for line in lines) or any(line.tax_lines for line in order.shipping_lines or ()):
        return [purse.taxed(line.tax_lines, f"$.line_items[{i}].tax_lines") for i, line in enumerate(lines)]
    total = purse.price(order.total_tax, order.total_tax_set, "$.total_tax")
    if not total or not lines:
        return [0] * len(lines)
    taxable = [line.taxable is not False and line.tip is None for line in lines]
    weights = [
        max(0, value - part) if counts else 0
        for value, part, counts in zip(_values(order, purse), off, taxable, strict=True)
    ]
    return money.split(total, weights if any(weights) else [int(counts) for counts in taxable])
