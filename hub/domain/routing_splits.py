"""Splits: the fewest shipments that together have everything, and of those the cheapest; exact, and bounded.

Choosing the fewest is set cover, so the search is exponential in the number of shipments; `most` keeps that small. The
search tries one shipment, then two, and so on; within a size it leaves out every branch that cannot have everything any
more, or cannot be cheaper than what was found. With the fewest shipments every one of them is used, so that the cost of
a group is its fixed costs plus, item by item, its units taken where a unit is cheapest.

Beyond 8 locations the search may end before it has seen everything. Where a solver is installed it is then asked, and
the answer is exact again; without one the best that was found counts, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.domain import routing_solver
from hub.domain.routing_solver import Question

FEW = 8
"""Locations among which the search always sees everything that matters."""

BEFORE_SOLVER = 2_000
"""Groups looked at before a solver is asked, where there is one: about as long as its answer takes."""

BUDGET = 50_000
"""Groups looked at before the search settles for what it has. 40 locations and 3 shipments stay below."""


class Source(Struct, frozen=True):
    """A location as the search sees it: units free by item; minor units for a shipment, and for each unit."""

    free: Mapping[str, int]
    fixed: int = 0
    each: int = 0


class Split(Struct, frozen=True):
    """Chosen sources by their place in the given order, cheapest units first; `exact`: nothing better exists."""

    chosen: tuple[int, ...]
    cost: int
    exact: bool = True


def split(want: Mapping[str, int], sources: Sequence[Source], most: int, budget: int = BUDGET) -> Split | None:
    """The best of all groups of at most `most` sources that have everything wanted; None where none do. Of equally
    good groups the first, in the order in which sources are given."""
    useful = [n for n, source in enumerate(sources) if any(source.free.get(item, 0) > 0 for item in want)]
    for item, units in want.items():
        if sum(max(0, sources[n].free.get(item, 0)) for n in useful) < units:
            return None
    whole = [n for n in useful if all(sources[n].free.get(item, 0) >= units for item, units in want.items())]
    if whole and most > 0:
        total = sum(want.values())
        cost, best = min((sources[n].fixed + sources[n].each * total, n) for n in whole)
        return Split((best,), cost)
    found = _searched(want, [sources[n] for n in useful], most, budget)
    if found is None:
        return None
    group = sorted(found.chosen, key=lambda n: (sources[useful[n]].each, n))
    return Split(tuple(useful[n] for n in group), found.cost, found.exact)


def _searched(want: Mapping[str, int], sources: list[Source], most: int, budget: int) -> Split | None:
    """Two locations or more. `chosen` in the order of `sources`."""
    solver = len(sources) > FEW and routing_solver.installed()
    search = _Search(want, sources, min(budget, BEFORE_SOLVER) if solver else budget)
    search.to(most)
    if search.left <= 0 and solver:
        solved = routing_solver.solve(search.question(most))
        if solved is not None:
            return Split(solved.group, search.cost(solved.group)) if solved.group is not None else None
        search = _Search(want, sources, budget)
        search.to(most)
    found = search.best or (search.greedy(most) if search.left <= 0 else None)
    return Split(found, search.cost(found), search.left > 0) if found is not None else None


class _Search:
    """One search. `left` counts down to 0, where it stops."""

    def __init__(self, want: Mapping[str, int], sources: list[Source], budget: int) -> None:
        self.sources = sources
        self.left = budget
        self.best: tuple[int, ...] | None = None
        self._least = 0
        self._want = tuple(want.items())
        self._free = [tuple(max(0, source.free.get(item, 0)) for item, _ in self._want) for source in sources]
        self._units = sum(units for _, units in self._want) * min((s.each for s in sources), default=0)
        self._tops: list[list[tuple[int, ...]]] = []
        self._fixed = _least_fixed(sources)

    def to(self, most: int) -> None:
        """Looks through groups of two, of three, up to `most`, until one has everything or the budget is spent."""
        for count in range(2, min(most, len(self.sources)) + 1):
            self.look(count)
            if self.best is not None or self.left <= 0:
                return

    def question(self, most: int) -> Question:
        """The same for a solver."""
        return Question(
            tuple(units for _, units in self._want), tuple(self._free), tuple(s.fixed for s in self.sources),
            tuple(s.each for s in self.sources), most,
        )  # fmt: skip

    def look(self, count: int) -> None:
        """Looks through all groups of `count` sources."""
        self._tops = _tops(self._free, count)
        self._deeper((), 0, tuple(units for _, units in self._want), count)

    def cost(self, group: Sequence[int]) -> int:
        """What shipping everything from a group costs at the least."""
        total = sum(self.sources[n].fixed for n in group)
        cheapest = sorted(group, key=lambda n: (self.sources[n].each, n))
        for place, (_, units) in enumerate(self._want):
            missing = units
            for n in cheapest:
                taken = min(missing, self._free[n][place])
                total += taken * self.sources[n].each
                missing -= taken
        return total

    def greedy(self, most: int) -> tuple[int, ...] | None:
        """Whoever has most of what is missing, again and again: for a search that ran out of its budget."""
        missing = [units for _, units in self._want]
        group: list[int] = []
        while any(missing) and len(group) < most:
            rest = [n for n in range(len(self.sources)) if n not in group]
            if not rest:
                break
            best = max(rest, key=lambda n: (sum(map(min, missing, self._free[n])), -n))
            missing = [units - min(units, has) for units, has in zip(missing, self._free[best], strict=True)]
            group.append(best)
        return None if any(missing) else tuple(sorted(group))

    def _deeper(self, group: tuple[int, ...], start: int, missing: tuple[int, ...], more: int) -> None:
        if not more:
            cost = self.cost(group)
            if self.best is None or cost < self._least:
                self.best, self._least = group, cost
            return
        spent = sum(self.sources[n].fixed for n in group) + self._units
        for n in range(start, len(self.sources) - more + 1):
            self.left -= 1
            if self.left <= 0:
                return
            if not all(map(int.__le__, missing, self._tops[more][n])):
                return  # nor can any group that begins later
            if self.best is not None and spent + self._fixed[n] * more >= self._least:
                return
            rest = tuple(units - min(units, has) for units, has in zip(missing, self._free[n], strict=True))
            if more > 1 or not any(rest):
                self._deeper((*group, n), n + 1, rest, more - 1)


def _tops(free: Sequence[tuple[int, ...]], most: int) -> list[list[tuple[int, ...]]]:
    """[m][n] → by item, the units that the m best of the sources from n on have together."""
    items = range(len(free[0]) if free else 0)
    tops: list[list[tuple[int, ...]]] = [[() for _ in free] for _ in range(most + 1)]
    best: list[list[int]] = [[] for _ in items]
    for n in range(len(free) - 1, -1, -1):
        for item in items:
            best[item] = sorted((*best[item], free[n][item]), reverse=True)[:most]
        for count in range(most + 1):
            tops[count][n] = tuple(sum(best[item][:count]) for item in items)
    return tops


def _least_fixed(sources: Sequence[Source]) -> list[int]:
    """[n] → the least fixed cost from n on."""
    least: list[int] = []
    for source in reversed(sources):
        least.append(min(source.fixed, least[-1]) if least else source.fixed)
    return least[::-1]
