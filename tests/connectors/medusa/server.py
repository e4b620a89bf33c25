"""A real aiohttp server that plays Medusa's admin API: Basic authentication with the secret key, strict parameters,
fields only when asked for, pages.

async with serve() as double:
    double.shop.add(order(1, [item("1", 19.99, 2)]))
    …
    double.shop.orders[order_id]["fulfillments"]      # what was pushed, tracking included
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from connectors.playing.manners import Mischief, Refused, application, body_of, json, listening
from hub.domain.outgoing import Kind
from tests.connectors.harness import Seen
from tests.connectors.medusa.documents import Document, item, order
from tests.connectors.medusa.shop import Shop, known

API_KEY = "sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
PAGING = {"fields", "offset", "limit", "order", "with_deleted"}
MOMENTS = {f"{name}[{sign}]" for name in ("created_at", "updated_at") for sign in ("$gte", "$gt", "$lt", "$lte", "$eq")}
ORDERS = PAGING | MOMENTS | {"id", "id[]", "id[$gt]", "status", "status[]", "sales_channel_id[]", "q"}
VARIANTS = PAGING | MOMENTS | {"id", "id[]", "sku", "sku[]", "q"}
SCALARS = ("metadata",)
"""Objects that are columns, not relations."""

Change = Callable[[web.Request, Document], None]


class MedusaDouble:
    """One shop behind HTTP."""

    def __init__(self) -> None:
        self.url = ""
        self.shop = Shop()
        self.mischief = Mischief(record=True)
        self.fail = self.mischief.fail
        self.drop_replies = self.mischief.drop_replies
        self.most = 1_000_000
        """Orders that a page holds at most, whatever is asked for."""
        self._seeded, self._stamp = 1000, ""

    @property
    def seen(self) -> list[Seen]:
        return [Seen(*request) for request in self.mischief.seen]

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return [(Kind(what), reference) for what, reference in self.shop.effects if what in set(Kind)]

    def seed_orders(self, count: int) -> Sequence[str]:
        """Orders of one line; seven of them change in the same millisecond."""
        made = []
        for _ in range(count):
            self._seeded += 1
            if not self._stamp or self._seeded % 7 == 0:
                self._stamp = self.shop.now()
            made.append(self.shop.add(order(self._seeded, [item(str(self._seeded), 12.5, 1)], self._stamp)))
        return made

    # ---------------------------------------------------------------- reading

    async def stores(self, request: web.Request) -> web.Response:
        known(dict(request.query), set(), PAGING)
        shop = {
            "id": "store_01", "name": "Nordlicht Linen", "default_location_id": self.shop.default_location,
            "supported_currencies": [
                {"id": "stocur_1", "currency_code": "usd", "is_default": False},
                {"id": "stocur_2", "currency_code": "eur", "is_default": True},
            ],
        }  # fmt: skip
        return json({"stores": [project(shop, fields_of(request))], "count": 1, "offset": 0, "limit": 50})

    async def orders(self, request: web.Request) -> web.Response:
        known(dict(request.query), set(), ORDERS)
        return self._page(request, "orders", self.shop.orders.values(), 15)

    async def variants(self, request: web.Request) -> web.Response:
        known(dict(request.query), set(), VARIANTS)
        return self._page(request, "product-variants", self.shop.variants.values(), 50)

    async def options(self, request: web.Request) -> web.Response:
        known(dict(request.query), set(), PAGING | {"id", "id[]", "stock_location_id"})
        return self._page(request, "shipping_options", self.shop.options.values(), 50)

    def _page(self, request: web.Request, name: str, rows: Iterable[Document], usual: int) -> web.Response:
        found = sorted(chosen(rows, request), key=lambda row: row["id"])
        field = request.query.get("order", "id")
        found.sort(key=lambda row: row[field.removeprefix("-")], reverse=field.startswith("-"))
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", usual))
        limit = min(limit, self.most)
        page = [project(row, fields_of(request)) for row in found[offset : offset + limit]]
        where = "variants" if name == "product-variants" else name
        return json({where: page, "count": len(found), "offset": offset, "limit": limit})

    async def order(self, request: web.Request) -> web.Response:
        known(dict(request.query), set(), {"fields", "version"})
        return self._told(request)

    def _told(self, request: web.Request) -> web.Response:
        return json({"order": project(self.shop.order(request.match_info["id"]), fields_of(request))})

    # ---------------------------------------------------------------- changing

    def changes(self, kind: Kind | str, change: Change) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A route that changes an order and answers with it."""

        async def handle(request: web.Request) -> web.Response:
            change(request, await body_of(request))
            self._done(request, kind)
            return self._told(request)

        return handle

    def _done(self, request: web.Request, kind: Kind | str) -> None:
        self.shop.effects.append((kind, unquote(request.headers.get("X-Crossdock-Reference", ""))))

    async def refund(self, request: web.Request) -> web.Response:
        payment = self.shop.refund(request.match_info["id"], await body_of(request))
        self._done(request, Kind.PUSH_REFUND)
        return json({"payment": payment})

    async def level(self, request: web.Request) -> web.Response:
        body, item_id = await body_of(request), request.match_info["id"]
        where = request.match_info.get("location", "")
        known(body, set() if where else {"location_id"}, {"stocked_quantity", "incoming_quantity"})
        stocked = body.get("stocked_quantity", 0)
        if not isinstance(stocked, int) or stocked < 0:
            raise Refused(400, "Invalid request: Value for field 'stocked_quantity' too small, expected at least: '0'")
        self.shop.level(item_id, where or body["location_id"], stocked, new=not where)
        self._done(request, Kind.PUSH_STOCK)
        return json({"inventory_item": {"id": item_id}})


def fields_of(request: web.Request) -> list[str]:
    """What is asked for; by itself Medusa answers little of a list."""
    return request.query.get("fields", "id,display_id,status,version,created_at,updated_at").split(",")


def project(row: Document, fields: Sequence[str]) -> Document:
    """`row` as `fields` ask for it: `*name` is all of a relation but its own relations."""
    plain = {name for name in fields if "." not in name and not name.startswith("*")}
    made: Document = {"id": row["id"]} if "id" in row else {}
    made |= {name: value for name, value in row.items() if name in plain and not _relation(name, value)}
    for name in {field.removeprefix("*").partition(".")[0] for field in fields if "." in field or field[0] == "*"}:
        if name in row:
            below = [_below(field, name) for field in fields if field.removeprefix("*").partition(".")[0] == name]
            whole = f"*{name}" in fields
            made[name] = _related(row[name], [field for field in below if field], whole)
    return made


def _below(field: str, name: str) -> str:
    rest = field.removeprefix("*").removeprefix(name).removeprefix(".")
    return f"*{rest}" if rest and field.startswith("*") else rest


def _related(value: Any, fields: list[str], whole: bool) -> Any:
    if isinstance(value, list):
        return [_related(each, fields, whole) for each in value]
    if not isinstance(value, dict):
        return value
    scalars = {name: each for name, each in value.items() if not _relation(name, each)} if whole else {}
    return scalars | project(value, fields)


def _relation(name: str, value: Any) -> bool:
    return name not in SCALARS and (isinstance(value, dict) or (isinstance(value, list) and name != "tags"))


def chosen(rows: Iterable[Document], request: web.Request) -> list[Document]:
    """The rows that the query's filters leave."""
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "[$gte]": lambda a, b: a >= b, "[$gt]": lambda a, b: a > b, "[$lt]": lambda a, b: a < b,
        "[$lte]": lambda a, b: a <= b, "[$eq]": lambda a, b: a == b,
    }  # fmt: skip
    found = list(rows)
    for name in dict.fromkeys(request.query):
        field, sign = name.partition("[")[0], name[len(name.partition("[")[0]) :]
        wanted = request.query.getall(name)
        if name in PAGING:
            continue
        if sign in tests:
            found = [row for row in found if tests[sign](row[field], wanted[0])]
        else:
            found = [row for row in found if row[field] in wanted]
    return found


@web.middleware
async def authenticated(request: web.Request, handler: Any) -> web.StreamResponse:
    """The secret key as the user of HTTP Basic; as a bearer token it is refused."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        given = token if token.startswith("sk_") else base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    if scheme.lower() != "basic" or given.removesuffix(":") != API_KEY:
        return json({"message": "Unauthorized"}, 401)
    answer: web.StreamResponse = await handler(request)
    return answer


def routes(double: MedusaDouble, app: web.Application) -> None:
    """Medusa's paths."""
    shop, one = double.shop, "/admin/orders/{id}"
    packed = one + "/fulfillments/{fulfillment}"

    def of(request: web.Request) -> tuple[str, str]:
        return request.match_info["id"], request.match_info["fulfillment"]

    app.router.add_get("/admin/stores", double.stores)
    app.router.add_get("/admin/orders", double.orders)
    app.router.add_get(one, double.order)
    app.router.add_get("/admin/product-variants", double.variants)
    app.router.add_get("/admin/shipping-options", double.options)
    for path, kind, change in (
        (f"{one}/fulfillments", "packed", lambda r, body: shop.pack(r.match_info["id"], body)),
        (f"{packed}/shipments", Kind.PUSH_SHIPMENT, lambda r, body: shop.ship(*of(r), body)),
        (f"{packed}/mark-as-delivered", Kind.PUSH_STATUS, lambda r, body: shop.deliver(*of(r), body)),
        (f"{packed}/cancel", "unpacked", lambda r, body: shop.unpack(*of(r), body)),
        (f"{one}/cancel", Kind.PUSH_CANCELLATION, lambda r, body: shop.cancel(r.match_info["id"])),
    ):
        app.router.add_post(path, double.changes(kind, change))
    app.router.add_post("/admin/payments/{id}/refund", double.refund)
    app.router.add_post("/admin/inventory-items/{id}/location-levels", double.level)
    app.router.add_post("/admin/inventory-items/{id}/location-levels/{location}", double.level)


@asynccontextmanager
async def serve() -> AsyncIterator[MedusaDouble]:
    """An empty shop on a free port of this machine."""
    double = MedusaDouble()
    app = application(double.mischief)
    app.middlewares.append(authenticated)
    routes(double, app)
    async with listening(app, "127.0.0.1", 0) as double.url:
        yield double
