"""Open holds over all orders, the most pressing first: what waits for somebody."""

from __future__ import annotations

from hub.actions import cursors
from hub.actions.order_view import HoldView, View
from hub.actions.show_order import hold_view
from hub.domain.holds import known_reason
from hub.domain.order import Value
from hub.store.database import Database


class HoldQuery(Value, frozen=True):
    """Which holds. `reason` narrows to one; `after` is the `next` of the page before."""

    reason: str = ""
    after: str = ""
    limit: int = 50


class HeldOrder(View, frozen=True):
    """A hold and the order that waits for it."""

    order_id: str
    number: str
    channel: str
    customer: str
    hold: HoldView


class HoldPage(View, frozen=True):
    """One page; an empty `next` ends the list."""

    holds: tuple[HeldOrder, ...]
    next: str


async def list_holds(database: Database, merchant_id: int, query: HoldQuery) -> HoldPage:
    """One page of open holds, oldest first. Raises `Invalid` for an unknown reason, a foreign page mark or a
    silly limit."""
    limit = cursors.page_size(query.limit)
    mark = cursors.decode(query.after) if query.after else (cursors.EPOCH, 0)
    rows = await database.plain.fetch(
        """SELECT h.*, o.number, a.name AS channel, coalesce(o.ship_to->>'name', o.buyer->>'name', '') AS customer
           FROM holds h JOIN orders o ON o.id = h.order_id LEFT JOIN accounts a ON a.id = o.account_id
           WHERE h.merchant_id = $1 AND h.state IN ('open', 'escalated') AND ($2 = '' OR h.reason = $2)
             AND (h.opened_at, h.id) > ($3, $4) AND o.state < 9
           ORDER BY h.opened_at, h.id LIMIT $5""",
        merchant_id, known_reason(query.reason), *mark, limit + 1,
    )  # fmt: skip
    found = tuple(
        HeldOrder(
            order_id=str(row["order_id"]),
            number=row["number"],
            channel=row["channel"] or "",
            customer=row["customer"],
            hold=hold_view(row),
        )
        for row in rows[:limit]
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return HoldPage(holds=found, next=cursors.encode(last["opened_at"], last["id"]) if last else "")
