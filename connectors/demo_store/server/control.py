"""Control routes of the demo stores, for whoever plays with them: `/_/stores`, `/_/orders`,
`/_/returns`, `/_/effects`, `/_/fail`."""

from __future__ import annotations

import msgspec
from aiohttp import web

from connectors.demo_store.server.books import Books, text
from connectors.demo_store.server.orders import Document
from connectors.demo_store.server.returning import ask_back, move_back
from connectors.demo_store.server.selling import Rush, StoreServer
from connectors.playing.manners import Refused, body_of, json


def control_routes(server: StoreServer) -> list[web.RouteDef]:
    """The routes; `/_/fail` comes with the manners."""
    control = Control(server)
    return [
        web.get("/_/stores", control.stores),
        web.post("/_/orders", control.sell),
        web.get("/_/orders", control.sold),
        web.post("/_/returns", control.ask_back),
        web.post("/_/returns/{id}", control.move_back),
        web.get("/_/effects", control.effects),
    ]


class Control:
    """What may be asked of the stores from behind the counter."""

    def __init__(self, server: StoreServer) -> None:
        self._server = server

    async def stores(self, _: web.Request) -> web.Response:
        rows = [
            {
                "key": key,
                "title": books.store.title,
                "currency": books.store.currency,
                "base_url": f"{self._server.url}/{key}",
                "token": books.store.token,
                "webhook_secret": books.store.webhook_secret,
                "orders": len(books.orders),
                "effects": len(books.effects.done),
            }
            for key, books in self._server.books.items()
        ]
        return json({"stores": rows, "later": self._server.sender.tally.summary()})

    async def sell(self, request: web.Request) -> web.Response:
        try:
            rush = msgspec.convert(await body_of(request), Rush)
        except msgspec.ValidationError as error:
            raise Refused(422, str(error)) from None
        if rush.store not in self._server.books:
            raise Refused(404, f"no store {rush.store}")
        ids, tally = await self._server.sell(rush)
        return json({"orders": ids, **tally.summary()}, 201)

    async def sold(self, request: web.Request) -> web.Response:
        asked = request.query.get("store")
        rows = [
            {"store": key, "id": order["id"], "number": order["number"], "flaw": books.flaws.get(order["id"], "")}
            for key, books in self._server.books.items()
            for order in books.orders.values()
            if asked in (None, key)
        ]
        return json({"orders": rows})

    async def ask_back(self, request: web.Request) -> web.Response:
        """{"store", "order_id", "items": {line: units}, "reason"}: a buyer wants to send something back."""
        wish = await body_of(request)
        books, items = self._books(wish), wish.get("items")
        if not isinstance(items, dict):
            raise Refused(422, "items maps a line to its units")
        return json(ask_back(books, text(wish, "order_id"), items, str(wish.get("reason", ""))), 201)

    async def move_back(self, request: web.Request) -> web.Response:
        """{"store", "status", "carrier", "tracking_number"}: the store's people move a return on."""
        wish = await body_of(request)
        tracking = (str(wish.get("carrier", "")), str(wish.get("tracking_number", "")))
        return json(move_back(self._books(wish), request.match_info["id"], text(wish, "status"), tracking))

    def _books(self, wish: Document) -> Books:
        books = self._server.books.get(text(wish, "store"))
        if books is None:
            raise Refused(404, f"no store {wish['store']}")
        return books

    async def effects(self, request: web.Request) -> web.Response:
        asked, kind = request.query.get("store"), request.query.get("kind")
        rows = [
            {"store": key, **effect._asdict()}
            for key, books in self._server.books.items()
            for effect in books.effects.done
            if asked in (None, key) and kind in (None, effect.kind)
        ]
        return json({"effects": rows})
