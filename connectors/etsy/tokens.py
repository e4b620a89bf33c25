"""The tokens of one account: an access token for an hour, got with a refresh token that is replaced at every use.

A refresh token is good for 90 days. Etsy answers each refresh with a new one; the one before was seen to go on working
(etsy/open-api issue 353), but nothing promises it. So the newest is stored at once, by the account's keeper, and
`renew_credentials` tells it again each day. Source: developers.etsy.com, "Authentication".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from connectors.etsy.wire import Granted, Refused
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http, Keeper, Reply
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

    def __init__(self, credentials: Credentials, keeper: Keeper | None = None) -> None:
        self.credentials = credentials
        self.newest = credentials.refresh_token
        self._keeper = keeper
        self._spent = self._came_with = ""
        self._access = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    def adopt(self, given: Credentials, keeper: Keeper | None = None) -> bool:
        """Whether `given` are these credentials, perhaps with another refresh token: this process or another one
        renewed it, or the shop said yes again. The access token is good until Etsy refuses it."""
        if replace(given, refresh_token="") != replace(self.credentials, refresh_token=""):
            return False
        if given.refresh_token not in (self.newest, self._spent):
            self.newest = given.refresh_token
        self.credentials, self._keeper = given, keeper
        return True

    @property
    def outdated(self) -> bool:
        """Whether the refresh token is not the one that came with the access token: that one may be worth less."""
        return self._access != "" and self.newest != self._came_with

    def forget(self, access: str = "") -> None:
        """Drops an access token that was refused, unless another one has come meanwhile; empty: whichever there is."""
        if access in ("", self._access):
            self._until = 0.0

    async def current(self, http: Http) -> str:
        """The access token to call with. Raises `Reconnect` when no refresh token is taken any more, `Retry` when Etsy
        cannot say now."""
        async with self._lock:
            if asyncio.get_running_loop().time() >= self._until:
                await self._renew(http)
            return self._access

    def take(self, granted: Granted) -> None:
        """Goes on with these tokens. An access token that is good for less than the margin is still good for the call
        it was fetched for."""
        self._access, self.newest = granted.access_token, granted.refresh_token
        self._came_with = granted.refresh_token
        self._until = asyncio.get_running_loop().time() + max(1.0, granted.expires_in - MARGIN)

    async def _renew(self, http: Http) -> None:
        """Under the account's lease, where it has one: two processes that used one refresh token at the same time would
        leave one of them with nothing."""

        async def fetch(stored: Mapping[str, str]) -> Mapping[str, str]:
            self.take(await self._refresh(http, stored.get("refresh_token", "").strip()))
            return {"refresh_token": self.newest}

        if self._keeper is None:
            await fetch({"refresh_token": self.credentials.refresh_token})
        else:
            await self._keeper.renew(fetch)

    async def _refresh(self, http: Http, stored: str) -> Granted:
        """With the stored token; with a newer one first, where that is not stored."""
        answer = None
        if self.newest != stored == self._spent:
            with suppress(Reconnect):
                answer = await self._ask(http, self.newest)
        answer = answer or await self._ask(http, stored)
        self._spent = stored
        return answer

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
