"""States, which event may move which, and the phase that people see.

Numbers below 9 are states a stage may claim; 9 and above are ends (the tables' partial indexes repeat that bound).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from msgspec import Struct

from hub.errors import Conflict

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""`due_at` of a row that waits to be woken."""


class Lifecycle(IntEnum):
    """Where an order stands."""

    DRAFT = 0
    RECEIVED = 1
    ACCEPTED = 2
    IN_PROGRESS = 3
    COMPLETED = 9
    CANCELLED = 10
    REJECTED = 11


class Work(IntEnum):
    """Where a fulfillment order stands."""

    PLANNED = 0
    OPEN = 1
    PICKING = 2
    PICKED = 3
    PACKED = 4
    LABELED = 5
    DISPATCHED = 6
    SCHEDULED = 7
    SHORT = 8
    DONE = 9
    CANCELLED = 10


class Inbox(IntEnum):
    """Where a delivery stands: waiting ones came before the order they speak of."""

    PENDING = 0
    WAITING = 1
    DONE = 9
    SET_ASIDE = 10


class Outbox(IntEnum):
    """Where a message stands. A pending one may be leased: its call is under way."""

    PENDING = 0
    SENT = 9
    DEAD = 10
    REFUSED = 11
    DROPPED = 12


class LabelState(StrEnum):
    """What we bought for a parcel."""

    NONE = "none"
    BUYING = "buying"
    BOUGHT = "bought"
    FAILED = "failed"
    UNKNOWN = "unknown"
    VOID_REQUESTED = "void_requested"
    VOIDED = "voided"


class Custody(StrEnum):
    """Who has a parcel."""

    PACKED = "packed"
    MANIFESTED = "manifested"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"
    DAMAGED = "damaged"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """Where a payment stands at whoever collects it."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    VOIDED = "voided"
    FAILED = "failed"
    EXPIRED = "expired"
    DISPUTED = "disputed"
    WON = "won"
    CHARGED_BACK = "charged_back"
    UNKNOWN = "unknown"


ORDER_MOVES: Mapping[str, Mapping[Lifecycle, Lifecycle]] = {
    "submit": {Lifecycle.DRAFT: Lifecycle.RECEIVED},
    "accept": {Lifecycle.RECEIVED: Lifecycle.ACCEPTED},
    "reject": {Lifecycle.RECEIVED: Lifecycle.REJECTED},
    "reconsider": {Lifecycle.RECEIVED: Lifecycle.RECEIVED, Lifecycle.ACCEPTED: Lifecycle.RECEIVED},
    "start": {Lifecycle.ACCEPTED: Lifecycle.IN_PROGRESS},
    "reroute": {Lifecycle.IN_PROGRESS: Lifecycle.ACCEPTED, Lifecycle.ACCEPTED: Lifecycle.ACCEPTED},
    "complete": {Lifecycle.IN_PROGRESS: Lifecycle.COMPLETED, Lifecycle.ACCEPTED: Lifecycle.COMPLETED},
    "reopen": {Lifecycle.COMPLETED: Lifecycle.IN_PROGRESS},
    "cancel": dict.fromkeys(
        (Lifecycle.DRAFT, Lifecycle.RECEIVED, Lifecycle.ACCEPTED, Lifecycle.IN_PROGRESS), Lifecycle.CANCELLED
    ),
    "amend": {state: state for state in (Lifecycle.RECEIVED, Lifecycle.ACCEPTED, Lifecycle.IN_PROGRESS)},
}
"""Event → from → to. `reconsider`: the channel changed an order that is not routed yet, so review looks again.
`complete` from accepted: nothing of the order needs shipping by us. `reroute`: units left a fulfillment order (they
were not on the shelf, the location would not ship them), so route looks for another place."""

WORK_MOVES: Mapping[str, Mapping[Work, Work]] = {
    "open": {Work.PLANNED: Work.OPEN, Work.SCHEDULED: Work.OPEN},
    "schedule": {Work.PLANNED: Work.SCHEDULED, Work.OPEN: Work.SCHEDULED},
    "release": {Work.OPEN: Work.PICKING},
    "pick": {Work.PICKING: Work.PICKED},
    "shorten": {Work.PICKING: Work.SHORT, Work.OPEN: Work.SHORT},
    "pack": {Work.PICKED: Work.PACKED},
    "unpack": {Work.PACKED: Work.PICKED, Work.LABELED: Work.PICKED},
    "label": {Work.PACKED: Work.LABELED},
    "dispatch": {Work.LABELED: Work.DISPATCHED},
    "finish": {Work.DISPATCHED: Work.DONE},
    "cancel": dict.fromkeys(
        (Work.PLANNED, Work.OPEN, Work.PICKING, Work.PICKED, Work.PACKED, Work.LABELED, Work.SCHEDULED, Work.SHORT),
        Work.CANCELLED,
    ),
}

PAYMENT_MOVES: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.PENDING: frozenset({
        PaymentState.REQUIRES_ACTION, PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.FAILED,
        PaymentState.EXPIRED, PaymentState.VOIDED,
    }),
    PaymentState.REQUIRES_ACTION: frozenset({
        PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.FAILED, PaymentState.EXPIRED,
    }),
    PaymentState.AUTHORIZED: frozenset({
        PaymentState.PARTIALLY_CAPTURED, PaymentState.CAPTURED, PaymentState.VOIDED, PaymentState.EXPIRED,
        PaymentState.FAILED, PaymentState.UNKNOWN,
    }),
    PaymentState.PARTIALLY_CAPTURED: frozenset({PaymentState.CAPTURED, PaymentState.DISPUTED}),
    PaymentState.CAPTURED: frozenset({PaymentState.DISPUTED}),
    PaymentState.DISPUTED: frozenset({PaymentState.WON, PaymentState.CHARGED_BACK}),
    PaymentState.UNKNOWN: frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED, PaymentState.VOIDED}),
    PaymentState.VOIDED: frozenset(),
    PaymentState.FAILED: frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED}),
    PaymentState.EXPIRED: frozenset(),
    PaymentState.WON: frozenset(),
    PaymentState.CHARGED_BACK: frozenset(),
}  # fmt: skip
"""A failed payment may still succeed: the buyer tries again under the same payment id."""

CUSTODY_MOVES: Mapping[Custody, frozenset[Custody]] = {
    Custody.PACKED: frozenset({Custody.MANIFESTED, Custody.HANDED_OVER, Custody.CANCELLED}),
    Custody.MANIFESTED: frozenset({Custody.HANDED_OVER, Custody.CANCELLED}),
    Custody.HANDED_OVER: frozenset({Custody.DELIVERED, Custody.RETURNED_TO_SENDER, Custody.LOST, Custody.DAMAGED}),
    Custody.LOST: frozenset({Custody.DELIVERED, Custody.RETURNED_TO_SENDER}),
    Custody.DELIVERED: frozenset(),
    Custody.RETURNED_TO_SENDER: frozenset(),
    Custody.DAMAGED: frozenset(),
    Custody.CANCELLED: frozenset(),
}
"""A parcel given up as lost may turn up."""

LABEL_MOVES: Mapping[LabelState, frozenset[LabelState]] = {
    LabelState.NONE: frozenset({LabelState.BUYING}),
    LabelState.BUYING: frozenset({LabelState.BOUGHT, LabelState.FAILED, LabelState.UNKNOWN}),
    LabelState.UNKNOWN: frozenset({LabelState.BOUGHT, LabelState.FAILED}),
    LabelState.FAILED: frozenset({LabelState.BUYING}),
    LabelState.BOUGHT: frozenset({LabelState.VOID_REQUESTED}),
    LabelState.VOID_REQUESTED: frozenset({LabelState.VOIDED, LabelState.BOUGHT}),
    LabelState.VOIDED: frozenset({LabelState.BUYING}),
}
"""Never bought again from unknown: it is looked up by our reference until it is known."""


def move_order(state: Lifecycle, event: str) -> Lifecycle:
    """Where `event` takes an order. Raises `Conflict` with the reason when it may not happen there."""
    to = ORDER_MOVES[event].get(state)
    if to is None:
        allowed = ", ".join(s.name.lower() for s in ORDER_MOVES[event])
        raise Conflict(f"an order that is {state.name.lower()} cannot {event}; it can while {allowed}")
    return to


def move_work(state: Work, event: str) -> Work:
    """Where `event` takes a fulfillment order. Raises `Conflict` with the reason when it may not happen there."""
    to = WORK_MOVES[event].get(state)
    if to is None:
        allowed = ", ".join(s.name.lower() for s in WORK_MOVES[event])
        raise Conflict(f"a fulfillment order that is {state.name.lower()} cannot {event}; it can while {allowed}")
    return to


class PhaseFacts(Struct, frozen=True, kw_only=True):
    """What the phase of an order is derived from. Units count what is neither cancelled nor without shipping.

    `holds` are the reasons of open holds; `works` the states of its fulfillment orders; `trouble` says that a message
    is dead or a parcel lost.
    """

    lifecycle: Lifecycle
    holds: frozenset[str] = frozenset()
    works: frozenset[Work] = frozenset()
    trouble: bool = False
    units: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    return_open: bool = False
    closed: bool = False


PHASES = (
    "cancelled", "rejected", "draft", "exception", "on_hold", "amending", "awaiting_payment", "reviewing",
    "backordered", "ready_to_route", "routed", "picking", "packed", "partially_shipped", "shipped",
    "partially_delivered", "delivered", "return_open", "partially_returned", "returned", "closed",
)  # fmt: skip
"""Every phase, in the order in which they are looked for."""


def phase(facts: PhaseFacts) -> str:  # noqa: PLR0911 - a table of first matches reads best as one
    """The one word people see; the first that fits in the order of `order-model.md`."""
    ends = {Lifecycle.CANCELLED: "cancelled", Lifecycle.REJECTED: "rejected", Lifecycle.DRAFT: "draft"}
    if facts.lifecycle in ends:
        return ends[facts.lifecycle]
    if facts.lifecycle is Lifecycle.COMPLETED:
        return _phase_after(facts)
    if facts.trouble:
        return "exception"
    if facts.holds:
        return _phase_held(facts.holds)
    if facts.lifecycle is Lifecycle.RECEIVED:
        return "reviewing"
    if facts.lifecycle is Lifecycle.ACCEPTED:
        return "ready_to_route"
    return _phase_moving(facts)


def _phase_held(holds: frozenset[str]) -> str:
    if holds <= {"payment", "channel_pending"}:
        return "awaiting_payment"
    return "backordered" if holds == {"stock"} else "on_hold"


def _phase_moving(facts: PhaseFacts) -> str:
    if facts.delivered:
        return "delivered" if facts.delivered >= facts.units else "partially_delivered"
    if facts.shipped:
        return "shipped" if facts.shipped >= facts.units else "partially_shipped"
    if facts.works & {Work.PACKED, Work.LABELED}:
        return "packed"
    return "picking" if facts.works & {Work.PICKING, Work.PICKED, Work.SHORT} else "routed"


def _phase_after(facts: PhaseFacts) -> str:
    if facts.return_open:
        return "return_open"
    if facts.returned:
        return "returned" if facts.returned >= facts.units else "partially_returned"
    return "closed" if facts.closed or not facts.units else "delivered"
