"""Moves parcels over simulated time and tells of it in signed webhooks, many scans in each."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec

from connectors.demo_carrier.server.parcels import Depot, Document, Parcel, Step, scan_of
from connectors.playing.manners import Mischief
from connectors.playing.sender import Hook, Sender
from connectors.signing import hmac_base64
from hub.domain.outgoing import Kind

PER_HOOK = 100


@dataclass(frozen=True, slots=True)
class Options:
    """How the carrier behaves. `day` is how many seconds a simulated day takes; scan times are on the real clock.

    `to`: where scans are sent. `seed` decides every journey; `troubled` and `late` are shares of parcels; `first` is
    the first serial number; `record` keeps every request for tests.
    """

    day: float = 2.0
    to: str = ""
    seed: int = 1
    troubled: float = 0.1
    late: float = 0.05
    first: int = 1
    record: bool = False
    token: str = "demo-token-carrier"  # noqa: S105 - a demo has no secrets
    webhook_secret: str = "demo-secret-carrier"  # noqa: S105


class CarrierServer:
    """The carrier behind `url`, which is the base_url of an account."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.mischief = Mischief(record=self.options.record)
        self.sender = Sender()
        self.to = self.options.to
        self.depot = Depot(self.options.seed, self.options.first, lambda: datetime.now(UTC), self._announced)
        self._due: list[tuple[datetime, int, Parcel, Step]] = []
        self._waiting: list[Parcel] = []
        self._order = count()
        self._woken, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._told = 0
        self._driver: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the carrier listens."""
        return self.depot.url

    async def __aenter__(self) -> CarrierServer:
        await self.sender.__aenter__()
        self._driver = asyncio.create_task(self._drive())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
        await self.sender.__aexit__(None, None, None)

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of every call that took effect; manifests are no kind of message and are left out."""
        return self.depot.effects.messages()

    async def settle(self) -> None:
        """Waits until every parcel has arrived and everybody has been told."""
        await self._idle.wait()
        await self.sender.drain()

    def _announced(self, parcel: Parcel) -> None:
        self._waiting.append(parcel)
        self._idle.clear()
        self._woken.set()

    def _set_off(self) -> None:
        """Gives every parcel that was announced since the last round its way."""
        parcels, self._waiting = self._waiting, []
        for parcel in parcels:
            for step in self.depot.journey(parcel, self.options.troubled, self.options.late):
                due = parcel.bought_at + timedelta(seconds=step.told * self.options.day)
                heapq.heappush(self._due, (due, next(self._order), parcel, step))

    async def _drive(self) -> None:
        """A twentieth of a day at a time: what is due is scanned, and told together."""
        while True:
            if not self._due and not self._waiting:
                self._idle.set()
                self._woken.clear()
                await self._woken.wait()
            await asyncio.sleep(self.options.day / 20)
            self._set_off()
            scans = self._scan(datetime.now(UTC))
            for start in range(0, len(scans), PER_HOOK):
                self._tell(scans[start : start + PER_HOOK])

    def _scan(self, now: datetime) -> list[Document]:
        fresh: list[Document] = []
        day = timedelta(seconds=self.options.day)
        while self._due and self._due[0][0] <= now:
            _, _, parcel, step = heapq.heappop(self._due)
            if parcel.label["status"] == "bought":
                parcel.scans.append(scan_of(parcel, step, day))
                fresh.append(parcel.scans[-1])
        return fresh

    def _tell(self, scans: list[Document]) -> None:
        if not self.to:
            return
        self._told += 1
        body = msgspec.json.encode({"scans": scans})
        headers = {
            "Content-Type": "application/json",
            "X-Carrier-Topic": "parcel.scanned",
            "X-Carrier-Delivery": f"dc-{self.options.first}-{self._told}",
            "X-Carrier-Signature": hmac_base64(self.options.webhook_secret, body),
        }
        self.sender.soon(Hook(self.to, headers, body))
