"""An order as WooCommerce's REST API v3 tells it: in webhooks and in lists alike.

Amounts are decimal strings in major units; those of lines and charges are without tax, whatever the prices include.
Times ending in `_gmt` are UTC without saying so; their twins are in the site's own zone and are not read. A shape names
only the fields that we use: plugins add and leave out others. Source: "Order properties" of the v3 documentation.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Text: TypeAlias = str | None


class Extra(Struct, frozen=True):
    """Something that a plugin or a theme keeps with an order or a line; `value` may be anything."""

    key: Text = None
    value: object = None
    display_key: object = None
    display_value: object = None


class Address(Struct, frozen=True):
    """A postal address; `country` is ISO 3166-1 alpha-2, `state` WooCommerce's own code or free text."""

    first_name: Text = None
    last_name: Text = None
    company: Text = None
    address_1: Text = None
    address_2: Text = None
    city: Text = None
    state: Text = None
    postcode: Text = None
    country: Text = None
    email: Text = None
    phone: Text = None


class Tax(Struct, frozen=True):
    """One rate's share in a line; `id` is the rate's. `total` may be finer than the currency can pay."""

    id: Id
    total: Text = None


class Line(Struct, frozen=True):
    """One line. `subtotal` is before discounts, `total` after; `quantity` may be a fraction where plugins allow it.

    `bundled_by` and `composite_parent` are ids of the bundle's own line, 0 or an empty string for none.
    """

    id: Id
    quantity: Decimal
    total: str
    subtotal: Text = None
    subtotal_tax: Text = None
    total_tax: Text = None
    name: Text = None
    product_id: Id = 0
    variation_id: Id = 0
    sku: Text = None
    taxes: tuple[Tax, ...] = ()
    bundled_by: Id | str | None = None
    composite_parent: Id | str | None = None
    meta_data: tuple[Extra, ...] = ()


class Shipping(Struct, frozen=True):
    """One shipping line."""

    id: Id
    total: str
    total_tax: Text = None
    method_title: Text = None
    method_id: Text = None
    instance_id: Text = None


class Fee(Struct, frozen=True):
    """A fee; below zero it is a discount that some plugin gives."""

    id: Id
    total: str
    total_tax: Text = None
    name: Text = None


class GiftCard(Struct, frozen=True):
    """A gift card that was used (WooCommerce Gift Cards); the order's total is what is left after it."""

    amount: Decimal
    code: Text = None


class RefundRow(Struct, frozen=True):
    """A refund as an order lists it: `total` is below zero, and which lines it is for is not said."""

    id: Id
    total: str
    reason: Text = None


class Order(Struct, frozen=True):
    """An order, whole."""

    id: Id
    status: str
    currency: str
    total: Annotated[str, Meta(min_length=1)]
    line_items: tuple[Line, ...]
    number: str | int | None = None
    total_tax: Text = None
    prices_include_tax: bool = False
    needs_processing: bool = True
    date_created_gmt: Text = None
    date_modified_gmt: Text = None
    date_paid_gmt: Text = None
    date_completed_gmt: Text = None
    customer_id: Id = 0
    customer_ip_address: Text = None
    customer_note: Text = None
    payment_method: Text = None
    transaction_id: Text = None
    billing: Address | None = None
    shipping: Address | None = None
    shipping_lines: tuple[Shipping, ...] = ()
    fee_lines: tuple[Fee, ...] = ()
    gift_cards: tuple[GiftCard, ...] = ()
    refunds: tuple[RefundRow, ...] = ()
    meta_data: tuple[Extra, ...] = ()


class Head(Struct, frozen=True):
    """As much of an order as telling deliveries apart takes."""

    id: Id
    date_modified_gmt: Text = None
    refunds: tuple[object, ...] = ()


class RefundLine(Struct, frozen=True):
    """A line of a refund: `quantity` is below zero; the meta `_refunded_item_id` names the order's line."""

    quantity: Decimal = Decimal(0)
    meta_data: tuple[Extra, ...] = ()


class Refund(Struct, frozen=True):
    """A refund, whole, from `GET /orders/{id}/refunds`."""

    id: Id
    date_created_gmt: Text = None
    reason: Text = None
    line_items: tuple[RefundLine, ...] = ()


class Polled(Struct, frozen=True):
    """An order with refunds as we pull it: both verbatim, since the order alone does not say which units went back."""

    order: Raw
    refunds: tuple[Refund, ...]


class Deleted(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of order.deleted, which is nothing but this: the topic is not signed, and under it another webhook's body
    must not pass for a farewell."""

    id: Id
