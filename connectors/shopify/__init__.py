"""Shopify: orders by webhook and by polling, shipments, tracking, stock, cancellations and refunds back.

Admin GraphQL API 2026-04. How to connect a shop: docs/how-to/connect-shopify.md.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from connectors.shopify import answers, fulfilling, hearing, reading, recordings, stock, subscriptions, undoing
from connectors.shopify.bucket import Bucket
from connectors.shopify.client import Client
from connectors.shopify.tokens import Credentials, Tokens
from hub.contract import About, Account, Credential, Cursor, Delivery, Http, Page, ProductPage, Quota, WebhookState
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
from hub.errors import Forbidden, Invalid, Reconnect

about = About(
    name="shopify",
    title="Shopify",
    credentials=(
        Credential("shop", "Shop address", secret=False, help="as in the admin's address: example.myshopify.com"),
        Credential("client_id", "Client ID (API key) of the app", secret=False, required=False),
        Credential("client_secret", "Client secret (API secret key) of the app", required=False,
                   help="signs webhooks: without it orders come by polling only"),
        Credential("access_token", "Admin API access token", required=False,
                   help="starts with shpat_; without it one is fetched with client_id and client_secret"),
        Credential("location_id", "Location whose stock we set", secret=False, required=False,
                   help="number from the location's address in the admin; empty: the shop's primary location"),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    rate=10.0,
    # Both carry a key that Shopify honours (@idempotent, mandatory since 2026-04).
    repeatable=frozenset({Kind.PUSH_STOCK, Kind.PUSH_REFUND}),
)  # fmt: skip


class Shopify:
    """Opens shops. Remembers each account's token and bucket of points, which outlive a channel."""

    about = about
    oauth_fields = ("shop", "client_id", "client_secret")

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Tokens, Bucket]] = {}

    def open(self, account: Account, http: Http) -> ShopifyChannel:
        """The shop's channel. Raises `Invalid` for an address outside myshopify.com, or without credentials."""
        given = credentials(account)
        tokens, bucket = self._kept.get(account.id) or (Tokens(given), Bucket())
        if tokens.credentials != given:
            tokens = Tokens(given)
        self._kept[account.id] = tokens, bucket
        return ShopifyChannel(account, Client(http, tokens, bucket), bucket)

    def authorize(self, values: Mapping[str, str], state: str, redirect: str) -> str:
        """Where the merchant grants the app its scopes."""
        from connectors.shopify import connect

        return connect.authorization_url(connect.app_of(values), values.get("shop", ""), redirect, state)

    async def exchange(self, values: Mapping[str, str], params: Mapping[str, str], now: datetime) -> dict[str, str]:
        """The shop's lasting token and what it was got with. Raises `Forbidden` also for a shop that was not asked."""
        from connectors.shopify import connect

        app = connect.app_of(values)
        shop = connect.verify_callback(app, params, now)
        if shop != shop_domain(values.get("shop", "")):
            raise Forbidden(f"the callback is for {shop}, which is not the shop that was asked")
        grant = await connect.exchange(app, params, now)
        return {**values, **grant.settings, **grant.secrets}


class ShopifyChannel:
    """One shop."""

    def __init__(self, account: Account, client: Client, bucket: Bucket) -> None:
        self.account = account
        self._bucket = bucket
        self._shop = shop_domain(account.settings.get("shop", ""))
        self._secret = account.secrets.get("client_secret", "")
        self._location = account.settings.get("location_id", "")
        self._client = client

    async def check(self) -> str:
        """The shop's name. Raises `Reconnect` when the token is refused, or is another shop's."""
        shop = await self._client.find("shop.Shop", answers.Shop)
        if shop is None or shop.myshopify_domain.lower() != self._shop:
            raise Reconnect(f"the access token is not one of {self._shop}")
        return shop.name

    async def quota(self) -> Quota | None:
        """Points in the bucket, as the last answer told and refilled since."""
        told = self._bucket.left(asyncio.get_running_loop().time())
        return Quota(left=told[0], of=told[1], unit="points of the rate limit") if told else None

    # -- hearing

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret, self._shop)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return hearing.read(delivery, self._shop)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(topic, body, self._secret, self._shop)

    def unwrap(self, body: bytes, topic: str) -> tuple[str, bytes]:
        return recordings.unwrap(body, topic)

    async def check_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.check(self._client, url)

    async def repair_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.repair(self._client, url)

    # -- reading

    async def pull_orders(self, cursor: Cursor) -> Page:
        return await reading.pull_orders(self._client, cursor)

    async def list_products(self, after: str) -> ProductPage:
        return await reading.list_products(self._client, after)

    # -- telling

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await fulfilling.push_shipment(self._client.pushing(shipment.reference), shipment)

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return await fulfilling.push_status(self._client.pushing(update.reference), update)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await stock.push_stock(self._client.pushing(key), level, self._location, key)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await undoing.push_cancellation(self._client.pushing(request.reference), request, key)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await undoing.push_refund(self._client.pushing(request.reference), request, key)

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


def credentials(account: Account) -> Credentials:
    """What the account proves itself with. Raises `Invalid` when that is nothing."""
    shop = shop_domain(account.settings.get("shop", ""))
    token, client_id = account.secrets.get("access_token", ""), account.settings.get("client_id", "")
    client_secret = account.secrets.get("client_secret", "")
    if not token and not (client_id and client_secret):
        raise Invalid("access_token", "give the shop's access token, or client_id and client_secret of an app in it")
    return Credentials(account.base_url or f"https://{shop}", token, client_id, client_secret)


def shop_domain(shop: str) -> str:
    """`shop` in lower case, once it is an address of the form name.myshopify.com. Raises `Invalid`: credentials and
    customers' data must never go to another host."""
    name = shop.strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9\-]{0,99}\.myshopify\.com", name):
        raise Invalid("shop", f"{shop[:100]!r} is not an address like example.myshopify.com")
    return name
