"""What lines of an order count of its returns: one statement for who writes the counters and who checks them."""

from __future__ import annotations

from hub.domain.returning import AWAITED, VOIDED

_AWAITED = ", ".join(f"'{state}'" for state in AWAITED)
_VOID = ", ".join(f"'{state}'" for state in VOIDED)

COUNTED = f"""SELECT l.id AS line_id,
        coalesce(sum(w.quantity - w.received) FILTER (WHERE r.state IN ({_AWAITED})), 0)::int AS requested,
        coalesce(sum(w.received) FILTER (WHERE r.state NOT IN ({_VOID})), 0)::int AS received,
        coalesce(sum(w.quantity) FILTER (WHERE r.state NOT IN ({_VOID})), 0)::int AS units
    FROM order_lines l LEFT JOIN returns r ON r.order_id = l.order_id
        LEFT JOIN return_lines w ON w.merchant_id = r.merchant_id AND w.return_id = r.id AND w.order_line_id = l.id"""  # noqa: S608 our own text
"""Of each line: units asked back and not here yet, units received, units in all returns that stand. Wants a WHERE over
`order_lines l`, if any, and `GROUP BY l.id`."""
