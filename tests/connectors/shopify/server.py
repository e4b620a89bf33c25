"""A real aiohttp server that plays Shopify: Admin GraphQL with its costs and throttling, OAuth, signed webhooks.

async with serve() as double:
    double.add_order_from_webhook(body)
    …
    double.fulfillments       # what was pushed, tracking included
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from graphql import GraphQLSchema

from hub.domain.outgoing import Kind
from tests.connectors.harness import Seen
from tests.connectors.shopify.changes import Changes
from tests.connectors.shopify.consent import CLIENT_SECRET, SHOP, callback
from tests.connectors.shopify.engine import official_schema, run
from tests.connectors.shopify.nodes import Node, connection, cursor, gid
from tests.connectors.shopify.state import LOCATION, tail

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
CLIENT_ID = "5a1e7c9d3b2f4e6a8c0d1e2f3a4b5c6d"
SEEDED_FROM = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class Answer:
    """An answer that was ordered in advance."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ShopifyDouble:
    """One shop behind HTTP. `points`, `most` and `rate` are its bucket; `dearest` the most one document may ask for."""

    def __init__(self, schema: GraphQLSchema | None) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.state = Changes(SHOP)
        self.points, self.most, self.rate, self.dearest = 2000.0, 2000.0, 10_000.0, 1000.0
        self.token, self.granted, self.lasts = TOKEN, 0, 86_399.0
        self.codes: set[str] = set()
        """Authorization codes that can be exchanged, each once."""
        self._schema = schema
        self._at = time.monotonic()
        self._ordered: list[Answer | None] = []
        self._drop = 0
        self._seeded = 0
        for number, sku in ((41001, "HAMMER"), (41003, "NAIL"), (41005, "")):
            self.state.add_variant(number, sku)

    # ---------------------------------------------------------------- for tests

    @property
    def fulfillments(self) -> list[Node]:
        """What was pushed: order_id, tracking_number, company, url, notify, lines {line id: units}."""
        return self.state.fulfillments

    def add_order_from_webhook(self, body: Node, split: Sequence[Sequence[object]] | None = None) -> str:
        """Puts an order into the shop, as recorded; returns its id."""
        return self.state.add_order(body, split)

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b"", times: int = 1) -> None:
        self._ordered += [Answer(status, headers or {}, body)] * times

    def serve_first(self, times: int) -> None:
        """Answers so many calls before what `fail` orders next."""
        self._ordered += [None] * times

    def drop_replies(self, times: int = 1) -> None:
        self._drop += times

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.state.effects

    def seed_orders(self, count: int) -> Sequence[str]:
        """Orders of one line; seven of them change in the same second."""
        made = []
        for _ in range(count):
            self._seeded += 1
            at = (SEEDED_FROM + timedelta(seconds=self._seeded // 7)).isoformat()
            number = 6_100_000_000_000 + self._seeded * 3
            made.append(self.state.add_order(plain_order(number, self._seeded, at)))
        return made

    def headers(self, topic: str, body: bytes, event: str | None = None) -> dict[str, str]:
        """The headers of a delivery, made here by Shopify's rule and not by the connector."""
        mark = hmac.new(CLIENT_SECRET.encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(mark).decode(),
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-API-Version": "2026-04",
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event or str(uuid.uuid4()),
            "X-Shopify-Triggered-At": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }

    async def send(self, url: str, topic: str, body: Node) -> int:
        """Delivers a webhook to `url`, signed; returns the status it was answered with."""
        raw = json.dumps(body).encode()
        session = aiohttp.ClientSession(headers=self.headers(topic, raw))
        async with session, session.post(url, data=io.BytesIO(raw)) as answer:
            return answer.status

    # ---------------------------------------------------------------- HTTP

    async def graphql(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/api/2026-04/graphql.json."""
        raw = await request.read()
        self.seen.append(Seen("POST", request.path, {k.lower(): v for k, v in request.headers.items()}, raw))
        if self._ordered and (answer := self._ordered.pop(0)) is not None:
            return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)
        if request.headers.get("X-Shopify-Access-Token") != self.token:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        self.state.reference = request.headers.get("X-Crossdock-Reference", "")
        content = self._answer(json.loads(raw))
        if self._drop:
            self._drop -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(content)

    def _answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        now = time.monotonic()
        self.points = min(self.most, self.points + (now - self._at) * self.rate)
        self._at = now
        first = (asked.get("variables") or {}).get("first")
        cost = 4.0 * first if first else 10.0
        if cost > self.dearest:
            return {"errors": [_coded(f"Query cost is {cost}, which exceeds the limit", "MAX_COST_EXCEEDED")]}
        if cost > self.points:
            return {"errors": [_coded("Throttled", "THROTTLED")], "extensions": self._cost(cost, None)}
        if asked.get("operationName") == "Returns" and "read_returns" not in self.state.scopes:
            return {"errors": [_coded("Access denied for returns field.", "ACCESS_DENIED")], "data": {"order": None}}
        self.points -= cost
        answer = run(self._schema, asked, self._roots())
        return answer | {"extensions": self._cost(cost, cost)}

    def _cost(self, requested: float, actual: float | None) -> Node:
        status = {"maximumAvailable": self.most, "currentlyAvailable": int(self.points), "restoreRate": self.rate}
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}

    async def authorize(self, request: web.Request) -> web.Response:
        """GET /admin/oauth/authorize: the merchant says yes, and is sent back with a code that is good once."""
        asked = request.query
        if asked.get("client_id") != CLIENT_ID or "write_orders" not in asked.get("scope", "").split(","):
            return web.Response(status=400, text="Oauth error invalid_request")
        code = uuid.uuid4().hex
        self.codes.add(code)
        back = callback(code=code, state=asked.get("state", ""), host="YWRtaW4")
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def grant(self, request: web.Request) -> web.Response:
        """POST /admin/oauth/access_token: each code is good once, a token for the app's own credentials for a day."""
        form = await request.post()
        self.granted += 1
        fine = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        if fine and form.get("grant_type") == "client_credentials":
            self.token = f"shpat_of_today_{self.granted}"
            return web.json_response({"access_token": self.token, "scope": "read_orders", "expires_in": self.lasts})
        if not fine or form.get("code") not in self.codes:
            return web.json_response({"error": "invalid_request"}, status=400)
        self.codes.discard(str(form["code"]))
        return web.json_response({"access_token": TOKEN, "scope": "read_orders,write_orders"})

    # ---------------------------------------------------------------- what can be asked

    def _roots(self) -> dict[str, Node]:
        state = self.state
        shop = {"name": "Crossdock Test", "myshopifyDomain": SHOP, "currencyCode": "USD"}
        variants = list(state.variants.values())
        items = {variant["inventoryItem"]["id"]: variant["inventoryItem"] for variant in variants}
        query = {
            "shop": shop,
            "order": lambda info, **by: state.node(tail(by["id"])) if tail(by["id"]) in state.orders else None,
            "orders": self._orders,
            "node": lambda info, **by: state.find(by["id"]),
            "location": lambda info, **by: {"id": LOCATION} if by.get("id") in (None, LOCATION) else None,
            "productVariant": lambda info, **by: state.variants.get(tail(by["id"])),
            "productVariants": lambda info, query=None, **by: connection(_loosely(variants, query), 2)(info, **by),
            "inventoryItem": lambda info, **by: items.get(by["id"]),
            "currentAppInstallation": {"accessScopes": [{"handle": each} for each in sorted(state.scopes)]},
            "webhookSubscriptions": connection(list(state.subscriptions.values()), 5),
        }
        mutation = {
            "fulfillmentCreate": state.fulfillment_create,
            "fulfillmentEventCreate": state.fulfillment_event_create,
            "inventorySetQuantities": state.inventory_set,
            "orderCancel": state.order_cancel,
            "refundCreate": state.refund_create,
            "webhookSubscriptionCreate": state.webhook_create,
            "webhookSubscriptionUpdate": state.webhook_update,
        }
        return {"query": query, "mutation": mutation}

    def _orders(self, info: Any, first: int, after: str | None = None, query: str | None = None, **_: Any) -> Node:
        """Keyset pages by (updated_at, id), which is what Shopify's cursors hold."""
        since = datetime.fromisoformat(query.split("'")[1]) if query else datetime.min.replace(tzinfo=UTC)
        keys = sorted((datetime.fromisoformat(o["updated_at"]), int(n)) for n, o in self.state.orders.items())
        keys = [key for key in keys if key[0] >= since]
        if after:
            at, number = base64.b64decode(after).decode().split("|")
            keys = [key for key in keys if key > (datetime.fromisoformat(at), int(number))]
        taken = keys[:first]
        marks = [cursor(f"{at.isoformat()}|{number}") for at, number in taken]
        return {
            "nodes": [self.state.node(str(number)) for _, number in taken],
            "pageInfo": {
                "hasNextPage": len(keys) > len(taken),
                "hasPreviousPage": bool(after),
                "startCursor": marks[0] if marks else None,
                "endCursor": marks[-1] if marks else None,
            },
        }


def _coded(message: str, code: str) -> Node:
    return {"message": message, "extensions": {"code": code}}


def _loosely(variants: Sequence[Node], query: str | None) -> list[Node]:
    """Shopify's search matches words, not whole fields."""
    if not query:
        return list(variants)
    wanted = query.removeprefix("sku:").strip('"').replace('\\"', '"').replace("\\\\", "\\")
    return [variant for variant in variants if wanted.lower() in (variant["sku"] or "").lower()]


def plain_order(number: int, place: int, at: str) -> Node:
    """A paid order of two units, as a webhook of 2026 carries it."""

    def both(amount: str) -> Node:
        money = {"amount": amount, "currency_code": "USD"}
        return {"shop_money": money, "presentment_money": money}

    return {
        "id": number, "name": f"#{1000 + place}", "order_number": 1000 + place, "created_at": at, "processed_at": at,
        "updated_at": at, "currency": "USD", "presentment_currency": "USD", "financial_status": "paid",
        "fulfillment_status": None, "taxes_included": False, "test": False, "email": f"buyer{place}@example.com",
        "total_price": "20.00", "total_price_set": both("20.00"), "subtotal_price": "20.00",
        "subtotal_price_set": both("20.00"), "total_tax": "0.00", "total_tax_set": both("0.00"),
        "total_discounts": "0.00", "total_discounts_set": both("0.00"), "payment_gateway_names": ["shopify_payments"],
        "line_items": [{
            "id": number + 1, "title": "Hammer", "name": "Hammer", "quantity": 2, "current_quantity": 2,
            "price": "10.00", "price_set": both("10.00"), "sku": "HAMMER", "variant_id": 41001, "product_id": 40001,
            "requires_shipping": True, "taxable": True, "gift_card": False, "grams": 500, "tax_lines": [],
            "discount_allocations": [], "total_discount": "0.00",
        }],
        "shipping_lines": [], "fulfillments": [], "refunds": [], "customer": None,
        "shipping_address": {
            "name": "Ada Byron", "address1": "1 Main Street", "city": "Louisville", "zip": "40202",
            "province": "Kentucky", "province_code": "KY", "country": "United States", "country_code": "US",
        },
        "billing_address": None,
    }  # fmt: skip


@asynccontextmanager
async def serve(
    schema: GraphQLSchema | str | None = "official", tls: ssl.SSLContext | None = None
) -> AsyncIterator[ShopifyDouble]:
    """A fresh shop on a free port of this machine. `schema=None` does without the official one."""
    double = ShopifyDouble(official_schema() if isinstance(schema, str) else schema)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/admin/api/2026-04/graphql.json", double.graphql)
    app.router.add_get("/admin/oauth/authorize", double.authorize)
    app.router.add_post("/admin/oauth/access_token", double.grant)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        double.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        await runner.cleanup()


__all__ = ["CLIENT_ID", "CLIENT_SECRET", "SHOP", "TOKEN", "ShopifyDouble", "gid", "serve"]
