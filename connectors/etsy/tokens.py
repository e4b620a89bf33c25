"""The tokens of one account: an access token for an hour, got with a refresh token that is replaced at every use.

A refresh token is good for 90 days. Etsy answers each refresh with a new one; the one before was seen to go on working
(etsy/open-api issue 353), but nothing promises it. So the newest is used first, the stored one if Etsy refuses that,
and the account is given the newest by `renew_credentials`. Source: developers.etsy.com, "Authentication".
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from connectors.etsy.wire import Granted, Refused
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http, Reply
from hub.errors import BadPayload, Reconnect, Retry

MARGIN = 300.0
"""Seconds before its end that a token is replaced: a call that is under way must not outlive it."""

DEAD = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_request", "invalid_token"})
"""Errors of the token endpoint (RFC 6749) after which only a person can go on."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account proves itself with. `shared_secret` is the app's, and stands behind the keystring."""

    base_url: str
    keystring: str = field(repr=False)
    shared_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def api_key(self) -> str:
        """The value of `x-api-key`: since February 2026 the keystring alone is refused."""
        return f"{self.keystring}:{self.shared_secret}" if self.shared_secret else self.keystring


class Tokens:
    """Kept by the connector, so that it outlives a channel. `now` is in loop seconds."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.newest = credentials.refresh_token
        self._access = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    def adopt(self, given: Credentials) -> bool:
        """Whether `given` are these credentials, perhaps with the refresh token that was renewed since."""
        if replace(given, refresh_token="") != replace(self.credentials, refresh_token=""):
            return False
        if given.refresh_token not in (self.newest, self.credentials.refresh_token):
            return False
        self.credentials = given
        return True

    def forget(self) -> None:
        """Drops an access token that was refused."""
        self._until = 0.0

    async def current(self, http: Http) -> str:
        """The access token to call with. Raises `Reconnect` when no refresh token is taken any more, `Retry` when Etsy
        cannot say now."""
        async with self._lock:
            if asyncio.get_running_loop().time() >= self._until:
                self.take(await self._refresh(http))
            return self._access

    def take(self, granted: Granted) -> None:
        """Goes on with these tokens. An access token that is good for less than the margin is still good for the call
        it was fetched for."""
        self._access, self.newest = granted.access_token, granted.refresh_token
        self._until = asyncio.get_running_loop().time() + max(1.0, granted.expires_in - MARGIN)

    async def _refresh(self, http: Http) -> Granted:
        stored = self.credentials.refresh_token
        if self.newest != stored:
            with suppress(Reconnect):
                return await self._ask(http, self.newest)
        return await self._ask(http, stored)

    async def _ask(self, http: Http, refresh_token: str) -> Granted:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.credentials.keystring,
            "refresh_token": refresh_token,
        }
        return granted(await request_token(http, self.credentials.base_url, form))


async def request_token(http: Http, base_url: str, form: dict[str, str]) -> Reply:
    """Asks the token endpoint."""
    return await http.call(
        "POST",
        f"{base_url}/v3/public/oauth/token",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(form).encode(),
    )


def granted(reply: Reply) -> Granted:
    """The tokens in an answer. Raises `Reconnect` for a grant that is not good any more, `Retry`, `Reject`."""
    if reply.status == 400:
        with suppress(BadPayload):
            refused = decode(reply.body, Refused).error
            if refused in DEAD:
                raise Reconnect(f"fetch an access token: Etsy says {refused}; connect the account again")
    try:
        return decode(expect(reply, "fetch an access token"), Granted)
    except BadPayload as error:
        raise Retry(f"fetch an access token: {error}") from None
