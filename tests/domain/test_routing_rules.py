"""Routing by rules: filters, groups, sorts, limits of locations, what happens otherwise; and what the trace says."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Charge
from hub.domain.outcome import OrderRow, Outcome
from hub.domain.routing import Availability, Before, Loads, Place, RouteFacts, route
from hub.domain.routing_plan import DEFAULT, Plan, read_plan
from hub.domain.routing_replay import Past, Receipt, replay
from hub.errors import Invalid
from tests.domain.build import CARRIER, MERCHANT, NOW, STORE, line, order

BERLIN = Place(1, "berlin", "DE", (52.5, 13.4), True)
MUNICH = Place(2, "munich", "DE", (48.1, 11.6), True)
VIENNA = Place(3, "vienna", "AT", None, True)
PLACES = (BERLIN, MUNICH, VIENNA)
PLENTY = {("MUG-1", place.id): 9 for place in PLACES}
CUP = line(id=102, external_id="L2", sku="CUP-1", ordered=1)


def facts(source: str, free: dict[tuple[str, int], int] | None = None, **given: Any) -> RouteFacts:
    plan = read_plan(source)
    stored = Plan(version=3, groups=plan.groups, locations=plan.locations, lanes=plan.lanes, rules=plan.rules)
    return RouteFacts(
        {MERCHANT: PLACES}, Availability(PLENTY if free is None else free), {MERCHANT: CARRIER}, {},
        plans={MERCHANT: stored}, channels={STORE: "Shop"}, **given,
    )  # fmt: skip


def accepted(**given: Any) -> OrderRow:
    return order(state=Lifecycle.ACCEPTED, **given)


def ships(outcome: Outcome) -> list[int]:
    return [work.location_id for work in outcome.changes.works]


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ('countries = ["DE", "AT"]', True), ('countries = ["AT"]', False), ('channels = ["Shop"]', True),
        ('channels = ["Other"]', False), ('skus = ["MUG-*"]', True), ('skus = ["cup-*"]', False),
        ('services = ["*express*"]', True), ('services = ["Standard"]', False), ("total_from = 2500", True),
        ("total_from = 2501", False), ("total_to = 2499", False), ("total_to = 2500", True),
    ],
)  # fmt: skip
def test_a_rule_is_for_the_orders_that_fit(when: str, fits: bool) -> None:
    source = f'[[rules]]\nname = "special"\nlocations = ["vienna"]\nwhen = {{{when}}}\n[[rules]]\nname = "rest"'
    row = accepted(charges=(Charge("shipping", "DHL Express", 990),))

    outcome = route(row, facts(source), NOW)

    assert ships(outcome) == [3 if fits else 1]
    (event,) = outcome.events
    assert (event.details["name"], event.details["plan"]) == ("special" if fits else "rest", 3)
    assert ("tried" in event.details) is not fits, "the trace says which rule was not for it"


@pytest.mark.parametrize(
    ("sort", "winner"),
    [("proximity", 1), ("stock", 2), ("cost", 3), ("promise", 2), ("priority", 3)],
)
def test_what_each_sort_ranks_by(sort: str, winner: int) -> None:
    source = f"""
        [locations.berlin]
        processing_days = 5
        [[lanes]]
        from = "vienna"
        days = 9
        cost = 100
        [[lanes]]
        days = 2
        cost = 200
        [[rules]]
        name = "one"
        locations = ["vienna", "berlin", "munich"]
        sort = ["{sort}"]
    """
    free = PLENTY | {("MUG-1", 2): 50}

    assert ships(route(accepted(), facts(source, free), NOW)) == [winner]


def test_groups_and_the_next_rule() -> None:
    source = """
        [groups]
        south = ["munich", "vienna"]
        [[rules]]
        name = "whole from the south"
        locations = ["south"]
        most_locations = 1
        [[rules]]
        name = "anybody"
    """
    free = {("MUG-1", 1): 2, ("MUG-1", 2): 1, ("MUG-1", 3): 1}

    outcome = route(accepted(), facts(source, free), NOW)

    assert ships(outcome) == [1]
    tried = outcome.events[0].details["tried"]
    assert tried[0]["rule"] == "whole from the south"  # type: ignore[index]
    assert tried[0]["short"] == {"locations": "more than 1"}  # type: ignore[index]


def test_queue_ends_the_sequence() -> None:
    source = '[[rules]]\nname = "a"\nlocations = ["munich"]\notherwise = "queue"\n[[rules]]\nname = "b"'

    outcome = route(accepted(), facts(source, {("MUG-1", 1): 9}), NOW)

    assert outcome.to is None
    assert outcome.holds[0].detail["short"] == {"MUG-1": 2}


def test_what_a_location_keeps_and_does_not_ship() -> None:
    source = """
        [locations.berlin]
        safety = 8
        [locations.munich]
        skus = ["CUP-*"]
        [locations.vienna]
        least = 5000
        [[rules]]
        name = "a"
    """
    outcome = route(accepted(), facts(source), NOW)
    rich = route(accepted(total=5000), facts(source), NOW)

    assert outcome.to is None, "one mug in Berlin, none in Munich, too small for Vienna"
    assert outcome.holds[0].detail["short"] == {"MUG-1": 1}
    assert ships(rich) == [3]


def test_no_split_below_a_total() -> None:
    source = '[[rules]]\nname = "a"\nsplit_from = 3000'
    free = {("MUG-1", 1): 1, ("MUG-1", 2): 1}

    assert route(accepted(), facts(source, free), NOW).to is None
    assert ships(route(accepted(total=3000), facts(source, free), NOW)) == [1, 2]


def test_the_cheapest_split_not_the_nearest() -> None:
    source = """
        [[lanes]]
        from = "munich"
        days = 1
        cost = 900
        [[lanes]]
        days = 1
        cost = 100
        [[rules]]
        name = "a"
        sort = ["cost"]
    """
    free = {("MUG-1", 1): 2, ("CUP-1", 2): 1, ("CUP-1", 3): 1}

    outcome = route(accepted(lines=(line(), CUP)), facts(source, free), NOW)

    assert ships(outcome) == [1, 3]
    ranked = outcome.events[0].details["considered"]
    assert [(it["location"], it["cost"]) for it in ranked] == [  # type: ignore[attr-defined]
        ("berlin", 100), ("vienna", 100), ("munich", 900),
    ]  # fmt: skip


def test_limits_are_used_up_within_a_batch() -> None:
    source = '[locations.berlin]\norders_per_day = 2\n[[rules]]\nname = "a"\nlocations = ["berlin"]'
    shared = facts(source, loads=Loads())

    made = [route(accepted(id=n, number=str(n)), shared, NOW) for n in range(3)]

    assert [ships(outcome) for outcome in made] == [[1], [1], []]
    assert made[0].changes.loads[0].most == 2
    assert made[2].holds[0].detail["what"] == "routing"
    assert made[2].wake_at is not None
    assert made[2].wake_at > NOW


def test_who_rejected_is_out_and_numbers_go_on() -> None:
    shared = facts('[[rules]]\nname = "a"', before={1: Before(2, frozenset({1}))})

    outcome = route(accepted(), shared, NOW)

    assert ships(outcome) == [2]
    assert outcome.changes.works[0].number == "1001-F3"
    assert {"location": "berlin", "out": "rejected this order"} in outcome.events[0].details["considered"]  # type: ignore[operator]


def test_what_is_there_leaves_and_the_hold_is_cancelled_in_time() -> None:
    source = '[[rules]]\nname = "a"\npartial = true\ncancel_after_days = 7'

    outcome = route(accepted(lines=(line(), CUP)), facts(source, {("MUG-1", 1): 1}), NOW)

    assert outcome.to is None
    assert ships(outcome) == [1]
    (hold,) = outcome.holds
    assert hold.detail == {"what": "stock", "short": {"MUG-1": 1, "CUP-1": 1}, "cancel_after_days": 7}
    assert (hold.hours, hold.then) == (24 * 7, "cancel")


def test_an_order_that_no_rule_is_for_waits_and_says_so() -> None:
    outcome = route(accepted(), facts('[[rules]]\nname = "a"\nwhen = {countries = ["FR"]}'), NOW)

    (hold,) = outcome.holds
    assert (hold.reason, hold.detail["why"]) == ("stock", "no rule is for this order")
    assert hold.detail["tried"] == [{"rule": "a", "skipped": "goes to DE, the rule is for FR"}]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("rules = []", "give 1 to 50 rules"),
        ('[[rules]]\nname = "a"\n[[rules]]\nname = "a"', "a name of its own"),
        ('[[rules]]\nname = "a"\nmost_locations = 9', "is 1 \\(no split\\) to 8"),
        ('[[rules]]\nname = "a"\nsort = ["nearest"]', "nearest"),
        ('[[rules]]\nname = "a"\nwhen = {country = ["DE"]}', "did you mean 'countries'"),
        ('[[rules]]\nname = "a"\nwhen = {countries = ["Germany"]}', "two capital letters"),
        ('[locations.b]\ntimezone = "Berlin"\n[[rules]]\nname = "a"', "no time zone"),
        ('[locations.b]\nclosed = ["mon","tue","wed","thu","fri","sat","sun"]\n[[rules]]\nname = "a"', "works on some"),
        ("version = 4", "given by `routing set`"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be(source: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_plan(source)


def test_the_file_of_the_guide_can_be_read() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "route-orders.md"
    source = guide.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]

    plan = read_plan(source)

    assert [rule.name for rule in plan.rules] == ["express from the nearest", "everything else"]
    assert plan.locations["berlin"].cutoff == time(14)


def test_an_empty_plan_is_the_houses_own() -> None:
    assert read_plan("") == DEFAULT


# ---------------------------------------------------------------- what if


def past(orders: list[OrderRow], free: dict[tuple[str, int], int], receipts: tuple[Receipt, ...] = ()) -> Past:
    facts_ = RouteFacts({MERCHANT: PLACES}, Availability(free), {}, {})
    return Past(facts_, orders, receipts)


def test_a_receipt_fills_who_waited_longest() -> None:
    orders = [accepted(id=n, number=str(n)) for n in range(1, 4)]

    result = replay(past(orders, {}, (Receipt(NOW, "MUG-1", 1, 4),)), DEFAULT)

    assert (result.routed, result.waiting, result.shipments) == (2, 1, 2)
    assert result.stock_left == {"berlin": 0, "munich": 0, "vienna": 0}


units = st.integers(0, 5)


@given(
    st.lists(st.tuples(st.integers(1, 5), units), max_size=12),
    st.lists(units, min_size=3, max_size=3),
    units,
    st.booleans(),
)
def test_a_replay_neither_makes_nor_loses_units(
    books: list[tuple[int, int]], stock: list[int], more: int, partial: bool
) -> None:
    orders = [
        accepted(id=n, number=str(n), lines=(line(ordered=a), line(id=102, external_id="L2", ordered=b)))
        for n, (a, b) in enumerate(books, 1)
    ]  # fmt: skip
    free = {("MUG-1", place.id): units for place, units in zip(PLACES, stock, strict=True)}
    source = f'[[rules]]\nname = "a"\npartial = {str(partial).lower()}'

    result = replay(past(orders, free, (Receipt(NOW, "MUG-1", 1, more),)), read_plan(source))

    gone = sum(stock) + more - sum(result.stock_left.values())
    assert 0 <= gone <= sum(a + b for a, b in books)
    assert result.orders == result.routed + result.waiting
    assert all(units >= 0 for units in result.stock_left.values())
    if not partial:
        sizes = sorted(a + b for a, b in books)
        assert sum(sizes[: result.routed]) <= gone <= sum(sizes[len(sizes) - result.routed :])
