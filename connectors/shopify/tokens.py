"""The access token of a shop: one that was given for good, or one of a day that the app's own credentials fetch.

Apps made in the Dev Dashboard for a shop of the same organization have no lasting token: they ask for one with client
id and secret whenever they need it. Source: shopify.dev, "Client credentials grant".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlencode

from msgspec import Struct

from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http
from hub.errors import BadPayload, Reconnect, Reject, Retry

MARGIN = 300.0
"""Seconds before its end that a token is replaced: a call that is under way must not outlive it."""


class Fetched(Struct, frozen=True):
    """The answer to the grant; `expires_in` in seconds."""

    access_token: str
    expires_in: float = 0.0


@dataclass(slots=True)
class Credentials:
    """What an account has to prove itself with: a lasting `token`, or `client_id` and `client_secret`."""

    base_url: str
    token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)


class Tokens:
    """The token of one account. Kept by the connector, so that it outlives a channel. `now` is in loop seconds."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._fetched = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    @property
    def lasting(self) -> bool:
        """Whether the account has a token for good, so that there is no other one to be had."""
        return bool(self.credentials.token)

    def forget(self) -> None:
        """Drops a fetched token that was refused."""
        self._until = 0.0

    async def current(self, http: Http) -> str:
        """The token to call with. Raises `Reconnect` when the app's credentials are refused, `Retry` when Shopify
        cannot say now."""
        if self.lasting:
            return self.credentials.token
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                fetched = await self._fetch(http)
                # A token that is good for less than the margin is still good for the call it was fetched for.
                self._fetched, self._until = fetched.access_token, now + max(1.0, fetched.expires_in - MARGIN)
            return self._fetched

    async def _fetch(self, http: Http) -> Fetched:
        ours = self.credentials
        form = {"grant_type": "client_credentials", "client_id": ours.client_id, "client_secret": ours.client_secret}
        reply = await http.call(
            "POST",
            f"{ours.base_url}/admin/oauth/access_token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form).encode(),
        )
        try:
            return decode(expect(reply, "fetch an access token"), Fetched)
        except Reject as error:
            raise Reconnect(f"{error}: client_id and client_secret are not those of an app in this shop") from None
        except BadPayload as error:
            raise Retry(f"fetch an access token: {error}") from None
