"""What the parts of intake share: the transaction, the batch, the orders that are spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.domain.lifecycle import Inbox, Lifecycle
from hub.domain.outcome import Event
from hub.errors import storable
from hub.flow.batch import Batch
from hub.flow.directory import Known
from hub.ports import Rng
from hub.store.database import Row, Tx

OrderKey = tuple[int, str]
"""(account, the channel's order id)."""


@dataclass(slots=True)
class Present:
    """An order that is here already, locked for this transaction."""

    row: Mapping[str, Any] | Row
    version: int
    state: Lifecycle

    @property
    def id(self) -> int:
        return int(self.row["id"])


@dataclass(slots=True)
class Intake:
    """One batch of deliveries on its way in."""

    tx: Tx
    batch: Batch
    now: datetime
    known: Known
    rng: Rng
    orders: dict[OrderKey, Present] = field(default_factory=dict)
    finished: list[dict[str, Any]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    money: set[int] = field(default_factory=set)
    """Orders whose payments or refunds changed."""
    amended: set[int] = field(default_factory=set)
    """Orders that were here and of which a newer revision came: what was shipped of their lines may have changed."""

    def finish(self, row: Row, state: Inbox, **more: object) -> None:
        """Says what became of a delivery. `more`: about, error, due_at, attempts. The first word counts."""
        if row["id"] in self.settled:
            return
        self.settled.add(row["id"])
        values = {"about": "", "error": "", "due_at": None, "attempts": row["attempts"]} | more
        values["error"] = storable(str(values["error"]))[:1000]
        self.finished.append({"id": row["id"], "state": int(state)} | values)

    def event(self, order: Present, event: Event) -> None:
        """Appends an event to an order that is here; its version grows by one."""
        order.version += 1
        self.batch.event(order.row["merchant_id"], order.id, (order.id, order.version), event)
