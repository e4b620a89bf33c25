"""How the contract suite meets Amazon: a seller in two marketplaces, an order with room for shipments, a listing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.amazon import Amazon
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, Shipment, ShipmentLine, StockLevel
from tests.connectors.amazon.books import FRANCE, GERMANY, NOW, SELLER, Node, iso, plain_order
from tests.connectors.amazon.server import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, AmazonDouble, serve
from tests.connectors.amazon.sqs import KEY, KEY_ID
from tests.connectors.harness import Double

FIXTURES = Path(__file__).parent / "fixtures"
ORDER, ITEM = "902-1106328-1059050", "90211063281059050" + "1"
TO_CANCEL = "902-2222222-2222222"
SHIPPED, SHIPPED_ITEM = "902-3333333-3333333", "90233333333333333" + "1"
AT = datetime(2026, 11, 21, 16, 20, tzinfo=UTC)


class AmazonHarness:
    """Everything Amazon takes."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Amazon(patience=(0.0,)))
        self.fixtures = FIXTURES
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="77",
                order_id=ORDER,
                order_number=ORDER,
                lines=(ShipmentLine(line_id=ITEM, quantity=1),),
                carrier="DHL",
                service="DHL Paket",
                tracking_number="JD014600003828000000",
                shipped_at=AT,
            ),
            Kind.PUSH_STOCK: StockLevel(sku="KETTLE", listing_id="KETTLE", available=40, version=3),
            Kind.PUSH_CANCELLATION: CancellationRequest(reference="cancel-5", order_id=TO_CANCEL, reason="customer"),
            Kind.PUSH_REFUND: RefundRequest(
                reference="refund-9",
                order_id=SHIPPED,
                amount=1250,
                currency="EUR",
                reason="return",
                lines={SHIPPED_ITEM: 1},
            ),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh seller."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """The seller's account."""
        return Account(
            id=61,
            merchant_id=7,
            connector="amazon",
            name="Muster & Co",
            secrets=Secrets(client_secret=CLIENT_SECRET, refresh_token=REFRESH_TOKEN),
            settings={
                "base_url": url,
                "region": "eu",
                "client_id": CLIENT_ID,
                "marketplace_ids": f"{GERMANY}, {FRANCE}",
                "seller_id": SELLER,
            },
        )


def with_queue(account: Account, url: str) -> Account:
    """The same account, with a queue of notifications."""
    more = {"queue_url": url, "aws_access_key_id": KEY_ID}
    secrets = Secrets({**account.secrets, "aws_secret_access_key": KEY})
    return replace(account, settings={**account.settings, **more}, secrets=secrets)


@asynccontextmanager
async def stocked() -> AsyncIterator[AmazonDouble]:
    """The seller that the harness's pushes are about."""
    async with serve() as double:
        double.books.add(plain_order(ORDER, iso(NOW.replace(hour=8)), FRANCE, units=18))
        double.books.add(plain_order(TO_CANCEL, iso(NOW.replace(hour=9)), units=2))
        double.books.add(shipped(plain_order(SHIPPED, iso(NOW.replace(hour=7)), units=10)))
        double.books.levels = {"KETTLE": 7, "POT": 3, **{f"SKU-{n:03d}": n for n in range(45)}}
        yield double


def shipped(order: Node) -> Node:
    """The same order, all of it shipped, whoever did."""
    order["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
    for item in order["orderItems"]:
        item["fulfillment"] = {"quantityFulfilled": item["quantityOrdered"], "quantityUnfulfilled": 0}
    return order


HARNESS = AmazonHarness()
