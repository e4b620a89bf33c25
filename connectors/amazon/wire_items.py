"""Shapes of an order's items and of money, as the Orders API 2026-01-01 tells them.

Source: models/orders_2026-01-01.json of amzn/selling-partner-api-models.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]


class Wire(Struct, frozen=True, rename="camel"):
    """Base of Amazon's shapes: camelCase, unknown fields ignored."""


class Money(Wire, frozen=True):
    """An amount in major units."""

    amount: Decimal
    currency_code: str


class Detail(Wire, frozen=True):
    """A part of a tax or discount: `subtype` says of what."""

    subtype: str | None = None
    value: Money | None = None


class Breakdown(Wire, frozen=True):
    """Proceeds of one category. `status` is told of delivery tips only."""

    type: str
    subtotal: Money
    status: str | None = None
    detailed_breakdowns: list[Detail] | None = None


class ItemProceeds(Wire, frozen=True):
    """Money of one item."""

    proceeds_total: Money | None = None
    breakdowns: list[Breakdown] | None = None


class Price(Wire, frozen=True):
    """What one unit costs."""

    unit_price: Money | None = None


class Product(Wire, frozen=True):
    """What was sold."""

    asin: str | None = None
    title: str | None = None
    seller_sku: str | None = None
    price: Price | None = None


class CancellationRequest(Wire, frozen=True):
    """Somebody would like the item cancelled; nothing has been done yet."""

    requester: str | None = None
    cancel_reason: str | None = None


class CancellationExecution(Wire, frozen=True):
    """The item was cancelled."""

    cancelled_by: str | None = None
    cancel_reason: str | None = None


class ItemCancellation(Wire, frozen=True):
    """What is known of an item's cancellation."""

    cancellation_request: CancellationRequest | None = None
    cancellation_execution: CancellationExecution | None = None


class GiftOption(Wire, frozen=True):
    """Wrapping and message."""

    gift_message: str | None = None
    gift_wrap_level: str | None = None


class Packing(Wire, frozen=True):
    """How the item is to be packed."""

    gift_option: GiftOption | None = None


class Constraints(Wire, frozen=True):
    """What the carrier must see to; each is MANDATORY or absent."""

    cash_on_delivery: str | None = None


class ItemShipping(Wire, frozen=True):
    """How the item is to be shipped."""

    shipping_constraints: Constraints | None = None


class ItemFulfillment(Wire, frozen=True):
    """Units shipped, and units still to be shipped."""

    quantity_fulfilled: Units | None = None
    quantity_unfulfilled: Units | None = None
    packing: Packing | None = None
    shipping: ItemShipping | None = None


class OrderItem(Wire, frozen=True):
    """One line."""

    order_item_id: Id
    quantity_ordered: Units
    product: Product
    proceeds: ItemProceeds | None = None
    cancellation: ItemCancellation | None = None
    fulfillment: ItemFulfillment | None = None
