"""Goods: stock, reservations and their ledger agree (I3), and so do the counters of lines, fulfillment orders, parcels;
nothing is bought or sent twice (I6)."""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from hub.domain.lifecycle import Custody, LabelState, Lifecycle, Outbox, Work
from hub.domain.outgoing import Kind
from hub.store.invariant import Check

LIVE = f"f.state <> {int(Work.CANCELLED)}"
GONE = f"f.state IN ({int(Work.DISPATCHED)}, {int(Work.DONE)})"
NOT_REFUSED = f"state IN ({int(Outbox.PENDING)}, {int(Outbox.SENT)})"

UNITS = """
    SELECT order_line_id, fulfillment_id, min(quantity / per_unit) AS units, min(reserved / per_unit) AS reserved,
           min(picked / per_unit) AS picked, min(packed / per_unit) AS packed
    FROM fulfillment_lines GROUP BY 1, 2"""
"""What the rows of an order line in a fulfillment order stand for: its units, of a bundle those that are whole."""

LINES = f"""
    SELECT l.id, l.order_id, l.reserved, l.assigned, l.picked, l.packed, l.shipped,
           s.reserved AS in_works_reserved, s.assigned AS in_works_assigned, s.picked AS in_works_picked,
           s.packed AS in_works_packed, s.shipped AS in_works_shipped
    FROM order_lines l LEFT JOIN (
        SELECT w.order_line_id, sum(w.reserved) AS reserved, sum(w.units) FILTER (WHERE {LIVE}) AS assigned,
               sum(w.picked) FILTER (WHERE {LIVE}) AS picked, sum(w.packed) FILTER (WHERE {LIVE}) AS packed,
               sum(w.units) FILTER (WHERE {GONE}) AS shipped
        FROM ({UNITS}) w JOIN fulfillment_orders f ON f.id = w.fulfillment_id GROUP BY 1
    ) s ON s.order_line_id = l.id
    CROSS JOIN LATERAL (SELECT l.assigned - coalesce(s.assigned, 0) AS by_others) e
    WHERE l.reserved <> coalesce(s.reserved, 0) OR e.by_others < 0
       OR (l.picked - coalesce(s.picked, 0), l.packed - coalesce(s.packed, 0), l.shipped - coalesce(s.shipped, 0))
          IS DISTINCT FROM (e.by_others, e.by_others, e.by_others)"""
"""Units that somebody else shipped count on the line only, and in every one of its counters alike."""

PARCELS = f"""
    SELECT coalesce(w.fulfillment_id, p.fulfillment_id) AS fulfillment_id, coalesce(w.line_id, p.line_id) AS line_id,
           coalesce(w.packed, 0) AS packed, coalesce(p.units, 0) AS in_parcels
    FROM (SELECT w.fulfillment_id, w.order_line_id AS line_id, sum(w.packed) AS packed
          FROM ({UNITS}) w JOIN fulfillment_orders f ON f.id = w.fulfillment_id WHERE {LIVE} GROUP BY 1, 2) w
    FULL JOIN (
        SELECT p.fulfillment_id, c.key::bigint AS line_id, sum(c.value::int) AS units
        FROM parcels p CROSS JOIN LATERAL jsonb_each_text(p.contents) c
        WHERE p.custody <> '{Custody.CANCELLED}' GROUP BY 1, 2
    ) p USING (fulfillment_id, line_id)
    WHERE coalesce(w.packed, 0) <> coalesce(p.units, 0)"""

ARRIVED = f"""
    SELECT l.id, l.order_id, l.delivered, coalesce(p.units, 0) AS in_delivered_parcels,
           l.shipped - coalesce(s.units, 0) AS by_others
    FROM order_lines l
    LEFT JOIN (SELECT c.key::bigint AS line_id, sum(c.value::int) AS units
               FROM parcels p CROSS JOIN LATERAL jsonb_each_text(p.contents) c
               WHERE p.custody = '{Custody.DELIVERED}' GROUP BY 1) p ON p.line_id = l.id
    LEFT JOIN (SELECT w.order_line_id AS line_id, sum(w.units) AS units
               FROM ({UNITS}) w JOIN fulfillment_orders f ON f.id = w.fulfillment_id WHERE {GONE} GROUP BY 1) s
        ON s.line_id = l.id
    WHERE l.delivered <> coalesce(p.units, 0) + l.shipped - coalesce(s.units, 0)"""

COUNTERS = """
    SELECT id, order_id, ordered, cancelled, reserved, assigned, picked, packed, shipped, delivered, received_back,
           restocked, written_off
    FROM order_lines
    WHERE NOT (cancelled >= 0 AND cancelled + shipped <= ordered
        AND reserved BETWEEN 0 AND ordered - cancelled - shipped AND picked BETWEEN 0 AND assigned
        AND packed BETWEEN 0 AND picked AND shipped BETWEEN 0 AND packed
        AND delivered BETWEEN 0 AND shipped AND received_back BETWEEN 0 AND shipped AND restocked >= 0
        AND written_off >= 0 AND restocked + written_off <= received_back)"""

TWICE = f"""
    SELECT merchant_id, kind, subject, hearer, count(*) AS messages, min(id) AS first_id, max(id) AS last_id FROM (
        SELECT id, merchant_id, kind, CASE kind WHEN '{Kind.PUSH_SHIPMENT}' THEN subject_id ELSE key END AS subject,
               CASE kind WHEN '{Kind.PUSH_SHIPMENT}' THEN account_id ELSE 0 END AS hearer
        FROM outbox WHERE kind IN ('{Kind.PUSH_SHIPMENT}', '{Kind.CAPTURE_PAYMENT}', '{Kind.VOID_PAYMENT}')
          AND {NOT_REFUSED}
    ) m GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"""
"""Accounts that listen are told of the same parcel as its own channel, each of them once."""

LABELS = f"""
    SELECT merchant_id, key AS parcel_id, count(*) FILTER (WHERE kind = '{Kind.BUY_LABEL}') AS bought,
           count(*) FILTER (WHERE kind = '{Kind.VOID_LABEL}') AS voided
    FROM outbox WHERE kind IN ('{Kind.BUY_LABEL}', '{Kind.VOID_LABEL}') AND {NOT_REFUSED} GROUP BY 1, 2
    HAVING count(*) FILTER (WHERE kind = '{Kind.BUY_LABEL}')
         - count(*) FILTER (WHERE kind = '{Kind.VOID_LABEL}') > 1"""

RESERVED = """
    SELECT merchant_id, sku, location_id, coalesce(s.reserved, 0) AS reserved, coalesce(w.reserved, 0) AS promised
    FROM stock s FULL JOIN (
        SELECT merchant_id, sku, location_id, sum(reserved) AS reserved FROM (
            SELECT w.merchant_id, w.sku, f.location_id, w.reserved
            FROM fulfillment_lines w JOIN fulfillment_orders f ON f.id = w.fulfillment_id
            UNION ALL SELECT merchant_id, sku, location_id, units FROM reservations) u GROUP BY 1, 2, 3
    ) w USING (merchant_id, sku, location_id)
    WHERE coalesce(s.reserved, 0) <> coalesce(w.reserved, 0)"""

TRANSFERS = """
    SELECT t.merchant_id, t.reference, w.sku, w.shipped, w.received, w.missing, coalesce(m.left_with, 0) AS left_with,
           coalesce(m.came_with, 0) AS came_with
    FROM transfer_lines w JOIN transfers t ON t.id = w.transfer_id
    LEFT JOIN LATERAL (
        SELECT -sum(m.on_hand) FILTER (WHERE m.reason = 'transfer_out' AND m.location_id = t.from_id) AS left_with,
               sum(m.on_hand) FILTER (WHERE m.reason = 'transfer_in' AND m.location_id = t.to_id) AS came_with
        FROM stock_movements m WHERE m.ref_id = t.id AND m.sku = w.sku) m ON true
    WHERE CASE WHEN t.state IN ('draft', 'cancelled') THEN m.left_with IS NOT NULL OR m.came_with IS NOT NULL
        ELSE w.shipped <> coalesce(m.left_with, 0) OR w.received <> coalesce(m.came_with, 0)
          OR w.received + w.missing > w.shipped OR (t.state = 'received' AND w.received + w.missing <> w.shipped) END"""

KITS = """
    SELECT k.merchant_id, k.reference, w.sku, w.units, coalesce(m.moved, 0) AS moved FROM kit_orders k
    CROSS JOIN LATERAL (
        SELECT k.sku, k.units UNION ALL SELECT p.key, -k.units * p.value::int FROM jsonb_each_text(k.parts) p
    ) w(sku, units)
    LEFT JOIN LATERAL (SELECT sum(on_hand) AS moved FROM stock_movements m
        WHERE m.ref_id = k.id AND m.sku = w.sku AND m.location_id = k.location_id) m ON true
    WHERE w.units <> coalesce(m.moved, 0)"""

CHECKS = (
    Check("I3", "stock_range", "0 ≤ reserved ≤ on hand", "stock",
          """SELECT merchant_id, sku, location_id, on_hand, reserved FROM stock
             WHERE NOT reserved BETWEEN 0 AND on_hand"""),
    Check("I3", "stock_reserved",
          "what is reserved at a location is what its fulfillment lines, its quarantine and checkouts were promised",
          "stock", RESERVED),
    Check("I3", "stock_ledger", "the movements of a SKU at a location add up to its counters", "stock",
          """SELECT merchant_id, sku, location_id, coalesce(s.on_hand, 0) AS on_hand,
                    coalesce(s.reserved, 0) AS reserved, coalesce(m.on_hand, 0) AS moved_on_hand,
                    coalesce(m.reserved, 0) AS moved_reserved
             FROM stock s FULL JOIN (
                 SELECT merchant_id, sku, location_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved
                 FROM stock_movements GROUP BY 1, 2, 3) m USING (merchant_id, sku, location_id)
             WHERE (coalesce(s.on_hand, 0), coalesce(s.reserved, 0))
                IS DISTINCT FROM (coalesce(m.on_hand, 0), coalesce(m.reserved, 0))"""),
    Check("I3", "transfer_ledger", "what is in transit left one location and has not reached the other",
          "transfer_lines", TRANSFERS),
    Check("I3", "kit_ledger", "kits that were made took their parts, and those taken apart gave them back",
          "kit_orders", KITS),
    Check("I3", "line_range", "the counters of a line stay within each other", "order_lines", COUNTERS),
    Check("I3", "line_counters", "a line's counters are those of its fulfillment orders", "order_lines", LINES),
    Check("I3", "parcel_contents", "what was packed lies in parcels", "parcels", PARCELS),
    Check("I3", "delivered_units", "delivered units are those of delivered parcels", "order_lines", ARRIVED),
    Check("I3", "completed_early", "a completed order has nothing left to deliver", "order_lines",
          f"""SELECT o.id, l.id AS line_id, l.ordered, l.cancelled, l.delivered FROM orders o
              JOIN order_lines l ON l.order_id = o.id
              WHERE o.state = {int(Lifecycle.COMPLETED)} AND l.requires_shipping
                AND l.delivered + l.cancelled < l.ordered"""),
    Check("I6", "intent_twice", "an intent is queued once", "outbox",
          """SELECT merchant_id, intent, count(*) AS messages FROM outbox GROUP BY 1, 2 HAVING count(*) > 1"""),
    Check("I6", "told_twice", "one shipment push a parcel and account, one capture and one void a payment", "outbox",
          TWICE),
    Check("I6", "label_twice", "a parcel has one label that is not voided", "outbox", LABELS),
    Check("I6", "tracking_twice", "no two parcels share a tracking number of one carrier", "parcels",
          f"""SELECT merchant_id, carrier_account_id, tracking_number, count(*) AS parcels, min(id) AS first_id,
                     max(id) AS last_id
              FROM parcels WHERE tracking_number <> '' AND label <> '{LabelState.VOIDED}'
              GROUP BY 1, 2, 3 HAVING count(*) > 1"""),
    Check("I6", "refund_twice", "a refund is made once", "refunds",
          """SELECT merchant_id, order_id, idempotency_key, count(*) AS refunds FROM refunds
             GROUP BY 1, 2, 3 HAVING count(*) > 1"""),
)  # fmt: skip
