"""What Shopify's order, refund, fulfillment and privacy webhooks carry, as far as we read it.

Field names are Shopify's. Payloads of many years are in use, so only what gives a thing its identity is required;
whatever else is missing or null is None. Amounts are decimal strings in the channel's JSON and `Decimal` here; each
plain amount is in the shop's currency, each `_set` holds both the shop's and the buyer's.
Source: shopify.dev, Admin REST resources Order, Refund and Fulfillment, and the mandatory compliance webhooks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(min_length=1, max_length=100)]
Units: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class Wire(Struct, frozen=True, kw_only=True):
    """Base of the structs: by keyword, and fields that we do not know are passed over."""


class Money(Wire, frozen=True):
    """An amount with its currency."""

    amount: Decimal
    currency_code: str


class Bag(Wire, frozen=True):
    """One amount in both currencies."""

    shop_money: Money | None = None
    presentment_money: Money | None = None


class TaxLine(Wire, frozen=True):
    """One tax on a line or a shipping line."""

    price: Decimal | None = None
    price_set: Bag | None = None


class DiscountAllocation(Wire, frozen=True):
    """The part of one discount that falls on one line."""

    amount: Decimal | None = None
    amount_set: Bag | None = None


class LineItem(Wire, frozen=True):
    """One line. `quantity` never shrinks; `current_quantity` (since 2024) leaves removed and refunded units out."""

    id: Id
    quantity: Units
    title: str | None = None
    name: str | None = None
    sku: str | None = None
    variant_id: Id | None = None
    product_id: Id | None = None
    price: Decimal | None = None
    price_set: Bag | None = None
    current_quantity: Units | None = None
    total_discount: Decimal | None = None
    total_discount_set: Bag | None = None
    discount_allocations: list[DiscountAllocation] | None = None
    tax_lines: list[TaxLine] | None = None
    taxable: bool | None = None
    requires_shipping: bool | None = None
    gift_card: bool | None = None
    grams: Units | None = None
    tip: dict[str, Any] | None = None
    """Set on lines that are not goods but a tip given at the till."""


class ShippingLine(Wire, frozen=True):
    """One shipping method that was charged."""

    title: str | None = None
    code: str | None = None
    price: Decimal | None = None
    price_set: Bag | None = None
    discounted_price: Decimal | None = None
    discounted_price_set: Bag | None = None
    discount_allocations: list[DiscountAllocation] | None = None
    tax_lines: list[TaxLine] | None = None
    is_removed: bool | None = None


class Address(Wire, frozen=True):
    """A postal address; `country` is a name in the shop's language, `country_code` ISO 3166-1 alpha-2."""

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(Wire, frozen=True):
    """Who bought."""

    id: Id | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class ClientDetails(Wire, frozen=True):
    """The browser the order came from."""

    browser_ip: str | None = None


class PaymentDetails(Wire, frozen=True):
    """The card, in payloads before 2020; the number is masked by Shopify."""

    credit_card_number: str | None = None


class FulfilledLine(Wire, frozen=True):
    """Units of one line in one fulfillment."""

    id: Id
    quantity: Units


class Fulfillment(Wire, frozen=True):
    """One shipment at Shopify."""

    id: Id
    order_id: Id | None = None
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_numbers: list[str] | None = None
    line_items: list[FulfilledLine] | None = None


class RefundLineItem(Wire, frozen=True):
    """Units given back. `restock_type`: cancel (never left), return, no_restock, legacy_restock."""

    line_item_id: Id
    quantity: Units
    restock_type: str | None = None


class Transaction(Wire, frozen=True):
    """Money that moved, or tried to."""

    kind: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    currency: str | None = None


class Refund(Wire, frozen=True):
    """Goods or money given back; an edit that removes a line is one without money."""

    id: Id
    order_id: Id | None = None
    created_at: str | None = None
    processed_at: str | None = None
    note: str | None = None
    restock: bool | None = None
    refund_line_items: list[RefundLineItem] | None = None
    transactions: list[Transaction] | None = None


class Assessment(Wire, frozen=True):
    """What one app says about fraud; webhooks do not carry it, the Admin API does."""

    source: str
    level: str
    why: str


class Order(Wire, frozen=True):
    """An order, the same for every orders/* topic."""

    id: Id
    currency: str
    line_items: list[LineItem] = []
    created_at: str | None = None
    processed_at: str | None = None
    updated_at: str | None = None
    name: str | None = None
    order_number: Id | None = None
    total_price: Decimal | None = None
    total_price_set: Bag | None = None
    subtotal_price: Decimal | None = None
    subtotal_price_set: Bag | None = None
    total_tax: Decimal | None = None
    total_tax_set: Bag | None = None
    total_discounts: Decimal | None = None
    total_discounts_set: Bag | None = None
    total_outstanding: Decimal | None = None
    total_outstanding_set: Bag | None = None
    total_tip_received: Decimal | None = None
    total_tip_received_set: Bag | None = None
    original_total_duties_set: Bag | None = None
    original_total_additional_fees_set: Bag | None = None
    total_cash_rounding_payment_adjustment_set: Bag | None = None
    duties_included: bool | None = None
    taxes_included: bool | None = None
    shipping_lines: list[ShippingLine] | None = None
    fulfillments: list[Fulfillment] | None = None
    refunds: list[Refund] | None = None
    customer: Customer | None = None
    email: str | None = None
    contact_email: str | None = None
    phone: str | None = None
    customer_locale: str | None = None
    browser_ip: str | None = None
    client_details: ClientDetails | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    cancelled_at: str | None = None
    cancel_reason: str | None = None
    gateway: str | None = None
    payment_gateway_names: list[str] | None = None
    payment_details: PaymentDetails | None = None
    note: str | None = None
    test: bool | None = None
    assessments: list[Assessment] | None = None


class SentOrder(Order, frozen=True, kw_only=True):
    """The body of orders/*: unlike a node of the Admin API it has its lines in this very list."""

    line_items: list[LineItem]
