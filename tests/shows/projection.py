"""The store as far as it must be the same however its deliveries came in: no ids of ours, no times of ours."""

from __future__ import annotations

import json
from typing import Any

from tests.support.world import World

ORDERS = """SELECT a.name, o.external_id, o.number, o.state, o.currency, o.total, o.tax_total, o.shop_total, o.paid,
        o.pending, o.email, o.ship_to, o.charges, o.buyer, o.revised_at, o.cancelled_at, o.words, o.unknown_words
    FROM orders o JOIN accounts a ON a.id = o.account_id ORDER BY 1, 2"""
LINES = """SELECT a.name, o.external_id AS order, l.external_id, l.position, l.sku, l.listing_id, l.unit_price,
        l.discount, l.tax, l.ordered, l.cancelled, l.reserved, l.assigned, l.picked, l.packed, l.shipped, l.delivered
    FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN accounts a ON a.id = o.account_id ORDER BY 1, 2, 3"""
PAYMENTS = """SELECT o.external_id AS order, p.external_id, p.state, p.amount, p.captured, p.refunded, p.gateway
    FROM payments p JOIN orders o ON o.id = p.order_id ORDER BY 1, 2"""
REFUNDS = """SELECT o.external_id AS order, r.idempotency_key, r.state, r.amount, r.currency, r.lines
    FROM refunds r JOIN orders o ON o.id = r.order_id ORDER BY 1, 2"""
LEDGER = """SELECT o.external_id AS order, g.account, g.currency, sum(g.amount)::bigint AS amount
    FROM ledger g JOIN orders o ON o.id = g.order_id GROUP BY 1, 2, 3 HAVING sum(g.amount) <> 0 ORDER BY 1, 2, 3"""
HOLDS = """SELECT o.external_id AS order, h.reason, h.detail, h.resolutions
    FROM holds h JOIN orders o ON o.id = h.order_id WHERE h.state IN ('open', 'escalated') ORDER BY 1, 2"""
PARCELS = """SELECT o.external_id AS order, p.custody, p.label, p.tracking, p.weight_grams
    FROM parcels p JOIN orders o ON o.id = p.order_id ORDER BY 1"""
STOCK = "SELECT sku, on_hand, reserved FROM stock ORDER BY sku"
INBOX = "SELECT state, count(*) FROM inbox WHERE topic <> 'parcel.scanned' GROUP BY 1 ORDER BY 1"

VIEWS = {
    "orders": ORDERS, "lines": LINES, "payments": PAYMENTS, "refunds": REFUNDS, "ledger": LEDGER, "holds": HOLDS,
    "parcels": PARCELS, "stock": STOCK, "inbox": INBOX,
}  # fmt: skip


async def projection(world: World) -> dict[str, list[dict[str, Any]]]:
    """Rows by what they are, in an order of their own."""
    return {name: [_plain(dict(row)) for row in await world.rows(sql)] for name, sql in VIEWS.items()}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """JSON columns by what they hold: the order of an object's keys says nothing."""
    return {name: _read(value) for name, value in row.items()}


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value
