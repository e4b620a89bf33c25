"""How the contract suite meets the demo store: one store, and an order with room for many shipments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.demo_store import DemoStore
from connectors.demo_store.server import Options, StoreServer, serve
from connectors.demo_store.server.stores import HARBOR
from hub.contract import Account, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    RefundRequest,
    Shipment,
    ShipmentLine,
    StatusUpdate,
    StockLevel,
)
from tests.connectors.harness import Seen

ORDER = {
    "id": "ord_harbor_1",
    "number": "HA-1",
    "created_at": "2026-11-20T10:00:00.000Z",
    "updated_at": "2026-11-20T10:00:00.000Z",
    "currency": "USD",
    "total": "198.00",
    "tax": "0.00",
    "tax_included": False,
    "status": "processing",
    "payment_status": "paid",
    "items": [
        {"id": "line_1-1", "title": "Black tea", "quantity": 18, "unit_price": "11.00", "shipped": 0, "cancelled": 0}
    ],
    "payments": [{"id": "pay_harbor_1", "gateway": "demo_payments", "status": "paid", "amount": "198.00"}],
    "shipments": [],
    "cancelled_at": None,
}
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StoreDouble:
    """The demo store, as the suite's `Double`."""

    def __init__(self, server: StoreServer) -> None:
        self.server = server
        self.url = server.url
        self.fail = server.mischief.fail
        self.drop_replies = server.mischief.drop_replies
        self.seed_orders = server.seed_orders
        self.effects = server.effects

    @property
    def seen(self) -> Sequence[Seen]:
        return [Seen(*request) for request in self.server.mischief.seen]


class DemoStoreHarness:
    connector = DemoStore()
    fixtures = Path(__file__).parent / "fixtures"
    pushes: Mapping[Kind, Value] = {
        Kind.PUSH_SHIPMENT: Shipment(
            reference="fo-1",
            order_id="ord_harbor_1",
            order_number="HA-1",
            lines=(ShipmentLine(line_id="line_1-1", quantity=1),),
            carrier="Demo Carrier",
            tracking_number="DC0000000011",
            shipped_at=AT,
        ),
        Kind.PUSH_STATUS: StatusUpdate(reference="fo-1-delivered", order_id="ord_harbor_1", status="delivered", at=AT),
        Kind.PUSH_STOCK: StockLevel(sku="TEA-BLACK", listing_id="var_harbor_012", available=7, version=3),
        Kind.PUSH_CANCELLATION: CancellationRequest(
            reference="can-1", order_id="ord_harbor_1", reason="out of stock", lines={"line_1-1": 2}
        ),
        Kind.PUSH_REFUND: RefundRequest(reference="ref-1", order_id="ord_harbor_1", amount=1100, currency="USD"),
    }

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[StoreDouble]:
        async with serve([HARBOR], options=Options(record=True)) as server:
            books = server.books["harbor"]
            books.orders["ord_harbor_1"] = {**ORDER, "items": [dict(ORDER["items"][0])], "shipments": []}
            yield StoreDouble(server)

    def account(self, url: str) -> Account:
        return Account(
            id=1,
            merchant_id=1,
            connector="demo_store",
            name="Harbor Goods",
            secrets=Secrets(token=HARBOR.token, webhook_secret=HARBOR.webhook_secret),
            settings={"base_url": f"{url}/harbor"},
        )


HARNESS = DemoStoreHarness()
