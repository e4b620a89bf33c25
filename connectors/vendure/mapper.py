"""An order of Vendure as a `ChannelOrder`, and its refunds as notices. Pure.

Vendure takes cancelled units off the lines, their prices and the totals. The hub counts them, so they are put back at
what was left of their price after discounts: `total` is what the order came to before anything was cancelled.
"""

from __future__ import annotations

import re

from connectors.vendure import wire, words
from connectors.vendure.purse import Purse
from connectors.vendure.revision import cancel_reason, cancelled_at, revised_at
from connectors.vendure.sums import Sums, charges, discount, placed, rounding, tax
from connectors.wire import instant
from hub.domain.order import (
    Address,
    Buyer,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    ForeignShipment,
    News,
    PaymentStatus,
    RefundNotice,
)


def news(told: wire.Told) -> tuple[News, ...]:
    """The order and what was paid back of it; nothing for a cart. Raises `BadPayload`."""
    order = told.order
    if order.order_placed_at is None or order.type == "Aggregate":
        return ()
    purse = Purse(order.currency_code, told.precision, told.channel.prices_include_tax)
    return (channel_order(told, purse), *refund_notices(order, purse))


def channel_order(told: wire.Told, purse: Purse) -> ChannelOrder:
    """The order as Vendure tells it at `revised_at`."""
    order = told.order
    sums = Sums.of(order, purse)
    costs = charges(order, purse)
    standing = words.ORDER.get(order.state)
    same = told.channel.default_currency_code == order.currency_code
    return ChannelOrder(
        external_id=order.id,
        number=order.code,
        placed_at=instant(order.order_placed_at, "$.data.order.orderPlacedAt"),
        revised_at=revised_at(order),
        currency=order.currency_code,
        total=sums.total,
        shop_currency=order.currency_code if same else "",
        shop_total=sums.total if same else 0,
        tax_included=purse.with_tax,
        tax_total=sums.tax,
        lines=tuple(channel_line(order, i, purse) for i in range(len(order.lines))),
        charges=(*costs, *rounding(order, purse, sums, costs)),
        buyer=buyer(order),
        ship_to=address(order.shipping_address),
        bill_to=address(order.billing_address),
        payments=payments(order, purse),
        paid=paid(order, purse),
        pending=standing is words.Standing.PENDING or all_paid_back(order, purse),
        shipments=shipments(order),
        cancelled_at=cancelled_at(order) if standing is words.Standing.CANCELLED else None,
        cancel_reason=cancel_reason(order) if standing is words.Standing.CANCELLED else "",
        words={"state": order.state},
        unknown_words=unknown_words(order),
    )


def channel_line(order: wire.Order, i: int, purse: Purse) -> ChannelLine:
    """The `i`-th line."""
    line, path = order.lines[i], f"$.data.order.lines[{i}]"
    return ChannelLine(
        external_id=line.id,
        title=line.product_variant.name,
        quantity=placed(line),
        unit_price=purse.price(line.unit_price, line.unit_price_with_tax, f"{path}.unitPrice"),
        sku=line.product_variant.sku.strip(),
        listing_id=line.product_variant.id,
        discount=discount(line, purse, path),
        tax=tax(line, purse, path),
        cancelled=placed(line) - line.quantity,
        fulfilled=sum(
            part.quantity
            for fulfillment in order.fulfillments or ()
            if fulfillment.state in words.GONE
            for part in fulfillment.lines
            if part.order_line_id == line.id
        ),
    )


def payments(order: wire.Order, purse: Purse) -> tuple[ChannelPayment, ...]:
    """Every payment; an unknown word counts as pending, and is reported."""
    return tuple(
        ChannelPayment(
            external_id=payment.id,
            status=words.PAYMENT.get(payment.state, PaymentStatus.PENDING),
            amount=purse.amount(payment.amount, f"$.data.order.payments[{i}].amount"),
            gateway=payment.method,
        )
        for i, payment in enumerate(order.payments or ())
    )


def settled(order: wire.Order, purse: Purse) -> tuple[int, int]:
    """Money that came in, and that went back."""
    came = back = 0
    for i, payment in enumerate(order.payments or ()):
        path = f"$.data.order.payments[{i}]"
        came += purse.amount(payment.amount, f"{path}.amount") if payment.state == words.SETTLED else 0
        back += sum(
            purse.amount(refund.total, f"{path}.refunds[{j}].total")
            for j, refund in enumerate(payment.refunds)
            if refund.state == words.SETTLED
        )
    return came, back


def paid(order: wire.Order, purse: Purse) -> bool:
    """Whether settled payments cover what is owed now."""
    owed = purse.amount(order.total_with_tax, "$.data.order.totalWithTax")
    return settled(order, purse)[0] >= owed and words.ORDER.get(order.state) is not words.Standing.PENDING


def all_paid_back(order: wire.Order, purse: Purse) -> bool:
    """Whether all of the money went back while there are units that did not leave: they are not to leave then."""
    came, back = settled(order, purse)
    if not came or back < came:
        return False
    gone = sum(part.quantity for f in order.fulfillments or () if f.state in words.GONE for part in f.lines)
    return gone < sum(line.quantity for line in order.lines)


def refund_notices(order: wire.Order, purse: Purse) -> tuple[RefundNotice, ...]:
    """Refunds whose money has moved."""
    return tuple(
        RefundNotice(
            order_id=order.id,
            external_id=refund.id,
            at=instant(refund.updated_at, f"$.data.order.payments[{i}].refunds[{j}].updatedAt"),
            amount=purse.amount(refund.total, f"$.data.order.payments[{i}].refunds[{j}].total"),
            currency=order.currency_code,
            lines=_units(refund.lines),
            reason=refund.reason or "",
        )
        for i, payment in enumerate(order.payments or ())
        for j, refund in enumerate(payment.refunds)
        if refund.state == words.SETTLED
    )


def shipments(order: wire.Order) -> tuple[ForeignShipment, ...]:
    """Fulfillments whose goods have left, ours among them."""
    return tuple(
        ForeignShipment(
            external_id=fulfillment.id,
            lines=_units(fulfillment.lines),
            carrier=fulfillment.method,
            tracking_number=fulfillment.tracking_code or "",
            shipped_at=instant(fulfillment.updated_at, f"$.data.order.fulfillments[{i}].updatedAt"),
        )
        for i, fulfillment in enumerate(order.fulfillments or ())
        if fulfillment.state in words.GONE
    )


def _units(parts: list[wire.PartLine]) -> dict[str, int]:
    units: dict[str, int] = {}
    for part in parts:
        units[part.order_line_id] = units.get(part.order_line_id, 0) + part.quantity
    return units


# ---------------------------------------------------------------- who, where, and which words


def buyer(order: wire.Order) -> Buyer:
    """Who bought."""
    who = order.customer
    if who is None:
        return Buyer()
    name = " ".join(filter(None, (who.first_name, who.last_name)))
    return Buyer(external_id=who.id, name=name, email=who.email_address, phone=who.phone_number or "")


def address(given: wire.Address | None) -> Address | None:
    """The address, none at all where nothing of it was given."""
    if given is None or not any(getattr(given, name) for name in given.__struct_fields__):
        return None
    code = (given.country_code or "").strip().upper()
    return Address(
        name=given.full_name or "",
        company=given.company or "",
        line1=given.street_line1 or "",
        line2=given.street_line2 or "",
        city=given.city or "",
        region=given.province or "",
        postcode=given.postal_code or "",
        country=code if re.fullmatch("[A-Z]{2}", code) else "",
        phone=given.phone_number or "",
    )


def unknown_words(order: wire.Order) -> tuple[str, ...]:
    """States without a meaning here, as field=word."""
    found = [] if order.state in words.ORDER else [f"state={order.state}"]
    for payment in order.payments or ():
        found += [f"payments.state={payment.state}"] if payment.state not in words.PAYMENT else []
        found += [f"refunds.state={r.state}" for r in payment.refunds if r.state not in words.REFUND]
    found += [f"fulfillments.state={f.state}" for f in order.fulfillments or () if f.state not in words.FULFILLMENT]
    return tuple(dict.fromkeys(found))
