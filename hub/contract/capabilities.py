"""What a system can do, one small protocol each. A channel's class lists those that its system has.

Methods raise the failures of `hub.errors`: `Retry`, `Reconnect`, `Reject`, `Unknown`; readers raise `BadPayload`. A
`key` is the call's idempotency key: the same for every try of one message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from hub.contract.values import (
    About,
    Account,
    Answer,
    Cursor,
    Delivery,
    Greeting,
    Http,
    Page,
    ProductPage,
    Quota,
    Reply,
    WebhookState,
)
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
    ReturnUpdate,
    Shipment,
    StatusUpdate,
    StockLevel,
)


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
        """The account's fields for what came back, once that is proven. `values` has the `redirect` of `authorize`
        as `redirect_uri` besides, which some channels want to see again. Raises `Forbidden`, `Reject`, `Retry`."""
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
class Greets(Protocol):
    """The system asks, before it delivers, whether the address is ours: a challenge, an unsigned ping."""

    def greet(self, greeting: Greeting) -> Reply | None:
        """The answer to such a request, of which nothing is kept; None for anything else, which is then a delivery.
        Raises `Forbidden`."""
        ...


@runtime_checkable
class FetchesKeys(Protocol):
    """Deliveries are signed with keys that have to be fetched from the system first."""

    async def fetch_keys(self, headers: Mapping[str, str]) -> None:
        """Brings what `verify` will need for a delivery with these headers, and keeps it. Whoever knocks can cause
        this call: keys that do not exist must be remembered too. Raises `Forbidden` for headers that name no key,
        `Retry` when the system cannot be asked now."""
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
class PullsNotices(Reads, Protocol):
    """The system leaves what it has to tell in a queue of ours, from where it is fetched and then removed."""

    async def pull_notices(self) -> tuple[Delivery, ...]:
        """What lies in the queue now, a page of it; empty where no queue is set up. It stays until `drop_notices`."""
        ...

    async def drop_notices(self, notices: Sequence[Delivery]) -> None:
        """Removes deliveries of the last `pull_notices` from the queue, once they are kept."""
        ...


@runtime_checkable
class RenewsCredentials(Protocol):
    """Credentials that end, and are replaced by using them."""

    async def renew_credentials(self) -> Mapping[str, str]:
        """Fields that have new values now, by the names of `About.credentials`; empty when none has. The caller keeps
        them at once: the old ones may be worth nothing now. Raises `Reconnect` when a person must connect again."""
        ...


@runtime_checkable
class TellsQuota(Protocol):
    """The system says how much may still be asked of it."""

    async def quota(self) -> Quota | None:
        """As it was last told, None while nothing was; asks the system only where it tells no other way, and then not
        for every call. Raises `Retry`, `Reconnect`."""
        ...


@runtime_checkable
class Nudges(Protocol):
    """Some deliveries say only that something changed: what it is has to be pulled."""

    def nudge(self, delivery: Delivery) -> Mapping[str, str] | None:
        """Of a verified delivery: the plain fields that name the account to be pulled, by the names of
        `About.credentials`, for one address may hear of many accounts; empty for the account that heard. None for
        a delivery that says what it has to say itself. Pure; never raises."""
        ...


@runtime_checkable
class ReadsStock(Protocol):
    """The system can be asked how many units it offers."""

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        """Units on offer by listing id; listings that the system does not know are left out."""
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
class TakesReturns(Protocol):
    """The system is told how far a return of another channel has come."""

    async def push_return(self, update: ReturnUpdate, key: str) -> Receipt: ...


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
class LooksUpAmong(Protocol):
    """The system keeps no reference of ours, so what equal messages brought about looks alike: it is told apart by what
    is known to be another message's."""

    async def look_up_among(self, kind: Kind, payload: Value, key: str, others: Sequence[str]) -> Receipt | None:
        """As `LooksUp.look_up`. `others`: external ids in the receipts of the messages of the same order and kind that
        were answered."""
        ...


@runtime_checkable
class PushesAtOnce(Protocol):
    """The system takes many messages in one call."""

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        """One call for many messages of a kind named in `About.at_once`; answers in the order of `payloads`."""
        ...
