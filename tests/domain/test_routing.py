"""Routing: the nearest that has everything, else the fewest and nearest that together do, else a hold that says what is
short; and never a unit promised twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Address
from hub.domain.outcome import OrderRow, Outcome
from hub.domain.outgoing import Kind
from hub.domain.places import great_circle_km
from hub.domain.routing import MOST_LOCATIONS, Availability, Place, RouteFacts, route
from hub.domain.routing_rank import by_distance
from tests.domain.build import CARRIER, CONTACT, MERCHANT, NOW, line, order

BERLIN = Place(1, "berlin", "DE", (52.5, 13.4), True)
MUNICH = Place(2, "munich", "DE", (48.1, 11.6), False)
VIENNA = Place(3, "vienna", "AT", None, True)
TOKYO = Place(4, "tokyo", "JP", (35.7, 139.7), True)
MARS = Place(5, "mars", "", None, True)
EVERYWHERE = (TOKYO, VIENNA, MUNICH, BERLIN, MARS)


def accepted(**given: Any) -> OrderRow:
    return order(state=Lifecycle.ACCEPTED, **given)


def facts(free: dict[tuple[str, int], int], places: tuple[Place, ...] = EVERYWHERE) -> RouteFacts:
    return RouteFacts({MERCHANT: places}, Availability(free), {MERCHANT: CARRIER}, {1: (CONTACT,)})


def plan(outcome: Outcome) -> list[tuple[int, dict[str, int]]]:
    """(location, units by SKU) of each fulfillment order."""
    assert outcome.to is Lifecycle.IN_PROGRESS
    return [(w.location_id, {ln.sku: ln.quantity for ln in w.lines}) for w in outcome.changes.works]


CUP = line(id=102, external_id="L2", sku="CUP-1", ordered=3)


def test_the_nearest_that_has_everything() -> None:
    free = {("MUG-1", place.id): 9 for place in EVERYWHERE} | {("CUP-1", 1): 2, ("CUP-1", 2): 3, ("CUP-1", 4): 3}

    outcome = route(accepted(lines=(line(), CUP)), facts(free), NOW)

    assert plan(outcome) == [(2, {"MUG-1": 2, "CUP-1": 3})]
    (work,) = outcome.changes.works
    assert (work.number, work.automatic, work.carrier_account_id) == ("1001-F1", False, CARRIER)


def test_the_reason_names_everybody_who_was_considered() -> None:
    free = {("MUG-1", 2): 9, ("MUG-1", 4): 9, ("MUG-1", 1): 1}

    outcome = route(accepted(), facts(free), NOW)

    (event,) = outcome.events
    assert event.kind == "routed"
    assert event.details["rule"] == "nearest with everything"
    assert event.details["locations"] == ["munich"]
    considered = {entry["location"]: entry for entry in event.details["considered"]}  # type: ignore[attr-defined]
    assert set(considered) == {place.code for place in EVERYWHERE}
    assert considered["munich"]["lacks"] == {}
    assert considered["berlin"]["lacks"] == {"MUG-1": 1}
    assert considered["tokyo"]["km"] > 8000
    assert outcome.changes.works[0].why["considered"] == event.details["considered"]


def test_the_buyers_own_country_comes_before_one_that_is_nearer() -> None:
    geneva = Place(6, "geneva", "CH", (46.2, 6.1), True)
    nice = Place(7, "lille", "FR", (50.6, 3.1), True)
    row = accepted(ship_to=Address(name="A", line1="1", city="Annecy", postcode="74000", country="FR"))

    ranked = by_distance(row, (geneva, nice))

    assert [place.code for place, _ in ranked] == ["lille", "geneva"]
    assert ranked[0][1] > ranked[1][1], "although it is farther"


def test_a_place_that_nobody_knows_is_farthest() -> None:
    ranked = by_distance(accepted(), EVERYWHERE)

    assert [place.code for place, _ in ranked] == ["berlin", "munich", "vienna", "tokyo", "mars"]


def test_otherwise_the_fewest_that_together_do() -> None:
    free = {("MUG-1", 1): 1, ("MUG-1", 2): 1, ("MUG-1", 3): 2, ("CUP-1", 1): 3}

    outcome = route(accepted(lines=(line(), CUP)), facts(free), NOW)

    assert plan(outcome) == [(1, {"MUG-1": 1, "CUP-1": 3}), (2, {"MUG-1": 1})]
    assert [work.number for work in outcome.changes.works] == ["1001-F1", "1001-F2"]
    assert outcome.events[0].details["rule"] == "split over 2: no location has everything"


def test_a_split_takes_at_most_so_many_places() -> None:
    places = tuple(Place(n, f"p{n}", "DE", None, True) for n in range(1, MOST_LOCATIONS + 2))
    free = {("MUG-1", place.id): 1 for place in places}
    enough, too_many = line(ordered=MOST_LOCATIONS), line(ordered=MOST_LOCATIONS + 1)

    assert len(plan(route(accepted(lines=(enough,)), facts(free, places), NOW))) == MOST_LOCATIONS
    outcome = route(accepted(lines=(too_many,)), facts(free, places), NOW)
    assert outcome.holds[0].detail == {"what": "stock", "short": {"locations": f"more than {MOST_LOCATIONS}"}}


def test_what_is_short_is_named() -> None:
    free = {("MUG-1", 1): 1, ("CUP-1", 2): 9}

    outcome = route(accepted(lines=(line(), CUP)), facts(free), NOW)

    assert outcome.to is None
    (hold,) = outcome.holds
    assert (hold.reason, hold.detail) == ("stock", {"what": "stock", "short": {"MUG-1": 1}})
    assert outcome.changes.works == ()
    assert outcome.messages == ()


def test_without_any_place_everything_is_short() -> None:
    outcome = route(accepted(), facts({}, ()), NOW)

    assert outcome.holds[0].detail["short"] == {"MUG-1": 2}


def test_stock_of_places_that_do_not_ship_is_not_promised() -> None:
    outcome = route(accepted(), facts({("MUG-1", 99): 50}), NOW)

    assert outcome.to is None


@pytest.mark.parametrize(
    "done", [{"requires_shipping": False}, {"cancelled": 2}, {"assigned": 2, "shipped": 2, "delivered": 2}]
)
def test_nothing_to_ship_goes_straight_on(done: dict[str, Any]) -> None:
    outcome = route(accepted(lines=(line(**done),)), facts({}), NOW)

    assert (outcome.to, outcome.wake_at) == (Lifecycle.IN_PROGRESS, NOW), "settle looks at it at once"
    assert [event.kind for event in outcome.events] == ["nothing_to_ship"]
    assert outcome.changes.works == ()


def test_the_promise_grows_with_the_way_and_the_customer_hears_it() -> None:
    near = route(accepted(), facts({("MUG-1", 1): 9}), NOW)
    far = route(accepted(), facts({("MUG-1", 4): 9}), NOW)

    assert near.changes.promised_at is not None
    assert far.changes.promised_at is not None
    assert NOW + timedelta(days=1) < near.changes.promised_at < far.changes.promised_at
    (message,) = near.messages
    assert (message.kind, message.account_id) == (Kind.NOTIFY, CONTACT.account_id)
    assert message.payload.params["promised"] == near.changes.promised_at.date().isoformat()  # type: ignore[attr-defined]


def test_availability_is_looked_at_before_it_is_taken() -> None:
    free = Availability({("A", 1): 2})
    free.take("A", 1, 2)

    with pytest.raises(ValueError, match="1 wanted, 0 free"):
        free.take("A", 1, 1)


# ---------------------------------------------------------------- properties

SKUS = ("A", "B", "C")
stocks = st.dictionaries(
    st.tuples(st.sampled_from(SKUS), st.sampled_from([p.id for p in EVERYWHERE])), st.integers(0, 6), max_size=12
)
lines_of = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=4
)


@st.composite
def order_books(draw: st.DrawFn) -> list[OrderRow]:
    """Orders of one batch; lines partly cancelled, some not to be shipped, some with the same SKU twice."""
    rows = []
    for number in range(draw(st.integers(1, 12))):
        lines = tuple(
            line(
                id=number * 10 + i, external_id=f"L{i}", sku=sku, ordered=ordered, cancelled=min(cancelled, ordered),
                requires_shipping=ships,
            )
            for i, (sku, ordered, cancelled, ships) in enumerate(draw(lines_of))
        )  # fmt: skip
        rows.append(accepted(id=number, number=str(number), lines=lines))
    return rows


@given(order_books(), stocks)
def test_one_batch_never_promises_a_unit_twice(rows: list[OrderRow], free: dict[tuple[str, int], int]) -> None:
    shared = facts(free)
    taken: dict[tuple[str, int], int] = {}

    for row in rows:
        before = dict(taken)
        outcome = route(row, shared, NOW)
        assigned: dict[int, int] = {}
        for work in outcome.changes.works:
            assert work.lines, "no empty fulfillment order"
            for ln in work.lines:
                assert ln.quantity > 0
                assigned[ln.order_line_id] = assigned.get(ln.order_line_id, 0) + ln.quantity
                taken[ln.sku, work.location_id] = taken.get((ln.sku, work.location_id), 0) + ln.quantity
        if outcome.to is None:
            assert taken == before, "a held order takes nothing"
            assert outcome.holds[0].detail["short"], "and says what is short"
        else:
            assert assigned == {ln.id: ln.to_ship for ln in row.lines if ln.to_ship}, "every unit exactly once"

    assert all(units <= free.get(key, 0) for key, units in taken.items())


@given(st.permutations(EVERYWHERE), order_books())
def test_the_order_in_which_places_are_read_does_not_matter(places: list[Place], rows: list[OrderRow]) -> None:
    row = rows[0]

    assert by_distance(row, places) == by_distance(row, EVERYWHERE)


points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(points, points)
def test_distances_are_those_of_a_globe(a: tuple[float, float], b: tuple[float, float]) -> None:
    km = great_circle_km(a, b)

    assert 0 <= km <= 20_040
    assert km == pytest.approx(great_circle_km(b, a), abs=1e-6)
    assert great_circle_km(a, a) == pytest.approx(0, abs=1e-3)


def test_a_known_distance() -> None:
    assert great_circle_km((52.5, 13.4), (48.1, 11.6)) == pytest.approx(505, abs=10)


def test_ties_go_to_the_code() -> None:
    one, other = replace(BERLIN, id=8, code="b"), replace(BERLIN, id=9, code="a")

    assert [place.code for place, _ in by_distance(accepted(), (one, other))] == ["a", "b"]
