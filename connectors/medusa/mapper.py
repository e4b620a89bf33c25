"""Medusa's order → the hub's news. Pure; functions are named by what they return."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

from connectors.medusa import wire, words
from connectors.medusa.payments import channel_payments, paid, refund_notices
from connectors.medusa.reckoning import Reckoned, reckoned
from connectors.medusa.returns import return_notices
from connectors.medusa.sums import Purse, exact
from connectors.wire import decode
from hub.domain.order import Address, Buyer, ChannelLine, ChannelOrder, ForeignShipment, News


def news(body: bytes) -> tuple[News, ...]:
    """The order as it stands, then one notice for each refund and each return. Raises `BadPayload`."""
    order = decode(body, wire.Told).order
    purse = Purse(order.currency_code)
    return (channel_order(order, purse), *refund_notices(order, purse), *return_notices(order))


def channel_order(order: wire.Order, purse: Purse) -> ChannelOrder:
    """The order as it was sold and edited. What refunds and returns take off Medusa's total is left in: money that goes
    back is told by notices."""
    money = reckoned(order, purse)
    cancelled = order.status == words.CANCELLED or order.canceled_at is not None
    return ChannelOrder(
        external_id=order.id,
        number=str(order.display_id) if order.display_id is not None else order.id,
        placed_at=order.created_at,
        revised_at=revised_at(order),
        currency=purse.currency,
        total=money.sums.total,
        tax_included=money.sums.tax_included,
        tax_total=money.sums.tax_total,
        lines=tuple(channel_line(item, money, place, purse) for place, item in enumerate(money.items)),
        charges=money.charges,
        buyer=buyer(order),
        ship_to=address(order.shipping_address),
        bill_to=address(order.billing_address),
        payments=channel_payments(order, purse),
        paid=paid(order, money.sums.total, purse),
        pending=order.status in words.NOT_RELEASED or order.payment_status in words.PAYMENT_PENDING,
        shipments=tuple(shipments(order)),
        cancelled_at=(order.canceled_at or order.updated_at) if cancelled else None,
        words=raw_words(order),
        unknown_words=tuple(dict.fromkeys(words.unknown(order))),
    )


def revised_at(order: wire.Order) -> datetime:
    """When anything of the order last changed. `updated_at` alone does not move when money is taken or given back."""
    moments: list[datetime | None] = [order.updated_at, order.canceled_at]
    for collection in order.payment_collections or ():
        moments.append(collection.updated_at)
        for payment in collection.payments or ():
            moments += [payment.updated_at, payment.canceled_at]
            moments += [moved.created_at for moved in (*(payment.captures or ()), *(payment.refunds or ()))]
    moments += [fulfillment.updated_at for fulfillment in order.fulfillments or ()]
    moments += [given.updated_at for given in order.returns or ()]
    return max(moment for moment in moments if moment is not None)


def raw_words(order: wire.Order) -> dict[str, str]:
    """Medusa's own words; those of returns by their ids."""
    told = {
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfillment_status": order.fulfillment_status,
    }
    returns = sorted(order.returns or (), key=lambda given: given.id)
    return told | {f"return {given.id}": given.status for given in returns}


# ---------------------------------------------------------------- lines and goods


def channel_line(item: wire.Item, money: Reckoned, place: int, purse: Purse) -> ChannelLine:
    """A line; `place` is where it stands in `money`."""
    price = purse.upward(exact(item.unit_price, "$.order.items"), "$.order.items")
    detail = item.detail or wire.Detail()
    return ChannelLine(
        external_id=item.id,
        title=title(item),
        quantity=item.quantity,
        unit_price=price,
        sku=(item.variant_sku or "").strip(),
        listing_id=item.variant_id or "",
        discount=price * item.quantity - money.sums.worth[place],
        tax=money.sums.taxes[place],
        fulfilled=max(detail.shipped_quantity or 0, detail.delivered_quantity or 0),
        requires_shipping=item.requires_shipping is not False,
        gift_card=bool(item.is_giftcard),
        grams=grams(item),
    )


def title(item: wire.Item) -> str:
    """The product with its variant, where that says more."""
    variant = (item.variant_title or "").strip()
    return item.title if not variant or variant in (item.title, "Default variant") else f"{item.title}, {variant}"


def grams(item: wire.Item) -> int:
    """Weight of a unit; Medusa does not say of what unit, the hub takes it for grams."""
    weight = item.variant.weight if item.variant else None
    return max(0, ceil(exact(weight, "$.order.items"))) if weight is not None else 0


def shipments(order: wire.Order) -> Iterable[ForeignShipment]:
    """What has left, by whomever; what is only packed has not."""
    for fulfillment in sorted(order.fulfillments or (), key=lambda each: each.id):
        if fulfillment.canceled_at or not (fulfillment.shipped_at or fulfillment.delivered_at):
            continue
        numbers = [label.tracking_number for label in fulfillment.labels or () if label.tracking_number]
        yield ForeignShipment(
            external_id=fulfillment.id,
            lines=units(fulfillment, order.items),
            carrier=str((fulfillment.metadata or {}).get("carrier") or fulfillment.provider_id or ""),
            tracking_number=numbers[0] if numbers else "",
            shipped_at=fulfillment.shipped_at or fulfillment.delivered_at,
        )


def units(fulfillment: wire.Fulfillment, items: Sequence[wire.Item]) -> dict[str, int]:
    """Units by line. A kit is packed as its inventory items: one of them tells how many kits there are."""
    needs = {
        (item.id, stocked.inventory_item_id): stocked.required_quantity or 1
        for item in items
        for stocked in (item.variant.inventory_items if item.variant else None) or ()
    }
    found: dict[str, int] = {}
    for packed in fulfillment.items or ():
        if packed.line_item_id and packed.line_item_id not in found:
            found[packed.line_item_id] = packed.quantity // needs.get(
                (packed.line_item_id, packed.inventory_item_id), 1
            )
    return found


# ---------------------------------------------------------------- people


def buyer(order: wire.Order) -> Buyer:
    """Who bought; a guest's name stands in the address."""
    who = order.customer or wire.Customer()
    where = order.billing_address or order.shipping_address or wire.Address()
    return Buyer(
        external_id=who.id or "",
        name=full_name(who.first_name, who.last_name) or full_name(where.first_name, where.last_name),
        email=order.email or who.email or "",
        phone=who.phone or where.phone or "",
    )


def full_name(first: str | None, last: str | None) -> str:
    """Both names, or whichever there is."""
    return " ".join(name.strip() for name in (first, last) if name and name.strip())


def address(given: wire.Address | None) -> Address | None:
    """An address; None where Medusa has none, or an empty one."""
    if given is None:
        return None
    country = (given.country_code or "").upper()
    found = Address(
        name=full_name(given.first_name, given.last_name),
        company=given.company or "",
        line1=given.address_1 or "",
        line2=given.address_2 or "",
        city=given.city or "",
        region=region(given.province or "", country),
        postcode=given.postal_code or "",
        country=country,
        phone=given.phone or "",
    )
    return None if found == Address() else found


def region(province: str, country: str) -> str:
    """Medusa's own tax regions are written as ISO 3166-2 in lower case (`us-ny`); people write what they like."""
    match = re.fullmatch(r"([A-Za-z]{2})-([A-Za-z0-9]{1,3})", province)
    return match[2].upper() if match and match[1].upper() == country else province
