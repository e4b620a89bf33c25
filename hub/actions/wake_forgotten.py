"""Wake what waits for something that is there already: the safety net under every wake that came a moment too early.

A scan may be told before its parcel leaves, an answer before the row that asked goes to sleep. Each statement wakes
only rows that have something to do now, so that a second look finds nothing.
"""

from __future__ import annotations

from hub.actions.services import Services
from hub.domain.lifecycle import FOREVER, Custody, Inbox, LabelState, Lifecycle, Outbox, Work
from hub.domain.outgoing import Kind
from hub.store.database import announce

# ruff: noqa: S608 - statements are put together from constants of our own code

SCANNED = f"""SELECT f.id FROM fulfillment_orders f WHERE f.state < 9 AND f.state = {int(Work.DISPATCHED)}
    AND f.due_at = $1 AND EXISTS (
        SELECT 1 FROM parcels p JOIN scans s ON s.parcel_id = p.id AND NOT s.seen WHERE p.fulfillment_id = f.id)"""
ANSWERED = f"""SELECT f.id FROM fulfillment_orders f WHERE f.state < 9 AND f.state = {int(Work.PACKED)}
    AND f.due_at = $1 AND EXISTS (
        SELECT 1 FROM parcels p JOIN outbox o ON o.merchant_id = p.merchant_id
            AND o.intent = 'label:' || p.id || ':' || p.label_attempt
        WHERE p.fulfillment_id = f.id AND p.label <> '{LabelState.BOUGHT}' AND o.state = {int(Outbox.SENT)})"""
WAKE_WORKS = f"""UPDATE fulfillment_orders SET due_at = $2 WHERE id IN (
    SELECT id FROM fulfillment_orders WHERE id IN ({SCANNED} UNION {ANSWERED}) ORDER BY id FOR UPDATE SKIP LOCKED)"""

CAPTURED = f"""SELECT o.id FROM orders o WHERE o.state < 9 AND o.state = {int(Lifecycle.IN_PROGRESS)} AND o.due_at = $1
    AND EXISTS (SELECT 1 FROM payments p JOIN outbox m ON m.subject_id = o.id AND m.key = p.id
                    AND m.kind = '{Kind.CAPTURE_PAYMENT}' AND m.state = {int(Outbox.SENT)}
                WHERE p.order_id = o.id AND p.captured < p.amount)"""
ARRIVED = f"""SELECT o.id FROM orders o WHERE o.state < 9 AND o.state = {int(Lifecycle.IN_PROGRESS)} AND o.due_at = $1
    AND o.paid AND EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id AND p.custody = '{Custody.DELIVERED}')
    AND NOT EXISTS (SELECT 1 FROM fulfillment_orders f WHERE f.order_id = o.id AND f.state < 9)
    AND NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.requires_shipping
                    AND l.delivered + l.cancelled < l.ordered)
    AND NOT EXISTS (SELECT 1 FROM outbox m WHERE m.subject_id = o.id AND m.kind = '{Kind.CAPTURE_PAYMENT}'
                    AND m.state >= {int(Outbox.DEAD)})"""
HELD = """SELECT o.id FROM orders o JOIN holds h ON h.merchant_id = o.merchant_id AND h.order_id = o.id
        AND h.state IN ('open', 'escalated') AND h.reason = '{reason}'
    WHERE o.state < 9 AND o.state = {state} AND o.due_at = $1"""
TO_SHIP = """SELECT 1 FROM order_lines l
    WHERE l.order_id = o.id AND l.requires_shipping AND l.cancelled + l.assigned < l.ordered"""
STOCKED = f"""{HELD.format(reason="stock", state=int(Lifecycle.ACCEPTED))} AND NOT EXISTS ({TO_SHIP}
    AND l.ordered - l.cancelled - l.assigned > (
        SELECT coalesce(sum(here.units), 0) FROM locations p CROSS JOIN LATERAL (
            SELECT min(coalesce(s.on_hand - s.reserved, 0) / w.quantity) AS units
            FROM (SELECT c.component, c.quantity FROM components c
                  WHERE c.merchant_id = l.merchant_id AND c.sku = l.sku
                  UNION ALL SELECT l.sku, 1 WHERE NOT EXISTS (
                      SELECT 1 FROM components c WHERE c.merchant_id = l.merchant_id AND c.sku = l.sku)) w
                LEFT JOIN stock s ON s.merchant_id = l.merchant_id AND s.sku = w.component AND s.location_id = p.id
        ) here WHERE p.merchant_id = l.merchant_id AND p.active))"""
"""Every unit that is short is somewhere by now, of a bundle whole at one location; two lines that share a SKU may still
find too little, and sleep again."""
MAPPED = f"""{HELD.format(reason="mapping", state=int(Lifecycle.RECEIVED))} AND h.detail->>'what' = 'skus'
    AND NOT EXISTS ({TO_SHIP}
    AND NOT EXISTS (SELECT 1 FROM products p WHERE p.merchant_id = l.merchant_id AND p.sku = l.sku)
    AND NOT EXISTS (SELECT 1 FROM listings g WHERE g.merchant_id = l.merchant_id AND g.account_id = o.account_id
                        AND g.listing_id = l.listing_id AND g.sku <> ''))"""
WAKE_ORDERS = f"""UPDATE orders SET due_at = $2 WHERE id IN (
    SELECT id FROM orders WHERE id IN ({CAPTURED} UNION {ARRIVED} UNION {STOCKED} UNION {MAPPED})
    ORDER BY id FOR UPDATE SKIP LOCKED)"""

WAKE_INBOX = f"""UPDATE inbox SET state = {int(Inbox.PENDING)}, due_at = $1 WHERE id IN (
    SELECT i.id FROM inbox i JOIN orders o ON o.merchant_id = i.merchant_id AND o.account_id = i.account_id
        AND o.external_id = i.about
    WHERE i.state = {int(Inbox.WAITING)} ORDER BY i.id FOR UPDATE OF i SKIP LOCKED)"""


async def wake_forgotten(services: Services) -> int:
    """Returns how many rows were woken; normally none."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        works = await tx.execute(WAKE_WORKS, FOREVER, now)
        orders = await tx.execute(WAKE_ORDERS, FOREVER, now)
        deliveries = await tx.execute(WAKE_INBOX, now)
        if works or orders or deliveries:
            await announce(tx, "fulfillments", "orders", "inbox")
    return works + orders + deliveries
