"""A connector that exists only on paper: its deliveries are our own news as JSON, and what it is asked to do is written
down and answered as a test says. For tests of the flow, where the wire does not matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.contract import About, Account, Channel, Delivery, Http
from hub.domain.order import (
    AccountClosed,
    Cancellation,
    ChannelOrder,
    Erasure,
    News,
    ParcelScan,
    PaymentNotice,
    RefundNotice,
    ReturnNotice,
    ShipmentNotice,
    Value,
)
from hub.domain.outgoing import Kind, Label, LabelRequest, Notice, Receipt
from hub.errors import BadPayload, Unknown

TOPICS: Mapping[str, type[Value]] = {
    kind.__name__: kind
    for kind in (
        AccountClosed, Cancellation, ChannelOrder, Erasure, ParcelScan, PaymentNotice, RefundNotice, ReturnNotice,
        ShipmentNotice,
    )
}  # fmt: skip


@dataclass
class Book:
    """What happened on the other side of one account, and what will be answered.

    `answer(kind, payload)` may return a receipt or an error to raise; `remembers`: what can be looked up, by key;
    None there means that the account cannot be asked.
    """

    answer: Callable[[Kind, Value], Receipt | Exception] | None = None
    remembers: Mapping[str, Receipt] | Exception = field(default_factory=dict)
    done: list[tuple[Kind, Value, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Calls wait here until it is set."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    takes: Callable[[], float] | None = None
    """Seconds that a call takes."""
    loses: Callable[[], bool] | None = None
    """Whether a call has its effect, and its answer is lost; it can be looked up."""

    @property
    def kinds(self) -> list[Kind]:
        return [kind for kind, _, _ in self.done]

    async def call(self, kind: Kind, payload: Value, key: str) -> Receipt:
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.takes is not None:
            await asyncio.sleep(self.takes())
        self.done.append((kind, payload, key))
        said = self.answer(kind, payload) if self.answer else self._usual(kind, payload)
        if isinstance(said, Exception):
            raise said
        if self.loses is not None and self.loses():
            assert not isinstance(self.remembers, Exception)
            self.remembers = {**self.remembers, key: said}
            raise Unknown("the connection was reset")
        return said

    def _usual(self, kind: Kind, payload: Value) -> Receipt:
        if not isinstance(payload, LabelRequest):
            return Receipt(external_id=f"ok-{len(self.done)}")
        number = f"TN-{payload.reference}"
        label = Label(
            external_id=f"lbl-{payload.reference}", carrier="paper", service="standard", tracking_number=number,
            cost=450, currency="EUR",
        )  # fmt: skip
        return Receipt(external_id=label.external_id, label=label)


class Reads:
    """Hears deliveries; those of the topic `made` are looked up in `MADE`, for news that no JSON could carry."""

    MADE: dict[str, Callable[[], Sequence[News]]] = {}

    def __init__(self, account: Account, book: Book) -> None:
        self.account = account
        self.book = book

    async def check(self) -> str:
        return "paper"

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return Delivery(headers["id"], headers["topic"], body)

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"topic": topic}

    def read(self, delivery: Delivery) -> tuple[News, ...]:
        if delivery.topic == "made":
            return tuple(self.MADE[delivery.body.decode()]())
        if delivery.topic not in TOPICS:
            return ()
        try:
            return (msgspec.json.decode(delivery.body, type=TOPICS[delivery.topic]),)  # type: ignore[return-value]
        except msgspec.ValidationError as error:
            raise BadPayload("$", str(error)) from None


class Shop(Reads):
    """A store that takes shipments, statuses and cancellations, one at a time."""

    async def push_shipment(self, shipment: Any, key: str) -> Receipt:
        return await self.book.call(Kind.PUSH_SHIPMENT, shipment, key)

    async def push_status(self, update: Any, key: str) -> Receipt:
        return await self.book.call(Kind.PUSH_STATUS, update, key)

    async def push_cancellation(self, request: Any, key: str) -> Receipt:
        return await self.book.call(Kind.PUSH_CANCELLATION, request, key)


class Ear(Shop):
    """Somebody who hears of every order, and of returns too."""

    async def push_return(self, update: Any, key: str) -> Receipt:
        return await self.book.call(Kind.PUSH_RETURN, update, key)


class Carrier(Reads):
    """A carrier whose labels can be looked up."""

    async def buy_label(self, request: LabelRequest, key: str) -> Receipt:
        return await self.book.call(Kind.BUY_LABEL, request, key)

    async def void_label(self, label: Label, key: str) -> Receipt:
        return await self.book.call(Kind.VOID_LABEL, label, key)

    async def label_document(self, label: Label) -> bytes:
        return b"%PDF-"

    async def look_up(self, kind: Kind, payload: Value, key: str) -> Receipt | None:
        self.book.asked.append(key)
        if isinstance(self.book.remembers, Exception):
            raise self.book.remembers
        return self.book.remembers.get(key)


class Provider(Reads):
    """A payment provider that cannot be asked what became of an earlier call."""

    async def capture_payment(self, action: Any, key: str) -> Receipt:
        return await self.book.call(Kind.CAPTURE_PAYMENT, action, key)

    async def void_payment(self, action: Any, key: str) -> Receipt:
        return await self.book.call(Kind.VOID_PAYMENT, action, key)

    async def refund_payment(self, action: Any, key: str) -> Receipt:
        return await self.book.call(Kind.REFUND_PAYMENT, action, key)


class Many(Shop):
    """A store that takes twenty shipments in one call."""

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Any]:
        self.book.asked.append(f"{kind}:{len(payloads)}")
        self.book.done.extend((kind, payload, key) for payload, key in zip(payloads, keys, strict=True))
        assert self.book.answer is not None
        return self.book.answer(kind, payloads[0])(payloads)  # type: ignore[operator]


class Paper:
    """The connectors, one for each kind of channel; books by account name."""

    def __init__(self, name: str, kind: type[Reads], **about: Any) -> None:
        self.about = About(name=name, title=name, **{"rate": 10_000.0} | about)
        self.books: dict[str, Book] = {}
        self._kind = kind

    def open(self, account: Account, http: Http) -> Channel:
        return self._kind(account, self.books.setdefault(account.name, Book()))


class Mailer(Reads):
    """Mail under the name by which the flow knows it."""

    async def notify(self, notice: Notice, key: str) -> Receipt:
        return await self.book.call(Kind.NOTIFY, notice, key)


def papers() -> dict[str, Any]:
    """Every paper connector by name, as `Tools` takes them."""
    made = (
        Paper("paper_shop", Shop),
        Paper("paper_carrier", Carrier),
        Paper("paper_keyed", Carrier, repeatable=frozenset({Kind.BUY_LABEL})),
        Paper("paper_pay", Provider),
        Paper("paper_many", Many, at_once={Kind.PUSH_SHIPMENT: 20}),
        Paper("paper_ear", Ear, listens=True),
        Paper("email", Mailer),
    )
    return {paper.about.name: paper for paper in made}
