"""An order on terms before it leaves: the account as it is now, what a person let pass, and what is not on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.credit import Account
from hub.domain.credit_leaving import LOOK_AGAIN, Standing, holds
from hub.domain.dispatching import DispatchFacts, dispatch
from hub.domain.labeling import LabelFacts, label
from hub.domain.lifecycle import LabelState, Work
from hub.domain.outcome import HoldRow
from tests.domain.build import BERLIN, MERCHANT, NOW, parcel, work

KEY = (MERCHANT, "erika@example.com", "EUR")


def standing(limit: int, owed: int = 2500, due: int = 2500) -> Standing:
    return Standing({KEY: Account(limit, 30, owed, frozenset({1}))}, {1: due})


def passed(reason: str = "credit", **detail: Any) -> HoldRow:
    return HoldRow(9, reason, "released", {"due": 2500, "limit": 2000, **detail}, "accept")


@pytest.mark.parametrize(
    ("row", "facts", "held"),
    [
        (work(on_terms=True), standing(2500), False),
        (work(on_terms=True), standing(2499), True),
        (work(on_terms=True), standing(5000, owed=5001), True),
        (work(on_terms=True), standing(0, due=0), False),
        (work(on_terms=False), standing(0), False),
        (work(on_terms=True), Standing({}, {1: 2500}), False),
        (work(on_terms=True, holds=(passed(),)), standing(2000), False),
        (work(on_terms=True, holds=(passed(),)), standing(1999), True),
        (work(on_terms=True, holds=(passed(due=2499),)), standing(2000), True),
        (work(on_terms=True, holds=(passed("payment"),)), standing(0), False),
        (work(on_terms=True, holds=(HoldRow(9, "credit", "open", {"due": 2500, "limit": 2000}, ""),)),
         standing(2000), True),
    ],
    ids=["exactly", "lowered", "others", "promised", "not on terms", "no account", "let pass", "lowered since",
         "dearer since", "accepted without money", "only open"],
)  # fmt: skip
def test_what_leaves(row: Any, facts: Standing, held: bool) -> None:
    found = holds(row, facts)

    assert [need.reason for need in found] == ["credit"] * held


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(0, 10**9))
def test_the_whole_balance_is_held_against_the_limit(others: int, due: int, limit: int) -> None:
    (need, *_) = (*holds(work(on_terms=True), standing(limit, others + due, due)), None)

    assert (need is not None) is (others + due > limit)
    if need is not None:
        assert (need.detail["owed"], need.detail["due"], need.detail["limit"]) == (others, due, limit)


def test_no_label_is_bought_and_it_is_looked_at_again() -> None:
    row = work(state=Work.PACKED, on_terms=True, parcels=(parcel(),))

    outcome = label(row, LabelFacts({}, {7: BERLIN}, standing(1)), NOW)

    assert (outcome.to, outcome.messages) == (None, ())
    assert [need.reason for need in outcome.holds] == ["credit"]
    assert outcome.wake_at == NOW + LOOK_AGAIN
    assert label(row, LabelFacts({}, {7: BERLIN}, standing(2500)), NOW).messages


@pytest.mark.parametrize("automatic", [True, False])
def test_what_is_labeled_stays_in_the_house(automatic: bool) -> None:
    row = work(state=Work.LABELED, automatic=automatic, on_terms=True, parcels=(parcel(label=LabelState.BOUGHT),))

    outcome = dispatch(row, DispatchFacts({}, {}, {}, {}, standing=standing(1)), NOW)

    assert (outcome.to, [need.reason for need in outcome.holds]) == (None, ["credit"])


@pytest.mark.parametrize(("reasons", "leaves"), [(set(), True), ({"credit"}, True), ({"manual"}, False)])
def test_a_doubt_that_came_up_after_packing_keeps_it_here(reasons: set[str], leaves: bool) -> None:
    row = work(state=Work.LABELED, parcels=(parcel(label=LabelState.BOUGHT),), open_holds=frozenset(reasons))

    outcome = dispatch(row, DispatchFacts({}, {}, {}, {}), NOW)

    assert (outcome.to is Work.DISPATCHED) is leaves, "a credit hold heals here, when nothing is over"
    assert outcome.wake_at == (None if leaves else NOW + timedelta(minutes=5))
