"""eBay: orders and returns by polling, shipments, stock, cancellations and refunds back; notifications of people to be
forgotten.

sell_fulfillment 1.20, sell_inventory 1.18, commerce_notification 1.2, Post-Order 2. How to connect an account:
docs/how-to/connect-ebay.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.ebay import (
    connect,
    hearing,
    pulling,
    pulling_returns,
    refunds,
    shipping,
    stock,
    subscriptions,
    undoing,
    wire,
)
from connectors.ebay import quota as quotas
from connectors.ebay.client import Client
from connectors.ebay.keys import Keys
from connectors.ebay.message_signatures import Signer
from connectors.ebay.tokens import Credentials, Tokens
from connectors.http import AioHttp
from hub.contract import (
    About,
    Account,
    Answer,
    Credential,
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
from hub.domain.message_keys import made_at
from hub.domain.order import News, Value
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, RefundRequest, Shipment, StockLevel
from hub.errors import Invalid, Reject

ABOUT = About(
    name="ebay",
    title="eBay",
    credentials=(
        Credential("client_id", "App ID (Client ID)", secret=False),
        Credential("client_secret", "Cert ID (Client Secret)"),
        Credential("refresh_token", "Refresh token", help="what the merchant's consent brings; good for 18 months"),
        Credential("marketplace_id", "Marketplace", secret=False, required=False, help="EBAY_US where it is empty"),
        Credential("verification_token", "Verification token", required=False,
                   help="32 to 80 letters, digits, _ or -; proves our address to eBay"),
        Credential("ru_name", "RuName", secret=False, required=False, help="needed to connect by consent only"),
        Credential("signing_key", "Private key for digital signatures", required=False,
                   help="sellers in the EU and the UK cannot refund or cancel without"),
        Credential("signing_jwe", "Public key for digital signatures, as JWE", required=False),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=15),
    rate=5.0,
    at_once={Kind.PUSH_STOCK: stock.AT_ONCE},
    credentials_last=timedelta(days=547),
)  # fmt: skip


@dataclass(slots=True)
class Kept:
    """What outlives a channel, of one account."""

    tokens: Tokens
    keys: Keys = field(default_factory=Keys)
    offers: stock.OfferBook = field(default_factory=stock.OfferBook)
    memory: refunds.Memory = field(default_factory=refunds.Memory)
    told: quotas.Told = field(default_factory=quotas.Told)
    returns: pulling_returns.Book = field(default_factory=pulling_returns.Book)


class Ebay:
    """Opens accounts. `http` makes the client for connecting by consent, which no account has one for yet."""

    about = ABOUT
    oauth_fields = ("client_id", "client_secret", "ru_name", "marketplace_id", "verification_token")

    def __init__(self, http: Callable[[], AioHttp] = AioHttp) -> None:
        self._http = http
        self._kept: dict[int, Kept] = {}

    def open(self, account: Account, http: Http) -> EbayChannel:
        """The account's channel. Raises `Invalid` without the app's credentials or the merchant's consent."""
        given = credentials(account)
        kept = self._kept.get(account.id)
        if kept is None or kept.tokens.credentials != given:
            kept = self._kept[account.id] = Kept(Tokens(given))
        return EbayChannel(account, http, kept)

    def authorize(self, values: Mapping[str, str], state: str, redirect: str) -> str:
        """Where the merchant says yes. `redirect` must stand behind the RuName as "auth accepted URL"."""
        return connect.authorization_url(values, state)

    async def exchange(self, values: Mapping[str, str], params: Mapping[str, str], now: datetime) -> dict[str, str]:
        """The account's fields for the code that came back."""
        async with self._http() as http:
            return {**values, "refresh_token": await connect.exchange(http, values, params)}


class EbayChannel:
    """One seller's account."""

    def __init__(self, account: Account, http: Http, kept: Kept) -> None:
        self.account = account
        self._kept = kept
        self._secret = account.secrets.get("client_secret", "")
        self._token = account.secrets.get("verification_token", "")
        signer = Signer.of(account.secrets.get("signing_key", ""), account.secrets.get("signing_jwe", ""))
        marketplace = account.settings.get("marketplace_id", "") or "EBAY_US"
        self._client = Client(http, kept.tokens, marketplace, signer)

    async def check(self) -> str:
        """The seller's name at eBay."""
        user = await self._client.get("/commerce/identity/v1/user/", wire.User)
        return user.username or user.user_id

    async def quota(self) -> Quota | None:
        """The tightest of the quotas of sell_fulfillment, which polling and shipping live on."""
        told, now = self._kept.told, asyncio.get_running_loop().time()
        if now - told.at >= quotas.ASK_AGAIN:
            query = {"api_context": "sell", "api_name": "fulfillment"}
            told.quota = quotas.tightest(await self._client.get(quotas.PATH, wire.RateLimits, query, app=True))
            told.at = now
        return told.quota

    # -- hearing

    def greet(self, greeting: Greeting) -> Reply | None:
        return hearing.greet(greeting, self._token)

    async def fetch_keys(self, headers: Mapping[str, str]) -> None:
        kid = hearing.signature_of(headers).kid
        if kid != hearing.OURS:
            await self._kept.keys.fetch(self._client, kid)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret, self._kept.keys)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(topic, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return hearing.read(delivery)

    def unwrap(self, body: bytes, topic: str) -> tuple[str, bytes]:
        return hearing.unwrap(body, topic)

    async def check_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.check(self._client, url)

    async def repair_webhooks(self, url: str) -> WebhookState:
        return await subscriptions.repair(self._client, url, self._token)

    # -- reading

    async def pull_orders(self, cursor: Cursor) -> Page:
        """Orders, and behind the last of them the returns."""
        if pulling_returns.is_ours(cursor):
            return await pulling_returns.pull_returns(self._client, cursor, self._kept.returns)
        page = await pulling.pull_orders(self._client, cursor)
        return pulling_returns.then_returns(self._client, page, cursor, self._kept.returns)

    async def list_products(self, after: str) -> ProductPage:
        return await pulling.list_products(self._client, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client, listing_ids)

    # -- telling

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await shipping.push_shipment(self._client, shipment)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        (answer,) = await stock.push_levels(self._client, self._kept.offers, [level], [key])
        return stock.raised(answer)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await undoing.push_cancellation(self._client, request)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await refunds.push_refund(self._client, request, self._kept.memory)

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        levels = [level for level in payloads if isinstance(level, StockLevel)]
        if len(levels) != len(payloads):
            raise Reject(f"eBay takes only stock many at once, not {kind}")
        return await stock.push_levels(self._client, self._kept.offers, levels, keys)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of a call whose answer was lost."""
        return await self.look_up_among(kind, payload, key, ())

    async def look_up_among(self, kind: Kind, payload: Value, key: str, others: Sequence[str]) -> Receipt | None:
        """The same; refunds named in `others` are known to be those of other messages."""
        match payload:
            case Shipment():
                return await shipping.find_shipment(self._client, payload)
            case StockLevel():
                return await stock.find_level(self._client, payload)
            case CancellationRequest():
                return await undoing.find_cancellation(self._client, payload)
            case RefundRequest():
                asked = refunds.Asked(payload, made_at(key), frozenset(others))
                return await refunds.find_refund(self._client, asked, self._kept.memory)
        return None


def credentials(account: Account) -> Credentials:
    """What the account proves itself with. Raises `Invalid` for what is missing."""
    client_id, secret = account.settings.get("client_id", ""), account.secrets.get("client_secret", "")
    refresh = account.secrets.get("refresh_token", "")
    for name, value in (("client_id", client_id), ("client_secret", secret), ("refresh_token", refresh)):
        if not value:
            raise Invalid(name, "it is needed: docs/how-to/connect-ebay.md says where to find it")
    return Credentials(connect.root_of(account.settings), client_id, secret, refresh)
