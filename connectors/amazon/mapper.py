"""Amazon's shapes → the hub's types. Pure; functions are named by what they return.

sums.py has an order's money, units.py its goods, saying.py the way back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from connectors.amazon import refunds, returns, wire, wire_finances, wire_notices, wire_reports
from connectors.amazon.sums import LineSum, Sums, sums
from connectors.amazon.units import (
    by_amazon,
    cancel_reason,
    cancelled_units,
    fulfilled_units,
    on_delivery,
    shipments,
    standing_of,
    unknown_words,
)
from connectors.amazon.wire_items import OrderItem
from connectors.wire import decode, instant
from hub.contract import Delivery
from hub.domain.order import Address, Buyer, ChannelLine, ChannelOrder, ChannelPayment, News, PaymentStatus
from hub.errors import BadPayload

ORDER = "order"
NOTIFICATION = "notification"


def news(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for topics that we do not follow. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return reader(delivery.body) if reader else ()


def delivery_of(body: bytes) -> Delivery:
    """One order as the API told it, verbatim. One whose head cannot be read goes on as it is: reading it sets it aside,
    and only it. The content is part of the id, for data sets may follow without a newer time."""
    mark = hashlib.sha256(body).hexdigest()
    try:
        head = decode(body, wire.OrderHead)
        changed = instant(head.last_updated_time, "$.lastUpdatedTime")
    except BadPayload:
        return Delivery(id=f"{ORDER}:{mark}", topic=ORDER, body=body)
    return Delivery(
        id=f"{ORDER}:{head.order_id}:{changed.isoformat()}:{mark[:12]}", topic=ORDER, body=body, occurred_at=changed
    )


# ---------------------------------------------------------------- an order


def channel_order(order: wire.Order) -> ChannelOrder:
    """The order as Amazon tells it at `lastUpdatedTime`. Raises `BadPayload`."""
    money = sums(order)
    standing = standing_of(order)
    updated = instant(order.last_updated_time, "$.lastUpdatedTime")
    return ChannelOrder(
        external_id=order.order_id,
        number=order.order_id,
        placed_at=instant(order.created_time, "$.createdTime"),
        revised_at=updated,
        currency=money.currency,
        total=money.total,
        tax_included=money.tax_included,
        tax_total=money.tax_total,
        lines=tuple(channel_line(item, line, order) for item, line in zip(order.order_items, money.lines, strict=True)),
        charges=money.charges,
        buyer=buyer(order),
        ship_to=address(order.recipient.delivery_address if order.recipient else None),
        payments=payments(order, money),
        paid=standing.paid and not on_delivery(order),
        pending=standing.pending,
        shipments=tuple(shipments(order)),
        cancelled_at=updated if standing.cancelled else None,
        cancel_reason=cancel_reason(order) if standing.cancelled else "",
        words=raw_words(order),
        unknown_words=tuple(dict.fromkeys((*unknown_words(order), *money.unknown))),
        note=note(order),
    )


def channel_line(item: OrderItem, money: LineSum, order: wire.Order) -> ChannelLine:
    """One line. What Amazon ships from its own warehouses is none of ours to ship. A listing is known by the seller's
    SKU: several may share one ASIN."""
    fulfilled = min(fulfilled_units(item), item.quantity_ordered)
    sku = (item.product.seller_sku or "").strip()
    return ChannelLine(
        external_id=item.order_item_id,
        title=item.product.title or "",
        quantity=item.quantity_ordered,
        unit_price=money.unit_price,
        sku=sku,
        listing_id=sku or item.product.asin or "",
        discount=money.discount,
        tax=money.tax,
        cancelled=item.quantity_ordered - fulfilled if standing_of(order).cancelled else cancelled_units(item),
        fulfilled=fulfilled,
        requires_shipping=not by_amazon(order),
    )


def payments(order: wire.Order, money: Sums) -> tuple[ChannelPayment, ...]:
    """Amazon collects for the seller: one payment, of the whole. Nothing while the status is unknown."""
    standing = standing_of(order)
    if standing.pending:
        status = PaymentStatus.PENDING
    elif standing.cancelled:
        status = PaymentStatus.VOIDED
    elif standing.paid:
        status = PaymentStatus.AUTHORIZED if on_delivery(order) else PaymentStatus.CAPTURED
    else:
        return ()
    return (ChannelPayment(external_id=order.order_id, status=status, amount=money.total, gateway="Amazon"),)


def buyer(order: wire.Order) -> Buyer:
    """Who bought, as far as Amazon tells."""
    who = order.buyer or wire.Buyer()
    to = address(order.recipient.delivery_address if order.recipient else None)
    return Buyer(
        name=who.buyer_name or who.buyer_company_name or "",
        email=who.buyer_email or "",
        phone=to.phone if to else "",
    )


def address(given: wire.CustomerAddress | None) -> Address | None:
    """Where it goes; None where Amazon does not tell yet (pending), or not at all."""
    if given is None or not any((given.address_line1, given.city, given.postal_code, given.name)):
        return None
    code = (given.country_code or "").strip().upper()
    city = given.city or given.municipality or given.district_or_county or ""
    # A district is a part of the address in Turkey, Brazil or Japan; where it stands for the city it is not said twice.
    district = given.district_or_county if given.district_or_county != city else ""
    return Address(
        name=given.name or "",
        company=given.company_name or "",
        line1=given.address_line1 or given.address_line2 or "",
        line2=", ".join(
            filter(None, (given.address_line2 if given.address_line1 else "", given.address_line3, district))
        ),
        city=city,
        region=given.state_or_region or "",
        postcode=given.postal_code or "",
        country=code if re.fullmatch("[A-Z]{2}", code) else "",
        phone=given.phone or "",
    )


def raw_words(order: wire.Order) -> dict[str, str]:
    """Amazon's words as they came."""
    done = order.fulfillment
    window = done.ship_by_window if done else None
    raw = {
        "fulfillmentStatus": done.fulfillment_status if done else "",
        "fulfilledBy": done.fulfilled_by if done else "",
        "fulfillmentServiceLevel": done.fulfillment_service_level if done else "",
        "shipBy": window.latest_date_time if window else "",
        "marketplaceId": order.sales_channel.marketplace_id,
        "programs": ",".join(order.programs or ()),
        "sellerOrderId": next((a.alias_id for a in order.order_aliases or () if a.alias_type == "SELLER_ORDER_ID"), ""),
        "purchaseOrder": order.buyer.buyer_purchase_order_number if order.buyer else "",
        "associatedOrders": ",".join(f"{a.association_type}={a.order_id}" for a in order.associated_orders or ()),
        "packages": ",".join(p.package_status.status for p in order.packages or () if p.package_status),
    }
    return {name: word for name, word in raw.items() if word}


def note(order: wire.Order) -> str:
    """What the buyer wrote: gift messages, and words for the driver."""
    said = []
    for item in order.order_items:
        gift = item.fulfillment.packing.gift_option if item.fulfillment and item.fulfillment.packing else None
        if gift is not None and (gift.gift_message or gift.gift_wrap_level):
            wrap = f" ({gift.gift_wrap_level})" if gift.gift_wrap_level else ""
            said.append(
                f"Gift{wrap} {item.product.seller_sku or item.order_item_id}: {gift.gift_message or ''}".strip()
            )
    wish = order.recipient.delivery_preference if order.recipient else None
    if wish is not None:
        said += filter(None, (wish.drop_off_location, wish.address_instruction))
    return "\n".join(said)


def _order(body: bytes) -> tuple[News, ...]:
    return (channel_order(decode(body, wire.Order)),)


def _notification(body: bytes) -> tuple[News, ...]:
    """A notification that led to no order: kept, and nothing else; one that is none is set aside."""
    if not decode(body, wire_notices.Notification).type:
        raise BadPayload("$.NotificationType", "it is missing")
    return ()


def _refund(body: bytes) -> tuple[News, ...]:
    notice = refunds.refund_notice(decode(body, wire_finances.Transaction))
    return () if notice is None else (notice,)


def _return(body: bytes) -> tuple[News, ...]:
    return (returns.return_notice(decode(body, wire_reports.Returned)),)


READERS: Mapping[str, Callable[[bytes], tuple[News, ...]]] = {
    ORDER: _order,
    NOTIFICATION: _notification,
    refunds.REFUND: _refund,
    returns.RETURN: _return,
}
"""Topic → who reads it."""
