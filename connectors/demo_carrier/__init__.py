"""Demo Carrier: sells labels as real PDF, and moves parcels over simulated time. Built like `connectors.demo_store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from connectors.demo_carrier import mapper, wire
from connectors.demo_carrier.client import Client
from connectors.signing import hmac_base64, require
from hub.contract import (
    About,
    Account,
    Answer,
    BuysLabels,
    Channel,
    ClosesManifests,
    Credential,
    Delivery,
    HearsWebhooks,
    Http,
    LooksUp,
    PushesAtOnce,
    QuotesRates,
    TracksParcels,
    VoidsLabels,
)
from hub.domain.order import News, Value
from hub.domain.outgoing import Kind, Label, LabelRequest, RateQuote, Receipt
from hub.errors import Reject

ABOUT = About(
    name="demo_carrier",
    title="Demo Carrier",
    credentials=(
        Credential("base_url", "Address of the carrier", secret=False, help="such as http://127.0.0.1:8091"),
        Credential("token", "API token"),
        Credential("webhook_secret", "Signing secret of scan callbacks"),
    ),
    rate=200,
    at_once={Kind.BUY_LABEL: 50},
    repeatable=frozenset({Kind.BUY_LABEL, Kind.VOID_LABEL}),
    production=False,
)


class DemoCarrier:
    """The connector, as `connectors.CONNECTORS` lists it."""

    about = ABOUT

    def open(self, account: Account, http: Http) -> DemoCarrierChannel:
        """The account, ready to be called."""
        return DemoCarrierChannel(account, http)


class DemoCarrierChannel(
    Channel,
    QuotesRates,
    BuysLabels,
    VoidsLabels,
    TracksParcels,
    HearsWebhooks,
    ClosesManifests,
    LooksUp,
    PushesAtOnce,
):
    """One merchant's account with the carrier."""

    def __init__(self, account: Account, http: Http) -> None:
        self.account = account
        self._client = Client(account, http)

    async def check(self) -> str:
        return (await self._client.shipper()).name

    # ------------------------------------------------------------ what comes in

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        require(headers.get("x-carrier-signature"), hmac_base64(self.account.secrets["webhook_secret"], body))
        topic = headers.get("x-carrier-topic", "")
        return Delivery(id=headers.get("x-carrier-delivery") or _mark(topic, body), topic=topic, body=body)

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        return mapper.news(delivery)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        signature = hmac_base64(self.account.secrets["webhook_secret"], body)
        return {"X-Carrier-Signature": signature, "X-Carrier-Topic": topic, "X-Carrier-Delivery": _mark(topic, body)}

    async def track_parcels(self, tracking_numbers: Sequence[str]) -> tuple[Delivery, ...]:
        return tuple(mapper.delivery_of(raw) for raw in (await self._client.tracking(tracking_numbers)).parcels)

    # ------------------------------------------------------------ what goes out

    async def quote_rates(self, request: LabelRequest) -> tuple[RateQuote, ...]:
        return tuple(mapper.rate_quote(rate) for rate in await self._client.rates(mapper.parcel(request)))

    async def buy_label(self, request: LabelRequest, key: str) -> Receipt:
        return mapper.label_receipt(await self._client.buy(mapper.parcel(request), key))

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        calls = [wire.KeyedParcel(key, mapper.parcel(_request(it))) for it, key in zip(payloads, keys, strict=True)]
        return [mapper.answer(part) for part in await self._client.buy_all(calls)]

    async def label_document(self, label: Label) -> bytes:
        return await self._client.document(label.external_id)

    async def void_label(self, label: Label, key: str) -> Receipt:
        return mapper.receipt(await self._client.void(label.external_id, key))

    async def close_manifest(self, labels: Sequence[Label], key: str) -> Receipt:
        manifest = wire.Manifest(tuple(label.external_id for label in labels))
        return mapper.receipt(await self._client.close(manifest, key))

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        if isinstance(payload, LabelRequest):
            bought = [label for label in await self._client.labels(payload.reference) if label.status == "bought"]
            return mapper.label_receipt(bought[-1]) if bought else None
        if isinstance(payload, Label):
            found = await self._client.label(payload.external_id)
            return Receipt(external_id=found.id) if found and found.status == "voided" else None
        raise Reject(f"the carrier takes no {kind}")


def _request(payload: Value) -> LabelRequest:
    if not isinstance(payload, LabelRequest):
        raise Reject(f"the carrier takes no batches of {type(payload).__name__}")
    return payload


def _mark(topic: str, body: bytes) -> str:
    """A delivery's id when the carrier gives none: the same message is the same delivery."""
    return sha256(topic.encode() + b"\n" + body).hexdigest()[:32]
