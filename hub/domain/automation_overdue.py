"""Where an order, or what one location ships of it, can stay too long: how a stay begins and what ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from hub.domain.lifecycle import Lifecycle, Work


class Stay(Struct, frozen=True):
    """One state. `begins`, `ends`: kinds of events; an end is also a cancellation."""

    state: Lifecycle | Work
    begins: tuple[str, ...]
    ends: tuple[str, ...]

    @property
    def of_work(self) -> bool:
        """Whether it is a state of fulfillment orders."""
        return isinstance(self.state, Work)


STAYS: Mapping[str, Stay] = {
    "received": Stay(Lifecycle.RECEIVED, ("received",), ("accepted",)),
    "accepted": Stay(Lifecycle.ACCEPTED, ("accepted",), ("routed", "nothing_to_ship")),
    "in_progress": Stay(Lifecycle.IN_PROGRESS, ("routed", "nothing_to_ship"), ("completed",)),
    "picking": Stay(Work.PICKING, ("released",), ("picked",)),
    "dispatched": Stay(Work.DISPATCHED, ("dispatched",), ("fulfillment_done",)),
}
"""State, as rules call it."""

CANCELLED = frozenset({"cancelled", "fulfillment_cancelled", "units_cancelled_at_channel"})


class Happened(Struct, frozen=True):
    """An event of an order's past. `subject_id`: the order or one of its fulfillment orders."""

    kind: str
    subject_id: int
    at: datetime


def longest_stay(state: str, past: Sequence[Happened], until: datetime) -> float:
    """Hours of the longest stay in `state` that an order has had, counted up to `until`; 0.0 if it was never there.

    `past`: in the order in which it was recorded.
    """
    stay, longest = STAYS[state], 0.0
    begun: dict[int, datetime] = {}
    for event in past:
        if event.kind in stay.begins:
            begun[event.subject_id] = event.at
        elif event.kind in stay.ends or event.kind in CANCELLED:
            over = list(begun) if event.kind == "cancelled" else [event.subject_id]
            for subject in over:
                if subject in begun:
                    longest = max(longest, _hours(begun.pop(subject), event.at))
    return max([longest, *(_hours(at, until) for at in begun.values())])


def _hours(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds() / 3600)
