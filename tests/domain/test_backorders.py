"""Who is served first when stock comes in: higher priority, then who came first; and nobody is passed over."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.backorders import Turn, key, turns, waited
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import HoldRow, OrderRow
from hub.domain.routing import RouteFacts, in_turn, route
from hub.domain.routing_shelves import Availability
from tests.domain.build import CARRIER, MERCHANT, NOW, line, order
from tests.domain.test_routing import BERLIN

Case = tuple[int, int, int]
"""(units wanted, priority, minutes after the first)."""

CASES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([0, 0, 1, 9]), st.integers(0, 5)), min_size=1, max_size=12
)


def hold(reason: str = "stock", state: str = "open") -> HoldRow:
    return HoldRow(1, reason, state, {}, "")


def waiting(cases: list[Case]) -> list[OrderRow]:
    return [
        order(
            id=n, state=Lifecycle.ACCEPTED, lines=(line(id=100 + n, ordered=units),), holds=(hold(),),
            created_at=NOW + timedelta(minutes=minutes),
        )
        for n, (units, _, minutes) in enumerate(cases, 1)
    ]  # fmt: skip


def facts_of(orders: list[OrderRow], cases: list[Case], free: int) -> RouteFacts:
    priorities = {n: priority for n, (_, priority, _) in enumerate(cases, 1)}
    return RouteFacts(
        {MERCHANT: (BERLIN,)}, Availability({("MUG-1", BERLIN.id): free}), {MERCHANT: CARRIER}, {},
        turns=turns(orders, priorities),
    )  # fmt: skip


def test_only_what_waits_for_stock_has_a_turn() -> None:
    assert not waited(order())
    assert not waited(order(holds=(hold("address"), hold(state="released"))))
    assert waited(order(holds=(hold(state="escalated"),)))
    other = order(id=9, merchant_id=MERCHANT + 1, holds=(hold(),))

    found = turns([*waiting([(1, 0, 5), (1, 0, 2), (1, 3, 9)]), order(id=7), other], {3: 3})

    assert found == {3: Turn(1, 3, 3), 2: Turn(2, 3), 1: Turn(3, 3), 9: Turn(1, 1)}


def test_a_new_order_comes_after_those_that_waited_before_it() -> None:
    (old,) = waiting([(1, 0, 0)])
    new = order(id=0, state=Lifecycle.ACCEPTED, created_at=NOW + timedelta(minutes=1))
    facts = facts_of([old], [(1, 0, 0)], 1)

    assert sorted([new, old], key=lambda it: in_turn(it, facts)) == [old, new]


@given(CASES, st.integers(0, 20), st.randoms(use_true_random=False))
def test_backorders_are_filled_in_the_stated_order(cases: list[Case], free: int, rng: Random) -> None:
    orders = waiting(cases)
    facts = facts_of(orders, cases, free)
    stated = sorted(orders, key=lambda it: key(it, cases[it.id - 1][1]))
    mixed = orders.copy()
    rng.shuffle(mixed)

    left = free
    for place, row in enumerate(sorted(mixed, key=lambda it: in_turn(it, facts)), 1):
        assert row is stated[place - 1], "in whatever order they were read"
        outcome = route(row, facts, NOW)
        wants = row.lines[0].to_ship
        served = outcome.to is Lifecycle.IN_PROGRESS
        assert served == (wants <= left), "who is served depends on those before it alone, and nobody is passed over"
        if served:
            left -= wants
            turn = facts.turns[row.id]
            assert turn.place == place
            assert outcome.events[0].details["turn"] == {
                "place": place, "of": len(orders), "priority": cases[row.id - 1][1],
                "order": "higher priority first, then who came first",
            }  # fmt: skip
    assert left == facts.free.of("MUG-1", BERLIN.id)
