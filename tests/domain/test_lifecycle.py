"""Every state × event pair there is: the tables' own moves happen, all others are refused and say what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from itertools import product

import pytest

from hub.domain.lifecycle import (
    CUSTODY_MOVES,
    LABEL_MOVES,
    ORDER_MOVES,
    PAYMENT_MOVES,
    WORK_MOVES,
    Custody,
    LabelState,
    Lifecycle,
    PaymentState,
    Work,
    move_order,
    move_work,
)
from hub.errors import Conflict
from hub.flow.intake_amend import moved_payment

L, W = Lifecycle, Work
RUNNING = (L.RECEIVED, L.ACCEPTED, L.IN_PROGRESS)

ORDERS: dict[tuple[Lifecycle, str], Lifecycle] = (
    {
        (L.DRAFT, "submit"): L.RECEIVED,
        (L.RECEIVED, "accept"): L.ACCEPTED,
        (L.RECEIVED, "reject"): L.REJECTED,
        (L.RECEIVED, "reconsider"): L.RECEIVED,
        (L.ACCEPTED, "reconsider"): L.RECEIVED,
        (L.ACCEPTED, "start"): L.IN_PROGRESS,
        (L.IN_PROGRESS, "reroute"): L.ACCEPTED,
        (L.ACCEPTED, "reroute"): L.ACCEPTED,
        (L.ACCEPTED, "complete"): L.COMPLETED,
        (L.IN_PROGRESS, "complete"): L.COMPLETED,
        (L.COMPLETED, "reopen"): L.IN_PROGRESS,
        (L.DRAFT, "cancel"): L.CANCELLED,
    }
    | {(state, "cancel"): L.CANCELLED for state in RUNNING}
    | {(state, "amend"): state for state in RUNNING}
)
"""order-model.md, written out a second time: a slip in the product's table shows here."""

WORKS: dict[tuple[Work, str], Work] = {
    (W.PLANNED, "open"): W.OPEN,
    (W.SCHEDULED, "open"): W.OPEN,
    (W.PLANNED, "schedule"): W.SCHEDULED,
    (W.OPEN, "schedule"): W.SCHEDULED,
    (W.OPEN, "release"): W.PICKING,
    (W.PICKING, "pick"): W.PICKED,
    (W.PICKING, "shorten"): W.SHORT,
    (W.OPEN, "shorten"): W.SHORT,
    (W.PICKED, "pack"): W.PACKED,
    (W.PACKED, "unpack"): W.PICKED,
    (W.LABELED, "unpack"): W.PICKED,
    (W.PACKED, "label"): W.LABELED,
    (W.LABELED, "dispatch"): W.DISPATCHED,
    (W.DISPATCHED, "finish"): W.DONE,
} | {(state, "cancel"): W.CANCELLED for state in W if state not in {W.DISPATCHED, W.DONE, W.CANCELLED}}


def outcome(move: Callable[..., IntEnum], state: IntEnum, event: str) -> IntEnum | str:
    """Where `event` leads, or the words of the refusal."""
    try:
        return move(state, event)
    except Conflict as refusal:
        return str(refusal)


def allowed(moves: Mapping[tuple[IntEnum, str], IntEnum], event: str) -> set[str]:
    return {state.name.lower() for state, name in moves if name == event}


@pytest.mark.parametrize(("state", "event"), [*product(Lifecycle, ORDER_MOVES)])
def test_orders_move_as_the_table_says(state: Lifecycle, event: str) -> None:
    came = outcome(move_order, state, event)

    if (state, event) in ORDERS:
        assert came is ORDERS[state, event]
    else:
        assert isinstance(came, str), "refused"
        told, _, may = came.partition("; it can while ")
        assert told == f"an order that is {state.name.lower()} cannot {event}"
        assert set(may.split(", ")) == allowed(ORDERS, event)


@pytest.mark.parametrize(("state", "event"), [*product(Work, WORK_MOVES)])
def test_fulfillment_orders_move_as_the_table_says(state: Work, event: str) -> None:
    came = outcome(move_work, state, event)

    if (state, event) in WORKS:
        assert came is WORKS[state, event]
    else:
        assert isinstance(came, str), "refused"
        told, _, may = came.partition("; it can while ")
        assert told == f"a fulfillment order that is {state.name.lower()} cannot {event}"
        assert set(may.split(", ")) == allowed(WORKS, event)


def test_no_event_is_missing_from_either_table() -> None:
    assert {event for _, event in ORDERS} == set(ORDER_MOVES)
    assert {event for _, event in WORKS} == set(WORK_MOVES)


@pytest.mark.parametrize("state", [L.COMPLETED, L.CANCELLED, L.REJECTED])
def test_an_order_that_has_ended_is_not_claimed(state: Lifecycle) -> None:
    assert state >= 9, "the partial indexes of the tables end below nine"


P = PaymentState
PAYMENTS: dict[PaymentState, set[PaymentState]] = {
    P.PENDING: {P.REQUIRES_ACTION, P.AUTHORIZED, P.CAPTURED, P.FAILED, P.EXPIRED, P.VOIDED},
    P.REQUIRES_ACTION: {P.AUTHORIZED, P.CAPTURED, P.FAILED, P.EXPIRED},
    P.AUTHORIZED: {P.PARTIALLY_CAPTURED, P.CAPTURED, P.VOIDED, P.EXPIRED, P.FAILED, P.UNKNOWN},
    P.PARTIALLY_CAPTURED: {P.CAPTURED, P.DISPUTED},
    P.CAPTURED: {P.DISPUTED},
    P.DISPUTED: {P.WON, P.CHARGED_BACK},
    P.UNKNOWN: {P.AUTHORIZED, P.CAPTURED, P.VOIDED},
    P.FAILED: {P.AUTHORIZED, P.CAPTURED},
}
C = Custody
CUSTODY: dict[Custody, set[Custody]] = {
    C.PACKED: {C.MANIFESTED, C.HANDED_OVER, C.CANCELLED},
    C.MANIFESTED: {C.HANDED_OVER, C.CANCELLED},
    C.HANDED_OVER: {C.DELIVERED, C.RETURNED_TO_SENDER, C.LOST, C.DAMAGED},
    C.LOST: {C.DELIVERED, C.RETURNED_TO_SENDER},
}
S = LabelState
LABELS: dict[LabelState, set[LabelState]] = {
    S.NONE: {S.BUYING},
    S.BUYING: {S.BOUGHT, S.FAILED, S.UNKNOWN},
    S.UNKNOWN: {S.BOUGHT, S.FAILED},
    S.FAILED: {S.BUYING},
    S.BOUGHT: {S.VOID_REQUESTED},
    S.VOID_REQUESTED: {S.VOIDED, S.BOUGHT},
    S.VOIDED: {S.BUYING},
}


@pytest.mark.parametrize(
    ("told", "table", "states"),
    [
        pytest.param(PAYMENTS, PAYMENT_MOVES, PaymentState, id="payments"),
        pytest.param(CUSTODY, CUSTODY_MOVES, Custody, id="custody"),
        pytest.param(LABELS, LABEL_MOVES, LabelState, id="labels"),
    ],
)
def test_the_axes_move_as_the_order_model_says(
    told: Mapping[StrEnum, set[StrEnum]], table: Mapping[StrEnum, frozenset[StrEnum]], states: type[StrEnum]
) -> None:
    assert set(table) == set(states), "every state has its row"
    for before, after in product(states, states):
        assert (after in table[before]) == (after in told.get(before, set())), f"{before} → {after}"


@pytest.mark.parametrize(("before", "after"), [*product(PaymentState, PaymentState)])
def test_a_payment_follows_the_channel_forward_and_never_back(before: PaymentState, after: PaymentState) -> None:
    came = moved_payment(before, after)

    assert came == (after if after in PAYMENTS.get(before, set()) else before)


def test_money_that_was_taken_is_never_forgotten() -> None:
    reached = {P.CAPTURED}
    while more := {after for state in reached for after in PAYMENT_MOVES[state]} - reached:
        reached |= more

    assert reached == {P.CAPTURED, P.DISPUTED, P.WON, P.CHARGED_BACK}


def test_a_label_is_never_bought_again_from_unknown() -> None:
    assert S.BUYING not in LABEL_MOVES[S.UNKNOWN]
