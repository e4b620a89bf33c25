"""The only way to Shopify: the Admin GraphQL API 2026-04 over `hub.contract.Http`, within its limits.

Shopify counts points, not calls: each app has a bucket per shop that refills by the second, and every answer says how
full it is and what the call cost. We wait before a call that would not fit. Errors come with HTTP 200.
Source: shopify.dev, "API limits" and "GraphQL Admin API: status and error codes".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from connectors.http import expect, words
from connectors.shopify import envelope as wrapped
from connectors.shopify.bucket import LONGEST_SLEEP, Bucket
from connectors.shopify.tokens import Tokens
from connectors.wire import decode
from hub.contract import Http, Reply
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

VERSION = "2026-04"
BUSY = frozenset({"IDEMPOTENCY_CONCURRENT_REQUEST", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "TIMEOUT"})
"""Codes of errors that pass."""

T = TypeVar("T")


class Denied(Reconnect):
    """The app lacks a scope: to be granted in the app, and the shop connected again."""


class TooCostly(Reject):
    """One document asked for more points than any bucket holds: ask for smaller pages."""


class Client:
    """Asks one shop. Operations are written "file.Operation" and live in `graphql/`."""

    def __init__(self, http: Http, tokens: Tokens, bucket: Bucket) -> None:
        self._url = f"{tokens.credentials.base_url}/admin/api/{VERSION}/graphql.json"
        self._headers = {"Content-Type": "application/json"}
        self._http = http
        self._tokens = tokens
        self._bucket = bucket
        self._broken: type[CrossdockError] = Retry

    def pushing(self, reference: str) -> Client:
        """The same client for a push: a 5xx then is `Unknown`, and calls name our reference for Shopify's request
        log, since fulfillments and events have no field for it."""
        client = copy(self)
        client._headers = self._headers | {"X-Crossdock-Reference": quote(reference)}
        client._broken = Unknown
        return client

    async def ask(self, operation: str, kind: type[T], **variables: object) -> T:
        """The data of a query. Raises `Retry`, `Reconnect` or `Reject`."""
        return await self._call(operation, kind, variables, effect=False)

    async def find(self, operation: str, kind: type[T], **variables: object) -> T | None:
        """The one thing a query asks for, None when there is no such thing."""
        found: dict[str, T | None] = await self.ask(operation, dict[str, kind | None], **variables)  # type: ignore[valid-type]
        return next(iter(found.values()), None)

    async def change(self, operation: str, made: str, **variables: object) -> str:
        """The id of what a mutation made, which its payload calls `made`; empty where nothing was made. Raises `Reject`
        for user errors (`Retry` when Shopify says that the same request is still running), `Unknown` when the answer
        was lost."""
        data = await self._call(operation, dict[str, Any], variables, effect=True)
        payload = next(iter(data.values()), None)
        try:
            refuse(operation, msgspec.convert(payload["userErrors"], list[wrapped.UserError]))  # type: ignore[index]
            return str((payload[made] or {}).get("id", ""))  # type: ignore[index]
        except (msgspec.ValidationError, LookupError, TypeError, AttributeError):
            raise Unknown(f"{operation}: Shopify answered without saying what became of it") from None

    async def _call(self, operation: str, kind: type[T], variables: Mapping[str, object], *, effect: bool) -> T:
        await self._room(operation)
        file, _, name = operation.partition(".")
        body = {"query": document(file), "operationName": name, "variables": variables}
        reply = await self._post(msgspec.json.encode(body), effect=effect)
        # What is no JSON after an effect is not simply Retry: the decoder below says so.
        content = expect(reply, operation, broken=self._broken, json=not effect)
        try:
            envelope: wrapped.Envelope[T] = decode(content, wrapped.Envelope[kind])  # type: ignore[valid-type]
        except BadPayload as error:
            self._raise_errors(operation, content)
            raise (Unknown if effect else Retry)(f"{operation}: {error}") from None
        if envelope.errors or envelope.data is None:
            self._raise_errors(operation, content)
            raise (Unknown if effect else Retry)(f"{operation}: Shopify answered neither data nor errors")
        self._learn(operation, envelope.extensions)
        return envelope.data

    async def _post(self, body: bytes, *, effect: bool) -> Reply:
        """One call; a fetched token that is refused is fetched anew, once: 401 says that nothing was done."""
        for again in (not self._tokens.lasting, False):
            headers = self._headers | {"X-Shopify-Access-Token": await self._tokens.current(self._http)}
            reply = await self._http.call("POST", self._url, headers=headers, body=body, effect=effect, timeout=30.0)
            if reply.status != 401 or not again:
                break
            self._tokens.forget()
        return reply

    async def _room(self, operation: str) -> None:
        loop = asyncio.get_running_loop()
        while wait := self._bucket.take(operation, loop.time()):
            if wait > LONGEST_SLEEP:
                raise Retry(f"{operation}: Shopify's rate limit leaves no room", wait)
            await asyncio.sleep(wait)

    def _learn(self, operation: str, extensions: wrapped.Extensions | None) -> None:
        if extensions is not None and extensions.cost is not None:
            self._bucket.learn(operation, extensions.cost, asyncio.get_running_loop().time())

    def _raise_errors(self, operation: str, content: bytes) -> None:
        """Raises what the answer's errors mean, whatever else it holds; returns when it has none."""
        try:
            envelope = decode(content, wrapped.Envelope[object])
        except BadPayload:
            return
        self._learn(operation, envelope.extensions)
        if not envelope.errors:
            return
        errors = envelope.errors if isinstance(envelope.errors, list) else []
        codes = {error.extensions.code for error in errors if error.extensions}
        raise self._meaning(operation, codes, f"{operation}: {words(content)}")

    def _meaning(self, operation: str, codes: set[str], why: str) -> CrossdockError:
        if "THROTTLED" in codes:
            # The call itself cost nothing, so what is missing in the bucket as just told is what there is to wait for.
            return Retry(why, max(0.1, self._bucket.take(operation, asyncio.get_running_loop().time())))
        if "MAX_COST_EXCEEDED" in codes:
            return TooCostly(why)
        if "ACCESS_DENIED" in codes:
            return Denied(f"{why} (the app lacks a scope: grant it and connect the shop again)")
        return Retry(why) if codes & BUSY else Reject(why)


def refuse(operation: str, errors: list[wrapped.UserError]) -> None:
    """Raises for user errors; returns when there are none."""
    if not errors:
        return
    why = f"{operation}: " + "; ".join(error.message for error in errors)[:300]
    raise Retry(why) if any(error.code in BUSY for error in errors) else Reject(why)


@lru_cache(maxsize=64)
def document(file: str) -> str:
    """The text of a GraphQL document."""
    return (Path(__file__).parent / "graphql" / f"{file}.graphql").read_text(encoding="utf-8")
