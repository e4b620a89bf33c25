"""A real aiohttp server that plays Vendure: the Admin API with its sessions, lists, unions and habits.

async with serve() as double:
    order = double.shop.place([("1", 2)])
    …
    double.shop.orders[order["id"]]["fulfillments"]       # what was pushed
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.playing.manners import Mischief, application, listening
from hub.domain.outgoing import Kind
from tests.connectors.harness import Seen
from tests.connectors.vendure.changes import Changes
from tests.connectors.vendure.engine import Failed, official_schema, run
from tests.connectors.vendure.state import FULFILLMENT_MOVES, Node, gross, net, priced

USERNAME, PASSWORD, API_KEY = "hub@example.com", "a-long-password-7", "vendure-key-0123456789"
CHANNEL, SECRET = "token-of-the-default-channel", "whsec_" + base64.b64encode(b"k" * 24).decode()
MOST = 1000


class VendureDouble:
    """One server. `channels`: tokens it knows; with one alone every token means that one. `precision`: its decimals."""

    def __init__(self, *, official: bool) -> None:
        self.url = ""
        self.shop = Changes()
        self.mischief = Mischief(record=True)
        self.fail = self.mischief.fail
        self.drop_replies = self.mischief.drop_replies
        self.sessions: set[str] = set()
        self.channels = [CHANNEL]
        self.precision = 2
        self.with_tax = False
        self.gives_tokens = True
        self._official = official and official_schema() is not None

    # ---------------------------------------------------------------- for tests

    @property
    def seen(self) -> Sequence[Seen]:
        return [Seen(*request) for request in self.mischief.seen]

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.shop.effects

    def seed_orders(self, count: int) -> Sequence[str]:
        """Orders of one line; seven of them are placed at the same moment. Every fifth is accompanied by a cart."""
        made = []
        for n in range(count):
            if n % 7 == 0:
                self.shop.pass_time()
            if n % 5 == 0:
                self.shop.place([("1", 1)], state="")
            made.append(str(self.shop.place([("1", 1)])["id"]))
        return made

    def post(self, order_id: str, mark: str = "") -> tuple[dict[str, str], bytes]:
        """What the plugin posts of an order: headers, made here by the rule of Standard Webhooks, and body."""
        channel = {"code": "__default_channel__", "pricesIncludeTax": self.with_tax, "defaultCurrencyCode": "EUR"}
        order = self.shop.orders[order_id]
        data = {"channel": channel, "precision": self.precision, "order": whole(self.show(order))}
        body = json.dumps({"type": "order.changed", "data": data}).encode()
        mark, at = mark or str(uuid.uuid4()), str(int(time.time()))
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signature = hmac.new(key, f"{mark}.{at}.".encode() + body, hashlib.sha256).digest()
        signed = f"v1,{base64.b64encode(signature).decode()}"
        return {"webhook-id": mark, "webhook-timestamp": at, "webhook-signature": signed}, body

    # ---------------------------------------------------------------- HTTP

    async def graphql(self, request: web.Request) -> web.Response:
        """POST /admin-api."""
        asked = json.loads(await request.read())
        self.shop.reference = request.headers.get("X-Crossdock-Reference", "")
        if asked.get("operationName") == "Login":
            return self._login(asked)
        if not self._known(request):
            message = "You are not currently authorized to perform this action"
            return web.json_response(
                {"errors": [{"message": message, "extensions": {"code": "FORBIDDEN"}}], "data": None}
            )
        given = request.headers.get("vendure-token", "")
        if given and given not in self.channels and len(self.channels) > 1:
            error = {
                "message": f'No Channel with the token "{given}" exists',
                "extensions": {"code": "CHANNEL_NOT_FOUND"},
            }
            return web.json_response({"errors": [error], "data": None})
        status, answer = run(asked, self._roots(), official=self._official)
        return web.json_response(answer, status=status)

    def _known(self, request: web.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return token in self.sessions or request.headers.get("vendure-api-key") == API_KEY

    def _login(self, asked: Mapping[str, Any]) -> web.Response:
        fine = asked["variables"] == {"username": USERNAME, "password": PASSWORD}
        token = uuid.uuid4().hex if fine else ""
        if fine:
            self.sessions.add(token)
        refused = {
            "__typename": "InvalidCredentialsError", "errorCode": "INVALID_CREDENTIALS_ERROR",
            "message": "The provided credentials are invalid", "authenticationError": "",
        }  # fmt: skip
        login = {"__typename": "CurrentUser"} if fine else refused
        status, answer = run(asked, {"mutation": {"login": lambda **_: login}}, official=self._official)
        headers = {"vendure-auth-token": token} if fine and self.gives_tokens else {}
        return web.json_response(answer, status=status, headers=headers)

    def _roots(self) -> dict[str, Node]:
        shop = self.shop
        channel = {
            "code": "__default_channel__", "token": self.channels[0], "pricesIncludeTax": self.with_tax,
            "defaultCurrencyCode": "EUR",
        }  # fmt: skip
        query = {
            "activeChannel": channel,
            "globalSettings": {"serverConfig": {"moneyStrategyPrecision": self.precision}},
            "orders": self._orders,
            "order": lambda **call: self.show(shop.orders[call["id"]]) if call["id"] in shop.orders else None,
            "productVariants": lambda options: listed(list(shop.variants.values()), options),
            "stockLocations": lambda **_: {"items": [{"id": "1"}, {"id": "2"}]},
        }
        mutation = {
            "addFulfillmentToOrder": lambda **call: shop.add_fulfillment(call["input"]),
            "transitionFulfillmentToState": lambda **call: shop.move_fulfillment(call["id"], call["state"]),
            "cancelOrder": lambda **call: shop.cancel(call["input"]),
            "refundOrder": lambda **call: shop.refund(call["input"]),
            "updateProductVariants": lambda **call: shop.update_variants(call["input"]),
        }
        return {"query": query, "mutation": mutation}

    def _orders(self, options: Mapping[str, Any]) -> Node:
        """The list is made of plain orders; only those of the page are shown."""
        page = listed(list(self.shop.orders.values()), options)
        return page | {"items": [self.show(order) for order in page["items"]]}

    def show(self, order: Node) -> Node:
        """The order as the Admin API shows it."""
        shop = self.shop
        cost = int(order["shipping"])
        shipping = {
            "price": 500, "priceWithTax": 500, "discountedPrice": cost, "discountedPriceWithTax": cost,
            "shippingMethod": {"code": "standard", "name": "Standard shipping"},
        }  # fmt: skip
        lines = [
            {"id": line["id"], "quantity": line["quantity"], "orderPlacedQuantity": line["placed"]}
            | priced(line, shop) | {"productVariant": shop.variants[line["variant"]]}
            for line in order["lines"]
        ]  # fmt: skip
        fulfillments = [
            made | {"nextStates": list(FULFILLMENT_MOVES.get(made["state"], ()))} for made in order["fulfillments"]
        ]
        return order | {
            "__typename": "Order", "lines": lines, "shippingLines": [shipping], "fulfillments": fulfillments,
            "total": net(order, shop), "totalWithTax": gross(order, shop),
            "history": lambda options: listed(order["history"], options),
        }  # fmt: skip


def whole(node: Node) -> Node:
    """What the plugin tells of an order, of what the API can show."""
    history: Callable[..., Node] = node["history"]
    newest = {"take": 1, "sort": {"createdAt": "DESC"}}
    latest = history(options=newest | {"filter": {"type": {"notEq": "ORDER_NOTE"}}})
    cancelled = history(options=newest | {"filter": {"type": {"eq": "ORDER_CANCELLATION"}}})
    return node | {"history": None, "latest": latest, "cancelled": cancelled}


# ---------------------------------------------------------------- lists


def listed(rows: Sequence[Node], options: Mapping[str, Any]) -> Node:
    """A page of rows: filtered, sorted, skipped and taken as the options say."""
    take = options.get("take") or MOST
    if take > MOST:
        raise Failed("USER_INPUT_ERROR", f"Cannot take more than {MOST} results from a list query")
    found = [row for row in rows if matches(row, options.get("filter") or {})]
    for field, way in reversed((options.get("sort") or {}).items()):
        found.sort(key=lambda row: rank(row.get(field)), reverse=way == "DESC")
    skip = options.get("skip") or 0
    return {"items": found[skip : skip + take], "totalItems": len(found)}


def rank(value: object) -> tuple[int, str]:
    """Numbers as numbers, times by their text."""
    text = str(value or "")
    return (int(text), "") if text.isdigit() else (0, text)


def matches(row: Node, wanted: Mapping[str, Any]) -> bool:
    """Whether a row passes a filter; several operators of a field, and several fields, must all hold."""
    for field, operators in wanted.items():
        if field == "_or":
            if not any(matches(row, one) for one in operators):
                return False
        elif not all(holds(row.get(field), name, value) for name, value in operators.items()):
            return False
    return True


def holds(value: Any, name: str, given: Any) -> bool:
    """One operator. What is null passes none but `isNull`, as in SQL."""
    if name == "isNull":
        return (value is None) is given
    if value is None:
        return False
    match name:
        case "eq":
            return bool(value == given)
        case "notEq":
            return bool(value != given)
        case "in":
            return value in given
        case "notIn":
            return value not in given
        case "between":
            start, end, at = (datetime.fromisoformat(text) for text in (given["start"], given["end"], value))
            return start <= at <= end
    raise Failed("USER_INPUT_ERROR", f"no operator {name}")


@asynccontextmanager
async def serve(*, official: bool = True) -> AsyncIterator[VendureDouble]:
    """A fresh shop on a free port of this machine. `official=False` does without the official schema."""
    double = VendureDouble(official=official)
    app = application(double.mischief)
    app.router.add_post("/admin-api", double.graphql)
    async with listening(app, "127.0.0.1", 0) as double.url:
        yield double
