"""Rows as a table for people: every column that fits the terminal, the words for those that do not, all in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

WRAPS = 24
"""Cells that are longer may be wrapped in a terminal, down to this; others never are."""

GAP = 2
"""Between two columns."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")

Row = Mapping[str, Any]


def table(console: Console, rows: Sequence[Row]) -> str:
    """Prints `rows`; returns the words for what there was no room for, empty where all is shown. What is not written to
    a terminal is never cut or wrapped: a line a row."""
    names = [name for name in rows[0] if any(row.get(name) not in (None, "", [], {}, False) for row in rows)]
    cells = {name: [cell(row.get(name)) for row in rows] for name in names}
    widths = {name: max(map(cell_len, (name, *cells[name]))) for name in names}
    if not console.is_terminal:
        for line in zip(*([name, *cells[name]] for name in names), strict=True):
            padded = (text + " " * (widths[name] - cell_len(text)) for name, text in zip(names, line, strict=True))
            console.print((" " * GAP).join(padded).rstrip(), markup=False, soft_wrap=True)
        return ""
    shown = fitting({name: min(width, WRAPS) for name, width in widths.items()}, console.width)
    made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    for name in shown:
        made.add_column(name, overflow="fold", no_wrap=widths[name] <= WRAPS)
    for row in zip(*(cells[name] for name in shown), strict=True):
        made.add_row(*map(Text, row))  # brackets of ours are no markup
    console.print(made)
    left = [name for name in names if name not in shown]
    return f"no room for {', '.join(left)}: widen the terminal, or ask with --json" if left else ""


def fitting(widths: Mapping[str, int], room: int) -> list[str]:
    """The columns that fit side by side, those that come first before others; the first one always."""
    shown: list[str] = []
    for name, width in widths.items():
        if not shown or width <= room:
            shown.append(name)
            room -= width + GAP
    return shown


def cell(value: Any) -> str:
    """A value as people read it; moments to the minute, in UTC."""
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name}={cell(item)}" for name, item in value.items())
    moment = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    return f"{moment[1]} {moment[2]}Z" if moment else "" if value is None else str(value)
