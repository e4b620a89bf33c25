"""Hooks: tells any other system what happens here, by Standard Webhooks 1.0: shipments, statuses, stock, cancellations,
refunds, returns. Nothing comes back; who wants to give orders uses `own_site`.

__init__.py   what the connector declares, and each capability in a few lines
client.py     the only I/O: one signed post, and what its answer means
wire.py       the shapes that are sent
mapper.py     pure: what the hub tells → those shapes
words.py      the types of events
"""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.hooks import mapper, words
from connectors.hooks.client import Client
from hub.contract import (
    About,
    Account,
    Channel,
    Credential,
    Http,
    TakesCancellations,
    TakesRefunds,
    TakesReturns,
    TakesShipments,
    TakesStatus,
    TakesStock,
)
from hub.domain.outgoing import (
    CancellationRequest,
    Receipt,
    RefundRequest,
    ReturnUpdate,
    Shipment,
    StatusUpdate,
    StockLevel,
)

ABOUT = About(
    name="hooks",
    title="Outgoing hooks",
    credentials=(
        Credential("base_url", "Address that is told", secret=False, help="https://…, to the last slash as it is"),
        Credential(
            "secret",
            "Signing secret",
            help="whsec_ and 24 to 64 random bytes in base64; while it is replaced, the new one, a space, the old one",
        ),
        Credential(
            "events",
            "Events it wants",
            secret=False,
            required=False,
            help=f"some of {', '.join(words.TYPES.values())}, parted by commas; all of them unless told",
        ),
    ),
    rate=20.0,
    repeatable=frozenset(words.TYPES),
    listens=True,
)


class Hooks:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> HooksChannel:
        """The account, ready to be told."""
        return HooksChannel(account, http)


class HooksChannel(Channel, TakesShipments, TakesStatus, TakesStock, TakesCancellations, TakesRefunds, TakesReturns):
    """One address of one merchant."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._client = Client(account, http)

    async def check(self) -> str:
        return await self._client.ping(datetime.now(UTC))

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return await self._client.tell(mapper.shipment_created(shipment), key)

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return await self._client.tell(mapper.status_changed(update), key)

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return await self._client.tell(mapper.stock_changed(level, datetime.now(UTC)), key)

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return await self._client.tell(mapper.order_cancelled(request, datetime.now(UTC)), key)

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return await self._client.tell(mapper.order_refunded(request, datetime.now(UTC)), key)

    async def push_return(self, update: ReturnUpdate, key: str) -> Receipt:
        return await self._client.tell(mapper.return_changed(update), key)
