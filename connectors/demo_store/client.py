"""The only I/O of this connector: one method for each thing the store's API can be asked.

Every method raises `Retry` and `Reconnect`; those that change something also `Reject` and `Unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.demo_store import wire
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Account, Cursor, Http
from hub.errors import BadPayload, Unknown

T = TypeVar("T")

PAGE = 100


class Client:
    """The API of one store, spoken for one account."""

    def __init__(self, account: Account, http: Http) -> None:
        self._http = http
        self._root = f"{account.base_url}/api"
        self._headers = {
            "Authorization": f"Bearer {account.secrets['token']}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def shop(self) -> wire.Shop:
        """Who the token belongs to."""
        return await self._get("/shop", wire.Shop)

    async def orders(self, cursor: Cursor) -> wire.OrderPage:
        """Orders changed at or after `cursor.at`, oldest change first; its token continues a listing that has begun."""
        query = {"limit": str(PAGE), "after": cursor.token}
        if cursor.at:
            query["updated_since"] = cursor.at.isoformat()
        return await self._get("/orders", wire.OrderPage, query)

    async def products(self, after: str) -> wire.ProductPage:
        """Variants by id, those behind `after`."""
        return await self._get("/products", wire.ProductPage, {"limit": str(PAGE), "after": after})

    async def webhooks(self) -> Sequence[wire.Webhook]:
        """What the store sends, and where to."""
        return (await self._get("/webhooks", wire.Webhooks)).webhooks

    async def subscribe(self, topic: str, url: str, webhook_id: str = "") -> None:
        """Has `topic` sent to `url`; with an id moves that subscription there."""
        method, path = ("PUT", f"/webhooks/{webhook_id}") if webhook_id else ("POST", "/webhooks")
        await self._send(method, path, wire.Subscribe(topic, url))

    async def do(self, call: wire.Call) -> wire.Done:
        """Makes one call that changes something."""
        return _read(await self._send(call.method, call.path, call.body, call.key), wire.Done)

    async def do_all(self, calls: Sequence[wire.Call]) -> Sequence[wire.Part]:
        """Makes up to 50 calls in one; each answer stands for itself."""
        return _read(await self._send("POST", "/batch", {"calls": calls}), wire.Batch).answers

    async def find(self, key: str) -> wire.Done | None:
        """The answer that was given under an idempotency key; None when the store never saw it."""
        reply = await self._http.call("GET", f"{self._root}/receipts/{quote(key, safe='')}", headers=self._headers)
        return None if reply.status == 404 else decode(expect(reply, "look up"), wire.Done)

    async def _get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        url = f"{self._root}{path}?{urlencode(query)}" if query else f"{self._root}{path}"
        reply = await self._http.call("GET", url, headers=self._headers)
        return decode(expect(reply, f"GET {path}"), kind)

    async def _send(self, method: str, path: str, body: object, key: str = "") -> bytes:
        headers = {**self._headers, "Idempotency-Key": key} if key else self._headers
        content = msgspec.json.encode(body)
        reply = await self._http.call(method, self._root + path, headers=headers, body=content, effect=True)
        return expect(reply, f"{method} {path}")


def _read(body: bytes, kind: type[T]) -> T:
    """The answer to a change. One that cannot be read may still follow a change that was made."""
    try:
        return decode(body, kind)
    except BadPayload as error:
        raise Unknown(f"the store's answer cannot be read: {error}") from None
