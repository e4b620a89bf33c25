"""How the contract suite meets WooCommerce: a store with two paid orders and a small catalog."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.woocommerce import WooCommerce
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
from tests.connectors.woocommerce.orders import catalog, order_of
from tests.connectors.woocommerce.server import WooDouble, serve
from tests.connectors.woocommerce.state import HOOK_SECRET, KEY, SECRET

ORDER, OTHER = 700, 701
AT = datetime(2026, 11, 21, 16, 20, tzinfo=UTC)


class WooCommerceHarness:
    connector = WooCommerce()
    fixtures = Path(__file__).parent / "fixtures"
    pushes: Mapping[Kind, Value] = {
        Kind.PUSH_SHIPMENT: Shipment(
            reference="parcel-77",
            order_id=str(ORDER),
            order_number=str(ORDER),
            lines=(ShipmentLine(line_id="1", quantity=3), ShipmentLine(line_id="2", quantity=1)),
            carrier="DHL",
            tracking_number="JD014600003828000000",
            tracking_url="https://www.dhl.de/?piececode=JD014600003828000000",
            shipped_at=AT,
            notify_buyer=True,
        ),
        Kind.PUSH_STATUS: StatusUpdate(
            reference="parcel-12", order_id=str(OTHER), status="delivered", at=AT, tracking_number="1Z999AA10123456781"
        ),
        Kind.PUSH_STOCK: StockLevel(sku="LAMP-RED", listing_id="52", available=40, version=3),
        Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=str(ORDER), reason="out of stock"),
        Kind.PUSH_REFUND: RefundRequest(
            reference="refund-12", order_id=str(ORDER), amount=1785, currency="EUR", reason="broken", lines={"1": 1}
        ),
    }

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[WooDouble]:
        async with serve() as double:
            stocked(double)
            yield double

    def account(self, url: str) -> Account:
        return Account(
            id=61,
            merchant_id=7,
            connector="woocommerce",
            name="Smith & Daughters",
            secrets=Secrets(consumer_key=KEY, consumer_secret=SECRET, webhook_secret=HOOK_SECRET),
            settings={"base_url": url},
        )


def stocked(double: WooDouble) -> None:
    """The store that the harness's pushes are about."""
    for product in catalog():
        double.store.products[product["id"]] = product
    for number in (ORDER, OTHER):
        double.store.add_order(order_of(number))


HARNESS = WooCommerceHarness()
