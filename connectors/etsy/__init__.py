"""Etsy: receipts by polling, nudged by webhook; tracking that e-mails the buyer once, and stock of listings back.

Open API v3. Etsy has no call to cancel a receipt or to give money back: both are done in its shop manager, and come in
with the next poll. How to connect a shop: docs/how-to/connect-etsy.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from connectors.etsy import hearing, reading, shipping, stock
from connectors.etsy.bench import Bench
from connectors.etsy.client import Client
from connectors.etsy.connect import API, split_key
from connectors.etsy.quota import Quota, Use
from connectors.etsy.tokens import Credentials, Tokens
from connectors.etsy.wire import Me, Shop
from hub.contract import About, Account, Credential, Cursor, Delivery, Http, Page, ProductPage
from hub.contract import Quota as Left
from hub.domain.order import News, Value
from hub.domain.outgoing import Kind, Receipt, Shipment, StockLevel
from hub.errors import Invalid, Reconnect

about = About(
    name="etsy",
    title="Etsy",
    credentials=(
        Credential("keystring", "Keystring (API key) of the app", help="Etsy shows it under Your apps"),
        Credential("shared_secret", "Shared secret of the app", required=False,
                   help="beside the keystring; Etsy refuses calls without it"),
        Credential("refresh_token", "Refresh token of the shop",
                   help="comes from connecting in the browser; the hub renews it every day"),
        Credential("shop_id", "Shop number", secret=False, help="a number, not the shop's name"),
        Credential("webhook_secret", "Signing secret of the webhook", required=False,
                   help="starts with whsec_; without it orders come by polling only"),
        Credential("put_back", "Put inactive listings on sale again when there is stock", secret=False,
                   required=False, help="yes, or empty; a listing whose last unit is gone is always taken off sale"),
    ),
    poll_every=timedelta(minutes=5),
    overlap=timedelta(minutes=10),
    # A push takes two calls, one to look and one to write, of the ten a second that Etsy allows.
    rate=4.0,
)  # fmt: skip


class Etsy:
    """Opens shops. Remembers each account's tokens and quota, which outlive a channel."""

    about = about
    oauth_fields = ("keystring", "shared_secret", "webhook_secret")

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Tokens, Quota]] = {}
        self._benches: dict[int, Bench] = {}

    def open(self, account: Account, http: Http) -> EtsyChannel:
        """The shop's channel. Raises `Invalid` without credentials or with a shop that is no number."""
        given = credentials(account)
        kept = self._kept.get(account.id)
        if kept is None or not kept[0].adopt(given, account.keeper):
            kept = self._kept[account.id] = Tokens(given, account.keeper), Quota()
        return EtsyChannel(account, http, *kept, self._benches.setdefault(account.id, Bench()))

    def authorize(self, values: Mapping[str, str], state: str, redirect: str) -> str:
        """Where the merchant grants the app its scopes."""
        from connectors.etsy import connect

        return connect.authorization_url(values, state, redirect)

    async def exchange(self, values: Mapping[str, str], params: Mapping[str, str], now: datetime) -> dict[str, str]:
        """The shop's number and refresh token. That the answer is Etsy's is proven by the code: it is exchanged at
        Etsy itself, with the verifier of the state."""
        from connectors.etsy import connect

        return await connect.exchange(values, params)


class EtsyChannel:
    """One shop."""

    def __init__(self, account: Account, http: Http, tokens: Tokens, quota: Quota, bench: Bench) -> None:
        self.account = account
        self._shop = account.settings["shop_id"].strip()
        self._secret = account.secrets.get("webhook_secret", "")
        self._put_back = account.settings.get("put_back", "").strip().lower() in ("yes", "true", "1", "on")
        self._http = http
        self._tokens = tokens
        self._quota = quota
        self._bench = bench
        self._client = Client(http, tokens, quota)

    async def check(self) -> str:
        """The shop's name. Raises `Reconnect` when the tokens are refused, or are another shop's."""
        client = self._client.using(Use.SHIP)
        if self._tokens.outdated:
            self._tokens.forget()
        if str((await client.get("ask whose shop it is", "/users/me", Me)).shop_id) != self._shop:
            raise Reconnect(f"the refresh token is not one of shop {self._shop}")
        return (await client.get("ask for the shop", f"/shops/{self._shop}", Shop)).shop_name

    async def renew_credentials(self) -> Mapping[str, str]:
        """The newest refresh token, where it is another than the account's: each lasts 90 days from when it was got.
        It was stored when it came, unless the store was away."""
        await self._tokens.current(self._http)
        newest = self._tokens.newest
        return {} if newest == self.account.secrets["refresh_token"] else {"refresh_token": newest}

    async def quota(self) -> Left | None:
        """Calls that are left today, as the last answer told."""
        if self._quota.remaining is None:
            return None
        return Left(left=self._quota.remaining, of=self._quota.per_day, unit="calls in 24 hours")

    # -- hearing

    def nudge(self, delivery: Delivery) -> Mapping[str, str] | None:
        return hearing.nudge(delivery)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return hearing.verify(headers, body, self._secret)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return hearing.read(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return hearing.sign(body, self._secret)

    def unwrap(self, body: bytes, topic: str) -> tuple[str, bytes]:
        return hearing.unwrap(body, topic)

    # -- reading

    async def pull_orders(self, cursor: Cursor) -> Page:
        return await reading.pull_receipts(self._client, self._shop, cursor)

    async def list_products(self, after: str) -> ProductPage:
        return await reading.list_products(self._client.using(Use.STOCK), self._shop, after)

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return await stock.read_stock(self._client.using(Use.STOCK), listing_ids)

    # -- telling

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        client = self._client.using(Use.SHIP, shipment.reference)
        return await shipping.push_shipment(client, self._shop, shipment)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        client = self._client.using(Use.STOCK, key)
        return await stock.push_stock(client, self._shop, level, self._bench, put_back=self._put_back)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        """What became of a call whose answer was lost."""
        client = self._client.using(Use.SHIP)
        match payload:
            case Shipment():
                return await shipping.find_shipment(client, self._shop, payload)
            case StockLevel():
                return await stock.find_stock(client, payload, put_back=self._put_back)
        return None


def credentials(account: Account) -> Credentials:
    """What the account proves itself with. Raises `Invalid` for what is missing."""
    keystring, secret = split_key(account.secrets.get("keystring", ""), account.secrets.get("shared_secret", ""))
    refresh_token = account.secrets.get("refresh_token", "").strip()
    shop = account.settings.get("shop_id", "").strip()
    for name, value in (("keystring", keystring), ("refresh_token", refresh_token)):
        if not value:
            raise Invalid(name, "it is needed")
    if not (shop.isascii() and shop.isdigit()):
        raise Invalid("shop_id", f"{shop[:50]!r} is not the number of a shop")
    return Credentials(account.base_url or API, keystring, secret, refresh_token)
