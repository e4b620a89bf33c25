"""The only I/O of this connector: WordPress's REST API of one store, over `hub.contract.Http`.

Keys go as HTTP Basic, which WooCommerce accepts over https only ("Authentication over HTTPS" of the v3 documentation);
over plain http each call is signed with them instead (OAuth 1.0a, "Authentication over HTTP"): see keys.py.
Lists are paged by `per_page` (100 at most) and `offset`; how long they are stands in the header X-WP-Total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.http import expect, looks_like_json, words
from connectors.wire import decode
from connectors.woocommerce import wire_store
from connectors.woocommerce.keys import Caller
from hub.contract import Account, Http, Reply
from hub.errors import BadPayload, Invalid, Reconnect, Reject, Retry, Unknown

PAGE = 100
"""The most that WooCommerce lists at once."""

LONGEST = 20_000
"""Where a list that is read as a whole must have ended: a store that takes no `offset` gives the same part for ever."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Part of a list. `total`: how long the whole list is, None where a proxy took the header away."""

    items: tuple[T, ...]
    total: int | None

    def ends(self, offset: int, size: int = PAGE) -> bool:
        """Whether this was the last part. Plugins may hide items of a part, so its own length says nothing unless
        nothing else does, or that was not counted: some plugins leave the counting out, which reads as 0."""
        if self.total is None or (not self.total and self.items):
            return len(self.items) < size
        return offset + size >= self.total


class Client:
    """The API of one store, spoken for one account. Paths begin behind `/wp-json/wc/v3`."""

    def __init__(self, account: Account, http: Http) -> None:
        if not account.base_url:
            raise Invalid("base_url", "give the address of the store, such as https://shop.example.com")
        self._caller = Caller(account, http)
        self._site = f"{account.base_url}/wp-json/"
        self._root = f"{account.base_url}/wp-json/wc/v3"

    async def site(self) -> wire_store.Site:
        """What the site says of itself. Raises `Reject` where its host hides that. Asked without keys: they count on
        WooCommerce's own routes only, and elsewhere WordPress takes them for a user whom it does not know (401)."""
        reply = await self._caller.ask(self._site, keys=False)
        if reply.status == 401:
            raise Reject(f"GET /wp-json/: 401 {words(reply.body)}")
        return _read(_judged(reply, "GET /wp-json/"), wire_store.Site, "GET /wp-json/")

    async def get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        """One thing. Raises `Reject` where there is none."""
        reply = await self._ask(path, query)
        return _read(_judged(reply, f"GET {path}"), kind, f"GET {path}")

    async def find(self, path: str, kind: type[T]) -> T | None:
        """One thing, None where the store says that there is none."""
        reply = await self._ask(path, None)
        if reply.status == 404 and _code(reply).endswith("_id"):
            return None
        return _read(_judged(reply, f"GET {path}"), kind, f"GET {path}")

    async def part(self, path: str, kind: type[T], query: Mapping[str, str]) -> Listing[T]:
        """Part of a list."""
        reply = await self._ask(path, query)
        content = _judged(reply, f"GET {path}")
        told = reply.headers.get("x-wp-total", "")
        items = _read(content, tuple[kind, ...], f"GET {path}")  # type: ignore[valid-type]
        return Listing(items, int(told) if told.isascii() and told.isdigit() else None)

    async def whole(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> list[T]:
        """A list to its end; for lists that are short and stay as they are meanwhile."""
        found: list[T] = []
        for offset in range(0, LONGEST, PAGE):
            paging = {"per_page": str(PAGE), "offset": str(offset)}
            listing = await self.part(path, kind, {**paging, **(query or {})})
            found.extend(listing.items)
            if listing.ends(offset):
                return found
        raise Retry(f"GET {path}: its list does not end")

    async def send(self, method: str, path: str, body: object, kind: type[T], reference: str) -> T:
        """Changes something; `reference` is ours, for the store's own log of requests. Raises `Reject` for a refusal,
        `Unknown` when the change may have been made."""
        headers = {"X-Crossdock-Reference": quote(reference)}
        reply = await self._caller.send(method, self._root + path, headers, msgspec.json.encode(body))
        answer = _judged(reply, f"{method} {path}", effect=True)
        try:
            return decode(_plain(answer), kind)
        except BadPayload as error:
            raise Unknown(f"{method} {path}: the store's answer cannot be read: {error}") from None

    async def _ask(self, path: str, query: Mapping[str, str] | None) -> Reply:
        url = f"{self._root}{path}?{urlencode(query)}" if query else f"{self._root}{path}"
        return await self._caller.ask(url)


def _judged(reply: Reply, doing: str, *, effect: bool = False) -> bytes:
    """The body of a good answer. Beyond what `expect` knows: a 500 with a code of WooCommerce is a refusal (a refund
    that the gateway declined comes like that), and a 403 that is no JSON is a firewall's, which may pass."""
    if reply.status == 500 and _code(reply).startswith("woocommerce_"):
        raise Reject(f"{doing}: {words(reply.body)}")
    if reply.status == 403 and not looks_like_json(reply.body):
        raise Retry(f"{doing}: 403 from something in front of the store, which blocks us: {words(reply.body)}")
    # Who may not see products or settings may well see orders, which must not stop for that.
    forbidden = Reconnect if " /orders" in doing else Reject
    return expect(reply, doing, forbidden=forbidden, broken=Unknown if effect else Retry, json=not effect)


def _read(content: bytes, kind: type[T], doing: str) -> T:
    """A question's answer; one that cannot be read is no answer."""
    try:
        return decode(_plain(content), kind)
    except BadPayload as error:
        raise Retry(f"{doing}: the store's answer cannot be read: {error}") from None


def _plain(content: bytes) -> bytes:
    """Without the byte order mark that careless plugins print before everything."""
    return content.removeprefix(b"\xef\xbb\xbf")


def _code(reply: Reply) -> str:
    try:
        return str(decode(_plain(reply.body), wire_store.Fault).code)
    except BadPayload:
        return ""


def segment(text: str) -> str:
    """`text` as one part of a path, whatever it contains. What RFC 3986 lets stand there stands: the HTTP library would
    put it back, and another path than the one that was signed would be called."""
    return quote(text, safe="!$&'()*+,;=:@")
