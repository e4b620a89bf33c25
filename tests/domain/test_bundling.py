"""Bundles on their way: routed whole, counted in bundles, taken from the shelves in parts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.bundling import units_by_line, whole_units
from hub.domain.dispatching import DispatchFacts, dispatched
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import LineDelta, OrderRow, Outcome, StockDelta
from hub.domain.packing import PACKAGING_GRAMS, UNKNOWN_GRAMS, packed, picked, weight
from hub.domain.routing import Availability, Place, RouteFacts, route
from tests.domain.build import CARRIER, MERCHANT, NOW, line, order, parcel, work, work_line

NEAR = Place(1, "berlin", "DE", (52.5, 13.4), True)
FAR = Place(2, "munich", "DE", (48.1, 11.6), True)
LAST = Place(3, "tokyo", "JP", (35.7, 139.7), True)
SET = {(MERCHANT, "SET"): {"POT": 1, "CUP": 4}}
A_SET = line(sku="SET", ordered=2)
A_CUP = line(id=102, external_id="L2", sku="CUP", ordered=3)


def accepted(*lines: Any) -> OrderRow:
    return order(state=Lifecycle.ACCEPTED, lines=lines)


def facts(free: dict[tuple[str, int], int], bundles: Any = SET) -> RouteFacts:
    return RouteFacts({MERCHANT: (NEAR, FAR, LAST)}, Availability(free), {MERCHANT: CARRIER}, {}, bundles)


def plan(outcome: Outcome) -> dict[int, list[tuple[int, str, int, int]]]:
    """Location → (order line, SKU, quantity, per unit)."""
    return {
        it.location_id: [(ln.order_line_id, ln.sku, ln.quantity, ln.per_unit) for ln in it.lines]
        for it in outcome.changes.works
    }


def test_a_bundle_is_taken_from_the_shelves_in_parts() -> None:
    outcome = route(accepted(A_SET), facts({("POT", 1): 2, ("CUP", 1): 8}), NOW)

    assert outcome.to is Lifecycle.IN_PROGRESS
    assert plan(outcome) == {1: [(101, "POT", 2, 1), (101, "CUP", 8, 4)]}
    assert units_by_line(outcome.changes.works[0].lines) == {101: 2}


def test_several_bundles_may_be_split_but_none_is_torn_apart() -> None:
    free = {("POT", 1): 5, ("CUP", 1): 7, ("POT", 2): 1, ("CUP", 2): 4}

    assert plan(route(accepted(A_SET), facts(free), NOW)) == {
        1: [(101, "POT", 1, 1), (101, "CUP", 4, 4)], 2: [(101, "POT", 1, 1), (101, "CUP", 4, 4)],
    }  # fmt: skip


def test_parts_that_lie_apart_are_short_of_a_bundle() -> None:
    outcome = route(accepted(A_SET), facts({("POT", 1): 9, ("CUP", 2): 40}), NOW)

    assert outcome.to is None
    assert outcome.holds[0].detail == {"what": "stock", "short": {"SET": 2}}


def test_a_part_that_is_missing_altogether_is_named() -> None:
    outcome = route(accepted(A_SET), facts({("POT", 1): 9, ("CUP", 1): 5}), NOW)

    assert outcome.holds[0].detail == {"what": "stock", "short": {"CUP": 3}}


def test_bundles_choose_first_for_they_have_less_to_choose_from() -> None:
    """Single cups could take the cups of the only place that can make a set."""
    free = {("POT", 1): 2, ("CUP", 1): 8, ("CUP", 2): 3}

    assert plan(route(accepted(A_CUP, A_SET), facts(free), NOW)) == {
        1: [(101, "POT", 2, 1), (101, "CUP", 8, 4)], 2: [(102, "CUP", 3, 1)],
    }  # fmt: skip


def test_what_a_location_does_with_a_bundle_counts_once_on_the_order() -> None:
    lines = (
        work_line(sku="POT", quantity=2),
        work_line(id=302, sku="CUP", quantity=8, per_unit=4),
        work_line(id=303, order_line_id=102, sku="CUP", quantity=3, external_id="L2"),
    )
    row = work(lines=lines, parcels=(parcel(contents={101: 2, 102: 3}),))

    assert picked(row, "hub").changes.lines == (LineDelta(101, picked=2), LineDelta(102, picked=3))
    assert packed(row, 77, "hub").changes.new_parcels[0].contents == {101: 2, 102: 3}
    changes = dispatched(row, DispatchFacts(kinds={}, contacts={}, payments={}, locations={}), NOW, "hub").changes
    assert changes.lines == (LineDelta(101, shipped=2, reserved=-2), LineDelta(102, shipped=3, reserved=-3))
    assert changes.stock == (
        StockDelta("POT", 7, -2, -2, "dispatched", 501),
        StockDelta("CUP", 7, -8, -8, "dispatched", 501),
        StockDelta("CUP", 7, -3, -3, "dispatched", 501),
    )


def test_a_bundle_weighs_what_the_channel_says_else_what_its_parts_do() -> None:
    parts = (work_line(sku="POT", quantity=2), work_line(id=302, sku="CUP", quantity=8, per_unit=4))
    told = work(lines=tuple(replace(ln, grams=2000) for ln in parts))
    known = work(lines=(replace(parts[0], grams=0, part_grams=1700), replace(parts[1], grams=0, part_grams=300)))
    unknown = work(lines=tuple(replace(ln, grams=0) for ln in parts))

    assert weight(told) == PACKAGING_GRAMS + 2 * 2000
    assert weight(known) == PACKAGING_GRAMS + 2 * 1700 + 8 * 300
    assert weight(unknown) == PACKAGING_GRAMS + 10 * UNKNOWN_GRAMS


# ---------------------------------------------------------------- properties

PARTS = ("A", "B", "C")
compositions = st.dictionaries(st.sampled_from(PARTS), st.integers(1, 4), min_size=1)
wanted = st.lists(st.tuples(st.sampled_from(["X", "Y", *PARTS]), st.integers(0, 4)), min_size=1, max_size=4)
stocks = st.dictionaries(st.tuples(st.sampled_from(PARTS), st.sampled_from([1, 2, 3])), st.integers(0, 12), max_size=9)


@given(st.tuples(compositions, compositions), st.lists(wanted, min_size=1, max_size=5), stocks)
def test_counters_follow_from_the_parts(
    made_of: tuple[dict[str, int], dict[str, int]],
    orders: list[list[tuple[str, int]]],
    free: dict[tuple[str, int], int],
) -> None:
    """For any bundles, orders and stock: every unit of a routed order stands in whole parts at one location each, no
    unit is promised twice, and a held order takes nothing."""
    bundles = {(MERCHANT, "X"): made_of[0], (MERCHANT, "Y"): made_of[1]}
    shared, taken = facts(free, bundles), dict[tuple[str, int], int]()
    for number, lines in enumerate(orders):
        rows = [line(id=number * 10 + i, external_id=f"L{i}", sku=sku, ordered=n) for i, (sku, n) in enumerate(lines)]
        outcome = route(accepted(*rows), shared, NOW)
        assigned: dict[int, int] = {}
        for it in outcome.changes.works:
            for line_id, units in units_by_line(it.lines).items():
                own = next(row for row in rows if row.id == line_id)
                parts = {ln.sku: ln for ln in it.lines if ln.order_line_id == line_id}
                made = bundles.get((MERCHANT, own.sku), {own.sku: 1})
                assert {sku: ln.quantity for sku, ln in parts.items()} == {s: q * units for s, q in made.items()}
                as_rows = [{"quantity": ln.quantity, "per_unit": ln.per_unit} for ln in parts.values()]
                assert whole_units(as_rows, "quantity") == units
                assigned[line_id] = assigned.get(line_id, 0) + units
                for sku, ln in parts.items():
                    taken[sku, it.location_id] = taken.get((sku, it.location_id), 0) + ln.quantity
        if outcome.to is Lifecycle.IN_PROGRESS:
            assert assigned == {row.id: row.to_ship for row in rows if row.to_ship}
        else:
            assert not assigned
            assert outcome.holds[0].detail["short"], "and says what is short"
    assert all(units <= free.get(key, 0) for key, units in taken.items())
