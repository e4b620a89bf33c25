"""Days of locations that have a limit: what a batch counts on them, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ports import Ids
from hub.store import sets
from hub.store.database import Tx, version_guard

KEYS = ("merchant_id", "location_id", "day")


async def flush(tx: Tx, ids: Ids, loads: Sequence[Mapping[str, Any]]) -> None:
    """Counts orders of days and holds them against their limit by one statement; what was cancelled (`orders` below 0)
    is given back before, with all days locked in their order. Raises `Conflict` for a day that would go over."""
    back = sets.merged([load for load in loads if load["orders"] < 0], KEYS, ("orders",))
    rows = sets.merged([load for load in loads if load["orders"] > 0], KEYS, ("orders",))
    if back:
        await tx.fetch(sets.LOCK_LOADS, sets.text([{name: load[name] for name in KEYS} for load in loads]))
        await sets.update(tx, sets.GIVE_LOADS, back)
    if rows:
        counted = [{"id": ids.next(), **row} for row in rows]
        version_guard(len(rows), await sets.update(tx, sets.COUNT_LOADS, counted), "orders of a location's day")
