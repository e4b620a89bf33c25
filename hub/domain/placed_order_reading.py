"""The hub's own JSON of an order → `ChannelOrder`. Pure; functions are named by what they return."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.domain import money
from hub.domain.order import (
    Address,
    Buyer,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    Charge,
    ForeignShipment,
    PaymentStatus,
)
from hub.domain.placed_order import Money, PlacedAddress, PlacedBuyer, PlacedOrder
from hub.errors import BadPayload

PAYMENT_WORDS: Mapping[str, PaymentStatus] = {
    **{status.value: status for status in PaymentStatus},
    "paid": PaymentStatus.CAPTURED,
    "unpaid": PaymentStatus.PENDING,
}
"""Words for where a payment stands; one that is not here is kept and reported."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that sounds or looks like a digit, because people read numbers out."""


CONTENT = "content"
"""Name among an order's words of the mark of its content: files say no time of change, so an import compares these."""


class Origin(NamedTuple):
    """Where an order came from, for what it does not say itself: the delivery's id, and when it was sent."""

    id: str
    at: datetime | None


def short_name(text: str) -> str:
    """A name that can be read out over a phone, always the same for the same `text`: "7MQ2-0FXK-J3ZD"."""
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big") >> 4
    letters = [ALPHABET[number >> 5 * place & 31] for place in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def content_mark(placed: PlacedOrder) -> str:
    """A mark of everything the order says, however it was written down; equal for equal content."""
    return hashlib.sha256(msgspec.json.encode(placed)).hexdigest()[:32]


def channel_order(placed: PlacedOrder, origin: Origin) -> ChannelOrder:
    """The order. Raises `BadPayload` with the path of what cannot be."""
    currency, placed_at = _currency(placed), _placed_at(placed, origin)
    external_id = placed.id.strip() or short_name(origin.id)
    lines = tuple(channel_line(placed, i, currency) for i in range(len(placed.lines)))
    charges = tuple(charge(placed, i, currency) for i in range(len(placed.charges)))
    taxes = sum(line.tax for line in lines) + sum(it.tax for it in charges)
    tax_total = taxes if placed.tax is None else minor(placed.tax, currency, "$.tax")
    sum_ = parts_total(lines, charges, 0 if placed.tax_included else tax_total)
    total = sum_ if placed.total is None else minor(placed.total, currency, "$.total")
    return ChannelOrder(
        external_id=external_id,
        number=placed.number.strip() or external_id,
        placed_at=placed_at,
        revised_at=placed.revised_at or origin.at or placed_at,
        currency=currency,
        total=total,
        tax_included=placed.tax_included,
        tax_total=tax_total,
        lines=lines,
        charges=charges,
        buyer=buyer(placed.buyer),
        ship_to=address(placed.ship_to),
        bill_to=address(placed.bill_to),
        payments=tuple(channel_payment(placed, i, (currency, total)) for i in range(len(placed.payments))),
        paid=placed.paid,
        pending=placed.pending,
        shipments=tuple(foreign_shipment(placed, i) for i in range(len(placed.shipments))),
        cancelled_at=placed.cancelled_at,
        cancel_reason=placed.cancel_reason,
        words={**({"source": placed.source} if placed.source else {}), CONTENT: content_mark(placed)},
        unknown_words=unknown_words(placed),
        note=placed.note,
        test=placed.test,
    )


def _currency(placed: PlacedOrder) -> str:
    try:
        money.exponent(placed.currency.upper())
    except ValueError as error:
        raise BadPayload("$.currency", str(error)) from None
    return placed.currency.upper()


def _placed_at(placed: PlacedOrder, origin: Origin) -> datetime:
    at = placed.placed_at or origin.at
    if at is None:
        raise BadPayload("$.placed_at", "is missing")
    return at


def parts_total(lines: tuple[ChannelLine, ...], charges: tuple[Charge, ...], tax_on_top: int) -> int:
    """What the parts say the buyer owes, as review reckons it (`hub.domain.validation.expected_total`)."""
    goods = sum(line.unit_price * line.quantity - line.discount for line in lines)
    return goods + sum(it.amount - it.discount for it in charges) + tax_on_top


def require_sums(order: ChannelOrder) -> None:
    """Raises `BadPayload` unless the total is the sum of its parts: whoever sends it can still correct it."""
    expected = parts_total(order.lines, order.charges, 0 if order.tax_included else order.tax_total)
    if expected != order.total:
        told, sums = (f"{money.major(amount, order.currency)} {order.currency}" for amount in (order.total, expected))
        raise BadPayload("$.total", f"is {told}, but lines, charges and tax make {sums}")


def minor(value: Money, currency: str, path: str) -> int:
    """An amount in minor units, whichever way it was written. Raises `BadPayload` naming `path`."""
    if isinstance(value, int):
        if abs(value) > money.MAX_MINOR:
            raise BadPayload(path, "is out of all proportion")
        return value
    try:
        return money.minor(value, currency)
    except ValueError as error:
        raise BadPayload(path, str(error)) from None


def channel_line(placed: PlacedOrder, i: int, currency: str) -> ChannelLine:
    """The `i`-th line."""
    line, path = placed.lines[i], f"$.lines[{i}]"
    if not (line.sku.strip() or line.listing_id.strip() or line.title.strip()):
        raise BadPayload(f"{path}.sku", "says nothing of what was sold: give sku, listing_id or title")
    if line.cancelled > line.quantity:
        raise BadPayload(f"{path}.cancelled", f"{line.cancelled} units of {line.quantity}")
    return ChannelLine(
        external_id=line.id.strip() or str(i + 1),
        title=line.title.strip() or line.sku or line.listing_id,
        quantity=line.quantity,
        unit_price=minor(line.unit_price, currency, f"{path}.unit_price"),
        sku=line.sku.strip(),
        listing_id=line.listing_id.strip(),
        discount=minor(line.discount, currency, f"{path}.discount"),
        tax=minor(line.tax, currency, f"{path}.tax"),
        cancelled=line.cancelled,
        requires_shipping=line.requires_shipping,
        gift_card=line.gift_card,
        grams=line.grams,
    )


def charge(placed: PlacedOrder, i: int, currency: str) -> Charge:
    """The `i`-th charge."""
    given, path = placed.charges[i], f"$.charges[{i}]"
    return Charge(
        kind=given.kind,
        title=given.title or given.kind,
        amount=minor(given.amount, currency, f"{path}.amount"),
        discount=minor(given.discount, currency, f"{path}.discount"),
        tax=minor(given.tax, currency, f"{path}.tax"),
    )


def channel_payment(placed: PlacedOrder, i: int, owed: tuple[str, int]) -> ChannelPayment:
    """The `i`-th payment; one without an amount is for all that is `owed` (currency, total). An unknown word counts as
    pending, and is reported among the order's unknown words."""
    payment, (currency, total) = placed.payments[i], owed
    return ChannelPayment(
        external_id=payment.id.strip() or f"payment-{i + 1}",
        status=PAYMENT_WORDS.get(payment.status.strip().casefold(), PaymentStatus.PENDING),
        amount=total if payment.amount is None else minor(payment.amount, currency, f"$.payments[{i}].amount"),
        gateway=payment.gateway,
        last4=payment.last4,
    )


def unknown_words(placed: PlacedOrder) -> tuple[str, ...]:
    """Words of payments that nobody knows, each once."""
    unknown = [it.status for it in placed.payments if it.status.strip().casefold() not in PAYMENT_WORDS]
    return tuple(dict.fromkeys(unknown))


def foreign_shipment(placed: PlacedOrder, i: int) -> ForeignShipment:
    """The `i`-th shipment. Raises `BadPayload` for a line that the order does not have."""
    given, path = placed.shipments[i], f"$.shipments[{i}].lines"
    ids = {line.id.strip() or str(place + 1) for place, line in enumerate(placed.lines)}
    for name in given.lines:
        if name not in ids:
            raise BadPayload(path, f"the order has no line {name[:100]!r}")
    return ForeignShipment(
        external_id=given.id.strip() or f"shipment-{i + 1}",
        lines=given.lines,
        carrier=given.carrier,
        tracking_number=given.tracking_number,
        shipped_at=given.shipped_at,
    )


def buyer(given: PlacedBuyer) -> Buyer:
    """Who bought, trimmed."""
    return Buyer(
        external_id=given.id,
        name=given.name.strip(),
        email=given.email.strip(),
        phone=given.phone.strip(),
        locale=given.locale.strip(),
    )


def address(given: PlacedAddress | None) -> Address | None:
    """An address, trimmed; none at all for goods that are not shipped."""
    if given is None:
        return None
    names = ("name", "company", "line1", "line2", "city", "region", "postcode", "phone")
    return Address(country=given.country.strip().upper(), **{name: getattr(given, name).strip() for name in names})
