"""Access tokens of one account: the merchant's, made of the refresh token, and the app's own, for notifications.

Both last two hours and are kept by the connector, for eBay counts how many are made: 50,000 a day of the first kind,
1,000 of the second. Source: developer.ebay.com, "OAuth access tokens" and "Access token rate limits".
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from urllib.parse import urlencode

from connectors.ebay import wire
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http
from hub.errors import BadPayload, Reconnect, Reject, Retry

MARGIN = 300.0
"""Seconds before its end that a token is replaced: a call that is under way must not outlive it."""

APP_SCOPE = "https://api.ebay.com/oauth/api_scope"
PATH = "/identity/v1/oauth2/token"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The app, and what a merchant gave it. `root` is where eBay is."""

    root: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """What a call for a token must carry."""
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        kind = "application/x-www-form-urlencoded"
        return {"Authorization": f"Basic {pair}", "Content-Type": kind, "Accept": "application/json"}


class Tokens:
    """Makes tokens when they are needed. Times are in seconds of the running loop."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._kept: dict[bool, tuple[str, float]] = {}
        self._lock = asyncio.Lock()

    def forget(self, token: str, app: bool = False) -> None:
        """Drops a token that was refused, unless another one has been made meanwhile."""
        if self._kept.get(app, ("", 0.0))[0] == token:
            del self._kept[app]

    async def current(self, http: Http, app: bool = False) -> str:
        """The merchant's token, or the app's. Raises `Reconnect` when eBay does not make one any more, `Retry` when it
        cannot be asked now."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            token, until = self._kept.get(app, ("", 0.0))
            if now >= until:
                made = await self._make(http, app)
                token, until = made.access_token, now + max(1.0, made.expires_in - MARGIN)
                self._kept[app] = token, until
            return token

    async def _make(self, http: Http, app: bool) -> wire.Token:
        ours = self.credentials
        form = {"grant_type": "client_credentials", "scope": APP_SCOPE}
        if not app:
            form = {"grant_type": "refresh_token", "refresh_token": ours.refresh_token}
        body = urlencode(form).encode()
        reply = await http.call("POST", f"{ours.root}{PATH}", headers=ours.headers(), body=body)
        try:
            return decode(expect(reply, "make an access token"), wire.Token)
        except Reject as error:
            raise Reconnect(f"{error}: connect the account again, eBay does not take its credentials") from None
        except BadPayload as error:
            raise Retry(f"make an access token: {error}") from None
