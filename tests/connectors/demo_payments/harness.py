"""How the contract suite meets the demo payment provider: with one payment to capture, one to void, one to refund."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from connectors.demo_payments import DemoPayments
from connectors.demo_payments.server import Options, PaymentServer, serve
from hub.contract import Account, Secrets
from hub.domain.order import Value
from hub.domain.outgoing import Kind, PaymentAction
from tests.connectors.harness import Seen

PAYMENTS = (
    {"id": "pay_1", "amount": "50.00", "currency": "EUR", "status": "authorized"},
    {"id": "pay_2", "amount": "50.00", "currency": "EUR", "status": "authorized"},
    {"id": "pay_3", "amount": "50.00", "currency": "EUR", "status": "captured"},
)


class PaymentDouble:
    """The demo payment provider, as the suite's `Double`."""

    def __init__(self, server: PaymentServer) -> None:
        self.server = server
        self.url = server.url
        self.fail = server.mischief.fail
        self.drop_replies = server.mischief.drop_replies
        self.effects = server.effects

    @property
    def seen(self) -> Sequence[Seen]:
        return [Seen(*request) for request in self.server.mischief.seen]

    def seed_orders(self, count: int) -> Sequence[str]:
        raise AssertionError("a payment provider has no orders")


class DemoPaymentsHarness:
    connector = DemoPayments()
    fixtures = Path(__file__).parent / "fixtures"
    pushes: Mapping[Kind, Value] = {
        Kind.CAPTURE_PAYMENT: PaymentAction(reference="cap-1", payment_id="pay_1", amount=2000, currency="EUR"),
        Kind.VOID_PAYMENT: PaymentAction(reference="void-1", payment_id="pay_2", amount=5000, currency="EUR"),
        Kind.REFUND_PAYMENT: PaymentAction(reference="ref-1", payment_id="pay_3", amount=1500, currency="EUR"),
    }

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[PaymentDouble]:
        async with serve(Options(record=True)) as server:
            server.till.authorize(PAYMENTS)
            yield PaymentDouble(server)

    def account(self, url: str) -> Account:
        return Account(
            id=1,
            merchant_id=1,
            connector="demo_payments",
            name="Demo Payments",
            secrets=Secrets(api_key="demo-key-payments", webhook_secret="demo-secret-payments"),
            settings={"base_url": url},
        )


HARNESS = DemoPaymentsHarness()
