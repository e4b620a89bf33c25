"""Splits by the solver: against trying everything, against the search with all the time it wants, and beyond it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from hub.domain import routing_solver
from hub.domain.routing_solver import Question, solve
from hub.domain.routing_splits import BUDGET, Source, _Search, split
from tests.domain.test_routing_splits import brute, cost_of

pytestmark = pytest.mark.skipif(
    not routing_solver.installed(), reason="highspy is absent: pip install 'crossdock[solver]'"
)


def sources_of(rng: random.Random, items: Sequence[str], count: int) -> list[Source]:
    """Locations of which each has little."""
    return [
        Source({item: rng.choice((0, 0, 0, 1, 2)) for item in items}, rng.randint(300, 900), rng.randint(0, 90))
        for _ in range(count)
    ]


def asked(want: dict[str, int], sources: Sequence[Source], most: int) -> Question:
    return Question(
        tuple(want.values()), tuple(tuple(s.free.get(item, 0) for item in want) for s in sources),
        tuple(s.fixed for s in sources), tuple(s.each for s in sources), most,
    )  # fmt: skip


def test_the_solver_agrees_with_trying_everything() -> None:
    rng = random.Random(9)
    found_some = 0
    for _ in range(60):
        want = {item: rng.randint(1, 4) for item in rng.sample("ABC", rng.randint(1, 3))}
        sources, most = sources_of(rng, "ABC", rng.randint(2, 8)), rng.randint(1, 4)
        solved, best = solve(asked(want, sources, most)), brute(want, sources, most)
        assert solved is not None
        if best is None:
            assert solved.group is None
            continue
        assert solved.group is not None
        found_some += 1
        chosen = [sources[n] for n in solved.group]
        assert len(chosen) == best[0]
        assert brute(want, chosen, len(chosen)) == best
    assert found_some > 10


def test_beyond_the_search_the_split_is_exact_and_no_dearer() -> None:
    rng = random.Random(8)
    items = [f"I{n}" for n in range(5)]
    want = {item: rng.randint(5, 9) for item in items}
    sources = sources_of(rng, items, 30)

    found = split(want, sources, 8)
    searched = _Search(want, sources, BUDGET)
    searched.to(8)

    assert found is not None
    assert found.exact
    assert cost_of(want, sources, found) == found.cost
    assert found == split(want, sources, 8), "equal questions, equal answers"
    assert searched.left <= 0, "the search alone does not see everything"
    assert searched.best is not None
    assert len(found.chosen) == len(searched.best)
    assert found.cost < searched.cost(searched.best)


def test_of_equal_groups_those_that_come_first() -> None:
    sources = [Source({"A": 1, "B": 1}) for _ in range(12)]

    solved = solve(asked({"A": 3, "B": 3}, sources, 8))

    assert solved is not None
    assert solved.group == (0, 1, 2)
