"""The store's order, as its API documents it: body of order.created, order.updated and order.paid, and of the list.

Amounts are decimal strings in major units of the order's currency; times are RFC 3339 with an offset. A shape names
only the fields that we use: others may come and go.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class Address(Struct, frozen=True):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    name: str = ""
    company: str = ""
    street: str = ""
    extra: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


class Customer(Struct, frozen=True):
    """Who bought."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    locale: str = ""
    ip: str = ""


class Item(Struct, frozen=True):
    """One line. `discount` and `tax` are for the whole line; `unit_price` is one unit before discounts."""

    id: Id
    title: str
    quantity: Count
    unit_price: str
    sku: str = ""
    variant_id: str = ""
    discount: str = "0"
    tax: str = "0"
    cancelled: Count = 0
    shipped: Count = 0
    weight_grams: Count = 0
    requires_shipping: bool = True
    gift_card: bool = False


class Charge(Struct, frozen=True):
    """Money on no line: shipping, gift wrap, a tip."""

    kind: str
    title: str
    amount: str
    discount: str = "0"
    tax: str = "0"
    code: str = ""


class Payment(Struct, frozen=True):
    """One payment; `id` is the payment provider's."""

    id: Id
    status: str
    amount: str
    gateway: str = ""
    last4: str = ""


class Risk(Struct, frozen=True):
    """The store's own view of fraud."""

    level: str
    source: str = ""
    why: str = ""


class Shipped(Struct, frozen=True):
    """Units that the store counts as shipped, by line id."""

    id: Id
    items: dict[str, Count]
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: Time | None = None


class ReturnItem(Struct, frozen=True):
    """Units of one line that come back; `received` counts those that have arrived."""

    line_id: Id
    quantity: Count
    received: Count = 0
    reason: str = ""


class Return(Struct, frozen=True):
    """A return as of `updated_at`: body of return.updated, and one of an order's returns."""

    id: Id
    order_id: Id
    created_at: Time
    updated_at: Time
    status: str
    number: str = ""
    items: tuple[ReturnItem, ...] = ()
    reason: str = ""
    carrier: str = ""
    tracking_number: str = ""


class Settlement(Struct, frozen=True):
    """The total in the currency that the merchant is paid in."""

    currency: str
    total: str


class Order(Struct, frozen=True):
    """An order, whole, as of `updated_at`: body of order.created, order.updated and order.paid, and of the list."""

    id: Id
    number: Id
    created_at: Time
    updated_at: Time
    currency: str
    total: str
    status: str
    payment_status: str
    items: Annotated[tuple[Item, ...], Meta(min_length=1)]
    charges: tuple[Charge, ...] = ()
    tax_included: bool = False
    tax: str = "0"
    customer: Customer = Customer()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    payments: tuple[Payment, ...] = ()
    risks: tuple[Risk, ...] = ()
    shipments: tuple[Shipped, ...] = ()
    returns: tuple[Return, ...] = ()
    settlement: Settlement | None = None
    cancelled_at: Time | None = None
    cancel_reason: str = ""
    note: str = ""
    test: bool = False
