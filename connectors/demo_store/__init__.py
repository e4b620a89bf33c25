"""Demo Store: a web shop that exists only to be sold from. It speaks real HTTP, and it is the model for new connectors.

__init__.py   what the connector declares, and each capability in a few lines
client.py     the only I/O
wire.py       typed shapes of what we read and send, and order_wire.py those of an order
mapper.py     pure, both ways: wire ↔ hub types, and order_mapper.py the order
words.py      tables: their status words → ours
server/       the store itself, so that the demo and the tests have an other side to talk to
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

from connectors.demo_store import mapper
from connectors.demo_store.client import Client
from connectors.signing import hmac_base64, require
from connectors.wire import instant
from hub.contract import (
    About,
    Account,
    Answer,
    Channel,
    Credential,
    Cursor,
    Delivery,
    HearsWebhooks,
    Http,
    ListsProducts,
    LooksUp,
    ManagesWebhooks,
    Page,
    ProductPage,
    PullsOrders,
    PushesAtOnce,
    TakesCancellations,
    TakesRefunds,
    TakesShipments,
    TakesStatus,
    TakesStock,
    WebhookState,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import CancellationRequest, Kind, Receipt, RefundRequest, Shipment, StatusUpdate, StockLevel

ABOUT = About(
    name="demo_store",
    title="Demo Store",
    credentials=(
        Credential("base_url", "Address of the store", secret=False, help="such as http://127.0.0.1:8090/nordlicht"),
        Credential("token", "API token", help="the store's settings show it once"),
        Credential("webhook_secret", "Signing secret of webhooks"),
    ),
    poll_every=timedelta(minutes=1),
    overlap=timedelta(minutes=2),
    rate=200,
    at_once={Kind.PUSH_SHIPMENT: 50, Kind.PUSH_STATUS: 50},
    repeatable=frozenset(
        {Kind.PUSH_SHIPMENT, Kind.PUSH_STATUS, Kind.PUSH_STOCK, Kind.PUSH_CANCELLATION, Kind.PUSH_REFUND}
    ),
    production=False,
)


class DemoStore:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> DemoStoreChannel:
        """The account, ready to be called."""
        return DemoStoreChannel(account, http)


class DemoStoreChannel(
    Channel,
    PullsOrders,
    HearsWebhooks,
    ManagesWebhooks,
    ListsProducts,
    TakesShipments,
    TakesStatus,
    TakesStock,
    TakesCancellations,
    TakesRefunds,
    LooksUp,
    PushesAtOnce,
):
    """One store of one merchant."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._client = Client(account, http)

    async def check(self) -> str:
        return (await self._client.shop()).name

    # ------------------------------------------------------------ what comes in

    async def pull_orders(self, cursor: Cursor) -> Page:
        page = await self._client.orders(cursor)
        deliveries = tuple(mapper.delivery_of(order) for order in page.orders)
        latest = max((d.occurred_at for d in deliveries if d.occurred_at), default=cursor.at)
        return Page(deliveries, Cursor(at=latest, token=page.next or ""), more=page.next is not None)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        require(headers.get("x-demo-signature"), hmac_base64(self.account.secrets["webhook_secret"], body))
        topic, at = headers.get("x-demo-topic", ""), headers.get("x-demo-time")
        mark = headers.get("x-demo-delivery") or _mark(topic, body)
        return Delivery(id=mark, topic=topic, body=body, occurred_at=instant(at, "X-Demo-Time") if at else None)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        signature = hmac_base64(self.account.secrets["webhook_secret"], body)
        return {"X-Demo-Signature": signature, "X-Demo-Topic": topic, "X-Demo-Delivery": _mark(topic, body)}

    async def check_webhooks(self, url: str) -> WebhookState:
        hooks = await self._client.webhooks()
        ours = {hook.topic for hook in hooks if hook.url == url}
        others = {hook.topic for hook in hooks} - ours
        wanted = list(mapper.READERS)
        return WebhookState(
            missing=tuple(topic for topic in wanted if topic not in ours | others),
            elsewhere=tuple(topic for topic in wanted if topic in others),
        )

    async def repair_webhooks(self, url: str) -> WebhookState:
        state = await self.check_webhooks(url)
        strays = {hook.topic: hook.id for hook in await self._client.webhooks() if hook.url != url}
        for topic in (*state.missing, *state.elsewhere):
            await self._client.subscribe(topic, url, strays.get(topic, ""))
        return await self.check_webhooks(url)

    async def list_products(self, after: str) -> ProductPage:
        page = await self._client.products(after)
        return ProductPage(tuple(mapper.product(given) for given in page.products), next=page.next or "")

    # ------------------------------------------------------------ what goes out

    async def push_shipment(self, shipment: Shipment, key: str) -> Receipt:
        return mapper.receipt(await self._client.do(mapper.shipment_call(shipment, key)))

    async def push_status(self, update: StatusUpdate, key: str) -> Receipt:
        return mapper.receipt(await self._client.do(mapper.status_call(update, key)))

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        return mapper.receipt(await self._client.do(mapper.stock_call(level, key)))

    async def push_cancellation(self, request: CancellationRequest, key: str) -> Receipt:
        return mapper.receipt(await self._client.do(mapper.cancellation_call(request, key)))

    async def push_refund(self, request: RefundRequest, key: str) -> Receipt:
        return mapper.receipt(await self._client.do(mapper.refund_call(request, key)))

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        calls = [mapper.call(payload, key) for payload, key in zip(payloads, keys, strict=True)]
        return [mapper.answer(part) for part in await self._client.do_all(calls)]

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        done = await self._client.find(key)
        return mapper.receipt(done) if done else None


def _mark(topic: str, body: bytes) -> str:
    """A delivery's id when the store gives none: the same message is the same delivery."""
    return sha256(topic.encode() + b"\n" + body).hexdigest()[:32]
