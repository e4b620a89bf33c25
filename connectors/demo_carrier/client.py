"""The only I/O of this connector: one method for each thing the carrier's API can be asked.

Every method raises `Retry` and `Reconnect`; those that change something also `Reject` and `Unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.demo_carrier import wire
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Account, Http
from hub.errors import BadPayload, Unknown

T = TypeVar("T")


class Client:
    """The API of the carrier, spoken for one account."""

    def __init__(self, account: Account, http: Http) -> None:
        self._http = http
        self._root = f"{account.base_url}/api"
        self._headers = {
            "Authorization": f"Bearer {account.secrets['token']}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def shipper(self) -> wire.Shipper:
        """Who the token belongs to."""
        return decode(await self._get("/account"), wire.Shipper)

    async def rates(self, parcel: wire.Parcel) -> Sequence[wire.Rate]:
        """What each service would cost. A question, though it is asked with POST."""
        body = msgspec.json.encode(parcel)
        reply = await self._http.call("POST", f"{self._root}/rates", headers=self._headers, body=body)
        return decode(expect(reply, "quote rates"), wire.Rates).rates

    async def buy(self, parcel: wire.Parcel, key: str) -> wire.Bought:
        """Buys a label."""
        return await self._send("/labels", parcel, key, wire.Bought)

    async def buy_all(self, parcels: Sequence[wire.KeyedParcel]) -> Sequence[wire.Part]:
        """Buys up to 50 labels in one call; each answer stands for itself."""
        return (await self._send("/batch", {"calls": parcels}, "", wire.Batch)).answers

    async def void(self, label_id: str, key: str) -> wire.Done:
        """Gives a label back."""
        return await self._send(f"/labels/{quote(label_id, safe='')}/void", {}, key, wire.Done)

    async def close(self, manifest: wire.Manifest, key: str) -> wire.Done:
        """Closes the day for these labels."""
        return await self._send("/manifests", manifest, key, wire.Done)

    async def labels(self, reference: str) -> Sequence[wire.Bought]:
        """Labels bought under our reference, voided ones included, newest last."""
        return decode(await self._get(f"/labels?{urlencode({'reference': reference})}"), wire.Labels).labels

    async def label(self, label_id: str) -> wire.Bought | None:
        """One label by the carrier's id; None when there is none."""
        url = f"{self._root}/labels/{quote(label_id, safe='')}"
        reply = await self._http.call("GET", url, headers=self._headers)
        return None if reply.status == 404 else decode(expect(reply, "find label"), wire.Bought)

    async def document(self, label_id: str) -> bytes:
        """The label as PDF. Its address is made here, so that the token never follows one from outside."""
        return await self._get(f"/labels/{quote(label_id, safe='')}/document", json=False)

    async def tracking(self, numbers: Sequence[str]) -> wire.Tracked:
        """Every scan so far of each parcel that the carrier knows."""
        return decode(await self._get(f"/tracking?{urlencode({'numbers': ','.join(numbers)})}"), wire.Tracked)

    async def _get(self, path: str, *, json: bool = True) -> bytes:
        reply = await self._http.call("GET", self._root + path, headers=self._headers)
        return expect(reply, f"GET {path.partition('?')[0]}", json=json)

    async def _send(self, path: str, body: object, key: str, kind: type[T]) -> T:
        headers = {**self._headers, "Idempotency-Key": key} if key else self._headers
        content = msgspec.json.encode(body)
        reply = await self._http.call("POST", self._root + path, headers=headers, body=content, effect=True)
        answer = expect(reply, f"POST {path}")
        try:
            return decode(answer, kind)
        except BadPayload as error:
            raise Unknown(f"the carrier's answer cannot be read: {error}") from None
