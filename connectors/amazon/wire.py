"""Shapes of an order, as the Orders API 2026-01-01 tells it. Only what we read; everything else is left alone.

wire_items.py has its items, wire_calls.py and wire_notices.py all that is no order. Source:
models/orders_2026-01-01.json of amzn/selling-partner-api-models.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw

from connectors.amazon.wire_items import Breakdown, Id, Money, OrderItem, Units, Wire


class OrderProceeds(Wire, frozen=True):
    """Money of the order; its breakdowns repeat those of the items, delivery tips excepted."""

    grand_total: Money | None = None
    breakdowns: list[Breakdown] | None = None


class Alias(Wire, frozen=True):
    """Another name of the order."""

    alias_id: str
    alias_type: str


class AssociatedOrder(Wire, frozen=True):
    """An order this one replaces."""

    order_id: str | None = None
    association_type: str | None = None


class SalesChannel(Wire, frozen=True):
    """Where it was sold: AMAZON, or elsewhere and only shipped by Amazon."""

    channel_name: str
    marketplace_id: str | None = None


class Buyer(Wire, frozen=True):
    """Who bought; the e-mail address is one of Amazon's that passes letters on."""

    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_company_name: str | None = None
    buyer_purchase_order_number: str | None = None


class CustomerAddress(Wire, frozen=True):
    """Where it goes to."""

    name: str | None = None
    company_name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    city: str | None = None
    district_or_county: str | None = None
    state_or_region: str | None = None
    municipality: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class DeliveryPreference(Wire, frozen=True):
    """What the buyer wants the driver to know."""

    drop_off_location: str | None = None
    address_instruction: str | None = None


class Recipient(Wire, frozen=True):
    """Who gets it."""

    delivery_address: CustomerAddress | None = None
    delivery_preference: DeliveryPreference | None = None


class Window(Wire, frozen=True):
    """A span of time."""

    earliest_date_time: str | None = None
    latest_date_time: str | None = None


class OrderFulfillment(Wire, frozen=True):
    """How far it is, and whose work it is."""

    fulfillment_status: str
    fulfilled_by: str | None = None
    fulfillment_service_level: str | None = None
    ship_by_window: Window | None = None


class PackageStatus(Wire, frozen=True):
    """Where a package is."""

    status: str


class PackageItem(Wire, frozen=True):
    """Units in a package."""

    order_item_id: Id
    quantity: Units


class Package(Wire, frozen=True):
    """A package of the seller's. `package_reference_id` is the seller's own name for it."""

    package_reference_id: str
    package_status: PackageStatus | None = None
    carrier: str | None = None
    ship_time: str | None = None
    tracking_number: str | None = None
    package_items: list[PackageItem] | None = None


class Order(Wire, frozen=True):
    """An order with its items. `fulfillment`, `buyer`, … are there when they were asked for (includedData)."""

    order_id: Id
    created_time: str
    last_updated_time: str
    sales_channel: SalesChannel
    order_items: Annotated[list[OrderItem], Meta(min_length=1)]
    order_aliases: list[Alias] | None = None
    programs: list[str] | None = None
    associated_orders: list[AssociatedOrder] | None = None
    buyer: Buyer | None = None
    recipient: Recipient | None = None
    proceeds: OrderProceeds | None = None
    fulfillment: OrderFulfillment | None = None
    packages: list[Package] | None = None


class OrderHead(Wire, frozen=True):
    """What makes a revision of an order the one it is."""

    order_id: Id
    last_updated_time: str
    sales_channel: SalesChannel | None = None


class Pagination(Wire, frozen=True):
    """Where a list goes on."""

    next_token: str | None = None


class OrderPage(Wire, frozen=True):
    """A page of orders, each kept verbatim. `last_updated_before`: the moment up to which the search reached."""

    orders: list[Raw]
    pagination: Pagination | None = None
    last_updated_before: str | None = None
    created_before: str | None = None


class OneOrder(Wire, frozen=True):
    """The answer to getOrder, verbatim."""

    order: Raw
