"""Returns: each is here once, and brings back no more than was shipped (I3)."""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from hub.store.invariant import Check
from hub.store.return_facts import COUNTED

LINES = f"""SELECT l.id, l.order_id, l.shipped, l.return_requested, l.received_back, c.units, c.requested, c.received
    FROM order_lines l JOIN ({COUNTED} GROUP BY l.id) c ON c.line_id = l.id"""

CHECKS = (
    Check("I3", "return_twice", "a channel's return is here once", "returns",
          """SELECT merchant_id, account_id, external_id, count(*) AS rows FROM returns WHERE account_id IS NOT NULL
             GROUP BY 1, 2, 3 HAVING count(*) > 1"""),
    Check("I3", "return_of_another_order", "a return brings back lines of its own order", "return_lines",
          """SELECT w.id, w.return_id, r.order_id, l.order_id AS line_of FROM return_lines w
             JOIN returns r ON r.id = w.return_id JOIN order_lines l ON l.id = w.order_line_id
             WHERE l.order_id <> r.order_id"""),
    Check("I3", "return_units", "no line comes back more often than it was shipped", "order_lines",
          f"SELECT * FROM ({LINES}) x WHERE units > shipped"),
    Check("I3", "return_counters", "a line counts what its returns ask back and what of them was received",
          "order_lines",
          f"SELECT * FROM ({LINES}) x WHERE (return_requested, received_back) <> (requested, received)"),
)  # fmt: skip
