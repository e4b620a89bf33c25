"""The only I/O of this connector: Medusa's admin API over `hub.contract.Http`.

The secret API key goes as the user of HTTP Basic authentication (API reference, "Authentication"; as a bearer token it
is refused). Medusa has no idempotency keys: calls that change something name our reference in a header, for the shop's
request log, and wherever Medusa has a field for it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.http import expect
from connectors.wire import decode
from hub.contract import Account, Http
from hub.errors import BadPayload, CrossdockError, Invalid, Reject, Retry, Unknown

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

_encoder = msgspec.json.Encoder(decimal_format="number")


class Client:
    """One shop, asked for one account."""

    def __init__(self, account: Account, http: Http) -> None:
        if not account.base_url:
            raise Invalid("base_url", "say where the Medusa server is, such as https://api.example.com")
        self._http = http
        self._root = f"{account.base_url}/admin"
        key = base64.b64encode(f"{account.secrets.get('api_key', '')}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {key}", "Accept": "application/json"}

    async def get(self, path: str, kind: type[T], query: Query = ()) -> T:
        """Asks. Raises `Retry`, `Reconnect`, or `Reject` for what is not there; an answer that cannot be read is
        `Retry` too."""
        url = f"{self._root}{path}?{urlencode(query)}" if query else self._root + path
        content = expect(await self._http.call("GET", url, headers=self._headers, timeout=30.0), f"GET {path}")
        return _read(content, kind, f"GET {path}", Retry)

    async def post(self, path: str, kind: type[T], body: object, *, reference: str, query: Query = ()) -> T:
        """Changes something. Raises `Reject` for a refusal and `Unknown` when it may have happened."""
        url = f"{self._root}{path}?{urlencode(query)}" if query else self._root + path
        headers = self._headers | {"Content-Type": "application/json", "X-Crossdock-Reference": quote(reference)}
        content = _encoder.encode(body)
        reply = await self._http.call("POST", url, headers=headers, body=content, effect=True, timeout=30.0)
        # What is no JSON after an effect is not simply Retry: the decoder says so.
        return _read(expect(reply, f"POST {path}", broken=Unknown, json=False), kind, f"POST {path}", Unknown)

    async def order(self, order_id: str, kind: type[T], fields: Iterable[str]) -> T:
        """One order. Raises `Reject` when the shop has none of this id."""
        return await self.get(order_path(order_id), kind, asking(fields))


def order_path(order_id: str) -> str:
    """Where an order is."""
    return f"/orders/{segment(order_id)}"


def segment(name: str) -> str:
    """An id as one step of a path. Raises `Reject` for what would lead elsewhere."""
    if not name or name in (".", ".."):
        raise Reject(f"{name!r} is no id of Medusa's")
    return quote(name, safe="")


def asking(fields: Iterable[str], **more: str) -> list[tuple[str, str]]:
    """A query for `fields`, and more of it."""
    return [("fields", ",".join(fields)), *more.items()]


def _read(content: bytes, kind: type[T], doing: str, otherwise: type[CrossdockError]) -> T:
    try:
        return decode(content, kind)
    except BadPayload as error:
        raise otherwise(f"{doing}: the answer cannot be read: {error}") from None
