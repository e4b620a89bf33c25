"""Demo Payments: takes money that does not exist. Built like `connectors.demo_store`."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from connectors.demo_payments import mapper
from connectors.demo_payments.client import Client
from connectors.signing import hmac_base64, require
from hub.contract import (
    About,
    Account,
    Channel,
    Credential,
    Delivery,
    HearsWebhooks,
    Http,
    LooksUp,
    TakesPayments,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import Kind, PaymentAction, Receipt
from hub.errors import Reject

ABOUT = About(
    name="demo_payments",
    title="Demo Payments",
    credentials=(
        Credential("base_url", "Address of the provider", secret=False, help="such as http://127.0.0.1:8092"),
        Credential("api_key", "API key"),
        Credential("webhook_secret", "Signing secret of webhooks"),
    ),
    rate=500,
    repeatable=frozenset({Kind.CAPTURE_PAYMENT, Kind.VOID_PAYMENT, Kind.REFUND_PAYMENT}),
    production=False,
)

MOVES: Mapping[Kind, str] = {
    Kind.CAPTURE_PAYMENT: "capture",
    Kind.VOID_PAYMENT: "void",
    Kind.REFUND_PAYMENT: "refund",
}
"""Our kinds → the provider's words."""


class DemoPayments:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> DemoPaymentsChannel:
        """The account, ready to be called."""
        return DemoPaymentsChannel(account, http)


class DemoPaymentsChannel(Channel, TakesPayments, HearsWebhooks, LooksUp):
    """One merchant's account with the provider."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._client = Client(account, http)

    async def check(self) -> str:
        return (await self._client.merchant()).name

    # ------------------------------------------------------------ what comes in

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        require(headers.get("x-pay-signature"), hmac_base64(self.account.secrets["webhook_secret"], body))
        topic = headers.get("x-pay-topic", "")
        return Delivery(id=headers.get("x-pay-delivery") or _mark(topic, body), topic=topic, body=body)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        signature = hmac_base64(self.account.secrets["webhook_secret"], body)
        return {"X-Pay-Signature": signature, "X-Pay-Topic": topic, "X-Pay-Delivery": _mark(topic, body)}

    # ------------------------------------------------------------ what goes out

    async def capture_payment(self, action: PaymentAction, key: str) -> Receipt:
        return await self._move(Kind.CAPTURE_PAYMENT, action, key)

    async def void_payment(self, action: PaymentAction, key: str) -> Receipt:
        return await self._move(Kind.VOID_PAYMENT, action, key)

    async def refund_payment(self, action: PaymentAction, key: str) -> Receipt:
        return await self._move(Kind.REFUND_PAYMENT, action, key)

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        if not isinstance(payload, PaymentAction):
            raise Reject(f"the provider takes no {kind}")
        made = [it for it in await self._client.operations(payload.reference) if it.kind == MOVES[kind]]
        return mapper.receipt(made[-1]) if made else None

    async def _move(self, kind: Kind, action: PaymentAction, key: str) -> Receipt:
        return mapper.receipt(await self._client.make(MOVES[kind], action.payment_id, mapper.move(action), key))


def _mark(topic: str, body: bytes) -> str:
    """A delivery's id when the provider gives none: the same message is the same delivery."""
    return sha256(topic.encode() + b"\n" + body).hexdigest()[:32]
