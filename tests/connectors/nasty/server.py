"""Nasty Store itself: a real server with a signature, pages, keys, and an order book with ties."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hub.domain.outgoing import Kind
from tests.connectors.harness import Seen

TOKEN = "nasty-token-5d1f0c"
PAGE = 50
OPENED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Store:
    """The store's books and its moods."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._orders: list[dict[str, Any]] = []
        self._failures: list[web.Response] = []
        self._drops = 0
        self._effects: list[tuple[Kind, str, str]] = []

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b"", times: int = 1) -> None:
        """The next `times` calls are answered like this instead."""
        self._failures += [web.Response(status=status, headers=headers, body=body) for _ in range(times)]

    def drop_replies(self, times: int = 1) -> None:
        """The next `times` calls take effect without an answer."""
        self._drops += times

    def seed_orders(self, count: int) -> Sequence[str]:
        """New orders, seven in each second."""
        made: list[str] = []
        for number in range(len(self._orders), len(self._orders) + count):
            at = (OPENED + timedelta(seconds=number // 7)).isoformat()
            line = {"id": f"{number}-1", "title": "Nail", "quantity": 2, "price": "9.99", "sku": "NAIL"}
            order = {"id": f"{number:06}", "created_at": at, "updated_at": at, "currency": "EUR", "total": "19.98"}
            self._orders.append({**order, "lines": [line]})
            made.append(f"{number:06}")
        return made

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of what happened."""
        return [(kind, reference) for kind, reference, _ in self._effects]

    @web.middleware
    async def moods(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Stands between a request and the books."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.path_qs, headers, await request.read()))
        if self._failures:
            return self._failures.pop(0)
        if headers.get("authorization") != f"Bearer {TOKEN}" and not request.path.startswith("/effects/"):
            return web.json_response({"error": "who are you"}, status=401)
        answer: web.StreamResponse = await handler(request)
        if self._drops and request.transport is not None:
            self._drops -= 1
            request.transport.abort()
        return answer

    async def shop(self, request: web.Request) -> web.Response:
        """Whose token it is."""
        return web.json_response({"name": "Nasty & Sons"})

    async def orders(self, request: web.Request) -> web.Response:
        """Orders changed at or after `since`, or behind the mark `after`, oldest change first."""
        since, after = request.query.get("since", ""), request.query.get("after", "")
        found = [it for it in self._orders if (_mark(it) > after if after else it["updated_at"] >= since)]
        more = len(found) > PAGE
        return web.json_response({"orders": found[:PAGE], "next": _mark(found[PAGE - 1]) if more else None})

    async def products(self, request: web.Request) -> web.Response:
        """Two pages of what is for sale."""
        after = request.query.get("after", "")
        page = {"products": ["L3"], "next": ""} if after == "L2" else {"products": ["L1", "L2"], "next": "L2"}
        return web.json_response(page)

    async def push(self, request: web.Request) -> web.Response:
        """Shipments and stock are done once for each key, refunds whenever they are asked for."""
        kind = {"shipments": Kind.PUSH_SHIPMENT, "refunds": Kind.PUSH_REFUND}.get(request.match_info.get("what", ""))
        kind, key, told = kind or Kind.PUSH_STOCK, request.headers.get("Idempotency-Key", ""), await request.json()
        if request.match_info["thing"] == "no-such-thing":
            return web.json_response({"error": "no such thing"}, status=404)
        known = [place for place, done in enumerate(self._effects) if key and done[0] is kind and done[2] == key]
        if kind is Kind.PUSH_REFUND or not known:
            known = [len(self._effects)]
            self._effects.append((kind, told.get("reference", ""), key))
        return web.json_response({"id": f"E{known[0]}"})

    async def effect(self, request: web.Request) -> web.Response:
        """What became of a key, or of a reference."""
        key, reference = request.query["key"], request.query["reference"]
        for place, (kind, ours, used) in enumerate(self._effects):
            same = used == key if used else bool(reference) and ours == reference
            if kind == request.match_info["kind"] and same:
                return web.json_response({"id": f"E{place}"})
        return web.json_response({"error": "never heard of it"}, status=404)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Store]:
        """Listens on a free port of this machine."""
        app = web.Application(middlewares=[self.moods])
        app.router.add_get("/shop", self.shop)
        app.router.add_get("/orders", self.orders)
        app.router.add_get("/products", self.products)
        app.router.add_post("/orders/{thing}/{what}", self.push)
        app.router.add_put("/stock/{thing}", self.push)
        app.router.add_get("/effects/{kind}", self.effect)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()


def _mark(order: Mapping[str, str]) -> str:
    """An order's place in a listing: time of change, then id, for those that changed in the same second."""
    return f"{order['updated_at']}|{order['id']}".replace("+00:00", "Z")
