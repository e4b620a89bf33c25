"""How the contract suite meets the demo carrier: a carrier whose days never pass, with one label to give back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from connectors.demo_carrier import DemoCarrier, mapper
from connectors.demo_carrier.server import CarrierServer, Options, serve
from hub.contract import Account, Secrets
from hub.domain.order import Address, Value
from hub.domain.outgoing import Kind, Label, LabelRequest
from tests.connectors.harness import Seen

SENDER = Address(name="Crossdock Hamburg", line1="Hafenweg 3", city="Hamburg", postcode="20095", country="DE")
RECIPIENT = Address(
    name="Ελένη Παπαδοπούλου", line1="Ερμού 12", city="Αθήνα", postcode="105 63", country="GR", phone="+306912341234"
)
REQUEST = LabelRequest(
    reference="parcel-1",
    order_number="PO-1",
    service="standard",
    sender=SENDER,
    recipient=RECIPIENT,
    weight_grams=1230,
    value=4950,
    currency="EUR",
)


class CarrierDouble:
    """The demo carrier, as the suite's `Double`."""

    def __init__(self, server: CarrierServer) -> None:
        self.server = server
        self.url = server.url
        self.fail = server.mischief.fail
        self.drop_replies = server.mischief.drop_replies
        self.effects = server.effects

    @property
    def seen(self) -> Sequence[Seen]:
        return [Seen(*request) for request in self.server.mischief.seen]

    def seed_orders(self, count: int) -> Sequence[str]:
        raise AssertionError("a carrier has no orders")


class DemoCarrierHarness:
    connector = DemoCarrier()
    fixtures = Path(__file__).parent / "fixtures"
    pushes: Mapping[Kind, Value] = {
        Kind.BUY_LABEL: REQUEST,
        Kind.VOID_LABEL: Label(
            external_id="lbl_1",
            carrier="Demo Carrier",
            service="standard",
            tracking_number="DC00000000017",
            cost=936,
            currency="EUR",
        ),
    }

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[CarrierDouble]:
        async with serve(Options(day=1e6, record=True)) as server:
            server.depot.add(json.loads(msgspec.json.encode(mapper.parcel(REQUEST))) | {"reference": "seeded"})
            yield CarrierDouble(server)

    def account(self, url: str) -> Account:
        return Account(
            id=1,
            merchant_id=1,
            connector="demo_carrier",
            name="Demo Carrier",
            secrets=Secrets(token="demo-token-carrier", webhook_secret="demo-secret-carrier"),
            settings={"base_url": url},
        )


HARNESS = DemoCarrierHarness()
