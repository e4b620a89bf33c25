"""What eBay answers to everything but orders and subscriptions: those have `order_wire` and `notification_wire`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw

from connectors.ebay.order_wire import CancelStatus, Fulfillment, Id, PaymentSummary, Pricing, Wire

# ---------------------------------------------------------------- errors, tokens, quotas


class Error(Wire, frozen=True):
    """Why something was refused."""

    error_id: int = 0
    message: str = ""
    long_message: str | None = None


class Errors(Wire, frozen=True):
    """The body of a refusal; `error` by the Post-Order API."""

    errors: tuple[Error, ...] = ()
    error: tuple[Error, ...] = ()


class Token(Wire, frozen=True, rename=None):
    """An access token; `expires_in` in seconds. Only a merchant's consent brings a `refresh_token`."""

    access_token: Id
    expires_in: Annotated[int, Meta(ge=0)]
    refresh_token: str = ""


class Rate(Wire, frozen=True):
    """One quota of `limit` calls; `reset` is when it is full again."""

    limit: int = 0
    remaining: int = 1
    reset: str = ""


class Resource(Wire, frozen=True):
    """A method and its quotas."""

    name: str = ""
    rates: tuple[Rate, ...] = ()


class ApiRates(Wire, frozen=True):
    """One API and its methods."""

    api_name: str = ""
    resources: tuple[Resource, ...] = ()


class RateLimits(Wire, frozen=True):
    """getRateLimits."""

    rate_limits: tuple[ApiRates, ...] = ()


class User(Wire, frozen=True):
    """Who the refresh token belongs to."""

    user_id: Id
    username: str = ""


# ---------------------------------------------------------------- reading


class OrderPage(Wire, frozen=True):
    """One page of orders, verbatim; `total` counts all that match."""

    total: Annotated[int, Meta(ge=0)]
    orders: tuple[Raw, ...] = ()


class FulfillmentList(Wire, frozen=True):
    """All parcels of an order, verbatim."""

    fulfillments: Raw


class Fulfillments(Wire, frozen=True):
    """All parcels of an order."""

    fulfillments: tuple[Fulfillment, ...]


class RefundMark(Wire, frozen=True):
    """A refund of a line, by name."""

    refund_id: str = ""


class LineStanding(Wire, frozen=True):
    """A line and its refunds."""

    line_item_id: Id
    quantity: int
    refunds: tuple[RefundMark, ...] = ()


class Standing(Wire, frozen=True):
    """As much of an order as cancelling and refunding need to know."""

    order_id: Id
    pricing_summary: Pricing
    order_payment_status: str = ""
    payment_summary: PaymentSummary = PaymentSummary()
    cancel_status: CancelStatus = CancelStatus()
    line_items: tuple[LineStanding, ...] = ()
    legacy_order_id: str = ""


# ---------------------------------------------------------------- stock and products


class ShipToHome(Wire, frozen=True):
    """Units that can be shipped."""

    quantity: int = 0


class Availability(Wire, frozen=True):
    """Of an inventory item."""

    ship_to_location_availability: ShipToHome | None = None


class Weight(Wire, frozen=True):
    """Of a parcel."""

    unit: str
    value: Raw


class Package(Wire, frozen=True):
    """What a thing weighs."""

    weight: Weight | None = None


class ItemProduct(Wire, frozen=True):
    """What a thing is."""

    title: str = ""
    brand: str | None = None
    ean: tuple[str, ...] = ()
    upc: tuple[str, ...] = ()
    isbn: tuple[str, ...] = ()


class Item(Wire, frozen=True):
    """An inventory item."""

    sku: str = ""
    availability: Availability | None = None
    product: ItemProduct | None = None
    package_weight_and_size: Package | None = None


class ItemPage(Wire, frozen=True):
    """One page of inventory items; `total` counts all."""

    total: Annotated[int, Meta(ge=0)]
    inventory_items: tuple[Item, ...] = ()


class Offer(Wire, frozen=True):
    """What of an item is for sale, and where."""

    offer_id: Id
    status: str = ""
    format: str = ""


class Offers(Wire, frozen=True):
    """All offers of one SKU; there are never more than fit a page."""

    offers: tuple[Offer, ...] = ()


class Answer(Wire, frozen=True):
    """One answer of a call for many: of an item, or of an offer of it."""

    status_code: int
    sku: str = ""
    offer_id: str = ""
    errors: tuple[Error, ...] = ()
    inventory_item: Item | None = None


class Answers(Wire, frozen=True):
    """All of them."""

    responses: tuple[Answer, ...]


# ---------------------------------------------------------------- what we did


class Refunded(Wire, frozen=True):
    """issueRefund; FAILED comes without an id."""

    refund_status: str
    refund_id: str = ""


class Ineligible(Wire, frozen=True):
    """Why an order cannot be cancelled."""

    eligible: bool = False
    failure_reason: tuple[str, ...] | str = ""


class Cancelling(Wire, frozen=True):
    """Create Cancellation; without an id the order cannot be cancelled."""

    cancel_id: str = ""
    order_eligibility_result: Ineligible | None = None


class Cancellation(Wire, frozen=True):
    """A cancellation that somebody asked for."""

    cancel_id: Id
    cancel_status: str = ""


class Cancellations(Wire, frozen=True):
    """Search Cancellations."""

    cancellations: tuple[Cancellation, ...]
