"""What the Admin API answers to everything but orders, and what every answer is wrapped in."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Raw, Struct, field

from connectors.vendure.wire import Channel, Head, Id, PartLine, Wire

T = TypeVar("T")


class ErrorCode(Struct, frozen=True):
    """FORBIDDEN, ENTITY_NOT_FOUND, USER_INPUT_ERROR and the like."""

    code: str = ""


class Error(Struct, frozen=True):
    """Why a document was not carried out."""

    message: str = ""
    extensions: ErrorCode | None = None


class Envelope(Struct, Generic[T], frozen=True):
    """Every answer: errors come with HTTP 200 too."""

    data: T | None = None
    errors: list[Error] | None = None


class Outcome(Struct, frozen=True, rename="camel"):
    """What a mutation came to: the thing itself, or one of the errors of its union."""

    typename: str = field(name="__typename")
    id: str = ""
    error_code: str = ""
    message: str = ""
    fulfillment_handler_error: str = ""
    transition_error: str = ""


# ---------------------------------------------------------------- who we are


class ActiveChannel(Wire, frozen=True):
    """The channel that calls are about."""

    code: str
    token: str


class Check(Wire, frozen=True):
    """check.graphql."""

    active_channel: ActiveChannel
    orders: dict[str, int]


class ServerConfig(Wire, frozen=True):
    """Decimals of every amount."""

    money_strategy_precision: Annotated[int, Meta(ge=0, le=8)]


class Settings(Wire, frozen=True):
    """Of the whole server."""

    server_config: ServerConfig


# ---------------------------------------------------------------- orders and products


class Items(Wire, Generic[T], frozen=True):
    """A list."""

    items: list[T]


class Heads(Wire, frozen=True):
    """orders.graphql Heads."""

    orders: Items[Head]


class Orders(Wire, frozen=True):
    """orders.graphql Orders; the orders themselves stay as they came."""

    active_channel: Channel
    global_settings: Settings
    orders: Items[Raw]


class SoldVariant(Wire, frozen=True):
    """A thing for sale."""

    id: Id
    price: Decimal
    price_with_tax: Decimal
    currency_code: str
    sku: str = ""
    name: str = ""


class PricedChannel(Wire, frozen=True):
    """Whether its prices include tax."""

    prices_include_tax: bool


class Products(Wire, frozen=True):
    """products.graphql."""

    active_channel: PricedChannel
    global_settings: Settings
    product_variants: Items[SoldVariant]


class Level(Wire, frozen=True):
    """Units at one place: `stock_allocated` of those on hand belong to orders that are not fulfilled yet."""

    stock_location_id: Id
    stock_on_hand: int
    stock_allocated: int


class Stocked(Wire, frozen=True):
    """A variant and its stock."""

    id: Id
    sku: str
    stock_levels: list[Level]


class Stock(Wire, frozen=True):
    """stock.graphql; the oldest place first."""

    stock_locations: Items[dict[str, str]]
    product_variants: Items[Stocked]


# ---------------------------------------------------------------- what was shipped, cancelled, paid back


class OpenLine(Wire, frozen=True):
    """Units of a line that were not cancelled."""

    id: Id
    quantity: int


class Sent(Wire, frozen=True):
    """A fulfillment, and where it may go from its state."""

    id: Id
    state: str
    next_states: list[str]
    lines: list[PartLine]
    tracking_code: str | None = None


class Shipping(Wire, frozen=True):
    """What of an order is in which fulfillment."""

    state: str
    lines: list[OpenLine]
    fulfillments: list[Sent] | None = None


class Fulfillments(Wire, frozen=True):
    """fulfillments.graphql."""

    order: Shipping | None = None


class PaidBack(Wire, frozen=True):
    """One refund."""

    id: Id
    total: Decimal
    state: str
    reason: str | None = None


class Paid(Wire, frozen=True):
    """One payment and what of it went back."""

    id: Id
    amount: Decimal
    state: str
    refunds: list[PaidBack]


class Parcel(Wire, frozen=True):
    """A fulfillment, by its state."""

    id: Id
    state: str


class Noted(Wire, frozen=True):
    """An entry of the history."""

    id: Id
    data: dict[str, Any]


class Undoable(Wire, frozen=True):
    """An order as far as cancelling and refunding need it."""

    state: str
    currency_code: str
    cancelled: Items[Noted]
    payments: list[Paid] | None = None
    fulfillments: list[Parcel] | None = None


class Undone(Wire, frozen=True):
    """undoing.graphql."""

    global_settings: Settings
    order: Undoable | None = None
