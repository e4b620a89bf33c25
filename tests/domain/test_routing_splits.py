"""Splits against trying everything: the fewest shipments, of those the cheapest, and the first of equals."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations, product

import pytest

from hub.domain import routing_solver
from hub.domain.routing_splits import Source, Split, split

ITEMS = ("A", "B", "C")
LONG_CASES = 10_000
SHORT_CASES = 400


def brute(want: Mapping[str, int], sources: Sequence[Source], most: int) -> tuple[int, int] | None:
    """(shipments, cost) of the best plan, unit by unit over all ways to share them out."""
    for count in range(1, most + 1):
        costs = [
            cost for group in combinations(sources, count) if (cost := brute_cost(want, group)) is not None
        ]  # fmt: skip
        if costs:
            return count, min(costs)
    return None


def brute_cost(want: Mapping[str, int], group: Sequence[Source]) -> int | None:
    """The least cost of shipping everything from exactly these sources: every way to share each item out is tried."""
    total = sum(source.fixed for source in group)
    for item, units in want.items():
        takes = [range(min(units, source.free.get(item, 0)) + 1) for source in group]
        ways = [
            sum(n * s.each for n, s in zip(way, group, strict=True)) for way in product(*takes) if sum(way) == units
        ]
        if not ways:
            return None
        total += min(ways)
    return total


def cost_of(want: Mapping[str, int], sources: Sequence[Source], found: Split) -> int:
    """What the chosen sources cost when each in turn takes what it can, as routing does."""
    missing, total = dict(want), 0
    for n in found.chosen:
        total += sources[n].fixed
        for item, units in list(missing.items()):
            taken = min(units, sources[n].free.get(item, 0))
            missing[item] -= taken
            total += taken * sources[n].each
    assert not any(missing.values()), "the group has everything"
    return total


def agrees(rng: random.Random, *, costs: bool) -> None:
    """One random case: up to 8 locations, 3 items, up to 5 units of each."""
    want = {item: rng.randint(1, 5) for item in rng.sample(ITEMS, rng.randint(1, 3))}
    sources = [
        Source(
            {item: rng.choice((0, 0, 1, 2, 5)) for item in ITEMS},
            rng.randint(0, 900) if costs else 0,
            rng.randint(0, 90) if costs else 0,
        )
        for _ in range(rng.randint(0, 8))
    ]  # fmt: skip
    most = rng.randint(1, 4)
    found, best = split(want, sources, most), brute(want, sources, most)
    if best is None:
        assert found is None
        return
    assert found is not None, (want, sources, most)
    assert found.exact
    assert (len(found.chosen), found.cost) == best, (want, sources, most)
    assert cost_of(want, sources, found) == found.cost, "and taking in that order costs just that"


@pytest.mark.parametrize("costs", [True, False])
def test_splits_agree_with_trying_everything(costs: bool) -> None:
    rng = random.Random(4)
    for _ in range(SHORT_CASES):
        agrees(rng, costs=costs)


@pytest.mark.long
def test_ten_thousand_splits_agree_with_trying_everything() -> None:
    rng = random.Random(2026)
    for _ in range(LONG_CASES):
        agrees(rng, costs=True)


def test_of_equals_the_first() -> None:
    sources = [Source({"A": 1}), Source({"A": 2}), Source({"A": 2}), Source({"A": 1})]

    assert split({"A": 2}, sources, 3) == Split((1,), 0)
    assert split({"A": 3}, sources, 3) == Split((0, 1), 0)


def test_fewer_shipments_before_lower_cost() -> None:
    sources = [Source({"A": 1}, 1), Source({"A": 1}, 1), Source({"A": 2}, 900)]

    found = split({"A": 2}, sources, 3)

    assert found == Split((2,), 900)


def test_units_are_taken_where_they_are_cheapest() -> None:
    sources = [Source({"A": 4}, 100, 50), Source({"A": 4}, 100, 10)]

    assert split({"A": 6}, sources, 2) == Split((1, 0), 200 + 4 * 10 + 2 * 50)


def test_a_search_that_runs_out_says_so_and_still_ships() -> None:
    rng = random.Random(1)
    sources = [Source({item: rng.randint(0, 2) for item in ITEMS}, rng.randint(1, 500)) for _ in range(60)]

    found = split({"A": 6, "B": 6, "C": 6}, sources, 8, budget=200)

    assert found is not None
    assert found.exact is routing_solver.installed(), "a solver is asked where there is one"
    assert len(found.chosen) <= 8
    assert cost_of({"A": 6, "B": 6, "C": 6}, sources, found) == found.cost


def test_forty_locations_stay_within_the_budget() -> None:
    rng = random.Random(7)
    sources = [Source({item: rng.randint(0, 2) for item in ITEMS}, rng.randint(1, 500)) for _ in range(40)]

    found = split({"A": 5, "B": 5, "C": 5}, sources, 3)

    assert found is None or found.exact
