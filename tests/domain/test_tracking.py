"""Track: scans move custody forward in whatever order they come, late ones change nothing, arrivals count once."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.lifecycle import CUSTODY_MOVES, Custody, LabelState, Work
from hub.domain.order import ScanStatus
from hub.domain.outcome import LineDelta, Outcome, ParcelRow
from hub.domain.outgoing import Kind, StatusUpdate
from hub.domain.tracking import ScanRow, TrackFacts, apply_scan, track
from tests.domain.build import CONTACT, NOW, STORE, parcel, scan, work

S = ScanStatus
AWAY = parcel(label=LabelState.BOUGHT, custody=Custody.HANDED_OVER, tracking_number="DC1", handed_over_at=NOW)
DISPATCHED = work(state=Work.DISPATCHED, parcels=(AWAY,))
HOUR = timedelta(hours=1)


def after(hours: float) -> datetime:
    return NOW + HOUR * hours


def facts(*scans: ScanRow, of: int = 401) -> TrackFacts:
    return TrackFacts({of: scans}, {1: (CONTACT,)}, {STORE: frozenset({Kind.PUSH_STATUS})})


def told(outcome: Outcome) -> list[tuple[Kind, str]]:
    """(kind, what) of every message."""
    return [
        (m.kind, m.payload.status if isinstance(m.payload, StatusUpdate) else m.payload.text)  # type: ignore[attr-defined]
        for m in outcome.messages
    ]


def test_under_way() -> None:
    outcome = track(
        DISPATCHED, facts(scan(S.IN_TRANSIT, after(1), id=11), scan(S.OUT_FOR_DELIVERY, after(2), id=12)), NOW
    )

    assert outcome.to is None
    (box,) = outcome.changes.parcels
    assert (box.custody, box.tracking, box.tracked_at) == (Custody.HANDED_OVER, "out_for_delivery", after(2))
    assert outcome.changes.seen_scans == (11, 12)
    assert [event.details["status"] for event in outcome.events] == ["in_transit", "out_for_delivery"]
    assert [event.occurred_at for event in outcome.events] == [after(1), after(2)]
    assert told(outcome) == [(Kind.NOTIFY, "notice.out_for_delivery"), (Kind.PUSH_STATUS, "out_for_delivery")]
    assert not outcome.changes.wake_order


def test_delivered() -> None:
    outcome = track(DISPATCHED, facts(scan(S.DELIVERED, after(5))), NOW)

    assert outcome.to is Work.DONE
    (box,) = outcome.changes.parcels
    assert (box.custody, box.delivered_at) == (Custody.DELIVERED, after(5))
    assert outcome.changes.lines == (LineDelta(101, delivered=2),)
    assert outcome.changes.wake_order
    assert [event.kind for event in outcome.events] == ["scanned", "fulfillment_done"]
    assert told(outcome) == [(Kind.NOTIFY, "notice.delivered"), (Kind.PUSH_STATUS, "delivered")]


def test_done_only_when_every_parcel_has_arrived() -> None:
    other = replace(AWAY, id=402, number="PCJ", contents={101: 1})
    row = replace(DISPATCHED, parcels=(AWAY, other))

    outcome = track(row, facts(scan(S.DELIVERED)), NOW)

    assert outcome.to is None
    assert outcome.changes.lines == (LineDelta(101, delivered=2),)
    assert outcome.changes.wake_order, "the order's phase follows"


def test_a_parcel_that_comes_back_ends_the_trip_undelivered() -> None:
    outcome = track(DISPATCHED, facts(scan(S.RETURN_TO_SENDER)), NOW)

    assert outcome.to is Work.DONE
    assert outcome.changes.parcels[0].custody is Custody.RETURNED_TO_SENDER
    assert outcome.changes.lines == ()


def test_a_lost_parcel_may_turn_up() -> None:
    lost = track(DISPATCHED, facts(scan(S.LOST, after(1))), NOW)

    assert lost.to is None, "still tracked"
    assert lost.changes.parcels[0].custody is Custody.LOST
    found = track(replace(DISPATCHED, parcels=lost.changes.parcels), facts(scan(S.DELIVERED, after(99))), NOW)
    assert found.to is Work.DONE
    assert found.changes.parcels[0].custody is Custody.DELIVERED
    assert found.changes.lines == (LineDelta(101, delivered=2),)


def test_late_news_changes_nothing_but_is_seen() -> None:
    at = replace(AWAY, tracking="out_for_delivery", tracked_at=after(5))

    outcome = track(replace(DISPATCHED, parcels=(at,)), facts(scan(S.IN_TRANSIT, after(4), id=9)), NOW)

    assert outcome.changes.parcels == ()
    assert outcome.events == ()
    assert outcome.messages == ()
    assert outcome.changes.seen_scans == (9,)


def test_a_delivery_counts_however_late_it_is_told() -> None:
    at = replace(AWAY, tracking="exception", tracked_at=after(9))

    assert apply_scan(at, scan(S.DELIVERED, after(3))).custody is Custody.DELIVERED


@pytest.mark.parametrize("status", ScanStatus)
@pytest.mark.parametrize("custody", Custody)
def test_custody_never_moves_but_along_its_table(custody: Custody, status: ScanStatus) -> None:
    moved = apply_scan(replace(AWAY, custody=custody), scan(status, after(1))).custody

    assert moved is custody or moved in CUSTODY_MOVES[custody]
    if custody in {Custody.DELIVERED, Custody.RETURNED_TO_SENDER, Custody.DAMAGED, Custody.CANCELLED}:
        assert moved is custody


@pytest.mark.parametrize("status", [S.UNKNOWN, S.PRE_TRANSIT, S.FAILED_ATTEMPT, S.AVAILABLE_FOR_PICKUP, S.IN_TRANSIT])
def test_scans_that_nobody_is_told_of(status: ScanStatus) -> None:
    assert track(DISPATCHED, facts(scan(status)), NOW).messages == ()


def test_a_channel_that_takes_no_status_is_not_bothered() -> None:
    silent = TrackFacts({401: (scan(S.DELIVERED),)}, {}, {})

    assert track(DISPATCHED, silent, NOW).messages == ()


def test_the_same_status_twice_is_one_intent() -> None:
    outcome = track(DISPATCHED, facts(scan(S.EXCEPTION, after(1)), scan(S.EXCEPTION, after(2))), NOW)

    assert len({m.intent for m in outcome.messages}) == 2, "one notice, one push; the outbox keeps each intent once"


# ---------------------------------------------------------------- any order, any batches

ON_THE_WAY = [S.PRE_TRANSIT, S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.FAILED_ATTEMPT, S.EXCEPTION, S.UNKNOWN, S.LOST,
              S.AVAILABLE_FOR_PICKUP]  # fmt: skip


@st.composite
def trips(draw: st.DrawFn) -> tuple[list[ScanRow], list[ScanRow], list[int]]:
    """A trip's scans with at most one end, the same shuffled with repeats, and where batches of them are cut."""
    stops = draw(st.lists(st.sampled_from(ON_THE_WAY), max_size=6))
    end = draw(st.sampled_from([None, S.DELIVERED, S.RETURN_TO_SENDER]))
    trip = [scan(status, after(n), id=n) for n, status in enumerate([*stops, *([end] if end else [])])]
    heard = draw(st.permutations(trip + draw(st.lists(st.sampled_from(trip), max_size=4)) if trip else []))
    return trip, heard, draw(st.lists(st.integers(0, len(heard)), max_size=3))


@given(trips())
def test_any_order_of_scans_ends_in_the_same_custody(trip: tuple[list[ScanRow], list[ScanRow], list[int]]) -> None:
    in_order, heard, _ = trip

    straight = reduce(apply_scan, in_order, AWAY)
    shuffled = reduce(apply_scan, heard, AWAY)

    assert shuffled.custody is straight.custody
    assert shuffled.delivered_at == straight.delivered_at


@given(trips())
def test_units_arrive_exactly_once_however_scans_are_batched(
    trip: tuple[list[ScanRow], list[ScanRow], list[int]],
) -> None:
    in_order, heard, cuts = trip
    row, arrived = DISPATCHED, 0
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(heard)], strict=True):
        outcome = track(row, facts(*sorted(heard[start:end], key=lambda s: s.at)), NOW)
        arrived += sum(delta.delivered for delta in outcome.changes.lines)
        changed: dict[int, ParcelRow] = {box.id: box for box in outcome.changes.parcels}
        row = replace(row, parcels=tuple(changed.get(box.id, box) for box in row.parcels))

    assert arrived == (2 if any(s.status is S.DELIVERED for s in in_order) else 0)
    assert row.parcels[0].custody is reduce(apply_scan, in_order, AWAY).custody
