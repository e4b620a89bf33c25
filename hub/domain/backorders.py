"""Who is served first when stock comes in: of the orders that wait for it, those of a higher priority (1 to 9, set by
an automation rule; 0 without one), then those that came in first. A new order that is decided with them has priority 0,
so it comes after all that waited before it.

An order that still finds too little keeps nothing back: whoever comes next may take what suffices for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from hub.domain.outcome import OrderRow

SAID = "higher priority first, then who came first"
"""The order, as a trace says it."""


class Turn(Struct, frozen=True):
    """An order that waited was the `place`th `of` so many that were looked at together."""

    place: int
    of: int
    priority: int = 0

    def told(self) -> dict[str, object]:
        """As the trace keeps it."""
        return {"place": self.place, "of": self.of, "priority": self.priority, "order": SAID}


def waited(order: OrderRow) -> bool:
    """Whether an order waits for stock already."""
    return any(hold.reason == "stock" and hold.is_open for hold in order.holds)


def key(order: OrderRow, priority: int) -> tuple[int, datetime, int]:
    """What orders are sorted by; the id decides between those that came in the same moment."""
    return (-priority, order.created_at, order.id)


def turns(orders: Iterable[OrderRow], priorities: Mapping[int, int]) -> dict[int, Turn]:
    """By order, the turn of those that waited, merchant by merchant."""
    waiting: dict[int, list[OrderRow]] = {}
    for order in orders:
        if waited(order):
            waiting.setdefault(order.merchant_id, []).append(order)
    return {
        order.id: Turn(place, len(row), priorities.get(order.id, 0))
        for row in waiting.values()
        for place, order in enumerate(_sorted(row, priorities), 1)
    }


def _sorted(orders: Sequence[OrderRow], priorities: Mapping[int, int]) -> list[OrderRow]:
    return sorted(orders, key=lambda order: key(order, priorities.get(order.id, 0)))
