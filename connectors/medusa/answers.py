"""What Medusa's admin API answers to everything we ask but whole orders. Only what we use."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Raw

from connectors.medusa.wire import Fulfillment, PaymentCollection
from connectors.medusa.wire_base import Count, Id, Time, Wire

# ---------------------------------------------------------------- orders


class Orders(Wire, frozen=True):
    """A page of orders, each as it came."""

    orders: list[Raw]


class Head(Wire, frozen=True):
    """An order's id and when it last changed."""

    id: Id
    updated_at: Time


class Glance(Head, frozen=True):
    """The same with when its money last moved."""

    payment_collections: list[PaymentCollection] | None = None


class Glances(Wire, frozen=True):
    """A page of them."""

    orders: list[Glance]


class Named(Wire, frozen=True):
    """Anything with an id."""

    id: str | None = None


class Profiled(Wire, frozen=True):
    """A product, as far as packing goes."""

    shipping_profile: Named | None = None


class Packable(Wire, frozen=True):
    """A variant, as far as packing goes."""

    product: Profiled | None = None


class ShippedItem(Wire, frozen=True):
    """A line, as far as packing goes."""

    id: Id
    requires_shipping: bool | None = None
    variant: Packable | None = None

    @property
    def profile(self) -> str:
        """The shipping profile of what was sold; empty where it is gone."""
        product = self.variant.product if self.variant else None
        return (product.shipping_profile.id if product and product.shipping_profile else None) or ""


class Way(Wire, frozen=True):
    """A way of shipping that the buyer chose."""

    shipping_option_id: str | None = None


class Option(Wire, frozen=True):
    """Goods of one shipping profile can go this way."""

    id: Id
    shipping_profile_id: str | None = None


class Options(Wire, frozen=True):
    """A page of them."""

    shipping_options: list[Option]


class Shipping(Wire, frozen=True):
    """What of an order was packed, shipped and delivered."""

    id: Id
    status: str
    items: list[ShippedItem]
    shipping_methods: list[Way] | None = None
    fulfillments: list[Fulfillment] | None = None


class ShippingTold(Wire, frozen=True):
    """It as an answer."""

    order: Shipping


class Money(Wire, frozen=True):
    """What was paid and given back."""

    id: Id
    status: str
    currency_code: str
    payment_collections: list[PaymentCollection] | None = None


class MoneyTold(Wire, frozen=True):
    """It as an answer."""

    order: Money


class Refund(Wire, frozen=True):
    """A refund, known by its note."""

    id: Id
    note: str | None = None


class Refunded(Wire, frozen=True):
    """A payment and what went back of it."""

    id: Id
    refunds: list[Refund]


class RefundTold(Wire, frozen=True):
    """Answer to a refund."""

    payment: Refunded


# ---------------------------------------------------------------- what is sold


class Currency(Wire, frozen=True):
    """A currency that the shop takes."""

    currency_code: str
    is_default: bool = False


class Store(Wire, frozen=True):
    """The shop."""

    name: str
    default_location_id: str | None = None
    supported_currencies: list[Currency] | None = None


class Stores(Wire, frozen=True):
    """There is one."""

    stores: list[Store]


class Price(Wire, frozen=True):
    """In major units; `price_rules` bind it to regions or groups."""

    amount: Decimal
    currency_code: str
    price_rules: list[dict[str, object]] | None = None


class Titled(Wire, frozen=True):
    """A product's name."""

    title: str = ""


class Product(Wire, frozen=True):
    """A variant as a thing for sale."""

    id: Id
    title: str | None = None
    sku: str | None = None
    ean: str | None = None
    upc: str | None = None
    barcode: str | None = None
    weight: Decimal | None = None
    product: Titled | None = None
    prices: list[Price] | None = None


class Products(Wire, frozen=True):
    """A page of them."""

    variants: list[Product]


class Level(Wire, frozen=True):
    """Units of an inventory item at a location; what is reserved is sold already."""

    location_id: str
    stocked_quantity: int
    reserved_quantity: int = 0


class Inventory(Wire, frozen=True):
    """What stock is counted of."""

    location_levels: list[Level] | None = None


class Part(Wire, frozen=True):
    """An inventory item that a variant is made of."""

    inventory_item_id: Id
    required_quantity: Count = 1
    inventory: Inventory | None = None


class StockedVariant(Wire, frozen=True):
    """A variant with its stock."""

    id: Id
    sku: str | None = None
    manage_inventory: bool = True
    inventory_items: list[Part] | None = None


class StockedVariants(Wire, frozen=True):
    """A page of them."""

    variants: list[StockedVariant]


class Leveled(Wire, frozen=True):
    """Answer to a change of a level."""

    inventory_item: Wire
