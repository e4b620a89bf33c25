"""Lines and charges of an order, exact to the minor unit. Pure.

WooCommerce tells totals per line, not prices per unit, and all of them without tax. Where the store's prices include
tax it is put back, so that 54.00 for three is 18.00 each and not 17.65. What cannot be divided evenly is rounded up
per unit and taken off again as discount: the sum is always the line's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import unescape

from connectors.woocommerce import wire
from connectors.woocommerce.purse import Purse
from hub.domain.order import ChannelLine, Charge
from hub.errors import BadPayload

MOST_UNITS = 1_000_000

PACKED_WITHIN = frozenset({"_bundled_item_needs_shipping", "_composite_item_needs_shipping"})
"""Meta data of a part, "no" where it is packed in its bundle and not shipped by itself, or is not goods at all."""

WEIGHED = "_bundle_weight"
"""Meta data of a bundle that is a parcel's content itself."""


def channel_lines(order: wire.Order, purse: Purse, cancelled: Mapping[str, int]) -> tuple[ChannelLine, ...]:
    """The lines, with the units by line id that are `cancelled`. An order of nothing but fees has those for lines."""
    if not order.line_items:
        return tuple(_fee_line(fee, purse, f"$.fee_lines[{i}]") for i, fee in enumerate(order.fee_lines))
    shipped_for = containers(order)
    return tuple(
        _line(order, i, purse, (line.id not in shipped_for and ships(order, line), cancelled.get(str(line.id), 0)))
        for i, line in enumerate(order.line_items)
    )


def _line(order: wire.Order, i: int, purse: Purse, ships_and_cancelled: tuple[bool, int]) -> ChannelLine:
    line, path = order.line_items[i], f"$.line_items[{i}]"
    told, quantity = units(line, path), units(line, path) or 1
    after = purse.with_tax(line.total, line.total_tax, path)
    before = purse.with_tax(line.subtotal, line.subtotal_tax, path, "subtotal") if line.subtotal else after
    price = -(-max(before, after) // quantity)
    sold = line.variation_id or line.product_id
    title = text(line.name)
    return ChannelLine(
        external_id=str(line.id),
        title=title if whole(line) else f"{title} × {line.quantity}",
        quantity=told,
        unit_price=price,
        sku=(line.sku or "").strip(),
        listing_id=str(sold) if sold else f"title:{title}",
        discount=price * told - after,
        tax=purse.near(line.total_tax, f"{path}.total_tax"),
        cancelled=min(ships_and_cancelled[1], told),
        requires_shipping=ships_and_cancelled[0],
    )


def _fee_line(fee: wire.Fee, purse: Purse, path: str) -> ChannelLine:
    return ChannelLine(
        external_id=str(fee.id),
        title=text(fee.name),
        quantity=1,
        unit_price=purse.with_tax(fee.total, fee.total_tax, path),
        listing_id=f"title:{text(fee.name)}",
        tax=purse.near(fee.total_tax, f"{path}.total_tax"),
        requires_shipping=False,
    )


def units(line: wire.Line, path: str) -> int:
    """How many pieces a line is. A fraction (cloth by the metre, where a plugin sells it) is one piece of its own
    length, which `fractions` reports. Raises `BadPayload` for what is no number of units."""
    count = line.quantity
    if not count.is_finite() or not 0 <= count <= MOST_UNITS:
        raise BadPayload(f"{path}.quantity", f"{str(count)[:40]} is no number of units")
    return int(count) if whole(line) else 1


def whole(line: wire.Line) -> bool:
    """Whether a line is so many pieces and not a measure."""
    return bool(line.quantity == line.quantity.to_integral_value())


def fractions(order: wire.Order) -> Iterator[str]:
    """Quantities that are no number of pieces: a person must say what to ship."""
    for i, line in enumerate(order.line_items):
        if not whole(line):
            yield f"line_items[{i}].quantity={line.quantity}"


def containers(order: wire.Order) -> frozenset[int]:
    """Ids of bundle lines that are shipped as their parts alone. One that is goods itself has the weight of what is
    packed in it (Product Bundles keeps that with physical bundles only), or no part that is shipped by itself."""
    apart: dict[int, bool] = {}
    for line in order.line_items:
        parent = line.bundled_by or line.composite_parent
        if isinstance(parent, int):
            apart[parent] = apart.get(parent, False) or _apart(line)
    goods = {line.id for line in order.line_items if any(extra.key == WEIGHED for extra in line.meta_data)}
    return frozenset(parent for parent, some in apart.items() if some and parent not in goods)


def ships(order: wire.Order, line: wire.Line) -> bool:
    """Whether a line is goods: not where the store says that nothing of the order needs handling (all of it is virtual
    and downloadable), and not a part that is packed in its bundle."""
    return order.needs_processing and _apart(line)


def _apart(line: wire.Line) -> bool:
    return not any(extra.key in PACKED_WITHIN and extra.value == "no" for extra in line.meta_data)


def charges(order: wire.Order, purse: Purse) -> tuple[Charge, ...]:
    """Shipping, fees, and gift cards that were used: `total` is what is left after them, so they count below zero."""
    shipping = [
        _charge("shipping", line.method_title, purse, (line, f"$.shipping_lines[{i}]", _method(line)))
        for i, line in enumerate(order.shipping_lines)
    ]
    beside = order.fee_lines if order.line_items else ()
    fees = [_charge("fee", line.name, purse, (line, f"$.fee_lines[{i}]", "")) for i, line in enumerate(beside)]
    cards = [
        Charge(
            kind="gift_card",
            title="Gift card",
            amount=-purse.near(card.amount, f"$.gift_cards[{i}].amount"),
            code=f"…{text(card.code)[-4:]}",
        )
        for i, card in enumerate(order.gift_cards)
    ]
    return (*shipping, *fees, *cards)


def _charge(kind: str, title: str | None, purse: Purse, told: tuple[wire.Shipping | wire.Fee, str, str]) -> Charge:
    line, path, code = told
    amount = purse.with_tax(line.total, line.total_tax, path)
    return Charge(
        kind=kind,
        title=text(title),
        amount=amount,
        tax=purse.near(line.total_tax, f"{path}.total_tax"),
        code=code,
    )


def _method(line: wire.Shipping) -> str:
    """Method and instance as WooCommerce writes them together: flat_rate:3."""
    method = line.method_id or ""
    return method if ":" in method or not line.instance_id else f"{method}:{line.instance_id}"


def rounding(total: int, lines: tuple[ChannelLine, ...], parts: tuple[Charge, ...], tax: int) -> tuple[Charge, ...]:
    """What the parts are short of the total by rounding alone.

    WooCommerce adds up unrounded parts and rounds the sum, but tells each part rounded. `tax` is 0 where prices include
    it. A gap larger than that can make is not ours to close: review will ask a person.
    """
    told = sum(line.unit_price * line.quantity - line.discount for line in lines)
    gap = total - told - sum(charge.amount - charge.discount for charge in parts) - tax
    if not gap or 2 * abs(gap) > len(lines) + len(parts) + 2:
        return ()
    return (Charge(kind="rounding", title="Rounding", amount=gap),)


def notes(order: wire.Order) -> str:
    """What the buyer wrote, and what they chose for single lines (add-ons, engravings): packers need it."""
    chosen = [
        f"{text(line.name)}: {_told(extra.display_key, extra.key)}: {_told(extra.display_value, extra.value)}"
        for line in order.line_items
        for extra in line.meta_data
        if extra.key and not extra.key.startswith(("_", "pa_")) and isinstance(extra.value, str)
    ]
    return "\n".join(filter(None, (text(order.customer_note), *chosen)))


def _told(shown: object, kept: object) -> str:
    """A choice as the store shows it, else as it is kept."""
    return text(shown if isinstance(shown, str) and shown else str(kept))


def text(given: str | None) -> str:
    """A text as people read it: WordPress hands out HTML entities (`&ndash;`, `O&#8217;Conner`)."""
    return unescape(given or "").strip()
