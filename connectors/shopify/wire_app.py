"""What Shopify sends about people's privacy and about the end of the app.

Source: shopify.dev, "Privacy law compliance" (the three mandatory topics), and the webhook topic app/uninstalled.
"""

from __future__ import annotations

from connectors.shopify.wire import Customer, Id, Wire


class PrivacyRequest(Wire, frozen=True):
    """customers/data_request and customers/redact; shop/redact carries the shop alone."""

    shop_domain: str
    customer: Customer | None = None
    orders_requested: list[Id] | None = None
    orders_to_redact: list[Id] | None = None


class Shop(Wire, frozen=True):
    """The body of app/uninstalled."""

    myshopify_domain: str
    updated_at: str | None = None
