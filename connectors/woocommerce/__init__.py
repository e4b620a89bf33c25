"""WooCommerce: orders by webhook and by polling; tracking, status, stock, cancellations and refunds back.

REST API v3 (WooCommerce 5.8 or later). How to connect a store: docs/how-to/connect-woocommerce.md.

client.py keys.py wire.py wire_store.py words.py     the only I/O · shapes of orders, and of all else · tables
mapper.py lines.py people.py regions.py tracking.py purse.py      pure: orders as ours
hearing.py reading.py selling.py             webhooks · polling · products
shipping.py undoing.py stock.py subscriptions.py     what we tell the store
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from connectors.woocommerce import hearing, reading, selling, shipping, stock, subscriptions, undoing
from connectors.woocommerce.client import Client
from connectors.woocommerce.lines import text
from connectors.woocommerce.wire_store import Named
from hub.contract import (
    About,
    Account,
    Channel,
    Credential,
    Cursor,
    Delivery,
    Greeting,
    Greets,
    HearsWebhooks,
    Http,
    ListsProducts,
    LooksUp,
    ManagesWebhooks,
    Nudges,
    Page,
    ProductPage,
    PullsOrders,
    ReadsStock,
    ReplaysRecordings,
    Reply,
    TakesCancellations,
    TakesRefunds,
    TakesShipments,
    TakesStatus,
    TakesStock,
    WebhookState,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, RefundRequest, Shipment, StatusUpdate, StockLevel
from hub.errors import Reject

ABOUT = About(
    name="woocommerce",
    title="WooCommerce",
    credentials=(
        Credential("base_url", "Address of the store", secret=False, help="such as https://shop.example.com"),
        Credential("consumer_key", "Consumer key", help="starts with ck_; the store shows it once"),
        Credential("consumer_secret", "Consumer secret", help="starts with cs_; the store shows it once"),
        Credential("webhook_secret", "Signing secret of webhooks", help="any long random letters and digits"),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    # Messages, not calls: a shipment takes up to five.
    rate=3.0,
)  # fmt: skip


class WooCommerce:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> WooCommerceChannel:
        """The store's channel. Raises `Invalid` without an address."""
        return WooCommerceChannel(account, Client(account, http))


class WooCommerceChannel(
    Channel,
    PullsOrders,
    HearsWebhooks,
    Greets,
    Nudges,
    ReplaysRecordings,
    ManagesWebhooks,
    ListsProducts,
    ReadsStock,
    TakesShipments,
    TakesStatus,
    TakesStock,
    TakesCancellations,
    TakesRefunds,
    LooksUp,
):
    """One store."""

    def __init__(self, account: Account, client: Client) -> None:
        self.account = account
        self._client = client
        self._secret = account.secrets.get("webhook_secret", "")

    async def check(self) -> str:
        """The site's name, once the keys have proven that they may read orders."""
        await self._client.part("/orders", Named, {"per_page": "1", "_fields": "id"})
        try:
            name = text((await self._client.site()).name)
        except Reject:
            name = ""
        return name or urlsplit(self.account.base_url).netloc

    # -- hearing

    def greet(self, greeting: Greeting) -> Reply | None:
        return hearing.greet(greeting)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return hearing.read(delivery)

    def nudge(self, delivery: Delivery) -> Mapping[str, str] | None:
        return hearing.nudge(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(topic, body, self._secret)

    def unwrap(self, body: bytes, topic: str) -> tuple[str, bytes]:
        return hearing.unwrap(body, topic)

    async def check_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.check(self._client, self.account, url)

    async def repair_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.repair(self._client, self.account, url)

    # -- reading

    async def pull_orders(self, cursor: Cursor) -> Page:
        return await reading.pull_orders(self._client, cursor)

    async def list_products(self, after: str) -> ProductPage:
        return await selling.list_products(self._client, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client, listing_ids)

    # -- telling

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await shipping.push_shipment(self._client, shipment)

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return await shipping.push_status(self._client, update)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await stock.push_stock(self._client, level, key)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await undoing.push_cancellation(self._client, request)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await undoing.push_refund(self._client, request)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of a call whose answer was lost."""
        match payload:
            case Shipment():
                return await shipping.find_shipment(self._client, payload)
            case StatusUpdate():
                return await shipping.find_status(self._client, payload)
            case StockLevel():
                return await stock.find_stock(self._client, payload)
            case CancellationRequest():
                return await undoing.find_cancellation(self._client, payload)
            case RefundRequest():
                return await undoing.find_refund(self._client, payload)
        return None
