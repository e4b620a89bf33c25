"""What a check of the store is: an invariant of `trust.md`, and the one statement that finds the rows that break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

SHOWN = 20
"""Rows of one violation that are named; `total` counts them all."""


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` gives one row for everything that breaks `says`, with columns that tell a person which rows to look at.

    `over` is the table whose rows are counted as checked.
    """

    invariant: str
    name: str
    says: str
    over: str
    sql: str


class Violation(Struct, frozen=True):
    """A broken invariant: what should hold, how many break it, and the first of them."""

    invariant: str
    check: str
    says: str
    total: int
    rows: tuple[Mapping[str, object], ...]


class Checked(Struct, frozen=True):
    """What was looked at (check → rows), and what is broken."""

    checked: Mapping[str, int]
    violations: tuple[Violation, ...]
