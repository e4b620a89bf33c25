"""An order of Shopify as a `ChannelOrder`. Pure.

Both roads end here: webhooks are read as `wire.Order` at once, nodes of the Admin API by way of `graphql_mapper`.
"""

from __future__ import annotations

import re
from datetime import datetime

from connectors.shopify import wire, words
from connectors.shopify.charges import charges
from connectors.shopify.lines import Units, channel_lines, discounts, line_taxes
from connectors.shopify.purse import Purse
from connectors.wire import instant
from hub.domain.order import (
    Address,
    Buyer,
    ChannelOrder,
    ChannelPayment,
    ForeignShipment,
    PaymentStatus,
    RiskFact,
)
from hub.errors import BadPayload


def channel_order(order: wire.Order) -> ChannelOrder:
    """The order as Shopify tells it at `updated_at`. Raises `BadPayload`.

    Amounts are the buyer's (presentment) where the payload has them. `total` is `total_price`, before returns as the
    line quantities are, plus the rounding of a cash payment, which Shopify keeps out of it.
    """
    purse = Purse.of(order)
    off = discounts(order, purse)
    taxes = line_taxes(order, purse, off)
    total, shop_total = totals(order, purse)
    units = Units.of(order)
    created = order.created_at or order.processed_at
    return ChannelOrder(
        external_id=str(order.id),
        number=order.name or str(order.order_number or order.id),
        placed_at=instant(order.processed_at or created, "$.created_at"),
        revised_at=instant(order.updated_at or created, "$.updated_at"),
        currency=purse.currency,
        total=total,
        shop_currency=purse.shop_currency,
        shop_total=shop_total,
        tax_included=bool(order.taxes_included),
        tax_total=purse.price(order.total_tax, order.total_tax_set, "$.total_tax"),
        lines=channel_lines(order, purse, units, off, taxes),
        charges=charges(order, purse, sum(taxes)),
        buyer=buyer(order),
        ship_to=address(order.shipping_address),
        bill_to=address(order.billing_address),
        payments=payments(order, purse, total),
        paid=standing(order).paid,
        pending=held_back(order, units),
        risks=tuple(RiskFact(source=r.source, level=r.level, why=r.why) for r in order.assessments or ()),
        shipments=shipments(order),
        cancelled_at=instant(order.cancelled_at, "$.cancelled_at") if order.cancelled_at else None,
        cancel_reason=order.cancel_reason or "",
        words=raw_words(order),
        unknown_words=unknown_words(order),
        note=order.note or "",
        test=bool(order.test),
    )


def held_back(order: wire.Order, units: Units) -> bool:
    """Whether Shopify does not let the order go: its payment is pending, or all of the money went back while there are
    units left that could still be shipped."""
    if order.financial_status == "refunded":
        return any(line.quantity > sum(units.gone(line)) for line in order.line_items)
    return standing(order).pending


def standing(order: wire.Order) -> words.Standing:
    """What the order's financial status says; nothing for a word that is unknown."""
    return words.FINANCIAL.get(order.financial_status or "", words.UNTOLD)


def totals(order: wire.Order, purse: Purse) -> tuple[int, int]:
    """What is owed, in the order's currency and in the shop's."""
    rounding, path = order.total_cash_rounding_payment_adjustment_set, "$.total_cash_rounding_payment_adjustment_set"
    total = purse.price(order.total_price, order.total_price_set, "$.total_price")
    shop_total = purse.shop_price(order.total_price, order.total_price_set, "$.total_price")
    return total + purse.price(None, rounding, path), shop_total + purse.shop_price(None, rounding, path)


def payments(order: wire.Order, purse: Purse, total: int) -> tuple[ChannelPayment, ...]:
    """The order's payment by its financial status: one, whose amount grows while parts of it come in.

    Where a payload does not say how much of a part payment is outstanding, nothing counts as paid.
    """
    status = standing(order).status
    if status is None:
        return ()
    amount = total
    if order.financial_status == "partially_paid":
        if purse.knows(order.total_outstanding, order.total_outstanding_set):
            amount -= purse.price(order.total_outstanding, order.total_outstanding_set, "$.total_outstanding")
        else:
            status = PaymentStatus.PENDING
    gateway = (order.payment_gateway_names or [""])[0] or order.gateway or ""
    paid = ChannelPayment(external_id=str(order.id), status=status, amount=amount, gateway=gateway, last4=last4(order))
    return (paid,)


def last4(order: wire.Order) -> str:
    """The last four digits of the card, where an old payload still has them."""
    number = order.payment_details.credit_card_number if order.payment_details else None
    match = re.search(r"[0-9]{4}$", number or "")
    return match[0] if match else ""


def buyer(order: wire.Order) -> Buyer:
    """Who bought; the order's own contact before the customer's."""
    who = order.customer or wire.Customer()
    name = " ".join(filter(None, (who.first_name, who.last_name)))
    bill = address(order.billing_address)
    return Buyer(
        external_id=str(who.id) if who.id is not None else "",
        name=name or (bill.name if bill else ""),
        email=order.email or order.contact_email or who.email or "",
        phone=order.phone or who.phone or "",
        locale=order.customer_locale or "",
        ip=order.browser_ip or (order.client_details.browser_ip if order.client_details else "") or "",
    )


def address(given: wire.Address | None) -> Address | None:
    """The address as written. A country without a code stays empty: names are in any language."""
    if given is None:
        return None
    code = (given.country_code or "").strip().upper()
    return Address(
        name=given.name or " ".join(filter(None, (given.first_name, given.last_name))),
        company=given.company or "",
        line1=given.address1 or "",
        line2=given.address2 or "",
        city=given.city or "",
        region=given.province_code or given.province or "",
        postcode=given.zip or "",
        country=code if re.fullmatch("[A-Z]{2}", code) else "",
        phone=given.phone or "",
    )


def shipments(order: wire.Order) -> tuple[ForeignShipment, ...]:
    """Fulfillments whose goods have left, oldest first."""
    gone = [
        shipment(fulfillment, f"$.fulfillments[{i}]")
        for i, fulfillment in enumerate(order.fulfillments or ())
        if fulfillment.status == words.SHIPPED
    ]
    return tuple(sorted(gone, key=lambda s: (s.shipped_at.timestamp() if s.shipped_at else 0, s.external_id)))


def shipment(fulfillment: wire.Fulfillment, path: str) -> ForeignShipment:
    """One fulfillment with its units by line id. A second tracking number of the same fulfillment is not kept."""
    lines: dict[str, int] = {}
    for line in fulfillment.line_items or ():
        lines[str(line.id)] = lines.get(str(line.id), 0) + line.quantity
    shipped_at: datetime | None = None
    if fulfillment.created_at:
        shipped_at = instant(fulfillment.created_at, f"{path}.created_at")
    return ForeignShipment(
        external_id=str(fulfillment.id),
        lines=lines,
        carrier=fulfillment.tracking_company or "",
        tracking_number=fulfillment.tracking_number or next(iter(fulfillment.tracking_numbers or ()), ""),
        shipped_at=shipped_at,
    )


def raw_words(order: wire.Order) -> dict[str, str]:
    """Shopify's status words as they came."""
    raw = {"financial_status": order.financial_status, "fulfillment_status": order.fulfillment_status}
    return {field: word for field, word in raw.items() if word}


def unknown_words(order: wire.Order) -> tuple[str, ...]:
    """Status words without a meaning here, as field=word."""
    found = []
    if order.financial_status and order.financial_status not in words.FINANCIAL:
        found.append(f"financial_status={order.financial_status}")
    if (order.fulfillment_status or "") not in words.FULFILLMENT:
        found.append(f"fulfillment_status={order.fulfillment_status}")
    for fulfillment in order.fulfillments or ():
        if fulfillment.status and fulfillment.status not in words.SHIPMENT:
            found.append(f"fulfillments.status={fulfillment.status}")
    return tuple(dict.fromkeys(found))


def required(value: wire.Id | None, path: str) -> str:
    """An id that must be there. Raises `BadPayload` naming `path`."""
    if value is None:
        raise BadPayload(path, "it is missing")
    return str(value)
