"""What the Admin API 2026-04 answers to everything we ask but orders. Fields as in the schema, or as the document names
them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.shopify.envelope import Answer
from connectors.shopify.graphql_wire import Nodes, Ref

# ---------------------------------------------------------------- reading


class Shop(Answer, frozen=True):
    """Who we are talking to."""

    name: str
    myshopify_domain: str


class Part(Answer, frozen=True):
    """A thing with a list of `lines`, which are kept as they came."""

    lines: Nodes[dict[str, Any]]


class Weight(Answer, frozen=True):
    """`value` is exact: it is read from the JSON's digits."""

    unit: str
    value: Decimal


class Measurement(Answer, frozen=True):
    """Of one inventory item."""

    weight: Weight | None = None


class InventoryItem(Answer, frozen=True):
    """What stock is counted of."""

    measurement: Measurement | None = None


class Kind(Answer, frozen=True):
    """The product that a variant is one of. `vendor` is what Shopify calls a brand."""

    vendor: str = ""
    tags: tuple[str, ...] = ()


class Variant(Answer, frozen=True):
    """What can be ordered."""

    id: str
    display_name: str
    price: Decimal
    inventory_item: InventoryItem
    sku: str | None = None
    barcode: str | None = None
    product: Kind | None = None


class Currency(Answer, frozen=True):
    """Of the shop."""

    currency_code: str


class Products(Answer, frozen=True):
    """products.graphql."""

    shop: Currency
    product_variants: Nodes[Variant]


# ---------------------------------------------------------------- stock


class Item(Answer, frozen=True):
    """A variant and what its stock is counted of."""

    id: str
    inventory_item: Ref
    sku: str | None = None


class Items(Answer, frozen=True):
    """The first variants that match."""

    nodes: list[Item]


class StockItem(Answer, frozen=True):
    """stock_item.graphql, either query."""

    location: Ref | None = None
    product_variant: Item | None = None
    product_variants: Items | None = None


class Quantity(Answer, frozen=True):
    """Units that may be sold."""

    quantity: int


class Level(Answer, frozen=True):
    """One item at one location."""

    quantities: list[Quantity]


class Stocked(Answer, frozen=True):
    """stock_level.graphql."""

    inventory_level: Level | None = None


# ---------------------------------------------------------------- shipping


class LineUnits(Answer, frozen=True):
    """Units of a line that a fulfillment shipped."""

    line: Ref
    quantity: int | None = None


class Shipped(Answer, frozen=True):
    """A further page of a fulfillment's lines."""

    lines: Nodes[LineUnits]


class TrackingNumber(Answer, frozen=True):
    """Of one parcel."""

    number: str | None = None


class Event(Answer, frozen=True):
    """What buyers were told about a parcel."""

    id: str
    status: str
    happened_at: str


class Events(Answer, frozen=True):
    """Latest first."""

    nodes: list[Event]


class Fulfilled(Answer, frozen=True):
    """A fulfillment of an order."""

    id: str
    status: str
    tracking_info: list[TrackingNumber]
    lines: Nodes[LineUnits] | None = None
    events: Events | None = None


class Fulfillments(Answer, frozen=True):
    """Of one order."""

    fulfillments: list[Fulfilled]


class OpenLine(Answer, frozen=True):
    """A line of a fulfillment order."""

    id: str
    remaining_quantity: int
    line_item: Ref


class OpenLines(Answer, frozen=True):
    """A page of them."""

    line_items: Nodes[OpenLine]


class FulfillmentOrder(OpenLines, frozen=True, kw_only=True):
    """What one location has to ship of an order."""

    id: str
    status: str


class FulfillmentOrders(Answer, frozen=True):
    """Of one order."""

    fulfillment_orders: Nodes[FulfillmentOrder]


# ---------------------------------------------------------------- money


class Amount(Answer, frozen=True):
    """With its currency."""

    amount: Decimal
    currency_code: str


class AmountSet(Answer, frozen=True):
    """The buyer's side of it."""

    presentment_money: Amount


class Transaction(Answer, frozen=True):
    """Money that moved, or tried to."""

    id: str
    kind: str
    status: str
    amount_set: AmountSet
    gateway: str | None = None
    parent_transaction: Ref | None = None


class RefundNote(Answer, frozen=True):
    """A refund, known by its note."""

    id: str
    note: str | None = None


class OrderMoney(Answer, frozen=True):
    """Of one order."""

    presentment_currency_code: str
    transactions: list[Transaction]
    refunds: list[RefundNote]
    cancelled_at: str | None = None
