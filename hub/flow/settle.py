"""Facts of settle: how far the fulfillment orders are, and what became of captures."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.lifecycle import Outbox, Work
from hub.domain.outcome import OrderRow
from hub.domain.settling import Capture, SettleFacts
from hub.flow.stage import Desk

WORKS = "SELECT order_id, state FROM fulfillment_orders WHERE order_id = ANY($1::bigint[])"
CAPTURES = """SELECT key, state, error FROM outbox
    WHERE subject_id = ANY($1::bigint[]) AND kind = 'capture_payment'"""


async def facts(desk: Desk, orders: Sequence[OrderRow]) -> SettleFacts:
    """Two statements a batch."""
    ids = [order.id for order in orders]
    works: dict[int, tuple[Work, ...]] = {}
    for row in await desk.tx.fetch(WORKS, ids):
        works[row["order_id"]] = (*works.get(row["order_id"], ()), Work(row["state"]))
    captures = {row["key"]: Capture(Outbox(row["state"]), row["error"]) for row in await desk.tx.fetch(CAPTURES, ids)}
    return SettleFacts(works, captures)
