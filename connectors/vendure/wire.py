"""Shapes of an order as the Admin API tells it, and as the plugin posts it: the fragment `Told` of orders.graphql.

Amounts are in 1/10^precision of the currency's major unit, whatever the currency (`MoneyStrategy`, 2 unless the shop
says otherwise): the scalar `Money` is a number that need not be whole. Times are ISO 8601 with an offset.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Raw, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Units: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class Wire(Struct, frozen=True, rename="camel", kw_only=True):
    """Base of all shapes: camelCase, and fields that we do not use may come and go."""


class Entry(Wire, frozen=True):
    """One entry of an order's history; `data` depends on what it tells."""

    created_at: str
    data: dict[str, Any] | None = None


class History(Wire, frozen=True):
    """The newest entry, and how many there are."""

    items: list[Entry]
    total_items: Units = 0


class Dated(Wire, frozen=True):
    """Anything that was changed at a time."""

    updated_at: str


class HeadPayment(Dated, frozen=True):
    """When a payment and its refunds changed."""

    refunds: list[Dated] = []


class Head(Dated, frozen=True):
    """When an order and what hangs on it changed. `latest` leaves notes out: they can be deleted."""

    id: Id
    latest: History
    order_placed_at: str | None = None
    payments: list[HeadPayment] | None = None
    fulfillments: list[Dated] | None = None


class Customer(Wire, frozen=True):
    """Who bought."""

    id: Id
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    phone_number: str | None = None


class Address(Wire, frozen=True):
    """A postal address; one that was never given has nothing but nulls."""

    full_name: str | None = None
    company: str | None = None
    street_line1: str | None = None
    street_line2: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone_number: str | None = None


class Variant(Wire, frozen=True):
    """What was sold."""

    id: Id
    sku: str = ""
    name: str = ""


class Line(Wire, frozen=True):
    """One line. `quantity` goes down when units are cancelled, `order_placed_quantity` stays; prices of the line are
    those of `quantity`. "Prorated" is what is left after every discount."""

    id: Id
    quantity: Units
    order_placed_quantity: Units
    unit_price: Decimal
    unit_price_with_tax: Decimal
    line_price: Decimal
    line_price_with_tax: Decimal
    prorated_unit_price: Decimal
    prorated_unit_price_with_tax: Decimal
    prorated_line_price: Decimal
    prorated_line_price_with_tax: Decimal
    product_variant: Variant


class Method(Wire, frozen=True):
    """How it is to be shipped."""

    code: str = ""
    name: str = ""


class ShippingLine(Wire, frozen=True):
    """Cost of shipping."""

    price: Decimal
    price_with_tax: Decimal
    discounted_price: Decimal
    discounted_price_with_tax: Decimal
    shipping_method: Method = Method()


class Surcharge(Wire, frozen=True):
    """Any other cost; negative when it is in the buyer's favor."""

    description: str
    price: Decimal
    price_with_tax: Decimal
    sku: str | None = None


class PartLine(Wire, frozen=True):
    """Units of a line in a fulfillment or a refund."""

    order_line_id: Id
    quantity: Units


class Refund(Dated, frozen=True):
    """Money that went back, or is to."""

    id: Id
    created_at: str
    total: Decimal
    state: str
    reason: str | None = None
    lines: list[PartLine] = []


class Payment(Dated, frozen=True):
    """One payment; `transaction_id` is the provider's."""

    id: Id
    amount: Decimal
    state: str
    method: str = ""
    transaction_id: str | None = None
    refunds: list[Refund] = []


class Fulfillment(Dated, frozen=True):
    """Units that are about to leave, have left or have arrived."""

    id: Id
    created_at: str
    state: str
    method: str = ""
    tracking_code: str | None = None
    lines: list[PartLine] = []


class Order(Dated, frozen=True):
    """An order, whole. One that was not placed yet is a cart."""

    id: Id
    code: Id
    state: str
    latest: History
    currency_code: str
    total: Decimal
    total_with_tax: Decimal
    lines: list[Line]
    type: str = "Regular"
    order_placed_at: str | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_lines: list[ShippingLine] = []
    surcharges: list[Surcharge] = []
    payments: list[Payment] | None = None
    fulfillments: list[Fulfillment] | None = None
    cancelled: History | None = None


class Channel(Wire, frozen=True):
    """The channel that the order was read through."""

    prices_include_tax: bool
    default_currency_code: str
    code: str = ""


class Told(Wire, frozen=True):
    """An order with what is needed to understand its amounts: decimals of `precision`."""

    channel: Channel
    precision: Annotated[int, Meta(ge=0, le=8)]
    order: Order


class Type(Wire, frozen=True):
    """As much of a message as says what it is."""

    type: Annotated[str, Meta(min_length=1, max_length=100)]


class Changed(Wire, frozen=True):
    """Body of order.changed, which polling makes too."""

    data: Told


class RawTold(Wire, frozen=True):
    """The same to be written, with the order as it came."""

    channel: Channel
    precision: int
    order: Raw


class RawChanged(Wire, frozen=True):
    """What polling makes of a pulled order."""

    type: str
    data: RawTold
