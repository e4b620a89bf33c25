"""Access tokens of Login with Amazon: good for an hour, fetched with the account's refresh token.

Operations that concern the app and not one seller ("grantless", such as destinations of notifications) take a token
that the app fetches for itself, with a scope. Source: developer-docs.amazon.com/sp-api, "Connect to the Selling Partner
API" and "Grantless operations".
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from msgspec import Struct

from connectors.amazon.settings import Settings
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http
from hub.errors import BadPayload, Reconnect, Reject, Retry

MARGIN = 300.0
"""Seconds before its end that a token is replaced: a call that is under way must not outlive it."""

NOTIFICATIONS = "sellingpartnerapi::notifications"
"""Scope of the grantless operations on notifications."""


class Granted(Struct, frozen=True):
    """The answer to a grant; `expires_in` in seconds."""

    access_token: str
    expires_in: float = 3600.0


class Tokens:
    """The tokens of one account by scope; the empty scope is the seller's own. Outlives a channel. `proven`: whether
    Amazon has taken one of the seller's, for whatever."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: dict[str, tuple[str, float]] = {}
        self._lock = asyncio.Lock()
        self.proven = False

    def forget(self, token: str, scope: str = "") -> None:
        """Drops a token that was refused, unless another one has been fetched meanwhile."""
        if self._kept.get(scope, ("", 0.0))[0] == token:
            del self._kept[scope]

    async def current(self, http: Http, scope: str = "") -> str:
        """The token to call with. Raises `Reconnect` when the credentials are refused, `Retry` when nobody can say."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            token, until = self._kept.get(scope, ("", 0.0))
            if not token or now >= until:
                granted = await self._fetch(http, scope)
                # A token that is good for less than the margin is still good for the call it was fetched for.
                token, until = granted.access_token, now + max(1.0, granted.expires_in - MARGIN)
                self._kept[scope] = token, until
            return token

    async def _fetch(self, http: Http, scope: str) -> Granted:
        ours = self._settings
        grant = (
            {"grant_type": "client_credentials", "scope": scope}
            if scope
            else {"grant_type": "refresh_token", "refresh_token": ours.refresh_token}
        )
        form = {**grant, "client_id": ours.client_id, "client_secret": ours.client_secret}
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", "Accept": "application/json"}
        reply = await http.call("POST", ours.token_url, headers=headers, body=urlencode(form).encode())
        try:
            return decode(expect(reply, "Login with Amazon"), Granted)
        except (Reject, Reconnect) as error:
            raise Reconnect(
                f"{error}: renew client_secret (Amazon lets it run out after 180 days), or authorize the app again"
            ) from None
        except BadPayload as error:
            raise Retry(f"Login with Amazon: {error}") from None
