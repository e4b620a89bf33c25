"""What we ask Medusa for. Without `fields` a list has little more than ids, and no payment or fulfillment status.

A plain name is a field, `*name` everything of a relation; names without `+` or `-` replace what Medusa would answer by
itself (API reference, "Select Fields and Relations").
"""

from __future__ import annotations

ORDER = (
    "id",
    "display_id",
    "status",
    "payment_status",
    "fulfillment_status",
    "created_at",
    "updated_at",
    "canceled_at",
    "email",
    "currency_code",
    "total",
    "tax_total",
    "*items",
    "*items.tax_lines",
    "*items.adjustments",
    "*items.detail",
    "items.variant.weight",
    "items.variant.inventory_items.inventory_item_id",
    "items.variant.inventory_items.required_quantity",
    "*shipping_methods",
    "*shipping_methods.tax_lines",
    "*shipping_methods.adjustments",
    "*credit_lines",
    "*shipping_address",
    "*billing_address",
    "*customer",
    "*payment_collections",
    "*payment_collections.payments",
    "*payment_collections.payments.captures",
    "*payment_collections.payments.refunds",
    "*payment_collections.payments.refunds.refund_reason",
    "*fulfillments",
    "*fulfillments.items",
    "*fulfillments.labels",
    "*returns",
    "*returns.items",
    "returns.items.reason.value",
)
"""An order whole, as `wire.Order` reads it. The subscriber (`subscriber.ts`) asks for the same."""

GLANCE = ("id", "updated_at", "payment_collections.updated_at")
"""Enough to see whether money moved."""

SHIPPING = (
    "id",
    "status",
    "items.id",
    "items.requires_shipping",
    "items.variant.product.shipping_profile.id",
    "shipping_methods.shipping_option_id",
    "*fulfillments",
    "*fulfillments.items",
    "*fulfillments.labels",
)
"""What of an order was packed, shipped and delivered."""

OPTION = ("id", "shipping_profile_id")
"""Which goods a way of shipping is for."""

MONEY = (
    "id",
    "status",
    "currency_code",
    "*payment_collections",
    "*payment_collections.payments",
    "*payment_collections.payments.captures",
    "*payment_collections.payments.refunds",
)
"""What was paid and given back."""

STOCK = (
    "id",
    "sku",
    "manage_inventory",
    "inventory_items.inventory_item_id",
    "inventory_items.required_quantity",
    "inventory_items.inventory.location_levels.location_id",
    "inventory_items.inventory.location_levels.stocked_quantity",
    "inventory_items.inventory.location_levels.reserved_quantity",
)
"""Variants with what is counted of them, and where."""

PRODUCT = ("id", "title", "sku", "ean", "upc", "barcode", "weight", "product.title", "*prices", "*prices.price_rules")
"""Variants as things for sale."""

STORE = ("id", "name", "default_location_id", "*supported_currencies")
"""The shop itself."""
