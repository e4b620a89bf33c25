"""How the contract suite meets eBay: a seller with two paid orders and two things in stock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.ebay import Ebay
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine, StockLevel
from tests.connectors.ebay.orders import plain_order
from tests.connectors.ebay.server import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, EbayDouble, serve
from tests.connectors.harness import Double

FIXTURES = Path(__file__).parent / "fixtures"
TOKEN = "a-verification-token-of-32-to-80-letters"
AT = "2024-09-01T08:00:00.000Z"
ORDER, LINES = "07-90001-11111", ("1009000101", "1009000102")
OTHER = "07-90002-11111"


class EbayHarness:
    """Everything eBay takes."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Ebay())
        self.fixtures = FIXTURES
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="parcel-77",
                order_id=ORDER,
                order_number=ORDER,
                lines=(ShipmentLine(line_id=LINES[0], quantity=2), ShipmentLine(line_id=LINES[1], quantity=1)),
                carrier="DHL Paket",
                tracking_number="JD01 4600-0038",
                shipped_at=datetime(2024, 11, 2, 16, 20, tzinfo=UTC),
            ),
            Kind.PUSH_STOCK: StockLevel(sku="OUR-TEA", listing_id="TEA-BLACK", available=7, version=3),
            Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=ORDER, reason="customer"),
            Kind.PUSH_REFUND: RefundRequest(
                reference="refund-12", order_id=ORDER, amount=1050, currency="EUR", reason="broken"
            ),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh eBay with the orders and the stock that the pushes are about."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """The seller's account."""
        return account(url)


def account(url: str, **secrets: str) -> Account:
    """The seller's account, with further secrets."""
    return Account(
        id=61,
        merchant_id=7,
        connector="ebay",
        name="testseller",
        secrets=Secrets(client_secret=CLIENT_SECRET, refresh_token=REFRESH_TOKEN, verification_token=TOKEN, **secrets),
        settings={"base_url": url, "client_id": CLIENT_ID, "marketplace_id": "EBAY_DE"},
    )


@asynccontextmanager
async def stocked() -> AsyncIterator[EbayDouble]:
    """The seller that the pushes are about."""
    async with serve() as double:
        double.state.add_order(plain_order(90_001, AT, lines=2))
        double.state.add_order(plain_order(90_002, AT))
        double.state.add_item("TEA-BLACK", 12, offers=2)
        double.state.add_item("TEA-GREEN", 4)
        yield double


HARNESS = EbayHarness()
