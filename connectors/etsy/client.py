"""The only way to Etsy: Open API v3 over `hub.contract.Http`, within its limits.

Every call carries the app's key and the shop's access token. Writing has no idempotency keys: calls name our reference
in a header of our own, for Etsy's request log. Source: the contract `etsy_3.0.0.json`; developers.etsy.com, "Requests".
"""

from __future__ import annotations

import asyncio
import re
from copy import copy
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.etsy.quota import Quota, Use
from connectors.etsy.tokens import Tokens
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http, Reply
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

CREDENTIALS = re.compile(rb"(?i)api[ _-]?key|shared secret|scope|token")
"""What a 403 speaks of when it is the app or its token that is not good enough, and not this one call."""

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

T = TypeVar("T")

_numbers = msgspec.json.Encoder(decimal_format="number")


class Client:
    """Asks for one shop. Paths begin after `/v3/application`."""

    def __init__(self, http: Http, tokens: Tokens, quota: Quota) -> None:
        self._http = http
        self._tokens = tokens
        self._quota = quota
        self._headers = {"Accept": JSON}
        self._use = Use.READ

    def using(self, use: Use, reference: str = "") -> Client:
        """The same client for another use; calls of a push name its reference."""
        client = copy(self)
        client._use = use
        if reference:
            client._headers = self._headers | {"X-Crossdock-Reference": quote(reference)}
        return client

    async def get(self, doing: str, path: str, kind: type[T], **query: object) -> T:
        """What a path answers. Raises `Retry`, `Reconnect` or `Reject`."""
        address = f"{path}?{urlencode(query)}" if query else path
        content = expect(await self._call("GET", address), doing, forbidden=Reject)
        return _read(doing, content, kind, Retry)

    async def send(self, doing: str, method: str, path: str, kind: type[T], **form: str) -> T:
        """Writes a form and gives the answer. Raises `Unknown` when it may have taken effect."""
        return await self._write(doing, method, path, kind, (FORM, urlencode(form).encode()))

    async def put(self, doing: str, path: str, kind: type[T], value: msgspec.Struct) -> T:
        """Writes JSON and gives the answer. Raises `Unknown` when it may have taken effect."""
        return await self._write(doing, "PUT", path, kind, (JSON, _numbers.encode(value)))

    async def _write(self, doing: str, method: str, path: str, kind: type[T], body: tuple[str, bytes]) -> T:
        reply = await self._call(method, path, body, effect=True)
        content = expect(reply, doing, forbidden=Reject, broken=Unknown, json=False)
        return _read(doing, content, kind, Unknown)

    async def _call(
        self, method: str, path: str, body: tuple[str, bytes] | None = None, *, effect: bool = False
    ) -> Reply:
        """One call; a token that is refused is fetched anew, once: 401 says that nothing was done. Raises `Reconnect`
        for a 403 that speaks of credentials."""
        for again in (True, False):
            access = await self._tokens.current(self._http)
            headers = self._headers | {
                "x-api-key": self._tokens.credentials.api_key,
                "Authorization": f"Bearer {access}",
            }
            if body is not None:
                headers["Content-Type"] = body[0]
            await self._room()
            url = f"{self._tokens.credentials.base_url}/v3/application{path}"
            sent = body[1] if body is not None else None
            reply = await self._http.call(method, url, headers=headers, body=sent, effect=effect, timeout=30.0)
            self._quota.learn(reply.headers, asyncio.get_running_loop().time())
            if not again or not self._refused(reply):
                break
            self._tokens.forget(access)
        if reply.status == 403 and CREDENTIALS.search(reply.body[:2000]):
            expect(reply, "call Etsy", forbidden=Reconnect)
        return reply

    def _refused(self, reply: Reply) -> bool:
        """Whether a new access token may be taken where this one was not."""
        if reply.status == 403 and self._tokens.outdated:
            return CREDENTIALS.search(reply.body[:2000]) is not None
        return reply.status == 401

    async def _room(self) -> None:
        """Waits for its place in the second. Raises `Retry` when the rest of today's calls is kept for others."""
        loop = asyncio.get_running_loop()
        if wait := self._quota.spent(self._use, loop.time()):
            left = self._quota.remaining
            raise Retry(f"{left} of today's calls to Etsy are left, which are kept for what matters more", wait)
        if wait := self._quota.pause(loop.time()):
            await asyncio.sleep(wait)
            await self._room()


def _read(doing: str, content: bytes, kind: type[T], otherwise: type[CrossdockError]) -> T:
    try:
        return decode(content, kind)
    except BadPayload as error:
        raise otherwise(f"{doing}: Etsy answered in a shape we do not know, {error}") from None
