"""How the contract suite meets Medusa: a shop with one paid order, one that is shipped, and a variant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.medusa import Medusa
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
from tests.connectors.medusa.documents import item, order, variant, way
from tests.connectors.medusa.server import API_KEY, MedusaDouble, serve

WEBHOOK_SECRET = "a-long-secret-of-the-subscriber"
ORDER = f"order_{1:026d}"
SHIPPED = f"order_{2:026d}"
"""An order that left already, to report on."""
LOCATION = "sloc_berlin"
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class MedusaHarness:
    """Everything Medusa takes."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Medusa())
        self.fixtures = Path(__file__).parent / "fixtures"
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="P-77",
                order_id=ORDER,
                order_number="1",
                lines=(ShipmentLine(line_id="ordli_11", quantity=2), ShipmentLine(line_id="ordli_12", quantity=1)),
                carrier="DHL",
                tracking_number="JD014600003828000000",
                tracking_url="https://www.dhl.de/?piececode=JD014600003828000000",
                shipped_at=AT,
                notify_buyer=True,
            ),
            Kind.PUSH_STATUS: StatusUpdate(
                reference="P-12-delivered", order_id=SHIPPED, status="delivered", at=AT, tracking_number="1Z999"
            ),
            Kind.PUSH_STOCK: StockLevel(sku="SKU-11", listing_id="variant_11", available=40, version=3),
            Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=ORDER, reason="customer"),
            Kind.PUSH_REFUND: RefundRequest(
                reference="refund-12", order_id=ORDER, amount=1998, currency="EUR", reason="broken"
            ),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh shop with its orders and variants."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """An account at the shop."""
        return Account(
            id=61,
            merchant_id=7,
            connector="medusa",
            name="Nordlicht Linen",
            secrets=Secrets(api_key=API_KEY, webhook_secret=WEBHOOK_SECRET),
            settings={"base_url": url},
        )


@asynccontextmanager
async def stocked() -> AsyncIterator[MedusaDouble]:
    """The shop that the harness's pushes are about."""
    async with serve() as double:
        shop = double.shop
        shop.add(order(1, [item("11", 19.99, 2), item("12", 40, 1)], shipping_methods=[way(4.9)]))
        shop.add(order(2, [item("21", 10, 1)]))
        shop.pack(SHIPPED, {"items": [{"id": "ordli_21", "quantity": 1}]})
        label = {"tracking_number": "1Z999", "tracking_url": "", "label_url": ""}
        ful = shop.orders[SHIPPED]["fulfillments"][0]["id"]
        shop.ship(SHIPPED, ful, {"items": [{"id": "ordli_21", "quantity": 1}], "labels": [label]})
        for number in range(11, 11 + 120):
            made = variant(str(number), f"SKU-{number}", (1, {LOCATION: (10, 3)}))
            shop.variants[made["id"]] = made
        yield double


HARNESS = MedusaHarness()
