"""What may be booked, what a count means, and what a shortage takes with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.stocking import (
    ADJUSTMENTS,
    Change,
    Count,
    Level,
    Taken,
    Tolerance,
    adjustment,
    check_booking,
    in_parts,
    judge,
    shortage,
    spread,
)
from hub.errors import Conflict, Invalid

units = st.integers(0, 60)


@given(units, units, st.integers(-60, 60), st.integers(-60, 60))
def test_nothing_is_booked_that_breaks_the_counters(free: int, reserved: int, on_hand: int, promised: int) -> None:
    there = {("A", 1): Level(free + reserved, reserved)}
    change = Change("A", 1, on_hand, promised, "found")
    fits = 0 <= reserved + promised <= free + reserved + on_hand
    if fits:
        check_booking([change], there)
    else:
        with pytest.raises(Conflict, match=f"only {free} may be taken"):
            check_booking([change], there)


def test_changes_of_one_booking_count_together() -> None:
    there = {("A", 1): Level(5, 0)}
    check_booking([Change("A", 1, -5, 0, "lost"), Change("A", 1, 3, 0, "found")], there)
    with pytest.raises(Conflict):
        check_booking([Change("A", 1, -3, 0, "lost"), Change("A", 1, -3, 0, "lost")], there)
    with pytest.raises(Conflict):
        check_booking([Change("B", 1, -1, 0, "lost")], there)


@pytest.mark.parametrize("reason", ADJUSTMENTS)
def test_the_sign_follows_from_the_reason(reason: str) -> None:
    assert adjustment(3, reason) == (-3 if ADJUSTMENTS[reason] < 0 else 3)
    if ADJUSTMENTS[reason] <= 0:
        assert adjustment(-3, reason) == -3
    with pytest.raises(Invalid):
        adjustment(0, reason)


def test_bundles_are_their_parts() -> None:
    assert in_parts({"SET": 2, "CUP": 1}, {"SET": {"POT": 1, "CUP": 4}}) == {"POT": 2, "CUP": 9}
    for silly in ({}, {"CUP": 0}, {"CUP": -1}, {"CUP": 2_000_000_000}):
        with pytest.raises(Invalid):
            in_parts(silly, {})


places = st.dictionaries(st.tuples(st.sampled_from(["POT", "CUP"]), st.integers(1, 4)), st.integers(0, 9))


@given(places, st.integers(1, 12))
def test_a_checkout_gets_whole_bundles_or_nothing(free: dict[tuple[str, int], int], wanted: int) -> None:
    parts = {"POT": 1, "CUP": 2}
    most = sum(min(free.get(("POT", at), 0), free.get(("CUP", at), 0) // 2) for at in range(1, 5))
    if most < wanted:
        with pytest.raises(Conflict, match=f"only {most} of {wanted}"):
            spread(parts, wanted, free)
        return
    taken = spread(parts, wanted, free)
    assert sum(taken.values()) == wanted
    for place, whole in taken.items():
        assert whole > 0
        assert all(free[sku, place] >= whole * each for sku, each in parts.items())


# ------------------------------------------------------------ counting


@given(units, units, units, st.none() | st.integers(-60, 60), st.integers(0, 9), st.integers(0, 100))
def test_a_count_is_booked_exactly_when_it_may_be(
    counted: int, shelf: int, picked: int, before: int | None, few: int, percent: int
) -> None:
    verdict = judge(Count(counted, shelf + picked, picked, before), Tolerance(few, percent))
    assert (verdict.expected, verdict.difference) == (shelf, counted - shelf)
    small = abs(counted - shelf) <= max(few, shelf * percent // 100)
    assert verdict.book == (counted - shelf if small or before == counted - shelf else None)


def test_a_person_may_accept_any_count_but_a_negative_one() -> None:
    assert judge(Count(3, 100), Tolerance(), accept=True).book == -97
    with pytest.raises(Invalid):
        judge(Count(-1, 100), Tolerance(), accept=True)


# ------------------------------------------------------------ shortage


@given(st.integers(1, 9), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_a_shortage_keeps_whole_units_and_frees_the_rest(whole: int, each: list[int], data: st.DataObject) -> None:
    rows = [
        Taken(n, f"S{n}", whole * per, per, whole * per, data.draw(st.integers(0, whole * per)))
        for n, per in enumerate(each)
    ]
    short = data.draw(st.sampled_from(rows))
    found = data.draw(st.integers(0, short.quantity - 1))

    done = shortage(rows, short.id, found)

    left = found // short.per_unit
    assert done.units == whole - left >= 1
    for cut in done.cuts:
        assert cut.quantity == left * cut.row.per_unit
        assert cut.freed == cut.row.quantity - cut.quantity
        assert 0 <= cut.row.picked - cut.put_back <= cut.quantity
        assert cut.missing == (short.quantity - found if cut.row is short else 0)
        assert cut.missing <= cut.freed, "what is missing was promised, so the counters stay sound"
