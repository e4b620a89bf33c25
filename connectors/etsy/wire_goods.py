"""Etsy's listings and their inventory, read and written.

Source: the contract `etsy_3.0.0.json` (getListingInventory, updateListingInventory, getListingsByShop). Fields about
processing profiles (`readiness_state…`) came after it and are carried along where they are there.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType

from connectors.etsy.wire import Money, Property


class Offering(Struct, frozen=True):
    """How a product is offered: one each, so far."""

    quantity: int
    price: Money
    is_enabled: bool = True
    is_deleted: bool = False
    readiness_state_id: int | None = None


class Product(Struct, frozen=True):
    """One variant of a listing. Its own id changes with every update, so it is not read."""

    offerings: list[Offering]
    sku: str | None = None
    is_deleted: bool = False
    property_values: list[Property] | None = None


class ListingState(Struct, frozen=True):
    """`state`: active, inactive, sold_out, draft, expired."""

    state: str


class Inventory(Struct, frozen=True):
    """A listing's inventory. `…_on_property`: properties by which prices, quantities and SKUs differ."""

    products: list[Product]
    price_on_property: list[int] | None = None
    quantity_on_property: list[int] | None = None
    sku_on_property: list[int] | None = None
    readiness_state_on_property: list[int] | None = None
    listing: ListingState | None = None


class Listing(Struct, frozen=True):
    """A listing with its inventory, which is null where it was never edited."""

    listing_id: int
    title: str = ""
    state: str = ""
    quantity: int = 0
    listing_type: str = "physical"
    price: Money | None = None
    skus: list[str] | None = None
    item_weight: Decimal | None = None
    item_weight_unit: str | None = None
    tags: tuple[str, ...] | None = None
    inventory: Inventory | None = None


class ListingPage(Struct, frozen=True):
    """A page of listings. `count`: how many match in all."""

    count: int
    results: list[Listing]


class OfferingSent(Struct, frozen=True):
    """An offering as it is written: the price is a number of major units."""

    price: Decimal
    quantity: int
    is_enabled: bool
    readiness_state_id: int | UnsetType = UNSET


class PropertySent(Struct, frozen=True):
    """A property value as it is written; `scale_name` is not taken back."""

    property_id: int
    value_ids: list[int]
    values: list[str]
    property_name: str | UnsetType = UNSET
    scale_id: int | None = None


class ProductSent(Struct, frozen=True):
    """A product as it is written: without its id and whether it is deleted."""

    sku: str
    property_values: list[PropertySent]
    offerings: list[OfferingSent]


class InventorySent(Struct, frozen=True):
    """The whole inventory, as every update has to write it: what is left out is gone."""

    products: list[ProductSent]
    price_on_property: list[int]
    quantity_on_property: list[int]
    sku_on_property: list[int]
    readiness_state_on_property: list[int] | UnsetType = UNSET


class Updated(Struct, frozen=True):
    """The listing after a change of its state."""

    listing_id: int
    state: str
