"""The only way to eBay: its REST APIs over `hub.contract.Http`, and the meaning of their answers.

No API of eBay's has idempotency keys. Each push names our reference in a header of its own, which eBay ignores, so that
its call can be found in anybody's log; what became of a push is found out by reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from connectors.ebay import quota, wire
from connectors.ebay.message_signatures import Signer
from connectors.ebay.tokens import Tokens
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http, Reply
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

LATER = frozenset({34922, 34929})
"""Refusals that pass: an earlier refund, or the buyer's payment, is still being processed."""

T = TypeVar("T")


RETURNS = "/post-order/v2/return"
"""Returns may be closed to an app whose other APIs are open: that is no reason to connect again."""


class Spent(Retry):
    """The daily quota of an API is used up."""


class Refusal(Reject):
    """eBay refused, by these error ids."""

    def __init__(self, why: str, ids: frozenset[int]) -> None:
        super().__init__(why)
        self.ids = ids


@dataclass(frozen=True, slots=True)
class _Sent:
    """What goes along with a call: as the merchant or as the `app`; `effect` where repeating it would do it twice."""

    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    app: bool = False
    effect: bool = False


class Client:
    """Asks eBay for one account. Paths begin at the host: "/sell/fulfillment/v1/order"."""

    def __init__(self, http: Http, tokens: Tokens, marketplace: str, signer: Signer | None = None) -> None:
        self._http = http
        self._tokens = tokens
        self._root = tokens.credentials.root
        self._marketplace = marketplace
        self._signer = signer
        self.sandbox = ".sandbox." in self._root

    async def get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None, *, app: bool = False) -> T:
        """What a question is answered with. Raises `Retry`, `Reconnect` or `Reject`."""
        return (await self.ask(path, kind, query, app=app))[0]

    async def ask(
        self, path: str, kind: type[T], query: Mapping[str, str] | None = None, *, app: bool = False
    ) -> tuple[T, Reply]:
        """The same, with the answer as it came. Characters that eBay wants encoded are."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        reply = await self._call("GET", target, _Sent(app=app))
        forbidden = Reject if app or path.startswith(RETURNS) else Reconnect
        return self._read(reply, f"GET {path}", kind, forbidden), reply

    async def find(
        self, path: str, kind: type[T], query: Mapping[str, str] | None = None, *, app: bool = False
    ) -> T | None:
        """The same; None when there is no such thing."""
        try:
            return await self.get(path, kind, query, app=app)
        except _Missing:
            return None

    async def enquire(self, path: str, body: object, kind: type[T]) -> T:
        """A question that is asked by POST."""
        reply = await self._call("POST", path, _Sent(msgspec.json.encode(body)))
        return self._read(reply, f"POST {path}", kind, Reconnect)

    async def send(self, path: str, body: object, reference: str, *, signed: bool = False) -> Reply:
        """A push, whose 2xx is given back whole. Raises `Refusal`, `Unknown` where it may have taken effect. `signed`
        puts a digital signature on it where the account has a key for that."""
        content = msgspec.json.encode(body)
        headers = {"X-Crossdock-Reference": quote(reference)}
        if signed and self._signer:
            headers |= self._signer.headers("POST", urlsplit(f"{self._root}{path}"), content)
        reply = await self._call("POST", path, _Sent(content, headers, effect=True))
        if reply.status == 503:  # said by whatever stands before eBay's services, which may have gone on all the same
            raise Unknown(f"POST {path}: 503, and nobody knows what became of it")
        return await self._done(reply, f"POST {path}", forbidden=Reject, broken=Unknown)

    async def change(self, method: str, path: str, body: object) -> Reply:
        """A change that may be made again: subscriptions and destinations, by the app."""
        reply = await self._call(method, path, _Sent(msgspec.json.encode(body), app=True))
        return await self._done(reply, f"{method} {path}", forbidden=Reject, broken=Retry)

    async def _call(self, method: str, path: str, sent: _Sent) -> Reply:
        """One call; a token that is refused is made anew, once: 401 says that nothing was done."""
        for again in (True, False):
            token = await self._tokens.current(self._http, sent.app)
            scheme = "IAF" if path.startswith("/post-order/") else "Bearer"
            carried = {"Authorization": f"{scheme} {token}", "Accept": "application/json", **sent.headers}
            carried["X-EBAY-C-MARKETPLACE-ID"] = self._marketplace
            if sent.body is not None:
                carried["Content-Type"] = "application/json"
            url = f"{_host(self._root, path)}{path}"
            reply = await self._http.call(method, url, headers=carried, body=sent.body, effect=sent.effect)
            if reply.status != 401 or not again:
                break
            self._tokens.forget(token, sent.app)
        if reply.status == 429 and "retry-after" not in reply.headers and not path.startswith(quota.PATH):
            raise Spent(f"{method} {path}: eBay's daily quota is used up", await self._wait(path, reply))
        return reply

    async def _wait(self, path: str, reply: Reply) -> float | None:
        """Seconds until the quota is full again, as far as eBay tells: it says so only when asked."""
        with suppress(CrossdockError):
            context, name = quota.api_of(path)
            query = {"api_context": context, "api_name": name}
            limits = await self.get(quota.PATH, wire.RateLimits, query, app=True)
            return quota.wait(limits, reply.headers.get("date"))
        return None

    def _read(self, reply: Reply, doing: str, kind: type[T], forbidden: type[CrossdockError]) -> T:
        """The app's lacking a permission is no reason for the merchant to connect again."""
        if reply.status in (204, 404):
            raise _Missing(f"{doing}: eBay knows no such thing")
        try:
            return decode(expect(reply, doing, forbidden=forbidden), kind)
        except BadPayload as error:
            raise Retry(f"{doing}: the answer cannot be read: {error}") from None

    async def _done(
        self, reply: Reply, doing: str, *, forbidden: type[CrossdockError], broken: type[CrossdockError]
    ) -> Reply:
        try:
            expect(reply, doing, forbidden=forbidden, broken=broken, json=False)
        except Reject as error:
            ids = error_ids(reply.body)
            raise Retry(str(error), 300.0) if ids & LATER else Refusal(str(error), ids) from None
        return reply


class _Missing(Refusal):
    """There is no such thing."""

    def __init__(self, why: str) -> None:
        super().__init__(why, frozenset())


def error_ids(body: bytes) -> frozenset[int]:
    """The error ids of a refusal."""
    with suppress(BadPayload):
        told = decode(body, wire.Errors)
        return frozenset(error.error_id for error in (*told.errors, *told.error))
    return frozenset()


def done(reply: Reply, doing: str, kind: type[T]) -> T:
    """The answer to a push. One that cannot be read may still follow a push that took effect."""
    try:
        return decode(reply.body, kind)
    except BadPayload as error:
        raise Unknown(f"{doing}: eBay's answer cannot be read: {error}") from None


def location(reply: Reply, doing: str) -> str:
    """The id of what was made: the end of the answer's Location."""
    made = reply.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not made:
        raise Unknown(f"{doing}: eBay did not say what was made")
    return made


def _host(root: str, path: str) -> str:
    """eBay's identity API has a host of its own, in production and in the sandbox; a double has one for all."""
    if path.startswith("/commerce/identity/") and root.endswith(".ebay.com"):
        return root.replace("://api.", "://apiz.", 1)
    return root
