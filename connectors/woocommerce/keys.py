"""How a store is shown our keys, over https and over plain http.

Over https they go as HTTP Basic. Over http WooCommerce refuses that and wants each call signed (OAuth 1.0a, one-legged,
HMAC-SHA256, in the query): only the method, the address and the query are signed, bodies of JSON are not. The address
is the one that WordPress calls its own ("Site Address (URL)" of its settings), whatever name the call came by.
Sources: "Authentication" of the v3 documentation; WC_REST_Authentication of WooCommerce.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from connectors.oauth1 import Keys, signed
from hub.contract import Account, Http, Reply

PATIENCE = 30.0
"""Seconds for an answer: small hosts are slow."""

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
FARTHEST = 24 * 3600.0
"""How many seconds a store's clock may be off ours and still be signed by."""


class Caller:
    """Calls one store, as whom the account's keys name."""

    def __init__(self, account: Account, http: Http) -> None:
        key, secret = account.secrets.get("consumer_key", ""), account.secrets.get("consumer_secret", "")
        self._http = http
        self._keys = Keys(key, secret) if account.base_url.startswith("http://") else None
        self._basic = {} if self._keys else {"Authorization": f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}"}

    async def ask(self, url: str, *, keys: bool = True) -> Reply:
        """The answer to a question, whatever its status; without `keys` as nobody."""
        if not keys:
            return await self._http.call("GET", url, headers=JSON, timeout=PATIENCE)
        return await self._call("GET", url, {}, None)

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to a change; a lost one is `Unknown`."""
        return await self._call(method, url, headers, body)

    async def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """A signed call that is refused is signed anew, once: 401 says that nothing was done. The clocks may differ by
        more than the 15 minutes that a store allows, or the HTTP library has sent the call twice over a broken
        connection, and the nonce was used. Why it was refused stands in words of the site's language only."""
        carried, effect = {**JSON, **self._basic, **headers}, body is not None
        at = time.time()
        for again in (True, False):
            target = signed(self._keys, method, url, at) if self._keys else url
            reply = await self._http.call(method, target, headers=carried, body=body, effect=effect, timeout=PATIENCE)
            if reply.status != 401 or self._keys is None or not again:
                break
            at = _theirs(reply, time.time())
        return reply


def _theirs(reply: Reply, ours: float) -> float:
    """The store's time as its answer tells it, `ours` where it tells none or one that cannot be meant."""
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return ours
    return theirs if abs(theirs - ours) <= FARTHEST else ours
