"""A real aiohttp server that plays Etsy: Open API v3 with its keys, tokens and limits, consent, signed webhooks.

async with serve() as double:
    double.shop.add(receipt(1, at))
    …
    double.shop.emails       # what buyers were told, once for each submission
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, unquote, urlencode

from aiohttp import web

from connectors.playing.manners import Handler, Mischief, application, json, listening
from hub.domain.outgoing import Kind
from tests.connectors.etsy.shop import SHOP_ID, USER_ID, EtsyShop, Node, Refused, receipt
from tests.connectors.harness import Seen

KEYSTRING, SHARED_SECRET = "1aa2bb33c44d55eeeeee6fff", "h7x2mq90zt"
REFRESH_TOKEN = f"{USER_ID}.JNGIJtvLmwfDMhlYoOJl8aLR1BWottyHC6yhNcET"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"etsy signs with these bytes.").decode()
SCOPES = frozenset({"listings_r", "listings_w", "shops_r", "transactions_r", "transactions_w"})
FORM = "application/x-www-form-urlencoded"


class EtsyDouble:
    """One shop and one app behind HTTP. `rotates`: a refresh token is good once. `per_second` is enforced as
    announced, unless `lenient`."""

    def __init__(self) -> None:
        self.url = ""
        self.shop = EtsyShop()
        self.mischief = Mischief(record=True)
        self.fail, self.drop_replies = self.mischief.fail, self.mischief.drop_replies
        self.access: set[str] = set()
        self.refresh = {REFRESH_TOKEN}
        self.rotates, self.lasts = False, 3600
        self.scopes: frozenset[str] = SCOPES
        self.per_second, self.per_day, self.remaining = 1000, 10_000, 9_990
        self.lenient = False
        self.codes: dict[str, tuple[str, str]] = {}
        """Authorization code → (code challenge, redirect URI)."""
        self.refreshed = 0
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        """Token requests are answered while the first is set; the second tells that one has come."""
        self.gate.set()
        self._calls: deque[float] = deque()
        self._seeded = 0

    # ---------------------------------------------------------------- for tests

    @property
    def seen(self) -> list[Seen]:
        return [Seen(*request) for request in self.mischief.seen]

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.shop.effects

    def seed_orders(self, count: int) -> Sequence[str]:
        """Receipts of one line; seven of them change in the same second."""
        made = []
        for _ in range(count):
            self._seeded += 1
            made.append(self.shop.add(receipt(3_300_000_000 + self._seeded, 1_796_000_000 + self._seeded // 7)))
        return made

    def headers(self, body: bytes, mark: str = "", at: float = 0.0) -> dict[str, str]:
        """The headers of a delivery, made here by the rule of Standard Webhooks and not by the connector."""
        mark, stamp = mark or f"msg_{uuid.uuid4().hex}", str(int(at or time.time()))
        key = base64.b64decode(WEBHOOK_SECRET[6:])
        signed = hmac.new(key, f"{mark}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": mark, "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }  # fmt: skip

    # ---------------------------------------------------------------- before every call

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Limits, keys and tokens; errors as {"error": …}; what is left in the headers of every good answer."""
        try:
            if request.path.startswith("/v3/application/"):
                self._limit()
                self._identify(request)
            answer = await handler(request)
        except Refused as refusal:
            headers = {"Retry-After": "1"} if refusal.status == 429 else {}
            response = json(refusal.body, refusal.status)
            response.headers.update(headers)
            return response
        answer.headers.update({
            "x-limit-per-second": str(self.per_second), "x-limit-per-day": str(self.per_day),
            "x-remaining-today": str(self.remaining),
        })  # fmt: skip
        return answer

    def _limit(self) -> None:
        now = time.monotonic()
        while self._calls and now - self._calls[0] >= 0.95:
            self._calls.popleft()
        if (len(self._calls) >= self.per_second and not self.lenient) or self.remaining <= 0:
            raise Refused(429, "Exceeded the rate limit")
        self._calls.append(now)
        self.remaining -= 1

    def _identify(self, request: web.Request) -> None:
        key = request.headers.get("x-api-key", "")
        if key == KEYSTRING:
            raise Refused(403, "Shared secret is required in x-api-key header.")
        if key != f"{KEYSTRING}:{SHARED_SECRET}":
            raise Refused(403, "Invalid API key: should be in the format 'keystring:shared_secret'.")
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.access:
            raise Refused(401, "invalid_token", "access token is expired")
        shop = request.match_info.get("shop")
        if shop not in (None, str(SHOP_ID)):
            raise Refused(403, "You do not have permission to access this shop")

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refused(403, "insufficient_scope", f"token is missing scopes: {scope}")

    # ---------------------------------------------------------------- tokens and consent

    async def consent(self, request: web.Request) -> web.Response:
        """GET /oauth/connect: the merchant says yes, and is sent back with a code that is good once."""
        asked = request.query
        if asked.get("client_id") != KEYSTRING or asked.get("code_challenge_method") != "S256":
            return web.Response(status=400, text="An error occurred")
        if not set(asked["scope"].split()) <= SCOPES:
            return web.Response(status=400, text="The requested scope is not permitted.")
        code = uuid.uuid4().hex
        self.codes[code] = (asked["code_challenge"], asked["redirect_uri"])
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        """POST /v3/public/oauth/token: for a code with its verifier, or for a refresh token."""
        form = await _form(request)
        self.asked.set()
        await self.gate.wait()
        if form.get("client_id") != KEYSTRING:
            raise Refused(400, "invalid_client", "client_id is invalid")
        if form.get("grant_type") == "authorization_code":
            challenge, redirect = self.codes.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            proven = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
            if not challenge or not proven or form.get("redirect_uri") != redirect:
                raise Refused(400, "invalid_grant", "code is invalid, or code_verifier or redirect_uri do not match")
        elif form.get("refresh_token") not in self.refresh:
            raise Refused(400, "invalid_grant", "refresh_token is revoked")
        elif self.rotates:
            self.refresh.discard(form["refresh_token"])
        self.refreshed += 1
        access, refresh = f"{USER_ID}.access-{uuid.uuid4().hex}", f"{USER_ID}.refresh-{uuid.uuid4().hex}"
        self.access.add(access)
        self.refresh.add(refresh)
        return json({
            "access_token": access, "token_type": "Bearer", "expires_in": self.lasts, "refresh_token": refresh,
        })  # fmt: skip

    # ---------------------------------------------------------------- the API

    async def me(self, request: web.Request) -> web.Response:
        self._needs("shops_r")
        return json({"user_id": USER_ID, "shop_id": SHOP_ID})

    async def about_shop(self, request: web.Request) -> web.Response:
        return json({"shop_id": SHOP_ID, "shop_name": "TeaAndCups", "user_id": USER_ID, "currency_code": "EUR"})

    async def receipts(self, request: web.Request) -> web.Response:
        self._needs("transactions_r")
        return json(self.shop.page(request.query))

    async def receipt(self, request: web.Request) -> web.Response:
        self._needs("transactions_r")
        return json(self.shop.one(_id(request, "receipt")))

    async def track(self, request: web.Request) -> web.Response:
        self._needs("transactions_w")
        return json(self.shop.track(_id(request, "receipt"), await _form(request), _reference(request)))

    async def listings(self, request: web.Request) -> web.Response:
        self._needs("listings_r")
        return json(self.shop.listed(request.query))

    async def batch(self, request: web.Request) -> web.Response:
        return json(self.shop.batch(request.query))

    async def inventory(self, request: web.Request) -> web.Response:
        self._needs("listings_r")
        listing = self.shop.listing(_id(request, "listing"))
        shown = listing if request.query.get("includes") == "Listing" else None
        return json(listing["inventory"] | {"listing": shown and {**shown, "inventory": None}})

    async def write(self, request: web.Request) -> web.Response:
        self._needs("listings_w")
        if request.content_type != "application/json":
            raise Refused(400, "Missing Input Parameter: [products]")
        body: Node = await request.json()
        return json(self.shop.write(_id(request, "listing"), body, _reference(request)))

    async def move(self, request: web.Request) -> web.Response:
        self._needs("listings_w")
        return json(self.shop.move(_id(request, "listing"), await _form(request), _reference(request)))

    def application(self) -> web.Application:
        """The routes."""
        app = application(self.mischief)
        app.middlewares.append(self.guard)
        api, shop = "/v3/application", "/v3/application/shops/{shop}"
        app.add_routes([
            web.get("/oauth/connect", self.consent), web.post("/v3/public/oauth/token", self.token),
            web.get(f"{api}/users/me", self.me), web.get(shop, self.about_shop),
            web.get(f"{shop}/receipts", self.receipts), web.get(f"{shop}/receipts/{{receipt}}", self.receipt),
            web.post(f"{shop}/receipts/{{receipt}}/tracking", self.track), web.get(f"{shop}/listings", self.listings),
            web.patch(f"{shop}/listings/{{listing}}", self.move), web.get(f"{api}/listings/batch", self.batch),
            web.get(f"{api}/listings/{{listing}}/inventory", self.inventory),
            web.put(f"{api}/listings/{{listing}}/inventory", self.write),
        ])  # fmt: skip
        return app


def _id(request: web.Request, name: str) -> int:
    text = request.match_info[name]
    if not text.isdigit():
        raise Refused(400, f"Invalid value for {name}_id")
    return int(text)


def _reference(request: web.Request) -> str:
    return unquote(request.headers.get("X-Crossdock-Reference", ""))


async def _form(request: web.Request) -> dict[str, str]:
    """A form; JSON in its place is taken for nothing, as Etsy does."""
    if request.content_type != FORM:
        return {}
    return {name: values[0] for name, values in parse_qs((await request.read()).decode()).items()}


@asynccontextmanager
async def serve() -> AsyncIterator[EtsyDouble]:
    """A fresh shop on a free port of this machine."""
    double = EtsyDouble()
    async with listening(double.application(), "127.0.0.1", 0) as url:
        double.url = url
        yield double
