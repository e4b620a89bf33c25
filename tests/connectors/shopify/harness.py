"""How the contract suite meets Shopify: a shop with one paid order and a shipment of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.shopify import Shopify
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
from tests.connectors.shopify.server import CLIENT_ID, CLIENT_SECRET, SHOP, TOKEN, ShopifyDouble, serve

FIXTURES = Path(__file__).parent / "fixtures"
ORDER = "5678901234567"
SHIPPED = "5678900000005"
"""An order that has a fulfillment already, to report on."""


def fixture(name: str) -> dict[str, object]:
    """The body of a fixture."""
    body: dict[str, object] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))["body"]
    return body


class ShopifyHarness:
    """Everything Shopify takes, sent about two orders."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Shopify())
        self.fixtures = FIXTURES
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="parcel-77",
                order_id=ORDER,
                order_number="#1001",
                lines=(
                    ShipmentLine(line_id="14000000000001", quantity=2),
                    ShipmentLine(line_id="14000000000002", quantity=1),
                ),
                carrier="DHL",
                tracking_number="JD014600003828000000",
                tracking_url="https://www.dhl.de/?piececode=JD014600003828000000",
                shipped_at=datetime(2026, 11, 21, 16, 20, tzinfo=UTC),
                notify_buyer=True,
            ),
            Kind.PUSH_STATUS: StatusUpdate(
                reference="parcel-12-delivered",
                order_id=SHIPPED,
                status="delivered",
                at=datetime(2026, 11, 22, 9, 5, 7, 123456, tzinfo=UTC),
                tracking_number="1Z999AA10123456781",
            ),
            Kind.PUSH_STOCK: StockLevel(sku="NAIL", listing_id="41003", available=40, version=3),
            Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=ORDER, reason="customer"),
            Kind.PUSH_REFUND: RefundRequest(
                reference="refund-12", order_id=ORDER, amount=1998, currency="EUR", reason="broken"
            ),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh shop with the two orders."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """An account at the shop."""
        return Account(
            id=51,
            merchant_id=7,
            connector="shopify",
            name="Crossdock Test",
            secrets=Secrets(access_token=TOKEN, client_secret=CLIENT_SECRET),
            settings={"base_url": url, "shop": SHOP, "client_id": CLIENT_ID},
        )


@asynccontextmanager
async def stocked() -> AsyncIterator[ShopifyDouble]:
    """The shop that the harness's pushes are about."""
    async with serve() as double:
        double.add_order_from_webhook(fixture("orders_create__two_currencies"))
        double.add_order_from_webhook(fixture("orders_updated__partly_shipped_partly_gone"))
        yield double


HARNESS = ShopifyHarness()
