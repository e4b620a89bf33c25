"""How the suite meets the nasty connector."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from hub.contract import Account, Connector, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import Kind, RefundRequest, Shipment, ShipmentLine, StockLevel
from tests.connectors.harness import Double
from tests.connectors.nasty.connector import Nasty
from tests.connectors.nasty.server import TOKEN, Store

PUSHES: Mapping[Kind, Value] = {
    Kind.PUSH_SHIPMENT: Shipment(
        reference="ship-77",
        order_id="000001",
        order_number="N000001",
        lines=(ShipmentLine(line_id="1-1", quantity=2),),
        carrier="DHL",
        tracking_number="JD014600003828000000",
        shipped_at=datetime(2026, 11, 3, 16, 20, tzinfo=UTC),
    ),
    Kind.PUSH_REFUND: RefundRequest(reference="refund-12", order_id="000001", amount=1998, currency="EUR"),
    Kind.PUSH_STOCK: StockLevel(sku="NAIL", listing_id="L1", available=40, version=3),
}


class NastyHarness:
    """The nasty connector with its faults. `hides` leaves a payload out, as a careless harness would."""

    def __init__(self, *faults: str) -> None:
        self.connector = cast(Connector, Nasty(frozenset(faults)))
        self.fixtures = Path(__file__).parent / ("empty" if "has_no_fixtures" in faults else "fixtures")
        self.pushes = {kind: it for kind, it in PUSHES.items() if f"hides_{kind}" not in faults}

    def serve(self) -> AbstractAsyncContextManager[Double]:
        """A fresh store."""
        return cast(AbstractAsyncContextManager[Double], Store().serving())

    def account(self, url: str) -> Account:
        """An account at the store."""
        return Account(
            id=41,
            merchant_id=7,
            connector="nasty",
            name="Nasty & Sons",
            secrets=Secrets(token=TOKEN, webhook_secret="nasty-webhook-secret-88"),
            settings={"base_url": url},
        )


HARNESS = NastyHarness()
