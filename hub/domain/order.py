"""An order whatever its channel, and what channels say about it afterwards.

Amounts are integers in minor units of the order's `currency` unless a name says otherwise; times are aware.
All types are frozen: a mapper makes them, decisions read them, nobody changes them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all value types: frozen, by keyword, JSON without its defaults."""


class Address(Value, frozen=True):
    """A postal address as the channel wrote it. `country` is ISO 3166-1 alpha-2, upper case, or empty."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


class Buyer(Value, frozen=True):
    """Who bought. `external_id` is the channel's own customer id; any field may be empty."""

    external_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    locale: str = ""
    ip: str = ""


class ChannelLine(Value, frozen=True):
    """One line. `discount` and `tax` are for the whole line; `cancelled` and `fulfilled` count units of `quantity`.

    `unit_price` is what one unit costs before discounts, tax included when the order says `tax_included`.
    `listing_id` is the channel's id of the thing that was sold (a variant, an ASIN); `sku` may be empty.
    """

    external_id: str
    title: str
    quantity: int
    unit_price: int
    sku: str = ""
    listing_id: str = ""
    discount: int = 0
    tax: int = 0
    cancelled: int = 0
    fulfilled: int = 0
    requires_shipping: bool = True
    gift_card: bool = False
    grams: int = 0


class Charge(Value, frozen=True):
    """Money that is on no line: shipping, a fee, duties, a tip, rounding. `discount` and `tax` as on a line."""

    kind: str
    title: str
    amount: int
    discount: int = 0
    tax: int = 0
    code: str = ""


class PaymentStatus(StrEnum):
    """Where one payment stands, as the channel tells it."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"
    EXPIRED = "expired"


class ChannelPayment(Value, frozen=True):
    """One payment. `amount` is what was authorized or captured; `gateway` is the channel's word for who took it."""

    external_id: str
    status: PaymentStatus
    amount: int
    gateway: str = ""
    last4: str = ""


class RiskFact(Value, frozen=True):
    """What the channel itself says about fraud: `level` is low, medium or high."""

    source: str
    level: str
    why: str = ""


class ForeignShipment(Value, frozen=True):
    """Goods the channel already counts as shipped by somebody else. `lines` maps line external id → units."""

    external_id: str
    lines: dict[str, int]
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None


class ChannelOrder(Value, frozen=True):
    """An order as a channel tells it at `revised_at`; a later revision replaces an earlier one.

    `total` is what the buyer owes in `currency`; `shop_total` the same in the merchant's `shop_currency`.
    `words` keeps the channel's raw status words; `unknown_words` names those the mapper has no meaning for.
    `pending` means the channel itself does not release the order yet.
    """

    external_id: str
    number: str
    placed_at: datetime
    revised_at: datetime
    currency: str
    total: int
    lines: tuple[ChannelLine, ...]
    shop_currency: str = ""
    shop_total: int = 0
    tax_included: bool = False
    tax_total: int = 0
    charges: tuple[Charge, ...] = ()
    buyer: Buyer = Buyer()
    ship_to: Address | None = None
    bill_to: Address | None = None
    payments: tuple[ChannelPayment, ...] = ()
    paid: bool = False
    pending: bool = False
    risks: tuple[RiskFact, ...] = ()
    shipments: tuple[ForeignShipment, ...] = ()
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    words: dict[str, str] = {}
    unknown_words: tuple[str, ...] = ()
    note: str = ""
    test: bool = False


class Cancellation(Value, frozen=True):
    """The channel cancelled an order; without `lines` the whole of it, else units by line external id."""

    order_id: str
    at: datetime
    reason: str = ""
    lines: dict[str, int] = {}


class RefundNotice(Value, frozen=True):
    """Money went back at the channel. `amount` is in `currency`; `lines` maps line external id → units given back."""

    order_id: str
    external_id: str
    at: datetime
    amount: int
    currency: str
    lines: dict[str, int] = {}
    restock: bool = False
    reason: str = ""


class ShipmentNotice(Value, frozen=True):
    """The channel recorded a shipment; ours coming back as an echo, or somebody else's."""

    order_id: str
    shipment: ForeignShipment
    at: datetime
    status: str = ""


class ReturnStatus(StrEnum):
    """Where a return stands, as the channel tells it; the order is that of the way it goes, ends last."""

    REQUESTED = "requested"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class ReturnedLine(Value, frozen=True):
    """Units of one order line that come back: `quantity` in all, `received` of them already. `line_id` is the line's
    external id, `reason` the channel's word. A channel that names goods and not lines leaves `line_id` empty and tells
    the `listing_id`: they are units of whichever lines sold it."""

    line_id: str
    quantity: int
    received: int = 0
    reason: str = ""
    listing_id: str = ""


class ReturnNotice(Value, frozen=True):
    """Goods come back, or somebody asks for it, as the channel tells it at `at`. Empty fields are not told and change
    nothing. `external_id` names the return for good, `number` is what people call it; `word` is the channel's own for
    `status`, which is None for a word that nobody knows. `lines` are all of its lines, where any are told."""

    order_id: str
    external_id: str
    at: datetime
    status: ReturnStatus | None = None
    word: str = ""
    number: str = ""
    lines: tuple[ReturnedLine, ...] = ()
    reason: str = ""
    tracking_number: str = ""
    carrier: str = ""
    requested_at: datetime | None = None


class ScanStatus(StrEnum):
    """A carrier's scan, normalised."""

    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    FAILED_ATTEMPT = "failed_attempt"
    EXCEPTION = "exception"
    RETURN_TO_SENDER = "return_to_sender"
    LOST = "lost"
    UNKNOWN = "unknown"


class ParcelScan(Value, frozen=True):
    """One scan of one parcel. `external_id` makes it unique for its parcel; `raw` keeps the carrier's own word."""

    tracking_number: str
    external_id: str
    status: ScanStatus
    at: datetime
    raw: str = ""
    place: str = ""


class PaymentNotice(Value, frozen=True):
    """A payment changed at the provider. `payment_id` is the provider's id, as in `ChannelPayment.external_id`."""

    payment_id: str
    status: PaymentStatus
    amount: int
    currency: str
    at: datetime


class Erasure(Value, frozen=True):
    """A person (or with no identity at all, the whole shop) must be forgotten, or asks what is known."""

    kind: str
    """`erase_person`, `erase_shop` or `export_person`."""
    email: str = ""
    phone: str = ""
    external_id: str = ""
    order_ids: tuple[str, ...] = ()


class AccountClosed(Value, frozen=True):
    """The merchant removed us at the channel: the account stops, its history stays."""

    at: datetime


News: TypeAlias = (
    ChannelOrder
    | Cancellation
    | RefundNotice
    | ShipmentNotice
    | ReturnNotice
    | ParcelScan
    | PaymentNotice
    | Erasure
    | AccountClosed
)
"""Everything a delivery can turn out to say."""
