"""A real aiohttp server that plays eBay: tokens and scopes of use, pages, parcels, stock, notifications with their
ECDSA signature and challenge, digital signatures, daily quotas. Written from eBay's documents."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.playing.manners import Handler, Mischief, listening
from hub.domain.outgoing import Kind
from tests.connectors.ebay.notifying import Notifying, listed
from tests.connectors.ebay.orders import plain_order
from tests.connectors.ebay.returning import Returns
from tests.connectors.ebay.state import Node, Refused, State, stamp
from tests.connectors.harness import Seen

CLIENT_ID, CLIENT_SECRET = "CrossdockTests-SBX-1", "SBX-cert-id-0123456789abcdef"
REFRESH_TOKEN = "v^1.1#i^1#refresh-token-of-the-seller"
RU_NAME = "Crossdock-CrossdockT-SBX-abcdef"
TOKEN_PATH = "/identity/v1/oauth2/token"
SEEDED_FROM = datetime(2024, 10, 1, 9, 0, tzinfo=UTC)


class EbayDouble(Notifying):
    """One seller at eBay, as the suite's `Double`."""

    def __init__(self) -> None:
        super().__init__(State())
        self.returns = Returns(self.state)
        self.url = ""
        self.mischief = Mischief(record=True)
        self.fail = self.mischief.fail
        self.drop_replies = self.mischief.drop_replies
        self.tokens: dict[str, set[str]] = {"user": set(), "app": set()}
        self.granted: list[str] = []
        self.codes = {"v^1.1#code"}
        self.refuse_refresh = False
        self.limits: list[Node] = []
        self.must_sign: Ed25519PublicKey | None = None
        self._seeded = 0

    @property
    def seen(self) -> list[Seen]:
        return [Seen(*request) for request in self.mischief.seen]

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.state.effects

    def seed_orders(self, count: int) -> Sequence[str]:
        """Paid orders of one line; seven of them change in the same second."""
        made = []
        for _ in range(count):
            self._seeded += 1
            at = SEEDED_FROM + timedelta(seconds=self._seeded // 7)
            made.append(self.state.add_order(plain_order(self._seeded, stamp(at))))
        return made

    def expire_tokens(self) -> None:
        """Every access token ends."""
        self.tokens = {"user": set(), "app": set()}

    # ---------------------------------------------------------------- HTTP

    def may(self, request: web.Request) -> bool:
        """Whether the call carries the token its API wants: the seller's, the app's, or IAF for Post-Order."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        who = "app" if request.path.startswith(("/commerce/notification/", "/developer/")) else "user"
        wanted = "IAF" if request.path.startswith("/post-order/") else "Bearer"
        return scheme == wanted and token in self.tokens[who]

    async def token(self, request: web.Request) -> web.Response:
        """The OAuth endpoint; failures on request do not touch it."""
        form = await request.post()
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return web.json_response({"error": "invalid_client"}, status=401)
        kind = str(form.get("grant_type"))
        self.granted.append(kind)
        fine = {
            "refresh_token": form.get("refresh_token") == REFRESH_TOKEN and not self.refuse_refresh,
            "client_credentials": form.get("scope") == "https://api.ebay.com/oauth/api_scope",
            "authorization_code": form.get("code") in self.codes and form.get("redirect_uri") == RU_NAME,
        }
        if not fine.get(kind):
            return web.json_response({"error": "invalid_grant", "error_description": "it is invalid"}, status=400)
        made = f"v^1.1#access-{len(self.granted)}"
        self.tokens["app" if kind == "client_credentials" else "user"].add(made)
        told: Node = {"access_token": made, "expires_in": 7200, "token_type": "User Access Token"}
        if kind == "authorization_code":
            self.codes.discard(str(form["code"]))
            told |= {"refresh_token": REFRESH_TOKEN, "refresh_token_expires_in": 47304000}
        return web.json_response(told)

    async def ship(self, request: web.Request) -> web.Response:
        name = request.match_info["order"]
        made = self.state.ship(name, await request.json(), reference(request))
        place = f"https://api.ebay.com/sell/fulfillment/v1/order/{name}/shipping_fulfillment/{made}"
        return web.json_response({}, status=201, headers={"Location": place})

    async def refund(self, request: web.Request) -> Node:
        await self._require_signature(request)
        return self.state.refund(request.match_info["order"], await request.json(), reference(request))

    async def cancel(self, request: web.Request) -> Node:
        await self._require_signature(request)
        return self.state.cancel(await request.json(), reference(request))

    async def approve(self, request: web.Request) -> web.Response:
        await self._require_signature(request)
        self.state.approve(request.match_info["id"], reference(request))
        return web.Response(status=200)

    async def _require_signature(self, request: web.Request) -> None:
        """RFC 9421 over the headers that eBay names, where the seller is one of the EU or the UK."""
        if self.must_sign is None:
            return
        head, body = request.headers, await request.read()
        if not head.get("x-ebay-signature-key"):
            raise Refused(400, 215001, "Missing x-ebay-signature-key header")
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        params = head["Signature-Input"].removeprefix("sig1=")
        values = {
            "content-digest": digest, "x-ebay-signature-key": head["x-ebay-signature-key"], "@method": request.method,
            "@path": request.path, "@authority": request.host,
        }  # fmt: skip
        names = re.findall(r'"([^"]+)"', params.partition(")")[0])
        base = "".join(f'"{name}": {values[name]}\n' for name in names) + f'"@signature-params": {params}'
        try:
            assert set(names) == set(values) and head["Content-Digest"] == digest
            self.must_sign.verify(base64.b64decode(head["Signature"][6:-1]), base.encode())
        except (InvalidSignature, AssertionError, KeyError, ValueError):
            raise Refused(400, 215002, "Signature validation failed") from None

    async def stock(self, request: web.Request) -> web.Response:
        answers = self.state.set_stock((await request.json())["requests"], reference(request))
        good = all(it["statusCode"] == 200 for it in answers)
        return web.json_response({"responses": answers}, status=200 if good else 207)

    async def levels(self, request: web.Request) -> Node:
        skus = [it["sku"] for it in (await request.json())["requests"]]
        if len(skus) > 25:
            raise Refused(400, 25709, "Invalid value for requests.")
        known = self.state.items
        found = [{"sku": it, "statusCode": 200, "inventoryItem": known[it]} for it in skus if it in known]
        return {"responses": found + [{"sku": it, "statusCode": 404} for it in skus if it not in known]}

    async def offers(self, request: web.Request) -> Node:
        sku = request.query["sku"]
        if sku not in self.state.offers:
            raise Refused(404, 25713, "This Offer is not available.")
        return {"total": len(self.state.offers[sku]), "offers": self.state.offers[sku]}

    async def items(self, request: web.Request) -> Node:
        limit, number = int(request.query.get("limit", 25)), int(request.query.get("offset", 0))
        if not 1 <= limit <= 200:
            raise Refused(400, 25706, "You have provided invalid pagination values.")
        held = [self.state.items[sku] for sku in sorted(self.state.items)]
        return {"total": len(held), "limit": limit, "inventoryItems": held[number * limit :][:limit]}


def reference(request: web.Request) -> str:
    """Our reference, from the header that eBay ignores."""
    return request.headers.get("X-Crossdock-Reference", "")


def routes(double: EbayDouble) -> Mapping[tuple[str, str], Callable[[web.Request], Any]]:
    """Every call that the double answers."""
    state, order = double.state, "/sell/fulfillment/v1/order"
    note, inventory = "/commerce/notification/v1", "/sell/inventory/v1"

    async def orders(request: web.Request) -> Node:
        return state.page(request.query, datetime.now(UTC))

    async def back(request: web.Request) -> Node:
        return double.returns.get(request.match_info["id"], request.query.get("fieldgroups", "FULL"))

    async def search(request: web.Request) -> Node:
        if not request.headers.get("X-EBAY-C-MARKETPLACE-ID"):
            raise Refused(400, 1001, "X-EBAY-C-MARKETPLACE-ID is required.")
        mark = request.query["legacy_order_id"]
        return {"cancellations": [it for it in state.cancellations if it["legacyOrderId"] == mark]}

    async def parcels(request: web.Request) -> Node:
        name = request.match_info["order"]
        state.order(name)
        return {"fulfillments": state.parcels[name], "total": len(state.parcels[name])}

    async def found(node: Node) -> Node:
        return node

    topic = {"topicId": "x", "supportedPayloads": [{"schemaVersion": "1.0", "format": ["JSON"], "deprecated": False}]}
    return {
        ("GET", order): orders,
        ("GET", f"{order}/{{order}}"): lambda request: found(state.order(request.match_info["order"])),
        ("GET", f"{order}/{{order}}/shipping_fulfillment"): parcels,
        ("POST", f"{order}/{{order}}/shipping_fulfillment"): double.ship,
        ("POST", f"{order}/{{order}}/issue_refund"): double.refund,
        ("GET", "/post-order/v2/cancellation/search"): search,
        ("POST", "/post-order/v2/cancellation"): double.cancel,
        ("POST", "/post-order/v2/cancellation/{id}/approve"): double.approve,
        ("GET", "/post-order/v2/return/search"): lambda it: found(double.returns.search(it.query, datetime.now(UTC))),
        ("GET", "/post-order/v2/return/{id}"): back,
        ("GET", f"{inventory}/inventory_item"): double.items,
        ("GET", f"{inventory}/offer"): double.offers,
        ("POST", f"{inventory}/bulk_get_inventory_item"): double.levels,
        ("POST", f"{inventory}/bulk_update_price_quantity"): double.stock,
        ("GET", "/commerce/identity/v1/user/"): lambda _: found({"userId": "u1", "username": "testseller"}),
        ("GET", "/developer/analytics/v1_beta/rate_limit/"): lambda _: found({"rateLimits": double.limits}),
        ("GET", f"{note}/public_key/{{kid}}"): double.public_key,
        ("GET", f"{note}/topic/{{topic}}"): lambda _: found(topic),
        ("GET", f"{note}/destination"): lambda request: found(
            listed("destinations", list(state.destinations.values()), request.query)
        ),
        ("POST", f"{note}/destination"): double.make_destination,
        ("PUT", f"{note}/destination/{{id}}"): double.move_destination,
        ("GET", f"{note}/subscription"): lambda request: found(
            listed("subscriptions", list(state.subscriptions.values()), request.query)
        ),
        ("POST", f"{note}/subscription"): double.subscribe,
        ("PUT", f"{note}/subscription/{{id}}"): double.subscribe,
    }


@asynccontextmanager
async def serve() -> AsyncIterator[EbayDouble]:
    """A fresh eBay on a free port of this machine."""
    double = EbayDouble()

    @web.middleware
    async def manners(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == TOKEN_PATH:
            return await handler(request)
        return await double.mischief.between(request, handler)

    def answering(call: Callable[[web.Request], Any]) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            if not double.may(request):
                return refusal(401, 1001, "Invalid access token")
            try:
                told = await call(request)
            except Refused as error:
                return refusal(error.status, error.error_id, str(error))
            return told if isinstance(told, web.StreamResponse) else web.json_response(told)

        return answer

    app = web.Application(middlewares=[manners], client_max_size=16 * 1024 * 1024)
    app.router.add_post(TOKEN_PATH, double.token)
    for (method, path), call in routes(double).items():
        app.router.add_route(method, path, answering(call))
    async with listening(app, "127.0.0.1", 0) as double.url:
        yield double


def refusal(status: int, error_id: int, message: str) -> web.Response:
    """An error in eBay's shape."""
    error = {"errorId": error_id, "domain": "ACCESS", "category": "REQUEST", "message": message}
    return web.json_response({"errors": [error]}, status=status)
