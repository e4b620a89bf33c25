"""The only way to the Selling Partner API: one method per way of asking, each within its operation's usage plan."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.amazon import words
from connectors.amazon.limits import LONGEST_SLEEP, Limits
from connectors.amazon.settings import Settings
from connectors.amazon.tokens import Tokens
from connectors.http import expect, retry_after
from connectors.http import words as words_of
from connectors.wire import decode
from hub.contract import Http, Reply
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

T = TypeVar("T")

PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"

ESSENTIAL = frozenset({"searchOrders", "getMarketplaceParticipations"})
"""Operations without which an account is of no use: an app that may not do these has to be authorized again."""

_TOKEN = re.compile(rb"access token[^\"]{0,60}(?:expired|revoked|malformed|invalid|missing)", re.IGNORECASE)
"""What a 403 says that is about the token and not about a role. Source: developer-docs.amazon.com/sp-api,
"Authorization errors": "The access token you provided has expired", "… is revoked, malformed or invalid"."""


class Denied(Reject):
    """One operation is forbidden to the app, and the account's token is good otherwise: a role is missing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `operation` names its usage plan; lists in `query` go out parted by commas, empty ones not."""

    operation: str
    method: str
    path: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    body: object = None
    scope: str = ""

    @property
    def target(self) -> str:
        """Path and query."""
        flat = {name: value if isinstance(value, str) else ",".join(value) for name, value in self.query.items()}
        query = urlencode({name: value for name, value in flat.items() if value}, quote_via=quote, safe=",")
        return f"{self.path}?{query}" if query else self.path


class Client:
    """Asks for one seller. Every method raises `Retry`, `Reconnect` and `Denied`; those that change something `Unknown`
    too."""

    def __init__(self, http: Http, settings: Settings, tokens: Tokens, limits: Limits) -> None:
        self.settings = settings
        self._http = http
        self._tokens = tokens
        self._limits = limits
        self._headers = {"Accept": "application/json"}

    def pushing(self, reference: str) -> Client:
        """The same client for a push, naming our reference: Amazon has no field for it, its request log has."""
        client = copy(self)
        client._headers = self._headers | {"X-Crossdock-Reference": quote(reference)}
        return client

    async def ask(self, call: Call, kind: type[T]) -> T:
        """The answer to a question. Raises `Reject` for a refusal, `Retry` for an answer that cannot be read."""
        content = expect(await self._reply(call, effect=False), call.operation)
        try:
            return decode(content, kind)
        except BadPayload as error:
            raise Retry(f"{call.operation}: {error}") from None

    async def find(self, call: Call, kind: type[T]) -> T | None:
        """The same, None for what Amazon does not know (404)."""
        reply = await self._reply(call, effect=False)
        if reply.status == 404:
            return None
        try:
            return decode(expect(reply, call.operation), kind)
        except BadPayload as error:
            raise Retry(f"{call.operation}: {error}") from None

    async def change(self, call: Call, kind: type[T]) -> T:
        """The answer to a change. Raises `Reject` for a refusal, `Unknown` when nobody can tell what became of it."""
        reply = await self._reply(call, effect=True)
        try:
            content = expect(reply, call.operation, broken=Unknown, json=False)
            return decode(content, kind)
        except BadPayload as error:
            raise Unknown(f"{call.operation}: {error}") from None

    async def tell(self, call: Call) -> None:
        """A change that Amazon answers with 204 and nothing else."""
        reply = await self._reply(call, effect=True)
        expect(reply, call.operation, broken=Unknown, json=False)
        if reply.status != 204:
            raise Unknown(f"{call.operation}: answered {reply.status} where 204 says that it is done")

    async def upload(self, url: str, content: bytes, content_type: str) -> None:
        """Puts a document where Amazon said; the address is signed, so no token goes along."""
        reply = await self._http.call("PUT", url, headers={"Content-Type": content_type}, body=content, timeout=60.0)
        expect(reply, "upload a document", broken=Retry, forbidden=Retry, json=False)

    async def download(self, url: str) -> bytes:
        """A document from where Amazon said."""
        return expect(await self._http.call("GET", url, timeout=60.0), "download", forbidden=Retry, json=False)

    async def _reply(self, call: Call, *, effect: bool) -> Reply:
        await self._room(call.operation)
        reply = await self._send(call, effect=effect)
        now = asyncio.get_running_loop().time()
        self._limits.learn(call.operation, reply.headers.get("x-amzn-ratelimit-limit"), now)
        if reply.status == 429:
            wait = self._limits.spent(call.operation, now)
            said = retry_after(reply)
            raise Retry(f"{call.operation}: 429, its quota is used up", wait if said is None else said)
        if reply.status == 403:
            raise await self._denial(call, reply)
        if 200 <= reply.status < 300 and not call.scope:
            self._tokens.proven = True
        return reply

    async def _denial(self, call: Call, reply: Reply) -> CrossdockError:
        """What a 403 means that a new token did not heal. Amazon answers so to a bad token, and to an app that lacks
        the operation's role; only the first, or a role that nothing goes without, takes the account out of work."""
        said = f"{call.operation}: 403 {words_of(reply.body)}".rstrip()
        if _TOKEN.search(reply.body):
            return Reconnect(f"{said}: authorize the app again")
        role = words.ROLES.get(call.operation, words.ORDERS_ROLE)
        why = f"{said}; it takes the role {role}: add it to the app in Seller Central, then authorize the app again"
        if call.operation in ESSENTIAL:
            return Reconnect(why)
        return Denied(why) if call.scope or await self._otherwise_good() else Reconnect(why)

    async def _otherwise_good(self) -> bool:
        """Whether the account's token is good for anything: it was before, or is for the plainest question there is."""
        if self._tokens.proven:
            return True
        call = Call("getMarketplaceParticipations", "GET", PARTICIPATIONS)
        await self._room(call.operation)
        reply = await self._send(call, effect=False)
        if reply.status in (401, 403):
            return False
        if reply.status != 200:
            raise Retry(f"{call.operation}: {reply.status}, so nobody can say whether the token is good")
        self._tokens.proven = True
        return True

    async def _send(self, call: Call, *, effect: bool) -> Reply:
        """One call; a token that is refused is fetched anew, once: 401 and 403 say that nothing was done."""
        url = f"{self.settings.endpoint}{call.target}"
        body = None if call.body is None else msgspec.json.encode(call.body)
        for again in (True, False):
            token = await self._tokens.current(self._http, call.scope)
            headers = self._headers | {"x-amz-access-token": token}
            if body is not None:
                headers["Content-Type"] = "application/json"
            reply = await self._http.call(call.method, url, headers=headers, body=body, effect=effect, timeout=30.0)
            if reply.status not in (401, 403) or not again:
                break
            self._tokens.forget(token, call.scope)
        return reply

    async def _room(self, operation: str) -> None:
        loop = asyncio.get_running_loop()
        while wait := self._limits.take(operation, loop.time()):
            if wait > LONGEST_SLEEP:
                raise Retry(f"{operation}: its quota leaves no room", wait)
            await asyncio.sleep(wait)


def unsure(error: CrossdockError) -> Unknown:
    """`error` of a question that only follows a change: the change itself may well have been made."""
    return Unknown(f"it was sent, but what became of it could not be asked: {error}")
