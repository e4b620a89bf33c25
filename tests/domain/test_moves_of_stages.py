"""Stages move rows only along the tables: for random rows and facts, whatever a decision says is allowed there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from hub.domain.dispatching import DispatchFacts, dispatch
from hub.domain.labeling import Answered, LabelFacts, label
from hub.domain.lifecycle import (
    CUSTODY_MOVES,
    LABEL_MOVES,
    Custody,
    LabelState,
    Lifecycle,
    Outbox,
    PaymentState,
    Work,
    move_order,
    move_work,
)
from hub.domain.order import Address, ScanStatus
from hub.domain.outcome import HoldRow, OrderRow, Outcome, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, Label
from hub.domain.packing import PackFacts, pack, pick, release
from hub.domain.routing import Availability, Place, RouteFacts, route
from hub.domain.settling import Capture, SettleFacts, settle
from hub.domain.tracking import TrackFacts, track
from hub.domain.validation import ReviewFacts, review
from hub.flow.stages import FULFILLMENTS, ORDERS
from tests.domain.build import (
    BERLIN,
    CARRIER,
    CONTACT,
    MERCHANT,
    NOW,
    PROVIDER,
    STORE,
    line,
    order,
    parcel,
    payment,
    scan,
    work,
    work_line,
)

EVENTS = {
    "review": "accept", "route": "start", "settle": "complete", "release": "release", "pick": "pick", "pack": "pack",
    "label": "label", "dispatch": "dispatch", "track": "finish",
}  # fmt: skip
"""Stage → the event its move is."""

small = st.integers(0, 4)
skus = st.sampled_from(["MUG-1", "CUP-1", "", "?"])
BOUGHT = Label(external_id="l", carrier="c", service="s", tracking_number="t", cost=1, currency="EUR")


@st.composite
def lines(draw: st.DrawFn) -> Any:
    ordered, cancelled, assigned = draw(small), draw(small), draw(small)
    return line(
        id=draw(st.integers(1, 9)), sku=draw(skus), ordered=ordered, cancelled=min(cancelled, ordered),
        assigned=assigned, shipped=draw(small), delivered=draw(small), requires_shipping=draw(st.booleans()),
        discount=draw(small),
    )  # fmt: skip


@st.composite
def orders(draw: st.DrawFn, state: Lifecycle) -> OrderRow:
    """Any order at all, sane or not."""
    held = HoldRow(1, draw(st.sampled_from(["stock", "address", "manual"])), "open", {}, "")
    given_: dict[str, Any] = {
        "lines": tuple(draw(st.lists(lines(), max_size=4, unique_by=lambda ln: ln.id))),
        "ship_to": draw(st.sampled_from([None, BERLIN, Address(), replace(BERLIN, country="XX")])),
        "paid": draw(st.booleans()), "pending": draw(st.booleans()),
        "payments": tuple(
            payment(id=n, state=draw(st.sampled_from(PaymentState)), captured=draw(st.sampled_from([0, 2500])),
                    account_id=draw(st.sampled_from([None, PROVIDER])))
            for n in range(draw(st.integers(0, 2)))
        ),
        "unknown_words": draw(st.sampled_from([(), ("x",)])), "email": draw(st.sampled_from(["", "x", "a@b.de"])),
        "holds": draw(st.sampled_from([(), (held,)])),
    }  # fmt: skip
    total = draw(st.sampled_from([UNSET, 0, 2500]))
    return order(state=state, **given_ if total is UNSET else given_ | {"total": total})


@st.composite
def parcels(draw: st.DrawFn, number: int) -> ParcelRow:
    return parcel(
        id=number, label=draw(st.sampled_from(LabelState)), custody=draw(st.sampled_from(Custody)),
        tracked_at=draw(st.sampled_from([None, NOW])), contents={101: draw(st.integers(1, 3))},
    )  # fmt: skip


@st.composite
def works(draw: st.DrawFn, state: Work) -> WorkRow:
    """Any fulfillment order at all."""
    return work(
        state=state, automatic=draw(st.booleans()),
        lines=tuple(work_line(id=n, quantity=draw(st.integers(1, 3))) for n in range(draw(st.integers(1, 3)))),
        parcels=tuple(draw(parcels(n)) for n in range(1, 1 + draw(st.integers(1, 3)))),
        carrier_account_id=draw(st.sampled_from([None, CARRIER])),
        open_holds=draw(st.sampled_from([frozenset(), frozenset({"manual"})])),
        ship_to=draw(st.sampled_from([None, BERLIN])),
    )  # fmt: skip


def moves_of_order(stage: str, row: OrderRow, outcome: Outcome) -> None:
    assert outcome.to is None or outcome.to is move_order(row.state, EVENTS[stage])
    assert not (outcome.to is not None and outcome.holds), "nothing moves on while it is held"
    assert outcome.to is None or outcome.events, "every move is an event"


def moves_of_work(stage: str, row: WorkRow, outcome: Outcome) -> None:
    assert outcome.to is None or outcome.to is move_work(row.state, EVENTS[stage])
    assert not (outcome.to is not None and outcome.holds)
    assert outcome.to is None or outcome.events


def test_every_stage_is_looked_at_here() -> None:
    assert {stage.name for stage in (*ORDERS.stages, *FULFILLMENTS.stages)} == set(EVENTS)


@given(orders(Lifecycle.RECEIVED), st.frozensets(skus))
def test_review(row: OrderRow, known: frozenset[str]) -> None:
    moves_of_order("review", row, review(row, ReviewFacts(skus=frozenset((MERCHANT, sku) for sku in known)), NOW))


@given(orders(Lifecycle.ACCEPTED), st.dictionaries(st.tuples(skus, st.integers(1, 3)), small))
def test_route(row: OrderRow, free: dict[tuple[str, int], int]) -> None:
    places = tuple(Place(n, f"p{n}", "DE", None, True) for n in (1, 2, 3))

    moves_of_order("route", row, route(row, RouteFacts({MERCHANT: places}, Availability(free), {}, {}), NOW))


@given(
    orders(Lifecycle.IN_PROGRESS),
    st.lists(st.sampled_from(Work), max_size=3),
    st.dictionaries(st.integers(0, 1), st.builds(Capture, st.sampled_from(Outbox), st.just("why"))),
)
def test_settle(row: OrderRow, states: list[Work], captures: dict[int, Capture]) -> None:
    outcome = settle(row, SettleFacts({row.id: tuple(states)}, captures), NOW)

    moves_of_order("settle", row, outcome)
    assert sum(posting.amount for posting in outcome.changes.postings) == 0


@given(works(Work.OPEN), works(Work.PICKING), works(Work.PICKED))
def test_the_warehouse(opened: WorkRow, picking: WorkRow, picked: WorkRow) -> None:
    moves_of_work("release", opened, release(opened, None, NOW))
    moves_of_work("pick", picking, pick(picking, None, NOW))
    moves_of_work("pack", picked, pack(picked, PackFacts({picked.id: 9}), NOW))


@given(works(Work.PACKED), st.lists(st.none() | st.sampled_from(Outbox), min_size=3, max_size=3))
def test_label(row: WorkRow, told: list[Outbox | None]) -> None:
    """Labels, too, move along their own table, from the states that this stage leaves them in."""
    boxes = tuple(
        replace(
            box, label=box.label if box.label is LabelState.BOUGHT else LabelState.BUYING if state else LabelState.NONE
        )
        for box, state in zip(row.parcels, told, strict=False)
    )
    assume(any(box.label is not LabelState.BOUGHT for box in boxes))
    row = replace(row, parcels=boxes)
    answers = {
        f"label:{box.id}:1": Answered(state, BOUGHT if state is Outbox.SENT else None, "")
        for box, state in zip(boxes, told, strict=False)
        if state is not None
    }

    outcome = label(row, LabelFacts(answers, {}), NOW)

    moves_of_work("label", row, outcome)
    before = {box.id: box.label for box in boxes}
    for box in outcome.changes.parcels:
        assert box.label in LABEL_MOVES[before[box.id]]


@given(works(Work.LABELED), st.sampled_from(PaymentState))
def test_dispatch(row: WorkRow, state: PaymentState) -> None:
    row = replace(row, parcels=tuple(replace(box, custody=Custody.PACKED) for box in row.parcels))
    payments = {1: (payment(state=state, account_id=PROVIDER, captured=0),)}
    facts = DispatchFacts({STORE: frozenset({Kind.PUSH_SHIPMENT})}, {1: (CONTACT,)}, payments, {})

    outcome = dispatch(row, facts, NOW)

    moves_of_work("dispatch", row, outcome)
    for box in outcome.changes.parcels:
        assert box.custody in CUSTODY_MOVES[Custody.PACKED]
    assert len({m.intent for m in outcome.messages}) == len(outcome.messages)


@given(
    works(Work.DISPATCHED),
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(ScanStatus), st.integers(-5, 5)), max_size=8),
)
def test_track(row: WorkRow, scans: list[tuple[int, ScanStatus, int]]) -> None:
    seen = {
        number: tuple(
            scan(status, NOW + timedelta(hours=h), id=n) for n, (of, status, h) in enumerate(scans) if of == number
        )
        for number in (1, 2, 3)
    }

    outcome = track(row, TrackFacts(seen, {}, {}), NOW)

    moves_of_work("track", row, outcome)
    before = {box.id: box.custody for box in row.parcels}
    for box in outcome.changes.parcels:
        reached = {before[box.id]} | CUSTODY_MOVES[before[box.id]]
        reached |= {after for custody in reached for after in CUSTODY_MOVES[custody]}
        assert box.custody in reached
