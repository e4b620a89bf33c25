"""What leaves: in order per (lane, key), each shipment told once, nothing held by the dead, no silent end (I7)."""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind
from hub.store.invariant import Check

HELD_TOO_LONG = "10 minutes"
LANE_LOCKS = 0x6C616E65
"""Namespace of the advisory locks that lanes are held by (see `hub.flow.post`)."""

APART = "10 seconds"
"""Transactions of different objects may number their messages one way and commit the other; none lasts this long."""

ORDER = f"""
    SELECT a.id, a.lane, a.key, a.kind, a.intent, a.state, a.sent_at, least(a.of_same, a.of_any) AS later_sent_at
    FROM (
        SELECT *, min(sent_at) OVER (PARTITION BY lane, key, split_part(intent, ':', 2) ORDER BY id
                                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS of_same,
               min(sent_at) OVER (PARTITION BY lane, key ORDER BY created_at
                                  RANGE BETWEEN interval '{APART}' FOLLOWING AND UNBOUNDED FOLLOWING) AS of_any
        FROM outbox WHERE state < 9 OR state = {int(Outbox.SENT)}
    ) a
    WHERE (a.state < 9 OR a.sent_at > least(a.of_same, a.of_any)) AND least(a.of_same, a.of_any) IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM audit t WHERE t.merchant_id = a.merchant_id AND t.action = 'resend_message'
                      AND t.subject = 'message:' || a.id)"""
"""Strict among the messages of one object (the second part of the intent), whose transactions take turns. What a person
sent again comes late."""

LEASED = f"""
    SELECT o.id, o.lane, o.kind, o.intent, o.attempts, o.created_at FROM outbox o
    WHERE o.leased AND o.state < 9 AND o.created_at < now() - interval '{HELD_TOO_LONG}' AND NOT EXISTS (
        SELECT 1 FROM pg_locks k WHERE k.locktype = 'advisory' AND k.granted AND k.classid = {LANE_LOCKS}
        AND k.objid::bigint = hashtext(o.lane)::bigint & 4294967295
        AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""

UNTOLD = f"""
    SELECT p.id, p.number, p.order_id, p.tracking_number, p.handed_over_at FROM parcels p
    JOIN orders o ON o.id = p.order_id JOIN accounts a ON a.id = o.account_id AND a.state <> 'removed'
    WHERE p.handed_over_at IS NOT NULL
      AND a.connector IN (SELECT b.connector FROM accounts b WHERE EXISTS (
          SELECT 1 FROM outbox x WHERE x.account_id = b.id AND x.kind = '{Kind.PUSH_SHIPMENT}'))
      AND NOT EXISTS (SELECT 1 FROM outbox m WHERE m.subject_id = p.id AND m.kind = '{Kind.PUSH_SHIPMENT}'
                      AND m.account_id = o.account_id)"""
"""A kind of channel takes shipments if one of its accounts was ever sent any."""

CHECKS = (
    Check("I7", "out_of_order", "no message is sent after a later one of the same lane and key", "outbox", ORDER),
    Check("I7", "held_by_the_dead", f"no message is leased for {HELD_TOO_LONG} without a living holder of its lane",
          "outbox", LEASED),
    Check("I7", "shipment_untold", "every parcel that left has its shipment push, where the channel takes them",
          "parcels", UNTOLD),
    Check("I7", "silent_end", "a dead or refused message says why", "outbox",
          f"""SELECT id, lane, kind, intent FROM outbox
              WHERE state IN ({int(Outbox.DEAD)}, {int(Outbox.REFUSED)}) AND error = ''"""),
    Check("I7", "sent_without_receipt", "a sent message keeps its receipt and its time", "outbox",
          f"""SELECT id, lane, kind, intent FROM outbox
              WHERE state = {int(Outbox.SENT)} AND (receipt IS NULL OR sent_at IS NULL)"""),
)  # fmt: skip
