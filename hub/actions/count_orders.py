"""How many orders are in each phase: the tabs of the console, and the summary of the demo."""

from __future__ import annotations

from collections import Counter

from hub.domain.lifecycle import Lifecycle, PhaseFacts, Work, phase
from hub.store.database import Database, Row
from hub.store.order_facts import FACTS, UNITS

_OWN = """o.merchant_id = $1 AND ($2 = '' OR o.account_id IN
    (SELECT a.id FROM accounts a WHERE a.merchant_id = $1 AND $2 IN (a.name, a.connector)))"""

_SPECIAL = """(o.id IN (SELECT b.order_id FROM order_lines b WHERE b.merchant_id = $1 AND b.received_back > 0)
    OR o.id IN (SELECT r.order_id FROM returns r WHERE r.merchant_id = $1)
    OR NOT EXISTS (SELECT 1 FROM order_lines n
                   WHERE n.order_id = o.id AND n.requires_shipping AND n.ordered > n.cancelled))"""
"""Completed orders that are anything but plainly delivered: few."""

_SHARE = "CASE WHEN f.{0} <= 0 THEN 0 WHEN f.{0} >= f.units THEN 2 ELSE 1 END AS {0}"

_LIVE = f"""
    SELECT state, holds, works, trouble, return_open, shipped, delivered, returned, units, count(*) AS orders FROM (
        SELECT f.state, f.holds, f.works, f.trouble, f.return_open, least(f.units, 1) AS units,
               {", ".join(map(_SHARE.format, ("shipped", "delivered", "returned")))}
        FROM (SELECT o.state, {FACTS} FROM orders o {UNITS}
              WHERE {_OWN} AND (o.state < 9 OR (o.state = 9 AND {_SPECIAL}))) f
    ) s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9"""  # noqa: S608 our own text
"""Orders with the same facts are one row: counters shrink to none (0), some (1) or all (2) of the units."""

_ENDED = f"SELECT o.state, count(*) AS orders FROM orders o WHERE {_OWN} AND o.state >= 9 GROUP BY 1"  # noqa: S608
"""Finished orders need no facts, but for the special ones, which `_LIVE` has too."""

PLAIN = {
    Lifecycle.COMPLETED: PhaseFacts(lifecycle=Lifecycle.COMPLETED, units=1, shipped=1, delivered=1),
    Lifecycle.CANCELLED: PhaseFacts(lifecycle=Lifecycle.CANCELLED),
    Lifecycle.REJECTED: PhaseFacts(lifecycle=Lifecycle.REJECTED),
}


async def count_orders(database: Database, merchant_id: int, channel: str = "") -> dict[str, int]:
    """Phase → orders in it, phases without any left out. `channel` is the name or the connector of an account."""
    counts: Counter[str] = Counter()
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for row in await tx.fetch(_ENDED, merchant_id, channel):
            counts[phase(PLAIN[Lifecycle(row["state"])])] += row["orders"]
        for row in await tx.fetch(_LIVE, merchant_id, channel):
            if row["state"] == Lifecycle.COMPLETED:
                counts[phase(PLAIN[Lifecycle.COMPLETED])] -= row["orders"]
            counts[phase(_facts(row))] += row["orders"]
    return {name: orders for name, orders in counts.items() if orders}


def _facts(row: Row) -> PhaseFacts:
    return PhaseFacts(
        lifecycle=Lifecycle(row["state"]),
        holds=frozenset(row["holds"]),
        works=frozenset(Work(state) for state in row["works"]),
        trouble=row["trouble"],
        units=2 * row["units"],
        shipped=row["shipped"],
        delivered=row["delivered"],
        returned=row["returned"],
        return_open=row["return_open"],
    )
