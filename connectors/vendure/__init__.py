"""Vendure 3: orders by polling and from a plugin's posts; shipments, stock, cancellations and refunds back.

Admin API (GraphQL). How to connect a shop: docs/how-to/connect-vendure.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.vendure import answers, fulfilling, hearing, reading, stock, undoing
from connectors.vendure.client import Client, Session, identity
from connectors.vendure.reading import Sweeps
from hub.contract import About, Account, Credential, Cursor, Delivery, Http, Page, ProductPage
from hub.domain.order import News, Value
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    Receipt,
    RefundRequest,
    Shipment,
    StatusUpdate,
    StockLevel,
)
from hub.errors import Invalid, Reconnect

ABOUT = About(
    name="vendure",
    title="Vendure",
    credentials=(
        Credential("base_url", "Address of the server", secret=False,
                   help="such as https://shop.example.com; the Admin API is taken to be at /admin-api below it"),
        Credential("username", "Administrator", secret=False, required=False, help="an administrator made for the hub"),
        Credential("password", "Password", required=False),
        Credential("api_key", "API key", required=False, help="instead of administrator and password"),
        Credential("channel_token", "Channel token", secret=False, required=False,
                   help="Settings → Channels; empty: the default channel"),
        Credential("webhook_secret", "Signing secret of the plugin", required=False,
                   help="without the plugin orders come by polling only"),
        Credential("stock_location_id", "Location whose stock we set", secret=False, required=False,
                   help="its id; empty: the oldest one"),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    rate=10.0,
)  # fmt: skip


class Vendure:
    """Opens shops. Remembers each account's session and when its closed orders were looked at."""

    about = ABOUT

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Session, Sweeps]] = {}

    def open(self, account: Account, http: Http) -> VendureChannel:
        """The shop's channel. Raises `Invalid` without an address, or without anything to prove oneself with."""
        if not account.base_url:
            raise Invalid("base_url", "give the address of the Vendure server")
        by_key, username = account.secrets.get("api_key", ""), account.settings.get("username", "")
        if not by_key and not (username and account.secrets.get("password", "")):
            raise Invalid("password", "give username and password of an administrator, or an api_key")
        session, sweeps = self._kept.get(account.id) or (Session(identity(account)), Sweeps())
        if session.known != identity(account):
            session, sweeps = Session(identity(account)), Sweeps()
        self._kept[account.id] = session, sweeps
        return VendureChannel(account, Client(account, http, session), sweeps)


class VendureChannel:
    """One channel of one shop."""

    def __init__(self, account: Account, client: Client, sweeps: Sweeps) -> None:
        self.account = account
        self._client = client
        self._sweeps = sweeps
        self._secret = account.secrets.get("webhook_secret", "")
        self._location = account.settings.get("stock_location_id", "")

    async def check(self) -> str:
        """The channel and who we are in it. Raises `Reconnect` when the token is not that of the channel."""
        told = await self._client.ask("check.Check", answers.Check)
        channel, token = told.active_channel, self.account.settings.get("channel_token", "")
        if token and channel.token != token:
            raise Reconnect(f"the channel_token is not known there: calls would be about {channel.code}")
        by_key = "an API key" if self.account.secrets.get("api_key") else ""
        return f"{channel.code} as {by_key or self.account.settings.get('username', '')}"

    # -- hearing

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return hearing.read(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(body, self._secret, datetime.now(UTC))

    # -- reading

    async def pull_orders(self, cursor: Cursor) -> Page:
        return await reading.pull_orders(self._client, cursor, self._sweeps, asyncio.get_running_loop().time())

    async def list_products(self, after: str) -> ProductPage:
        return await reading.list_products(self._client, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client, listing_ids, self._location)

    # -- telling

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await fulfilling.push_shipment(self._client.pushing(shipment.reference), shipment)

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return await fulfilling.push_status(self._client.pushing(update.reference), update)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await stock.push_stock(self._client.pushing(key), level, self._location)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await undoing.push_cancellation(self._client.pushing(request.reference), request)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await undoing.push_refund(self._client.pushing(request.reference), request)

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
