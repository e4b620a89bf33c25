"""A stage: which rows it takes, how it loads what their decisions need, which decision it asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hub.domain.outcome import OrderRow, Outcome, State, WorkRow
from hub.flow.directory import Directory
from hub.ports import Ids
from hub.store.database import Row, Tx

if TYPE_CHECKING:
    from hub.flow.batch import Batch

R = TypeVar("R", OrderRow, WorkRow)


@dataclass(frozen=True, slots=True)
class Desk:
    """What loading facts may use: the transaction, the directory of accounts, fresh ids, and the time of the batch.

    `careful`: the batch before met another over what it had read, so this one locks what it reads.
    """

    tx: Tx
    directory: Directory
    ids: Ids
    now: datetime
    careful: bool = False


@dataclass(frozen=True, slots=True)
class Stage(Generic[R]):
    """One step of the line.

    `facts(desk, rows)` loads what the decisions need in a fixed number of statements; `decide(row, facts, now)` is pure
    and lives in `hub.domain`. `holds` are the reasons this stage opens and, once healed, closes. `joins`: rows that a
    stage before it moved here are decided in the same transaction. `turn(row, facts)`: what the rows of a batch are
    sorted by before they are decided; without it they are in the order of the claim.
    """

    name: str
    takes: State
    facts: Callable[[Desk, Sequence[R]], Awaitable[Any]]
    decide: Callable[[R, Any, datetime], Outcome]
    holds: frozenset[str] = frozenset()
    joins: bool = True
    turn: Callable[[R, Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Line(Generic[R]):
    """A table of rows and the stages they go through. `work` is the name its arrival is announced by.

    `claim` locks those that are due, `take` those of given ids. `made`: rows that a batch of a line before this one has
    just made of orders; they go on in the same transaction.
    """

    work: str
    claim: str
    take: str
    load: Callable[[Desk, Sequence[Row]], Awaitable[list[R]]]
    stages: tuple[Stage[R], ...]
    made: Callable[[Desk, Batch, Sequence[OrderRow]], Awaitable[list[R]]] | None = None


async def no_facts(desk: Desk, rows: Sequence[Any]) -> None:
    """For stages whose decision reads nothing but the row."""
