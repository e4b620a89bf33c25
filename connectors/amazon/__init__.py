"""Amazon: orders, refunds and returns by polling and from a queue; shipments, cancellations, refunds and stock back.

The Selling Partner API: orders 2026-01-01, confirmShipment, feeds and reports 2021-06-30, finances 2024-06-19,
listings 2021-08-01, notifications 1. How to connect a seller's account: docs/how-to/connect-amazon.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.amazon import (
    cancelling,
    feeding,
    mapper,
    notices,
    reading,
    refunding,
    reports,
    shipping,
    stock,
    subscribing,
    transactions,
    wire,
)
from connectors.amazon.client import PARTICIPATIONS, Call, Client
from connectors.amazon.feeding import PATIENCE, Book
from connectors.amazon.kept import Kept
from connectors.amazon.notices import drop
from connectors.amazon.queue import QueueReader
from connectors.amazon.settings import Queue, Settings
from connectors.amazon.tokens import Tokens
from connectors.amazon.transactions import Watch
from connectors.amazon.wire_calls import Participations
from connectors.wire import decode
from hub.contract import (
    About,
    Account,
    Answer,
    Channel,
    Credential,
    Cursor,
    Delivery,
    Http,
    ListsProducts,
    LooksUp,
    ManagesWebhooks,
    Page,
    ProductPage,
    PullsNotices,
    PullsOrders,
    PushesAtOnce,
    Quota,
    ReadsStock,
    TakesCancellations,
    TakesRefunds,
    TakesShipments,
    TakesStock,
    WebhookState,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, RefundRequest, Shipment, StockLevel
from hub.errors import BadPayload, Reconnect, Reject

ABOUT = About(
    name="amazon",
    title="Amazon",
    credentials=(
        Credential("refresh_token", "Refresh token of the app's authorization", help="starts with Atzr|"),
        Credential("client_id", "LWA client identifier of the app", secret=False, help="amzn1.application-oa2-client…"),
        Credential("client_secret", "LWA client secret of the app", help="Amazon lets it run out after 180 days"),
        Credential("marketplace_ids", "Marketplaces", secret=False, help="their ids, parted by commas: A1PA6795UKMFR9"),
        Credential("region", "Region", secret=False, help="na, eu or fe"),
        Credential("seller_id", "Merchant token", secret=False, required=False,
                   help="needed for stock, listings, cancellations, refunds and bulk confirmations"),
        Credential("queue_url", "SQS queue of notifications", secret=False, required=False,
                   help="without it orders come by polling only"),
        Credential("aws_access_key_id", "AWS access key id for the queue", secret=False, required=False),
        Credential("aws_secret_access_key", "AWS secret access key for the queue", required=False),
    ),
    # One search per 179 s is what Amazon grants in the long run; the burst of 20 is left for pages.
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    # Stock goes at five a second; every operation waits in its own bucket besides.
    rate=5.0,
    at_once={Kind.PUSH_SHIPMENT: 200, Kind.PUSH_REFUND: refunding.AT_ONCE},
    credentials_last=timedelta(days=180),
    forget_after=timedelta(days=30),
)  # fmt: skip


class Amazon:
    """Opens sellers' accounts. `patience`: seconds before each question how far a feed is."""

    about = ABOUT

    def __init__(self, patience: Sequence[float] = PATIENCE) -> None:
        self._patience = patience
        self._kept: dict[int, Kept] = {}

    def open(self, account: Account, http: Http) -> AmazonChannel:
        """The seller's channel. Raises `Invalid` for fields that make no sense."""
        settings = Settings.of(account)
        kept = self._kept.get(account.id)
        if kept is None or kept.settings.endpoint != settings.endpoint:
            kept = Kept(settings, Tokens(settings), Book(self._patience))
        elif kept.settings != settings:
            # New credentials for the same seller: quotas and feeds under way are still theirs.
            kept = replace(kept, settings=settings, tokens=Tokens(settings), watch=Watch(), reports=reports.Watch())
        self._kept[account.id] = kept
        if settings.queue is None:
            return AmazonChannel(account, http, kept)
        return AmazonQueueChannel(account, http, kept, settings.queue)


class AmazonChannel(
    Channel,
    PullsOrders,
    ListsProducts,
    TakesShipments,
    TakesStock,
    TakesCancellations,
    TakesRefunds,
    ReadsStock,
    LooksUp,
    PushesAtOnce,
):
    """One seller in one region."""

    def __init__(self, account: Account, http: Http, kept: Kept) -> None:
        self.account = account
        self._client = Client(http, kept.settings, kept.tokens, kept.limits)
        self._kept = kept

    async def quota(self) -> Quota | None:
        """Searches for orders that may follow at once: what polling lives on, and the scarcest of all."""
        told = self._kept.limits.left("searchOrders", asyncio.get_running_loop().time())
        return Quota(left=told[0], of=told[1], unit="searches for orders") if told else None

    async def check(self) -> str:
        """The store's name, and what the app may not see. Raises `Reconnect` when the seller does not sell in one of
        the account's marketplaces."""
        call = Call("getMarketplaceParticipations", "GET", PARTICIPATIONS)
        told = (await self._client.ask(call, Participations)).payload
        sells = {it.marketplace.id: it for it in told if it.participation.is_participating}
        missing = [it for it in self._kept.settings.marketplaces if it not in sells]
        if missing:
            raise Reconnect(f"the seller does not sell in {', '.join(missing)}: correct marketplace_ids or region")
        ours = [sells[it] for it in self._kept.settings.marketplaces]
        name = f"{ours[0].store_name or 'Amazon'} ({', '.join(it.marketplace.country_code for it in ours)})"
        if unseen := await transactions.role_missing(self._client):
            name = f"{name}; refunds made at Amazon stay unseen: {unseen}"
        unread = await reports.role_missing(self._client, datetime.now(UTC))
        return f"{name}; returns that buyers open stay unseen: {unread}" if unread else name

    # ------------------------------------------------------------ what comes in

    async def pull_orders(self, cursor: Cursor) -> Page:
        now = asyncio.get_running_loop().time()
        if reports.follows(cursor.token):
            return await reports.pull(self._client, self._kept.reports, cursor, now)
        if transactions.follows(cursor.token):
            page = await transactions.pull(self._client, self._kept.watch, cursor, now)
            return reports.then(page, cursor, self._kept.reports, now)
        page = await reading.pull_orders(self._client, cursor)
        for delivery in page.deliveries:
            with suppress(BadPayload):
                head = decode(delivery.body, wire.OrderHead)
                if head.sales_channel is not None and head.sales_channel.marketplace_id:
                    self._kept.markets.learn(head.order_id, head.sales_channel.marketplace_id)
        page = transactions.then(page, cursor, self._kept.watch, now)
        return reports.then(page, cursor, self._kept.reports, now)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)

    async def list_products(self, after: str) -> ProductPage:
        return await reading.list_products(self._client, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client, listing_ids)

    # ------------------------------------------------------------ what goes out

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await shipping.push_shipment(self._client.pushing(shipment.reference), self._kept.markets, shipment)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await stock.push_stock(self._client.pushing(key), level)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await cancelling.push_cancellation(
            self._client.pushing(request.reference), self._kept.book, request, key
        )

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await refunding.push_refund(self._client.pushing(request.reference), self._kept.book, request, key)

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        book = self._kept.book
        refunds = [payload for payload in payloads if isinstance(payload, RefundRequest)]
        if refunds and len(refunds) == len(payloads):
            return await refunding.push_many(self._client, book, refunds, keys)
        shipments = [payload for payload in payloads if isinstance(payload, Shipment)]
        if len(shipments) != len(payloads):
            raise Reject(f"{kind} does not go many at once")
        return await shipping.push_many(self._client, book, self._kept.markets, shipments, keys)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of a push: in the report of its feed if it went into one, else at the order or listing."""
        client, book = self._client, self._kept.book
        match payload:
            case Shipment():
                in_feed = await feeding.look_up(client, book, key, shipping.receipt(payload))
                return in_feed or await shipping.find_shipment(client, payload)
            case CancellationRequest():
                return await cancelling.find_cancellation(client, book, payload, key)
            case RefundRequest():
                return await refunding.find_refund(client, book, payload, key)
            case StockLevel():
                return await stock.find_stock(client, payload)
        return None


class AmazonQueueChannel(AmazonChannel, PullsNotices, ManagesWebhooks):
    """A seller whose notifications lie in a queue of theirs. What is looked after like webhooks is the subscription
    that fills it; our own address plays no part in it."""

    def __init__(self, account: Account, http: Http, kept: Kept, queue: Queue) -> None:
        super().__init__(account, http, kept)
        self._queue = queue
        self._reader = QueueReader(http, queue)

    async def pull_notices(self) -> tuple[Delivery, ...]:
        return await notices.pull(self._client, self._reader, self._kept.desk)

    async def drop_notices(self, notices: Sequence[Delivery]) -> None:
        await drop(self._reader, self._kept.desk, notices)

    async def check_webhooks(self, url: str) -> WebhookState:
        return await subscribing.check(self._client, self._queue)

    async def repair_webhooks(self, url: str) -> WebhookState:
        return await subscribing.repair(self._client, self._queue)
