"""Days of locations that have a limit: what a batch counts on them, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.domain.lifecycle import FOREVER, Lifecycle
from hub.ports import Ids
from hub.store import sets
from hub.store.database import Tx, announce, version_guard

KEYS = ("merchant_id", "location_id", "day")

MOST_WOKEN = 100
"""Orders that are looked at again when a day has room for another one: the first of them may need something else."""

WAKE_WAITING = f"""UPDATE orders SET due_at = $2 WHERE id IN (
    SELECT o.id FROM orders o
    WHERE o.state < 9 AND o.due_at > $2 AND o.due_at < $3 AND o.state = {int(Lifecycle.ACCEPTED)}
        AND o.merchant_id = ANY($1::bigint[]) AND EXISTS (
            SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.reason = 'stock' AND h.state IN ('open', 'escalated'))
    ORDER BY o.placed_at, o.id LIMIT {MOST_WOKEN} FOR UPDATE OF o SKIP LOCKED)"""  # noqa: S608 - constants only
"""Those that nobody ships and that wait for a time of day: the next midnight of a location whose day is full."""


async def flush(tx: Tx, ids: Ids, at: datetime, loads: Sequence[Mapping[str, Any]]) -> None:
    """Counts orders of days and holds them against their limit by one statement; what was cancelled (`orders` below 0)
    is given back before, with all days locked in their order, and who waits for a day is looked at again. Raises
    `Conflict` for a day that would go over."""
    back = sets.merged([load for load in loads if load["orders"] < 0], KEYS, ("orders",))
    rows = sets.merged([load for load in loads if load["orders"] > 0], KEYS, ("orders",))
    if back:
        await tx.fetch(sets.LOCK_LOADS, sets.text([{name: load[name] for name in KEYS} for load in loads]))
        await sets.update(tx, sets.GIVE_LOADS, back)
        if await tx.execute(WAKE_WAITING, sorted({load["merchant_id"] for load in back}), at, FOREVER):
            await announce(tx, "orders")
    if rows:
        counted = [{"id": ids.next(), **row} for row in rows]
        version_guard(len(rows), await sets.update(tx, sets.COUNT_LOADS, counted), "orders of a location's day")
