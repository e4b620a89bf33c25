"""How the contract suite meets a receiver of hooks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from connectors.hooks import Hooks
from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    RefundRequest,
    ReturnUnits,
    ReturnUpdate,
    Shipment,
    ShipmentLine,
    StatusUpdate,
    StockLevel,
)
from tests.connectors.harness import Double
from tests.connectors.hooks.server import PATH, SECRET, serve

AT = datetime(2026, 11, 21, 16, 20, tzinfo=UTC)


class HooksHarness:
    """Everything that can be told."""

    def __init__(self) -> None:
        self.connector = cast(Connector, Hooks())
        self.fixtures = Path(__file__).parent / "fixtures"
        self.pushes: Mapping[Kind, Value] = {
            Kind.PUSH_SHIPMENT: Shipment(
                reference="NO-1001-F1-P1",
                order_id="web-1001",
                order_number="NO-1001",
                lines=(ShipmentLine(line_id="1", quantity=2),),
                carrier="DHL",
                service="parcel",
                tracking_number="JD014600003828000000",
                tracking_url="https://www.dhl.de/?piececode=JD014600003828000000",
                shipped_at=AT,
                location="BER",
            ),
            Kind.PUSH_STATUS: StatusUpdate(
                reference="NO-1001-F1-P1", order_id="web-1001", status="delivered", at=AT, tracking_number="JD0146"
            ),
            Kind.PUSH_STOCK: StockLevel(sku="MUG-BLUE", listing_id="MUG-BLUE", available=40, version=3),
            Kind.PUSH_CANCELLATION: CancellationRequest(
                reference="cancel-5", order_id="web-1002", reason="customer", lines={"1": 1}
            ),
            Kind.PUSH_REFUND: RefundRequest(
                reference="refund-12", order_id="web-1001", amount=1998, currency="EUR", reason="broken"
            ),
            Kind.PUSH_RETURN: ReturnUpdate(
                reference="return-9",
                order_id="web-1001",
                order_number="NO-1001",
                number="RMA-77",
                status="received",
                at=AT,
                requested_at=AT,
                lines=(ReturnUnits(line_id="1", sku="MUG-BLUE", quantity=2, received=1, reason="size"),),
                reason="size",
            ),
        }

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh receiver."""
        return cast(AbstractAsyncContextManager[Double], serve())

    def account(self, url: str) -> Account:
        """An account that tells it everything."""
        return Account(73, 7, "hooks", "ERP", Secrets(secret=SECRET), {"base_url": url + PATH})


HARNESS = HooksHarness()
