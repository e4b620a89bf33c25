"""Medusa 2: orders by polling and from a subscriber in the shop; shipments, stock, cancellations and refunds back.

Admin API, contract 2.0.0, source of 2.21. How to connect a shop: docs/how-to/connect-medusa.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from connectors.medusa import answers, fields, fulfilling, hearing, mapper, reading, stock, undoing
from connectors.medusa.client import Client, asking
from hub.contract import (
    About,
    Account,
    Channel,
    Credential,
    Cursor,
    Delivery,
    HearsWebhooks,
    Http,
    ListsProducts,
    LooksUp,
    Page,
    ProductPage,
    PullsOrders,
    ReadsStock,
    TakesCancellations,
    TakesRefunds,
    TakesShipments,
    TakesStatus,
    TakesStock,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, RefundRequest, Shipment, StatusUpdate, StockLevel

ABOUT = About(
    name="medusa",
    title="Medusa",
    credentials=(
        Credential("base_url", "Address of the Medusa server", secret=False, help="such as https://api.example.com"),
        Credential("api_key", "Secret API key", help="starts with sk_; the admin shows it once, when it is made"),
        Credential("webhook_secret", "Secret of the subscriber", required=False,
                   help="as in CROSSDOCK_SECRET of the Medusa server; without it orders come by polling only"),
        Credential("location_id", "Stock location", secret=False, required=False,
                   help="starts with sloc_; whose stock is set and shipped from. Empty: as Medusa itself chooses"),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    rate=10.0,
)  # fmt: skip


class Medusa:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> MedusaChannel:
        """The shop's channel. Raises `Invalid` without an address."""
        return MedusaChannel(account, Client(account, http))


class MedusaChannel(
    Channel,
    PullsOrders,
    HearsWebhooks,
    ListsProducts,
    ReadsStock,
    TakesShipments,
    TakesStatus,
    TakesStock,
    TakesCancellations,
    TakesRefunds,
    LooksUp,
):
    """One shop."""

    def __init__(self, account: Account, client: Client) -> None:
        self.account = account
        self._client = client
        self._location = account.settings.get("location_id", "")
        self._secret = account.secrets.get("webhook_secret", "")

    async def check(self) -> str:
        """The shop's name. Raises `Reconnect` when the key is refused."""
        stores = (await self._client.get("/stores", answers.Stores, asking(fields.STORE))).stores
        return next((store.name for store in stores if store.name.strip()), self.account.base_url)

    # ------------------------------------------------------------ what comes in

    async def pull_orders(self, cursor: Cursor) -> Page:
        return await reading.pull_orders(self._client, cursor)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery.body)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(topic, body, self._secret)

    async def list_products(self, after: str) -> ProductPage:
        return await reading.list_products(self._client, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client, listing_ids, self._location)

    # ------------------------------------------------------------ what goes out

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await fulfilling.push_shipment(self._client, shipment, self._location)

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return await fulfilling.push_status(self._client, update)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await stock.push_stock(self._client, level, self._location, key)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await undoing.push_cancellation(self._client, request)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await undoing.push_refund(self._client, request)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of a call whose answer was lost."""
        match payload:
            case Shipment():
                return await fulfilling.find_shipment(self._client, payload)
            case StatusUpdate():
                return await fulfilling.find_status(self._client, payload)
            case StockLevel():
                return await stock.find_stock(self._client, payload, self._location)
            case CancellationRequest():
                return await undoing.find_cancellation(self._client, payload)
            case RefundRequest():
                return await undoing.find_refund(self._client, payload)
        return None
