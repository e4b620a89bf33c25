"""How the contract suite meets Etsy: a shop with one paid receipt and two listings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from connectors.etsy import Etsy
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Shipment, ShipmentLine, StockLevel
from tests.connectors.etsy.server import (
    KEYSTRING,
    REFRESH_TOKEN,
    SHARED_SECRET,
    WEBHOOK_SECRET,
    EtsyDouble,
    serve,
)
from tests.connectors.etsy.shop import SHOP_ID, colored, plain, receipt
from tests.connectors.harness import Double

FIXTURES = Path(__file__).parent / "fixtures"
ORDER = 3_228_083_001
CUP, TEAPOT = 7001, 7002
RED, BLUE = "7001/200-11", "7001/200-12"


def fixture(name: str) -> dict[str, Any]:
    """The body of a fixture."""
    body: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))["body"]
    return body


class EtsyHarness:
    """Everything Etsy takes: a shipment, and a level of stock."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Etsy())
        self.fixtures = FIXTURES
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="parcel-77",
                order_id=str(ORDER),
                order_number=str(ORDER),
                lines=(ShipmentLine(line_id=str(ORDER * 10), quantity=1),),
                carrier="DHL",
                tracking_number="JD014600003828000000",
                shipped_at=datetime(2026, 11, 21, 16, 20, tzinfo=UTC),
            ),
            Kind.PUSH_STOCK: StockLevel(sku="CUP-RED", listing_id=RED, available=40, version=3),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh shop."""
        return cast(AbstractAsyncContextManager[Double], stocked())

    def account(self, url: str) -> Account:
        """An account at the shop."""
        return Account(
            id=61,
            merchant_id=7,
            connector="etsy",
            name="Tea and cups",
            secrets=Secrets(
                keystring=KEYSTRING,
                shared_secret=SHARED_SECRET,
                refresh_token=REFRESH_TOKEN,
                webhook_secret=WEBHOOK_SECRET,
            ),
            settings={"base_url": url, "shop_id": str(SHOP_ID)},
        )


@asynccontextmanager
async def stocked() -> AsyncIterator[EtsyDouble]:
    """The shop that the harness's pushes are about."""
    async with serve() as double:
        double.shop.add(receipt(ORDER, 1_795_000_000))
        double.shop.list_(CUP, colored((11, "Red", 3), (12, "Blue", 4)))
        double.shop.list_(TEAPOT, plain("TEAPOT", 2), item_weight=1.5, item_weight_unit="kg")
        yield double


HARNESS = EtsyHarness()
