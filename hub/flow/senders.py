"""The table of what leaves: kind of message → capability → payload → call. Knows no stage and no action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from hub.contract import (
    BuysLabels,
    Channel,
    Notifies,
    TakesCancellations,
    TakesPayments,
    TakesRefunds,
    TakesReturns,
    TakesShipments,
    TakesStatus,
    TakesStock,
    VoidsLabels,
)
from hub.domain.order import Value
from hub.domain.outgoing import (
    CancellationRequest,
    Kind,
    Label,
    LabelRequest,
    Notice,
    PaymentAction,
    Receipt,
    RefundRequest,
    ReturnUpdate,
    Shipment,
    StatusUpdate,
    StockLevel,
)
from hub.errors import Reject


@dataclass(frozen=True, slots=True)
class Sender:
    """How one kind of message is sent."""

    capability: Any
    payload: type[Value]
    call: Callable[[Any, Any, str], Awaitable[Receipt]]


SENDERS: Mapping[Kind, Sender] = {
    Kind.BUY_LABEL: Sender(BuysLabels, LabelRequest, lambda c, p, key: c.buy_label(p, key)),
    Kind.VOID_LABEL: Sender(VoidsLabels, Label, lambda c, p, key: c.void_label(p, key)),
    Kind.PUSH_SHIPMENT: Sender(TakesShipments, Shipment, lambda c, p, key: c.push_shipment(p, key)),
    Kind.PUSH_STATUS: Sender(TakesStatus, StatusUpdate, lambda c, p, key: c.push_status(p, key)),
    Kind.PUSH_STOCK: Sender(TakesStock, StockLevel, lambda c, p, key: c.push_stock(p, key)),
    Kind.PUSH_CANCELLATION: Sender(
        TakesCancellations, CancellationRequest, lambda c, p, key: c.push_cancellation(p, key)
    ),
    Kind.PUSH_REFUND: Sender(TakesRefunds, RefundRequest, lambda c, p, key: c.push_refund(p, key)),
    Kind.PUSH_RETURN: Sender(TakesReturns, ReturnUpdate, lambda c, p, key: c.push_return(p, key)),
    Kind.CAPTURE_PAYMENT: Sender(TakesPayments, PaymentAction, lambda c, p, key: c.capture_payment(p, key)),
    Kind.VOID_PAYMENT: Sender(TakesPayments, PaymentAction, lambda c, p, key: c.void_payment(p, key)),
    Kind.REFUND_PAYMENT: Sender(TakesPayments, PaymentAction, lambda c, p, key: c.refund_payment(p, key)),
    Kind.NOTIFY: Sender(Notifies, Notice, lambda c, p, key: c.notify(p, key)),
}


_KINDS: dict[type, frozenset[Kind]] = {}


def kinds_of(channel: Channel) -> frozenset[Kind]:
    """Kinds of message a channel takes, by the capabilities its type has."""
    kinds = _KINDS.get(type(channel))
    if kinds is None:
        kinds = frozenset(kind for kind, sender in SENDERS.items() if isinstance(channel, sender.capability))
        _KINDS[type(channel)] = kinds
    return kinds


@cache
def _decoder(kind: Kind) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(SENDERS[kind].payload)


def payload(kind: Kind, raw: str) -> Value:
    """The payload of a stored message."""
    return _decoder(kind).decode(raw)  # type: ignore[no-any-return]


async def send(channel: Channel, kind: Kind, payload: Value, key: str) -> Receipt:
    """One call. Raises `Reject` when the channel has no such capability."""
    if kind not in kinds_of(channel):
        raise Reject(f"{channel.account.connector} cannot take {kind}")
    return await SENDERS[kind].call(channel, payload, key)
