"""The other shapes of the REST API v3: what we read besides orders, and below it what we send."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from connectors.woocommerce.wire import Id, Text

# ---------------------------------------------------------------- what we read


class Site(Struct, frozen=True):
    """`GET /wp-json/`: what WordPress says of itself. `timezone_string` is empty where only an offset is set."""

    name: Text = None
    timezone_string: Text = None


class Fault(Struct, frozen=True):
    """WordPress's shape of a refusal."""

    code: str | int = ""


class Named(Struct, frozen=True):
    """Anything that has an id."""

    id: Id


class Note(Struct, frozen=True):
    """A note of an order."""

    id: Id
    note: Text = None


class Webhook(Struct, frozen=True):
    """A subscription; the secret is never told. `status` is active, paused (by a person) or disabled (by failures)."""

    id: Id
    name: Text = None
    status: Text = None
    topic: Text = None
    delivery_url: Text = None


class Option(Struct, frozen=True):
    """One attribute of a variation."""

    name: Text = None
    option: Text = None


class Told(Struct, frozen=True):
    """A brand or a tag of a product."""

    name: Text = None


class Product(Struct, frozen=True):
    """A product, or a variation of one (`type` variation, with its `parent_id`).

    `brands` are part of WooCommerce since 9.6; a variation has those and the tags of its product.
    `manage_stock` is "parent" for a variation whose units are counted at its product.
    """

    id: Id
    type: Text = None
    parent_id: Id = 0
    name: Text = None
    sku: Text = None
    price: Text = None
    weight: Text = None
    global_unique_id: Text = None
    attributes: tuple[Option, ...] = ()
    brands: tuple[Told, ...] = ()
    tags: tuple[Told, ...] = ()
    manage_stock: bool | str | None = None
    stock_quantity: Decimal | None = None


class Currency(Struct, frozen=True):
    """`GET /data/currencies/current`."""

    code: str


class Setting(Struct, frozen=True):
    """One setting of the store."""

    value: object = None


# ---------------------------------------------------------------- what we send


class Keep(Struct, frozen=True):
    """A meta entry to write; one of the same key is replaced."""

    key: str
    value: Any


class ChangeOrder(Struct, frozen=True):
    """`PUT /orders/{id}`."""

    meta_data: tuple[Keep, ...]
    status: str | UnsetType = UNSET


class AddNote(Struct, frozen=True):
    """`POST /orders/{id}/notes`; a note for the customer is sent to them by e-mail."""

    note: str
    customer_note: bool = False


class SetStock(Struct, frozen=True):
    """`PUT /products/{id}` and `PUT /products/{id}/variations/{id}`."""

    stock_quantity: int
    manage_stock: bool = True


class RefundTax(Struct, frozen=True):
    """One rate's share in what is given back; `id` is the rate's."""

    id: int
    refund_total: str


class RefundPart(Struct, frozen=True):
    """Units of a line that are given back; `refund_total` is without tax."""

    id: int
    quantity: int
    refund_total: str
    refund_tax: tuple[RefundTax, ...] = ()


class MakeRefund(Struct, frozen=True):
    """`POST /orders/{id}/refunds`. `api_refund` has the payment's gateway give the money back. Units are not restocked:
    stock is pushed as absolute levels."""

    amount: str
    reason: str
    api_refund: bool
    line_items: tuple[RefundPart, ...] = ()
    api_restock: bool = False


class Subscribe(Struct, frozen=True):
    """`POST /webhooks`, and with an id in the path `PUT`."""

    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str = "active"
