"""What the store looks like in figures, over all merchants: for monitoring, without anybody's data in it."""

from __future__ import annotations

from hub.domain.lifecycle import Inbox, Lifecycle, Outbox, Work
from hub.domain.order import Value
from hub.store.database import Database

_FIGURES = """
    SELECT 'inbox' AS what, state::text AS name, count(*) AS rows, min(due_at) AS oldest
    FROM inbox WHERE state IN (0, 1) GROUP BY state
    UNION ALL SELECT 'inbox', state::text, count(*), NULL FROM inbox WHERE state = 10 GROUP BY state
    UNION ALL SELECT 'outbox', state::text, count(*), min(due_at) FROM outbox WHERE state < 9 GROUP BY state
    UNION ALL SELECT 'outbox', state::text, count(*), NULL FROM outbox WHERE state >= 10 GROUP BY state
    UNION ALL SELECT 'orders', state::text, count(*), NULL FROM orders GROUP BY state
    UNION ALL SELECT 'works', state::text, count(*), NULL FROM fulfillment_orders WHERE state < 9 GROUP BY state
    UNION ALL SELECT 'holds', reason, count(*), min(opened_at) FROM holds WHERE state IN ('open', 'escalated')
              GROUP BY reason"""

NAMES = {"inbox": Inbox, "outbox": Outbox, "orders": Lifecycle, "works": Work}


class Figure(Value, frozen=True):
    """So many rows of `what` are in the state `name`; the oldest has been due for `waiting` seconds (0: none waits)."""

    what: str
    name: str
    rows: int
    waiting: float


async def read_figures(database: Database) -> tuple[Figure, ...]:
    """Rows of inbox, outbox, orders, fulfillment orders (works) and open holds by state, states without any left out.

    Sent and done rows are not counted: they are many, and counters of the process tell their rate.
    """
    rows = await database.plain.fetch(
        f"SELECT f.*, greatest(0, extract(epoch FROM now() - f.oldest))::float8 AS waiting FROM ({_FIGURES}) f"  # noqa: S608
    )
    return tuple(
        Figure(
            what=row["what"],
            name=NAMES[row["what"]](int(row["name"])).name.lower() if row["what"] in NAMES else row["name"],
            rows=row["rows"],
            waiting=row["waiting"] or 0.0,
        )
        for row in rows
    )
