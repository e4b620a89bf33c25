"""Splits by a solver, where one is installed (the extra `solver`): exact for any number of locations.

A mixed-integer program with a 0/1 variable for each location and the units of each item that it ships; with the
locations chosen the units are a transport problem, whose best solution is whole by itself. Solved three times: for the
fewest locations, for the least cost of so many, and for the first in rank of those that cost so little (least sum of
places). HiGHS works in one thread with a fixed seed and a limit of nodes instead of a clock, so that equal questions
have equal answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from msgspec import Struct

MOST_NODES = 20_000
"""Branches after which a solver gives up; then the bounded search counts."""

OPTIONS = {
    "output_flag": False, "threads": 1, "random_seed": 0, "mip_rel_gap": 0.0, "mip_abs_gap": 0.4,
    "mip_max_nodes": MOST_NODES,
}  # fmt: skip
"""All amounts are whole, so that 0.4 apart is the same."""


class Question(Struct, frozen=True):
    """`want`: units by item; `free`: by location, units of each item; `fixed` and `each`: minor units of a shipment and
    of a unit, by location; `most`: shipments."""

    want: tuple[int, ...]
    free: tuple[tuple[int, ...], ...]
    fixed: tuple[int, ...]
    each: tuple[int, ...]
    most: int


class Solved(Struct, frozen=True):
    """`group`: places of the locations chosen; None where no group has everything."""

    group: tuple[int, ...] | None


class _GaveUp(Exception):
    """The limit of nodes was reached."""


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether there is a solver."""
    return find_spec("highspy") is not None


def solve(question: Question) -> Solved | None:
    """The best group; None where the solver gave up. Only where one is `installed`."""
    try:
        return Solved(_Program(question).best())
    except _GaveUp:
        return None


class _Program:
    """The program of one question. Columns: first a 0/1 for each location, then units by location and item."""

    def __init__(self, question: Question) -> None:
        self._asked = question
        self._highs: Any = import_module("highspy")
        self._model = self._highs.Highs()
        for name, value in OPTIONS.items():
            self._model.setOptionValue(name, value)
        self._places = range(len(question.free))
        self._columns()
        self._rows()

    def best(self) -> tuple[int, ...] | None:
        """The fewest, of those the cheapest, of those the first."""
        count = self._least([1.0 for _ in self._places], 0.0)
        if count is None:
            return None
        self._keep([1.0 for _ in self._places], 0.0, round(count))
        if any(self._asked.fixed) or any(self._asked.each):
            cost = self._least([float(fixed) for fixed in self._asked.fixed], 1.0)
            if cost is None:
                raise _GaveUp
            self._keep([float(fixed) for fixed in self._asked.fixed], 1.0, round(cost))
        if self._least([float(place + 1) for place in self._places], 0.0) is None:
            raise _GaveUp
        values = self._model.getSolution().col_value
        return tuple(place for place in self._places if values[place] > 0.5)

    def _columns(self) -> None:
        asked = self._asked
        for place in self._places:
            self._model.addVar(0.0, 1.0)
            self._model.changeColIntegrality(place, self._highs.HighsVarType.kInteger)
        for place in self._places:
            for item, units in enumerate(asked.want):
                self._model.addVar(0.0, float(min(units, asked.free[place][item])))

    def _rows(self) -> None:
        asked, items = self._asked, range(len(self._asked.want))
        self._model.addRow(0.0, float(asked.most), len(self._places), list(self._places), [1.0] * len(self._places))
        for item in items:
            columns = [self._column(place, item) for place in self._places]
            self._model.addRow(
                float(asked.want[item]), float(asked.want[item]), len(columns), columns, [1.0] * len(columns)
            )
        for place in self._places:
            for item in items:
                most = float(min(asked.want[item], asked.free[place][item]))
                columns = [self._column(place, item), place]
                self._model.addRow(-self._highs.kHighsInf, 0.0, 2, columns, [1.0, -most])

    def _column(self, place: int, item: int) -> int:
        return len(self._places) + place * len(self._asked.want) + item

    def _weights(self, chosen: Sequence[float], unit: float) -> list[float]:
        """By column: `chosen` of the locations; of each unit `unit` times what its location asks for one."""
        units = [unit * each for each in self._asked.each for _ in self._asked.want]
        return [*chosen, *units]

    def _least(self, chosen: Sequence[float], unit: float) -> float | None:
        """The least of a sum; None where nothing satisfies all rows. Raises `_GaveUp`."""
        for column, weight in enumerate(self._weights(chosen, unit)):
            self._model.changeColCost(column, weight)
        self._model.run()
        status, known = self._model.getModelStatus(), self._highs.HighsModelStatus
        if status == known.kInfeasible:
            return None
        if status != known.kOptimal:
            raise _GaveUp
        return float(self._model.getInfo().objective_function_value)

    def _keep(self, chosen: Sequence[float], unit: float, most: int) -> None:
        """A row that holds a sum at what it came to."""
        weights = self._weights(chosen, unit)
        columns = [column for column, weight in enumerate(weights) if weight]
        values = [weights[column] for column in columns]
        self._model.addRow(-self._highs.kHighsInf, most + 0.4, len(columns), columns, values)
