"""The API of the demo stores, as their connector speaks it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from urllib.parse import unquote

from aiohttp import web

from connectors.demo_store.server.books import Books, text, utc
from connectors.demo_store.server.orders import Document
from connectors.demo_store.server.stores import Store
from connectors.playing.line import reachable
from connectors.playing.manners import Handler, Refused, body_of, json

PAGE = 250
BATCH = 50

Endpoint = Callable[[Books, web.Request], Awaitable[web.Response]]


def api_routes(stores: Mapping[str, Books]) -> list[web.RouteDef]:
    """Every endpoint, below `/<store key>/api`."""
    root, guard = "/{store}/api", Guard(stores).guard
    return [
        web.get(f"{root}/shop", guard(_shop)),
        web.get(f"{root}/orders", guard(_orders)),
        web.get(f"{root}/products", guard(_products)),
        web.get(f"{root}/webhooks", guard(_webhooks)),
        web.post(f"{root}/webhooks", guard(_subscribe)),
        web.put(f"{root}/webhooks/{{id}}", guard(_subscribe)),
        web.get(f"{root}/receipts/{{key}}", guard(_receipt)),
        web.post(f"{root}/batch", guard(_batch)),
        web.post(f"{root}/orders/{{subject}}/{{what}}", guard(_change)),
        web.put(f"{root}/{{what:stock}}/{{subject}}", guard(_change)),
    ]


class Guard:
    """Lets a call through to its store: with the right token, and not too many a second."""

    def __init__(self, stores: Mapping[str, Books]) -> None:
        self._stores = stores
        self._calls: dict[str, tuple[int, int]] = {}

    def guard(self, endpoint: Endpoint) -> Handler:
        """`endpoint` behind the checks."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            books = self._stores.get(request.match_info["store"])
            if books is None:
                raise Refused(404, "no such store")
            given = request.headers.get("Authorization", "")
            if not compare_digest(given.encode(), f"Bearer {books.store.token}".encode()):
                raise Refused(401, "the token is not valid")
            if self._throttled(books.store):
                return web.Response(status=429, headers={"Retry-After": "1"})
            return await endpoint(books, request)

        return guarded

    def _throttled(self, store: Store) -> bool:
        second = int(time.monotonic())
        known, count = self._calls.get(store.key, (second, 0))
        count = count + 1 if known == second else 1
        self._calls[store.key] = (second, count)
        return count > store.rate


async def _shop(books: Books, _: web.Request) -> web.Response:
    return json({"name": books.store.title, "currency": books.store.currency})


async def _orders(books: Books, request: web.Request) -> web.Response:
    query = request.query
    return json(books.changed(utc(query.get("updated_since", "")), query.get("after", ""), _limit(request)))


async def _products(books: Books, request: web.Request) -> web.Response:
    return json(books.products(request.query.get("after", ""), _limit(request)))


async def _webhooks(books: Books, _: web.Request) -> web.Response:
    return json({"webhooks": list(books.hooks.values())})


async def _subscribe(books: Books, request: web.Request) -> web.Response:
    wish = await body_of(request)
    mark = request.match_info.get("id") or f"hook_{len(books.hooks) + 1}"
    if "id" in request.match_info and mark not in books.hooks:
        raise Refused(404, f"no webhook {mark}")
    topic, url = text(wish, "topic"), text(wish, "url")
    if not reachable(url):
        raise Refused(422, f"{url!r} is not a plain http address, and this store has no other")
    books.hooks[mark] = {"id": mark, "topic": topic, "url": url}
    return json(books.hooks[mark], 201)


async def _receipt(books: Books, request: web.Request) -> web.Response:
    known = books.effects.answers.get(request.match_info["key"])
    if known is None:
        raise Refused(404, "no call was made under this key")
    return json(known[1])


async def _change(books: Books, request: web.Request) -> web.Response:
    what, subject = request.match_info["what"], request.match_info["subject"]
    return json(books.do(what, subject, request.headers.get("Idempotency-Key", ""), await body_of(request)), 201)


async def _batch(books: Books, request: web.Request) -> web.Response:
    calls = (await body_of(request)).get("calls", [])
    if not 0 < len(calls) <= BATCH:
        raise Refused(422, f"a batch carries 1 to {BATCH} calls")
    return json({"answers": [_one(books, call) for call in calls]})


def _one(books: Books, call: Document) -> Document:
    _, _, subject, what = str(call["path"]).split("/")
    try:
        return {"status": 201, "body": books.do(what, unquote(subject), str(call["key"]), call["body"])}
    except Refused as refusal:
        return {"status": refusal.status, "body": {"message": str(refusal)}}


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "50")
    if not text.isdigit() or not 0 < int(text) <= PAGE:
        raise Refused(422, f"limit must be 1 to {PAGE}")
    return int(text)
