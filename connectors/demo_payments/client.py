"""The only I/O of this connector: one method for each thing the provider's API can be asked.

Every method raises `Retry` and `Reconnect`; those that change something also `Reject` and `Unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec

from connectors.demo_payments import wire
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Account, Http
from hub.errors import BadPayload, Unknown


class Client:
    """The API of the provider, spoken for one account."""

    def __init__(self, account: Account, http: Http) -> None:
        self._http = http
        self._root = f"{account.base_url}/api"
        self._headers = {
            "Authorization": f"Bearer {account.secrets['api_key']}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def merchant(self) -> wire.Merchant:
        """Who the key belongs to."""
        return decode(await self._get("/account"), wire.Merchant)

    async def operations(self, reference: str) -> Sequence[wire.Operation]:
        """What was done under our reference."""
        path = f"/operations?{urlencode({'reference': reference})}"
        return decode(await self._get(path), wire.Operations).operations

    async def make(self, kind: str, payment_id: str, move: wire.Move, key: str) -> wire.Operation:
        """Captures, voids or refunds, as `kind` says."""
        path = f"/payments/{quote(payment_id, safe='')}/{kind}"
        headers, body = {**self._headers, "Idempotency-Key": key}, msgspec.json.encode(move)
        reply = await self._http.call("POST", self._root + path, headers=headers, body=body, effect=True)
        answer = expect(reply, f"{kind} {payment_id}")
        try:
            return decode(answer, wire.Operation)
        except BadPayload as error:
            raise Unknown(f"the provider's answer cannot be read: {error}") from None

    async def _get(self, path: str) -> bytes:
        reply = await self._http.call("GET", self._root + path, headers=self._headers)
        return expect(reply, f"GET {path.partition('?')[0]}")
