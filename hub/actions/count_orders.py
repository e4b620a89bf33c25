"""How many orders are in each phase: the tabs of the console, and the summary of the demo."""

from __future__ import annotations

from collections import Counter

from hub.domain.lifecycle import Lifecycle, PhaseFacts, Work, phase
from hub.store.database import Database, Row
from hub.store.order_facts import FACTS, UNITS

_COUNT = f"""
    SELECT state, holds, works, trouble, return_open, shipped, delivered, returned, units, count(*) AS orders FROM (
        SELECT f.state, f.holds, f.works, f.trouble, f.return_open, least(f.units, 1) AS units,
               {{shipped}} AS shipped, {{delivered}} AS delivered, {{returned}} AS returned
        FROM (SELECT o.state, {FACTS} FROM orders o {UNITS}
              WHERE o.merchant_id = $1 AND ($2 = '' OR o.account_id IN
                    (SELECT a.id FROM accounts a WHERE a.merchant_id = $1 AND $2 IN (a.name, a.connector)))) f
    ) s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9""".format(  # noqa: S608 our own text
    **{
        name: f"CASE WHEN f.{name} <= 0 THEN 0 WHEN f.{name} >= f.units THEN 2 ELSE 1 END"
        for name in ("shipped", "delivered", "returned")
    }
)
"""Orders with the same facts are one row: counters shrink to none (0), some (1) or all (2) of the units."""


async def count_orders(database: Database, merchant_id: int, channel: str = "") -> dict[str, int]:
    """Phase → orders in it, phases without any left out. `channel` is the name or the connector of an account."""
    counts: Counter[str] = Counter()
    for row in await database.plain.fetch(_COUNT, merchant_id, channel):
        counts[phase(_facts(row))] += row["orders"]
    return dict(counts)


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
