"""Medusa's order, as its admin API shows it: what a poll brings and what the subscriber posts.

Amounts are JSON numbers in major units of the order's currency, computed without rounding; they are read as exact
decimals. Times are RFC 3339 in UTC. A shape names only what we use. Source: Admin API reference, AdminOrder; the totals
of `@medusajs/utils` 2.21.
"""

from __future__ import annotations

from decimal import Decimal

from connectors.medusa.wire_base import Count, Id, Time, Wire
from connectors.medusa.wire_returns import Return


class TaxLine(Wire, frozen=True):
    """One tax; `rate` in percent."""

    rate: Decimal


class Adjustment(Wire, frozen=True):
    """A promotion's share in an item or a shipping method."""

    amount: Decimal
    is_tax_inclusive: bool | None = None


class Detail(Wire, frozen=True):
    """What became of an item's units."""

    shipped_quantity: Count | None = None
    delivered_quantity: Count | None = None
    return_received_quantity: Count | None = None
    return_dismissed_quantity: Count | None = None


class Stocked(Wire, frozen=True):
    """How many of an inventory item one unit of a variant takes."""

    inventory_item_id: str | None = None
    required_quantity: Count | None = None


class Variant(Wire, frozen=True):
    """What was sold; absent once it is deleted."""

    weight: Decimal | None = None
    inventory_items: list[Stocked] | None = None


class Item(Wire, frozen=True):
    """A line. `total` is what Medusa makes of it after returns, taxes and promotions."""

    id: Id
    title: str
    quantity: Count
    unit_price: Decimal
    is_tax_inclusive: bool | None = None
    total: Decimal | None = None
    created_at: Time | None = None
    variant_id: str | None = None
    variant_sku: str | None = None
    variant_title: str | None = None
    requires_shipping: bool | None = None
    is_giftcard: bool | None = None
    tax_lines: list[TaxLine] | None = None
    adjustments: list[Adjustment] | None = None
    detail: Detail | None = None
    variant: Variant | None = None


class ShippingMethod(Wire, frozen=True):
    """A way of shipping that the buyer chose."""

    id: Id
    name: str
    amount: Decimal
    is_tax_inclusive: bool | None = None
    tax_lines: list[TaxLine] | None = None
    adjustments: list[Adjustment] | None = None


class CreditLine(Wire, frozen=True):
    """Takes `amount` off the total: store credit, a gift card, or what a refund has given back."""

    id: Id
    amount: Decimal
    reference: str | None = None
    reference_id: str | None = None


class Address(Wire, frozen=True):
    """A postal address; `country_code` is ISO 3166-1 alpha-2 in lower case."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(Wire, frozen=True):
    """Who bought; guests have one too."""

    id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None


class Capture(Wire, frozen=True):
    """Money taken."""

    id: Id
    amount: Decimal
    created_at: Time | None = None


class RefundReason(Wire, frozen=True):
    """Why money went back."""

    label: str | None = None
    code: str | None = None


class Refund(Wire, frozen=True):
    """Money given back."""

    id: Id
    amount: Decimal
    created_at: Time
    note: str | None = None
    refund_reason: RefundReason | None = None


class Payment(Wire, frozen=True):
    """An authorized payment."""

    id: Id
    amount: Decimal
    currency_code: str
    provider_id: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    canceled_at: Time | None = None
    captures: list[Capture] | None = None
    refunds: list[Refund] | None = None


class PaymentCollection(Wire, frozen=True):
    """Payments towards one sum. Changes with every capture and refund, while the order does not."""

    updated_at: Time | None = None
    payments: list[Payment] | None = None


class FulfillmentItem(Wire, frozen=True):
    """Units of an inventory item: a kit has several for one line, and more units than the line."""

    quantity: Count
    line_item_id: str | None = None
    inventory_item_id: str | None = None


class Label(Wire, frozen=True):
    """How to track a parcel."""

    tracking_number: str | None = None


class Fulfillment(Wire, frozen=True):
    """Goods that were packed, then shipped, then delivered."""

    id: Id
    provider_id: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    shipped_at: Time | None = None
    delivered_at: Time | None = None
    canceled_at: Time | None = None
    metadata: dict[str, object] | None = None
    items: list[FulfillmentItem] | None = None
    labels: list[Label] | None = None


class Order(Wire, frozen=True):
    """An order. `payment_status` and `fulfillment_status` come only when they are asked for."""

    id: Id
    status: str
    payment_status: str
    fulfillment_status: str
    created_at: Time
    updated_at: Time
    currency_code: str
    total: Decimal
    items: list[Item]
    display_id: int | None = None
    canceled_at: Time | None = None
    email: str | None = None
    shipping_methods: list[ShippingMethod] | None = None
    credit_lines: list[CreditLine] | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    customer: Customer | None = None
    payment_collections: list[PaymentCollection] | None = None
    fulfillments: list[Fulfillment] | None = None
    returns: list[Return] | None = None


class Told(Wire, frozen=True):
    """Body of a delivery, and of GET /admin/orders/{id}."""

    order: Order
