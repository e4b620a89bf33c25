"""The store's other shapes: what we read, and below it what we send. Orders have `order_wire`.

Amounts are decimal strings in major units of the `currency` beside them; times are RFC 3339 with an offset.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Raw, Struct

from connectors.demo_store.order_wire import Count, Customer, Id, Shipped, Time

# ---------------------------------------------------------------- what we read


class Cancelled(Struct, frozen=True):
    """Body of order.cancelled; without `items` the whole order."""

    order_id: Id
    cancelled_at: Time
    reason: str = ""
    items: dict[str, Count] = {}


class Refunded(Struct, frozen=True):
    """Body of refund.created; `items` maps line id to units given back."""

    id: Id
    order_id: Id
    created_at: Time
    amount: str
    currency: str
    items: dict[str, Count] = {}
    restock: bool = False
    reason: str = ""


class ShipmentCreated(Struct, frozen=True):
    """Body of shipment.created."""

    order_id: Id
    created_at: Time
    shipment: Shipped
    status: str = ""


class Uninstalled(Struct, frozen=True):
    """Body of store.uninstalled."""

    at: Time


class CustomerErased(Struct, frozen=True):
    """Body of customer.erase: the person and the orders it is about."""

    customer: Customer
    order_ids: tuple[str, ...] = ()


class OrderHead(Struct, frozen=True):
    """As much of an order as a page needs to tell its deliveries apart."""

    id: Id
    updated_at: Time


class OrderPage(Struct, frozen=True):
    """One page of orders, verbatim, oldest change first; `next` is null on the last."""

    orders: tuple[Raw, ...]
    next: str | None


class Product(Struct, frozen=True):
    """A variant that can be bought."""

    id: Id
    sku: str
    title: str
    price: str
    currency: str
    gtin: str = ""
    weight_grams: Count = 0
    brand: str = ""
    tags: tuple[str, ...] | None = None


class ProductPage(Struct, frozen=True):
    """One page of products; `next` is null on the last."""

    products: tuple[Product, ...]
    next: str | None


class Shop(Struct, frozen=True):
    """Who the token belongs to."""

    name: str


class Webhook(Struct, frozen=True):
    """A subscription."""

    id: Id
    topic: str
    url: str


class Webhooks(Struct, frozen=True):
    """All subscriptions; the store does not page them."""

    webhooks: tuple[Webhook, ...]


class Done(Struct, frozen=True):
    """The store's answer to anything that we ask it to record."""

    id: Id
    status: str = ""


class Part(Struct, frozen=True):
    """One answer of a batch."""

    status: int
    body: Raw


class Batch(Struct, frozen=True):
    """Answers of a batch, in the order of its calls."""

    answers: tuple[Part, ...]


# ---------------------------------------------------------------- what we send


class Ship(Struct, frozen=True):
    """`POST /orders/{id}/shipments`."""

    reference: str
    items: dict[str, int]
    carrier: str
    tracking_number: str
    shipped_at: datetime
    tracking_url: str = ""
    notify: bool = False


class SetStatus(Struct, frozen=True):
    """`POST /orders/{id}/status`."""

    reference: str
    status: str
    at: datetime
    tracking_number: str = ""


class SetStock(Struct, frozen=True):
    """`PUT /stock/{variant id}`. The store keeps the highest version."""

    reference: str
    sku: str
    available: int
    version: int


class Cancel(Struct, frozen=True):
    """`POST /orders/{id}/cancellations`; without `items` the whole order."""

    reference: str
    reason: str
    items: dict[str, int] = {}


class Refund(Struct, frozen=True):
    """`POST /orders/{id}/refunds`."""

    reference: str
    amount: str
    currency: str
    reason: str = ""
    items: dict[str, int] = {}


class Call(Struct, frozen=True):
    """A call that changes something, and one entry of `POST /batch`. A repeat under the same `key` changes nothing."""

    key: str
    method: str
    path: str
    body: Ship | SetStatus | SetStock | Cancel | Refund


class Subscribe(Struct, frozen=True):
    """`POST /webhooks`, and with an id in the path `PUT`."""

    topic: str
    url: str
