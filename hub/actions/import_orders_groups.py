"""What a file holds, order by order: rows put together by their order number, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.actions.import_orders_files import Header, Row, Whole, read_file
from hub.actions.import_orders_rows import Fault, Reading, placed_order
from hub.actions.import_orders_values import ways
from hub.actions.import_orders_words import COLUMNS, guess
from hub.domain.placed_order import PlacedOrder
from hub.errors import Invalid

OPEN = 5000
"""Orders whose rows are waited for at once. Rows of one order may lie that far apart, and files be of any size."""

WAYS = frozenset({"dates", "decimal", "zone"})
NEEDED = ("order", "quantity")


class How(Struct, frozen=True, kw_only=True):
    """How a file is read. `columns`: the file's → ours, empty to ignore one; `fixed`: ours → what the file does not
    say, and how it writes (`dates`, `decimal`, `zone`)."""

    columns: dict[str, str] = {}
    fixed: dict[str, str] = {}


class Found(Struct, frozen=True):
    """One order of the file, or why it cannot be taken. `line`: where it begins; `rows`: the line of each of its lines,
    empty where it is written whole."""

    line: int
    order: PlacedOrder | None = None
    name: str = ""
    fault: Fault | None = None
    rows: tuple[int, ...] = ()


def require_how(how: How) -> None:
    """Raises `Invalid` for what is fixed and is no column of ours."""
    for name in how.fixed:
        if name not in COLUMNS and name not in WAYS:
            raise Invalid("--set", f"{name!r} is no column of ours; there are {', '.join((*COLUMNS, *sorted(WAYS)))}")
    ways(how.fixed)


class Groups:
    """Goes through a file. `columns` is known after the first row: ours → the file's."""

    def __init__(self, path: Path, how: How) -> None:
        self._path = path
        self._how = how
        self._open: dict[str, list[Row]] = {}
        self._closed: dict[int, int] = {}
        self._reading: Reading | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Our column → the file's own name of it."""
        return dict(self._reading.columns) if self._reading else {}

    def __iter__(self) -> Iterator[Found]:
        for item in read_file(self._path):
            if isinstance(item, Header):
                self._begin(list(item.names))
            elif isinstance(item, Whole):
                yield self._whole(item)
            else:
                yield from self._row(item)
        for rows in self._open.values():
            yield self._close(rows)

    # ------------------------------------------------------------ orders that are written whole

    def _whole(self, item: Whole) -> Found:
        if item.broken:
            return Found(item.line, fault=Fault(item.line, "", item.broken))
        try:
            order = msgspec.json.decode(item.body, type=PlacedOrder)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return Found(item.line, fault=Fault(item.line, "", str(error)))
        name = order.id.strip()
        if not name:
            return Found(item.line, fault=Fault(item.line, "id", "is empty: a file's orders are told apart by it"))
        twice = self._seen(name, item.line)
        return Found(item.line, None if twice else order, name, twice)

    def _seen(self, name: str, line: int) -> Fault | None:
        """A fault when an order of that name is over already; else it is from now on."""
        before = self._closed.get(hash(name))
        if before is None:
            self._closed[hash(name)] = line
            return None
        return Fault(line, "order", f"{name!r} was in line {before} already: an order is in a file once")

    # ------------------------------------------------------------ rows

    def _row(self, row: Row) -> Iterator[Found]:
        reading = self._reading or self._begin(list(row.cells))
        name = reading.cell(row, "order")
        if not name:
            yield Found(row.line, fault=Fault(row.line, "" if row.broken else "order", row.broken or "is empty"))
        elif name in self._open:
            self._open[name].append(row)
        elif hash(name) in self._closed:
            after = self._closed[hash(name)]
            why = f"more of {name!r} after line {after}, and {OPEN} other orders between: sort the file by order"
            yield Found(row.line, name=name, fault=Fault(row.line, "order", why))
        else:
            self._open[name] = [row]
            if len(self._open) > OPEN:
                yield self._close(self._open.pop(next(iter(self._open))))

    def _begin(self, header: list[str]) -> Reading:
        """Finds the columns by the file's own. Raises `Invalid`."""
        columns = guess(header, self._how.columns)
        for needed in NEEDED:
            if needed not in columns and needed not in self._how.fixed:
                raise Invalid("columns", f"none is {needed}; name it with --map 'THEIRS={needed}': {', '.join(header)}")
        self._reading = Reading(columns=columns, fixed=self._how.fixed, how=ways(self._how.fixed))
        return self._reading

    def _close(self, rows: list[Row]) -> Found:
        assert self._reading is not None
        name, first = self._reading.cell(rows[0], "order"), rows[0].line
        self._closed[hash(name)] = first
        try:
            order = placed_order(rows, self._reading)
        except Fault as fault:
            return Found(first, name=name, fault=fault)
        return Found(first, order, name, rows=tuple(row.line for row in rows))
