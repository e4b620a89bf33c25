"""How the contract suite meets Vendure: a shop with one order to ship, and one that is on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.vendure import Vendure
from hub.contract import Account, Connector, Secrets
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
from tests.connectors.harness import Double
from tests.connectors.vendure.server import CHANNEL, PASSWORD, SECRET, USERNAME, VendureDouble, serve

ORDER, LINE, CUP = "1", "2", "3"
"""The order to ship, its line of two teapots and that of a cup."""
SENT = "8"
"""The order that is on its way."""
CODE = "JD014600003828000000"
AT = datetime(2026, 11, 22, 16, 20, tzinfo=UTC)


class VendureHarness:
    """Everything Vendure takes, sent about two orders."""

    connector = cast(Connector, Vendure())
    fixtures = Path(__file__).parent / "fixtures"
    pushes: Mapping[Kind, Value] = {
        Kind.PUSH_SHIPMENT: Shipment(
            reference="parcel-77",
            order_id=ORDER,
            order_number="CODE000000000001",
            lines=(ShipmentLine(line_id=LINE, quantity=2), ShipmentLine(line_id=CUP, quantity=1)),
            carrier="DHL",
            tracking_number=CODE,
            shipped_at=AT,
        ),
        Kind.PUSH_STATUS: StatusUpdate(
            reference="parcel-12-delivered", order_id=SENT, status="delivered", at=AT, tracking_number="JD1"
        ),
        Kind.PUSH_STOCK: StockLevel(sku="POT-S", listing_id="1", available=40, version=3),
        Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=ORDER, reason="customer"),
        Kind.PUSH_REFUND: RefundRequest(
            reference="refund-12", order_id=ORDER, amount=999, currency="EUR", reason="broken"
        ),
    }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh shop with the two orders."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """An account at the shop."""
        return Account(
            id=61,
            merchant_id=7,
            connector="vendure",
            name="Tea house",
            secrets=Secrets(password=PASSWORD, webhook_secret=SECRET),
            settings={"base_url": url, "username": USERNAME, "channel_token": CHANNEL},
        )


@asynccontextmanager
async def stocked(*, official: bool = True) -> AsyncIterator[VendureDouble]:
    """The shop that the harness's pushes are about."""
    async with serve(official=official) as double:
        shop = double.shop
        assert shop.place([("1", 2), ("3", 1)])["lines"][1]["id"] == CUP
        shop.pass_time(1)
        sent = shop.place([("2", 1)])
        assert sent["id"] == SENT
        handler = {
            "code": "manual-fulfillment",
            "arguments": [{"name": "method", "value": "DHL"}, {"name": "trackingCode", "value": "JD1"}],
        }
        lines = [{"orderLineId": sent["lines"][0]["id"], "quantity": 1}]
        shop.move_fulfillment(shop.add_fulfillment({"lines": lines, "handler": handler})["id"], "Shipped")
        shop.effects.clear()
        yield double


HARNESS = VendureHarness()
