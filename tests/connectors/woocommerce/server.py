"""A WooCommerce store over HTTP: keys, pages, errors and headers as the REST API v3 has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from connectors.playing.manners import Mischief, application, json, listening
from hub.domain.outgoing import Kind
from tests.connectors.harness import Seen
from tests.connectors.woocommerce.door import Door
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.state import STATUSES, Fault, Store, changed_after, ordered, seconds

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WooDouble:
    """The store, as the suite's `Double`."""

    def __init__(self, api: Api, mischief: Mischief, url: str) -> None:
        self.api = api
        self.url = url
        self.fail = mischief.fail
        self._mischief = mischief

    @property
    def store(self) -> Store:
        return self.api.store

    def renew(self, store: Store) -> None:
        """Another store at the same address, of which nothing is known and with which nothing is wrong."""
        self.api.store, self.api.door, self.api.private = store, Door(), False
        self._mischief.seen.clear()
        self._mischief.failures.clear()
        self._mischief.drops = 0

    def drop_replies(self, times: int = 1, *, to: str = "") -> None:
        """The next calls, or the next one by the method `to`, take effect without an answer."""
        if to:
            self.api.lose = to
        else:
            self._mischief.drop_replies(times)

    @property
    def seen(self) -> list[Seen]:
        return [Seen(*request) for request in self._mischief.seen]

    def seed_orders(self, count: int) -> Sequence[str]:
        """Orders, nine of them in each second."""
        made = []
        for number in range(count):
            self.store.clock += seconds(number % 9 == 0)
            made.append(str(self.store.add_order(order_of(self.store.next_id()))))
        return made

    def effects(self) -> Sequence[tuple[Kind, str]]:
        return self.store.effects


class Api:
    """The routes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.door = Door()
        self.lose = ""
        self.hidden = ""
        self.private = False
        self.broken = ""

    def routes(self, app: web.Application) -> None:
        v3, add = "/wp-json/wc/v3", app.router.add_route
        add("GET", "/wp-json/", self.site)
        add("GET", f"{v3}/orders", self.wp(self.orders))
        add("GET", f"{v3}/orders/{{id}}", self.wp(self.order))
        add("PUT", f"{v3}/orders/{{id}}", self.wp(self.write_order))
        add("GET", f"{v3}/orders/{{id}}/notes", self.wp(self.notes))
        add("POST", f"{v3}/orders/{{id}}/notes", self.wp(self.add_note))
        add("GET", f"{v3}/orders/{{id}}/refunds", self.wp(self.refunds))
        add("POST", f"{v3}/orders/{{id}}/refunds", self.wp(self.add_refund))
        add("GET", f"{v3}/products", self.wp(self.products))
        add("GET", f"{v3}/products/{{id}}", self.wp(self.product))
        add("PUT", f"{v3}/products/{{id}}", self.wp(self.write_product))
        add("GET", f"{v3}/products/{{parent}}/variations", self.wp(self.variations))
        add("PUT", f"{v3}/products/{{parent}}/variations/{{id}}", self.wp(self.write_variation))
        add("GET", f"{v3}/webhooks", self.wp(self.webhooks))
        add("POST", f"{v3}/webhooks", self.wp(self.add_webhook))
        add("PUT", f"{v3}/webhooks/{{id}}", self.wp(self.write_webhook))
        add("GET", f"{v3}/data/currencies/current", self.wp(self.currency))
        add("GET", f"{v3}/settings/products/woocommerce_weight_unit", self.wp(self.unit))

    def wp(self, answer: Answer) -> Answer:
        """Asks at the door first, and words errors as WordPress does."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self.door.enter(request)
                if self.broken and self.broken in request.path:
                    raise Fault(502, "bad_gateway", "The store is away.")
                if self.hidden and self.hidden in request.path:
                    raise Fault(404, "rest_no_route", "No route was found matching the URL and request method.")
                made = await answer(request)
            except Fault as fault:
                body = {"code": fault.code, "message": str(fault), "data": {"status": fault.status}}
                answered = json(body, fault.status)
                answered.headers["Date"] = self.door.date()
                return answered
            if self.lose == request.method and request.transport is not None:
                self.lose = ""
                request.transport.abort()
            return made

        return guarded

    async def site(self, request: web.Request) -> web.Response:
        """WordPress's own: keys of WooCommerce are no user's application password there, over http it takes none."""
        if self.private or "Authorization" in request.headers:
            return json({"code": "invalid_username", "message": "Unknown username.", "data": {"status": 401}}, 401)
        return json({"name": "Smith &amp; Daughters", "timezone_string": self.store.zone, "namespaces": ["wc/v3"]})

    async def currency(self, request: web.Request) -> web.Response:
        return json({"code": "EUR", "name": "Euro", "symbol": "&euro;"})

    async def unit(self, request: web.Request) -> web.Response:
        return json({"id": "woocommerce_weight_unit", "value": "kg", "default": "kg"})

    # ------------------------------------------------------------ orders

    async def orders(self, request: web.Request) -> web.Response:
        wanted = request.query.get("status", "any").split(",")
        for status in wanted:
            if status not in ("any", "trash", *STATUSES):
                raise Fault(400, "rest_invalid_param", "Invalid parameter(s): status")
        shown = [it for it in self.store.orders.values() if _listed(it["status"], wanted)]
        shown = [it for it in shown if changed_after(it, request.query, self.store.zone)]
        return page(request, ordered(shown, request.query))

    async def order(self, request: web.Request) -> web.Response:
        return json(self._order(request))

    async def write_order(self, request: web.Request) -> web.Response:
        order = self._order(request)
        return json(self.store.write(order["id"], await request.json(), reference(request)))

    async def notes(self, request: web.Request) -> web.Response:
        return json(self.store.notes.get(self._order(request)["id"], []))

    async def add_note(self, request: web.Request) -> web.Response:
        order = self._order(request)
        return json(self.store.note(order["id"], await request.json(), reference(request)), 201)

    async def refunds(self, request: web.Request) -> web.Response:
        return page(request, self.store.refunds.get(self._order(request)["id"], []))

    async def add_refund(self, request: web.Request) -> web.Response:
        order = self._order(request)
        return json(self.store.refund(order["id"], await request.json(), reference(request)), 201)

    def _order(self, request: web.Request) -> dict[str, Any]:
        found = self.store.orders.get(number(request, "id"))
        if found is None:
            raise Fault(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return found

    # ------------------------------------------------------------ products

    async def products(self, request: web.Request) -> web.Response:
        """Variations only where a SKU is asked for; they show their product's SKU where they have none."""
        found = list(self.store.products.values())
        if "sku" in request.query:
            found = [it for it in found if self._shown(it)["sku"] == request.query["sku"]]
        else:
            found = [it for it in found if it["type"] != "variation"]
        if "include" in request.query:
            wanted = {int(text) for text in request.query["include"].split(",")}
            found = [it for it in found if it["id"] in wanted]
        return page(request, [self._shown(it) for it in ordered(found, request.query)])

    async def product(self, request: web.Request) -> web.Response:
        return json(self._shown(self._product(request)))

    async def write_product(self, request: web.Request) -> web.Response:
        product = self._product(request)
        if product["type"] == "variation":
            raise Fault(404, "woocommerce_rest_invalid_product_id", "To manipulate product variations you should …")
        return json(self.store.stock(product["id"], await request.json(), reference(request)))

    async def variations(self, request: web.Request) -> web.Response:
        parent = number(request, "parent")
        found = [it for it in self.store.products.values() if it["parent_id"] == parent]
        return page(request, [self._shown(it) for it in found])

    async def write_variation(self, request: web.Request) -> web.Response:
        product = self._product(request)
        if product["parent_id"] != number(request, "parent"):
            raise Fault(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        return json(self.store.stock(product["id"], await request.json(), reference(request)))

    def _product(self, request: web.Request) -> dict[str, Any]:
        found = self.store.products.get(number(request, "id"))
        if found is None:
            raise Fault(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return found

    def _shown(self, product: dict[str, Any]) -> dict[str, Any]:
        parent = self.store.products.get(product["parent_id"], {})
        return {**product, "sku": product["sku"] or parent.get("sku", "")}

    # ------------------------------------------------------------ webhooks

    async def webhooks(self, request: web.Request) -> web.Response:
        return page(request, [_hook(hook) for hook in self.store.webhooks.values()])

    async def add_webhook(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not body.get("topic", "").startswith(("order.", "product.", "customer.", "coupon.")):
            raise Fault(400, "woocommerce_rest_webhook_invalid_topic", "Webhook topic is required and must be valid.")
        if not body.get("delivery_url", "").startswith(("http://", "https://")):
            raise Fault(400, "woocommerce_rest_webhook_invalid_delivery_url", "Webhook delivery URL must be …")
        hook = {"id": self.store.next_id(), "failures": 0, "status": "active", **body}
        self.store.webhooks[hook["id"]] = hook
        return json(_hook(hook), 201)

    async def write_webhook(self, request: web.Request) -> web.Response:
        hook = self.store.webhooks.get(number(request, "id"))
        if hook is None:
            raise Fault(400, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.")
        hook.update(await request.json())
        return json(_hook(hook))


def _listed(status: str, wanted: Sequence[str]) -> bool:
    """`any` leaves out the trash and drafts, and makes every other word beside it pointless."""
    if "any" in wanted:
        return status not in ("trash", "auto-draft")
    return status in wanted


def _hook(hook: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hook.items() if name not in ("secret", "failures")}


def page(request: web.Request, rows: Sequence[Any]) -> web.Response:
    """A part of a list, 10 rows unless asked for more and 100 at most, with how long the whole is in its headers."""
    size = int(request.query.get("per_page", "10"))
    if not 1 <= size <= 100:
        raise Fault(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    offset = int(request.query.get("offset") or (int(request.query.get("page", "1")) - 1) * size)
    answer = json(rows[offset : offset + size])
    answer.headers["X-WP-Total"] = str(len(rows))
    answer.headers["X-WP-TotalPages"] = str(-(-len(rows) // size))
    return answer


def reference(request: web.Request) -> str:
    return unquote(request.headers.get("X-Crossdock-Reference", ""))


def number(request: web.Request, name: str) -> int:
    """A part of the path; WordPress knows no route for what is no number."""
    text = request.match_info[name]
    if not text.isdigit():
        raise Fault(404, "rest_no_route", "No route was found matching the URL and request method.")
    return int(text)


@asynccontextmanager
async def serve(store: Store | None = None) -> AsyncIterator[WooDouble]:
    """A store on a free port of this machine."""
    api, mischief = Api(store or Store()), Mischief(record=True)
    app = application(mischief)
    api.routes(app)
    async with listening(app, "127.0.0.1", 0) as url:
        yield WooDouble(api, mischief, url)
