"""The store's shapes, as its API documents them: what we read, and below it what we send.

Amounts are decimal strings in major units of the order's currency; times are RFC 3339 with an offset. A shape names
only the fields that we use: others may come and go.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]

# ---------------------------------------------------------------- what we read


class Address(Struct, frozen=True):
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    name: str = ""
    company: str = ""
    street: str = ""
    extra: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


class Customer(Struct, frozen=True):
    """Who bought."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    locale: str = ""
    ip: str = ""


class Item(Struct, frozen=True):
    """One line. `discount` and `tax` are for the whole line; `unit_price` is one unit before discounts."""

    id: Id
    title: str
    quantity: Count
    unit_price: str
    sku: str = ""
    variant_id: str = ""
    discount: str = "0"
    tax: str = "0"
    cancelled: Count = 0
    shipped: Count = 0
    weight_grams: Count = 0
    requires_shipping: bool = True
    gift_card: bool = False


class Charge(Struct, frozen=True):
    """Money on no line: shipping, gift wrap, a tip."""

    kind: str
    title: str
    amount: str
    discount: str = "0"
    tax: str = "0"
    code: str = ""


class Payment(Struct, frozen=True):
    """One payment; `id` is the payment provider's."""

    id: Id
    status: str
    amount: str
    gateway: str = ""
    last4: str = ""


class Risk(Struct, frozen=True):
    """The store's own view of fraud."""

    level: str
    source: str = ""
    why: str = ""


class Shipped(Struct, frozen=True):
    """Units that the store counts as shipped, by line id."""

    id: Id
    items: dict[str, Count]
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: Time | None = None


class Settlement(Struct, frozen=True):
    """The total in the currency that the merchant is paid in."""

    currency: str
    total: str


class Order(Struct, frozen=True):
    """An order, whole, as of `updated_at`: body of order.created, order.updated and order.paid, and of the list."""

    id: Id
    number: Id
    created_at: Time
    updated_at: Time
    currency: str
    total: str
    status: str
    payment_status: str
    items: Annotated[tuple[Item, ...], Meta(min_length=1)]
    charges: tuple[Charge, ...] = ()
    tax_included: bool = False
    tax: str = "0"
    customer: Customer = Customer()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    payments: tuple[Payment, ...] = ()
    risks: tuple[Risk, ...] = ()
    shipments: tuple[Shipped, ...] = ()
    settlement: Settlement | None = None
    cancelled_at: Time | None = None
    cancel_reason: str = ""
    note: str = ""
    test: bool = False


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
