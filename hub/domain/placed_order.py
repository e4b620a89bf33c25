"""The hub's own JSON of an order: what its API takes, what a file's rows become, what an own site posts signed.

One shape for all of them, described at /api/openapi.json. Amounts are either whole numbers of the currency's minor unit
(1250) or decimal strings of its major unit ("12.50"); never floats, which cannot hold money. Times say their offset.
Field names are those of `hub.domain.order` where the two mean the same. A field that does not exist is an error: a
typing error must not cost a buyer their discount.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from hub.domain.order import Value

Money: TypeAlias = (
    int | Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", description="Decimal, in major units.")]
)
Id: TypeAlias = Annotated[str, Meta(max_length=100)]
Text: TypeAlias = Annotated[str, Meta(max_length=1000)]
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Units: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class PlacedAddress(Value, frozen=True, forbid_unknown_fields=True):
    """A postal address. `country` is ISO 3166-1 alpha-2."""

    name: Text = ""
    company: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country: Annotated[str, Meta(max_length=2)] = ""
    phone: Text = ""


class PlacedBuyer(Value, frozen=True, forbid_unknown_fields=True):
    """Who bought; `id` is your own customer id. Whatever is known."""

    id: Id = ""
    name: Text = ""
    email: Annotated[str, Meta(max_length=320)] = ""
    phone: Text = ""
    locale: Text = ""


class PlacedLine(Value, frozen=True, forbid_unknown_fields=True):
    """One line. `discount` and `tax` are for the whole line, `unit_price` is one unit before discounts. `id` is the
    line's own, its place in the list unless told; `sku` or `listing_id` says what it is."""

    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    unit_price: Money
    id: Id = ""
    sku: Annotated[str, Meta(max_length=128)] = ""
    listing_id: Annotated[str, Meta(max_length=128)] = ""
    title: Text = ""
    discount: Money = 0
    tax: Money = 0
    cancelled: Units = 0
    requires_shipping: bool = True
    gift_card: bool = False
    grams: Units = 0


class PlacedCharge(Value, frozen=True, forbid_unknown_fields=True):
    """Money on no line: shipping, a fee; a discount on the whole order has a negative amount."""

    amount: Money
    kind: Text = "shipping"
    title: Text = ""
    discount: Money = 0
    tax: Money = 0


class PlacedPayment(Value, frozen=True, forbid_unknown_fields=True):
    """One payment. `status` is pending, authorized, captured, failed, voided or expired; another word is kept, and the
    order waits for a person. Without `amount` it is for the whole order. Never a card number: only its last four."""

    status: Annotated[str, Meta(min_length=1, max_length=100)]
    id: Id = ""
    amount: Money | None = None
    gateway: Annotated[str, Meta(max_length=64)] = ""
    last4: Annotated[str, Meta(pattern="^[0-9]{0,4}$")] = ""


class PlacedShipment(Value, frozen=True, forbid_unknown_fields=True):
    """Goods that you handed over yourself, at the till for instance. `lines`: line id → units."""

    lines: dict[str, Units]
    id: Id = ""
    carrier: Annotated[str, Meta(max_length=64)] = ""
    tracking_number: Annotated[str, Meta(max_length=64)] = ""
    shipped_at: Time | None = None


class PlacedOrder(Value, frozen=True, forbid_unknown_fields=True):
    """An order, whole. Sent again under its `id` it is a newer version of the same order.

    `total` is checked against the parts where it is given, and is their sum where it is not. `tax` is within the prices
    when `tax_included` says so, else on top of them; without it the taxes of lines and charges are added up.
    `paid`: the money is with you already, or promised, and nobody has to ask for it.
    """

    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    lines: Annotated[tuple[PlacedLine, ...], Meta(min_length=1, max_length=1000)]
    id: Id = ""
    number: Annotated[str, Meta(max_length=64)] = ""
    placed_at: Time | None = None
    revised_at: Time | None = None
    total: Money | None = None
    tax_included: bool = False
    tax: Money | None = None
    charges: Annotated[tuple[PlacedCharge, ...], Meta(max_length=100)] = ()
    buyer: PlacedBuyer = PlacedBuyer()
    ship_to: PlacedAddress | None = None
    bill_to: PlacedAddress | None = None
    payments: Annotated[tuple[PlacedPayment, ...], Meta(max_length=100)] = ()
    paid: bool = False
    pending: bool = False
    shipments: Annotated[tuple[PlacedShipment, ...], Meta(max_length=100)] = ()
    cancelled_at: Time | None = None
    cancel_reason: Text = ""
    source: Annotated[str, Meta(max_length=64)] = ""
    note: Annotated[str, Meta(max_length=4000)] = ""
    test: bool = False
