"""The only way to Vendure: its Admin API, GraphQL over `hub.contract.Http`, as an administrator or with an API key.

Errors come with HTTP 200, in two places: `errors` beside the data, and members of the unions that mutations give.
A session that is over looks like a missing permission (FORBIDDEN), so it is begun anew once; nothing was done then.
Source: docs.vendure.io, "Managing sessions" and "Error handling".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from connectors.http import expect, words
from connectors.vendure.answers import Envelope, Outcome
from connectors.wire import decode
from hub.contract import Account, Http, Reply
from hub.errors import BadPayload, CrossdockError, Reconnect, Reject, Retry, Unknown

T = TypeVar("T")

FORBIDDEN = frozenset({"FORBIDDEN", "UNAUTHORIZED"})
WRONG = frozenset({
    "ENTITY_NOT_FOUND", "USER_INPUT_ERROR", "ILLEGAL_OPERATION", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
})  # fmt: skip
"""Codes of errors that the same call would meet for ever, and after which nothing was done."""


class NotAllowed(Reconnect):
    """The session is over, or the administrator lacks a permission: the two look the same."""


@dataclass(slots=True)
class Session:
    """What an account has proven itself with, which outlives a channel. Never shows its token."""

    known: tuple[str, ...]
    token: str = ""

    def __repr__(self) -> str:
        return f"Session(open={bool(self.token)})"


def identity(account: Account) -> tuple[str, ...]:
    """What a session belongs to: it must not be used for any other server or administrator."""
    settings, secrets = account.settings, account.secrets
    return (account.base_url, settings.get("username", ""), secrets.get("password", ""), secrets.get("api_key", ""))


class Client:
    """Asks one shop. Operations are written "file.Operation" and live in `graphql/`."""

    def __init__(self, account: Account, http: Http, session: Session, reference: str = "") -> None:
        self._account = account
        self._http = http
        self._session = session
        self._reference = reference
        self._url = endpoint(account.base_url)

    def pushing(self, reference: str) -> Client:
        """The same client for a push: its calls name our reference, for the shop's request log."""
        return Client(self._account, self._http, self._session, reference)

    async def ask(self, operation: str, kind: type[T], **variables: object) -> T:
        """The data of a query. Raises `Retry`, `Reconnect` or `Reject`."""
        return await self._authorized(operation, kind, variables, effect=False)

    async def change(self, operation: str, **variables: object) -> str:
        """The id of what a mutation made or changed. Raises `Reject` with Vendure's words for an error of its union,
        `Unknown` when the answer was lost."""
        data = await self._authorized(operation, dict[str, Outcome | list[Outcome]], variables, effect=True)
        found = next(iter(data.values()), None)
        outcome = next(iter(found), None) if isinstance(found, list) else found
        if outcome is None:
            raise Unknown(f"{operation}: Vendure answered without saying what became of it")
        refuse(operation, outcome)
        return outcome.id

    async def _authorized(self, operation: str, kind: type[T], variables: Mapping[str, object], *, effect: bool) -> T:
        used = self._session.token
        try:
            return await self._call(operation, kind, variables, effect=effect)
        except NotAllowed as error:
            if not used or self._account.secrets.get("api_key"):
                raise _lacking(operation, error) from None
        if self._session.token == used:  # else another call has logged in anew meanwhile
            self._session.token = ""
        try:
            return await self._call(operation, kind, variables, effect=effect)
        except NotAllowed as error:
            raise _lacking(operation, error) from None

    async def _call(self, operation: str, kind: type[T], variables: Mapping[str, object], *, effect: bool) -> T:
        reply = await self._post(operation, variables, await self._proof(), effect=effect)
        return read(operation, reply, kind, effect=effect)

    async def _proof(self) -> dict[str, str]:
        key = self._account.secrets.get("api_key", "")
        if key:
            return {"vendure-api-key": key}
        if not self._session.token:
            self._session.token = await self._log_in()
        return {"Authorization": f"Bearer {self._session.token}"}

    async def _log_in(self) -> str:
        username, password = self._account.settings.get("username", ""), self._account.secrets.get("password", "")
        given = {"username": username, "password": password}
        reply = await self._post("login.Login", given, {}, effect=False)
        outcome = read("login.Login", reply, dict[str, Outcome], effect=False).get("login")
        if outcome is None:
            raise Retry("login.Login: Vendure answered without saying what became of it")
        if outcome.error_code:
            raise Reconnect(f"Vendure refuses the login: {outcome.message}")
        token = reply.headers.get("vendure-auth-token", "")
        if not token:
            raise Reconnect("Vendure gives no token: add 'bearer' to authOptions.tokenMethod of its configuration")
        return token

    async def _post(
        self, operation: str, variables: Mapping[str, object], proof: dict[str, str], *, effect: bool
    ) -> Reply:
        file, _, name = operation.partition(".")
        headers = {"Content-Type": "application/json", "Accept": "application/json"} | proof
        if channel := self._account.settings.get("channel_token", ""):
            headers["vendure-token"] = channel
        if self._reference:
            headers["X-Crossdock-Reference"] = quote(self._reference)
        body = msgspec.json.encode({"query": document(file), "operationName": name, "variables": variables})
        return await self._http.call("POST", self._url, headers=headers, body=body, effect=effect, timeout=30.0)


def _lacking(operation: str, error: NotAllowed) -> CrossdockError:
    """What it means that not even a new session is allowed to. Who may not touch products may well see orders, which
    must not stop for that."""
    besides = operation.partition(".")[0] in ("stock", "products")
    return Reject(f"{error} (the administrator lacks a permission)") if besides else error


def read(operation: str, reply: Reply, kind: type[T], *, effect: bool) -> T:
    """The data of an answer. Raises what its errors mean; after an effect what cannot be read is `Unknown`."""
    lost: type[CrossdockError] = Unknown if effect else Retry
    content = expect(reply, operation, broken=lost, json=not effect)
    try:
        envelope: Envelope[T] = decode(content, Envelope[kind])  # type: ignore[valid-type]
    except BadPayload as error:
        _raise_errors(operation, content, lost)
        raise lost(f"{operation}: {error}") from None
    if envelope.errors or envelope.data is None:
        _raise_errors(operation, content, lost)
        raise lost(f"{operation}: Vendure answered neither data nor errors")
    return envelope.data


def _raise_errors(operation: str, content: bytes, lost: type[CrossdockError]) -> None:
    """Raises what the answer's errors mean, whatever else it holds; returns when it has none."""
    try:
        errors = decode(content, Envelope[object]).errors
    except BadPayload:
        return
    if not errors:
        return
    codes = {error.extensions.code for error in errors if error.extensions}
    why = f"{operation}: {words(content)}"
    if codes & FORBIDDEN:
        raise NotAllowed(why)
    if "CHANNEL_NOT_FOUND" in codes:
        raise Reconnect(f"{why} (correct the account's channel_token)")
    raise Reject(why) if codes & WRONG else lost(why)


def refuse(operation: str, outcome: Outcome) -> None:
    """Raises `Reject` for a member of the union that is an error; returns for the thing itself."""
    if outcome.error_code:
        said = (outcome.message, outcome.transition_error, outcome.fulfillment_handler_error)
        raise Reject(f"{operation}: {outcome.error_code}: {': '.join(filter(None, said))}"[:400])


def endpoint(base_url: str) -> str:
    """The Admin API's address: below the server's, at `/admin-api` unless the address names another path."""
    return base_url if urlsplit(base_url).path.strip("/") else f"{base_url}/admin-api"


@lru_cache(maxsize=32)
def document(file: str) -> str:
    """The text of a GraphQL document."""
    return (Path(__file__).parent / "graphql" / f"{file}.graphql").read_text(encoding="utf-8")
