"""What a connector must offer: `About`, `Connector.open() → Channel`, and small capability protocols.

A connector implements only what its system can do. Methods of a capability raise the failures of `hub.errors`:
`Retry`, `Reconnect`, `Reject`, `Unknown`, and readers raise `BadPayload`. Nothing here does anything: it is types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from hub.domain.order import News, Value
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    Label,
    LabelRequest,
    Notice,
    PaymentAction,
    RateQuote,
    Receipt,
    RefundRequest,
    Shipment,
    StatusUpdate,
    StockLevel,
)

# ---------------------------------------------------------------- what a connector declares


@dataclass(frozen=True, slots=True)
class Credential:
    """One field that connecting an account asks for. Secret ones are kept encrypted and never shown again."""

    name: str
    title: str
    secret: bool = True
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a connector declares about itself and its system.

    `poll_every`: how often orders are pulled, None for systems that are not polled. `overlap`: how far each poll
    reaches back behind its cursor, longer than the source's own lag. `rate`: calls a second per account that the
    outbox keeps to. `at_once`: kinds of message the system takes many of in one call → how many. `repeatable`: kinds
    whose calls carry a key that the system honours, so that repeating after a lost answer is safe. `production`:
    False for demo connectors, which a production setting refuses to open. `max_body`: largest webhook body in bytes.
    """

    name: str
    title: str
    credentials: tuple[Credential, ...] = ()
    poll_every: timedelta | None = None
    overlap: timedelta = timedelta(minutes=5)
    rate: float = 10.0
    at_once: Mapping[Kind, int] = field(default_factory=dict)
    repeatable: frozenset[Kind] = frozenset()
    production: bool = True
    max_body: int = 10 * 1024 * 1024


class Secrets(dict[str, str]):
    """Opened credentials by name. Never shows its values, whatever prints it."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self))})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Account:
    """One connected account of one merchant, credentials opened. `settings` are the fields that are not secret."""

    id: int
    merchant_id: int
    connector: str
    name: str
    secrets: Secrets
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where the system is, without a trailing slash; empty when the connector's own default applies."""
        return self.settings.get("base_url", "").rstrip("/")


# ---------------------------------------------------------------- the wire


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whole. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """The only way out for a connector: size, time and address limits are kept behind it."""

    async def call(  # noqa: PLR0913 - the parts of a request, named by the caller
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        effect: bool = False,
        timeout: float = 15.0,
    ) -> Reply:
        """The answer, whatever its status. A network failure raises `Retry`, or `Unknown` when `effect` is set and
        the request may have reached the other side."""
        ...


class Delivery(Value, frozen=True):
    """One verified message from outside. `id` makes it unique for its account; `body` is kept verbatim."""

    id: str
    topic: str
    body: bytes
    occurred_at: datetime | None = None


class Cursor(Value, frozen=True):
    """Where a pull has got to. `at`: everything up to here is in; `token`: the source's own page mark, if any."""

    at: datetime | None = None
    token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull. `cursor` is kept only after the page's deliveries are; `more` asks for the next page now."""

    deliveries: tuple[Delivery, ...]
    cursor: Cursor
    more: bool


class Product(Value, frozen=True):
    """A thing for sale at a channel. `price` is in minor units of `currency`."""

    listing_id: str
    sku: str
    title: str
    gtin: str = ""
    grams: int = 0
    price: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of products; an empty `next` ends the list."""

    products: tuple[Product, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class WebhookState:
    """What the channel sends us now: topics that are `missing`, and those that point at an address not ours."""

    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.missing and not self.elsewhere


class Answer(Value, frozen=True):
    """One of many answers to a call that carried many messages: a receipt, or a failure by name and reason."""

    receipt: Receipt | None = None
    failure: str = ""
    """`retry`, `reject`, `reconnect` or `unknown`; empty with a receipt."""
    why: str = ""
    after: float | None = None


# ---------------------------------------------------------------- capabilities


@runtime_checkable
class Channel(Protocol):
    """An opened account. Cheap to make, holds no connection of its own."""

    account: Account

    async def check(self) -> str:
        """Asks the system who we are and returns its name for the account. Raises `Reconnect` on bad credentials."""
        ...


class Connector(Protocol):
    """What a connector's folder exports: a declaration, and how to open an account of it."""

    about: About

    def open(self, account: Account, http: Http) -> Channel: ...


@runtime_checkable
class ConnectsByOAuth(Connector, Protocol):
    """A connector whose accounts a merchant may connect by saying yes at the channel. `oauth_fields`: what to ask for
    first, by the names of `About.credentials`; both methods get it as `values`, with `base_url` for a sandbox."""

    oauth_fields: tuple[str, ...]

    def authorize(self, values: Mapping[str, str], state: str, redirect: str) -> str:
        """Where the merchant says yes; from there `state` comes back to `redirect`. Raises `Invalid`."""
        ...

    async def exchange(self, values: Mapping[str, str], params: Mapping[str, str], now: datetime) -> dict[str, str]:
        """The account's fields for what came back, once that is proven. Raises `Forbidden`, `Reject`, `Retry`."""
        ...


@runtime_checkable
class Reads(Protocol):
    """Whatever brings deliveries can read them."""

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        """What a delivery says; empty for topics of no interest. Pure. Raises `BadPayload`."""
        ...


@runtime_checkable
class HearsWebhooks(Reads, Protocol):
    """The system posts deliveries to us."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """The delivery, once its signature over the raw bytes is proven. `headers` has lower-case names.
        Raises `Forbidden` on a missing or wrong signature."""
        ...

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        """The headers this channel would send with `body`: for `replay`, which goes through the real door."""
        ...


@runtime_checkable
class ReplaysRecordings(Protocol):
    """Recorded files of this system come in shapes that are not yet the delivery's own."""

    def unwrap(self, body: bytes, topic: str) -> tuple[str, bytes]:
        """(topic, body) of the delivery that a recorded file stands for; an empty `topic` is inferred. Pure.
        Raises `Invalid` for what the channel would never deliver, saying what the file is instead."""
        ...


@runtime_checkable
class ManagesWebhooks(Protocol):
    """The system's subscriptions can be listed and put right. `url` is where this account's webhooks belong."""

    async def check_webhooks(self, url: str) -> WebhookState: ...

    async def repair_webhooks(self, url: str) -> WebhookState:
        """Subscribes what is missing, moves what points elsewhere, and returns the state afterwards."""
        ...


@runtime_checkable
class PullsOrders(Reads, Protocol):
    """The system can be asked for orders that changed."""

    async def pull_orders(self, cursor: Cursor) -> Page:
        """Orders changed since `cursor`, oldest first. The caller keeps the cursor: a failure leaves it as it was."""
        ...


@runtime_checkable
class ListsProducts(Protocol):
    """The system lists what it sells, page by page; `after` is the mark of the page before, empty at first."""

    async def list_products(self, after: str) -> ProductPage: ...


@runtime_checkable
class TakesShipments(Protocol):
    """The system is told what was shipped, and how to track it."""

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt: ...


@runtime_checkable
class TakesStatus(Protocol):
    """The system is told how far an order has come."""

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt: ...


@runtime_checkable
class TakesStock(Protocol):
    """The system is told absolute stock levels."""

    async def push_stock(self, level: StockLevel, key: str) -> Receipt: ...


@runtime_checkable
class TakesCancellations(Protocol):
    """The system cancels an order, or units of it, when we ask. Raises `Reject` where it is too late."""

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt: ...


@runtime_checkable
class TakesRefunds(Protocol):
    """The system gives a buyer's money back when we ask."""

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt: ...


@runtime_checkable
class QuotesRates(Protocol):
    """The carrier says what a parcel would cost, service by service."""

    async def quote_rates(self, request: LabelRequest) -> tuple[RateQuote, ...]: ...


@runtime_checkable
class BuysLabels(Protocol):
    """The carrier sells labels."""

    async def buy_label(self, request: LabelRequest, key: str) -> Receipt:
        """A receipt that carries the `Label`."""
        ...

    async def label_document(self, label: Label) -> bytes:
        """The label as PDF."""
        ...


@runtime_checkable
class VoidsLabels(Protocol):
    """The carrier takes unused labels back. Raises `Reject` for one that is used."""

    async def void_label(self, label: Label, key: str) -> Receipt: ...


@runtime_checkable
class TracksParcels(Reads, Protocol):
    """The carrier can be asked where parcels are."""

    async def track_parcels(self, tracking_numbers: Sequence[str]) -> tuple[Delivery, ...]:
        """The scans so far, as deliveries that `read` turns into `ParcelScan`."""
        ...


@runtime_checkable
class ClosesManifests(Protocol):
    """The carrier wants an end-of-day document for what it collects."""

    async def close_manifest(self, labels: Sequence[Label], key: str) -> Receipt: ...


@runtime_checkable
class TakesPayments(Protocol):
    """The provider captures, voids and gives back money, in parts where it can. Amounts are in minor units."""

    async def capture_payment(self, action: PaymentAction, key: str) -> Receipt: ...

    async def void_payment(self, action: PaymentAction, key: str) -> Receipt: ...

    async def refund_payment(self, action: PaymentAction, key: str) -> Receipt: ...


@runtime_checkable
class Notifies(Protocol):
    """People are told something: a chat, an e-mail, a text message."""

    async def notify(self, notice: Notice, key: str) -> Receipt: ...


@runtime_checkable
class LooksUp(Protocol):
    """What became of a call can be found out. Without this and without keys, a lost answer needs a person."""

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of an earlier call whose answer was lost; None when the system never saw it."""
        ...


@runtime_checkable
class PushesAtOnce(Protocol):
    """The system takes many messages in one call."""

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        """One call for many messages of a kind named in `About.at_once`; answers in the order of `payloads`."""
        ...
