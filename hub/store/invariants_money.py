"""Money: the ledger balances, and says the same as payments and refunds (I5)."""

from __future__ import annotations

from hub.store.invariant import Check

CASH = """
    SELECT merchant_id, order_id, currency, coalesce(p.captured, 0) AS captured, coalesce(r.refunded, 0) AS refunded,
           coalesce(c.cash, 0) AS cash
    FROM (SELECT merchant_id, order_id, currency, sum(captured) AS captured FROM payments GROUP BY 1, 2, 3) p
    FULL JOIN (SELECT merchant_id, order_id, currency, sum(amount) AS refunded FROM refunds
               WHERE state = 'succeeded' GROUP BY 1, 2, 3) r USING (merchant_id, order_id, currency)
    FULL JOIN (SELECT merchant_id, order_id, currency, sum(amount) AS cash FROM ledger
               WHERE account = 'cash' GROUP BY 1, 2, 3) c USING (merchant_id, order_id, currency)
    WHERE coalesce(p.captured, 0) - coalesce(r.refunded, 0) <> coalesce(c.cash, 0)"""

OURS = """
    SELECT r.merchant_id, r.order_id, r.currency, r.amount AS refunds, coalesce(p.captured, 0) AS captured
    FROM (SELECT merchant_id, order_id, currency, sum(amount) AS amount FROM refunds
          WHERE state IN ('approved', 'pending', 'succeeded', 'unknown') AND approved_by <> 'channel'
          GROUP BY 1, 2, 3) r
    LEFT JOIN (SELECT merchant_id, order_id, currency, sum(captured) AS captured FROM payments GROUP BY 1, 2, 3) p
        USING (merchant_id, order_id, currency)
    WHERE r.amount > coalesce(p.captured, 0)"""

CHECKS = (
    Check("I5", "ledger_order", "the ledger of an order sums to zero in each currency", "ledger",
          """SELECT merchant_id, order_id, currency, sum(amount) AS balance FROM ledger
             GROUP BY 1, 2, 3 HAVING sum(amount) <> 0"""),
    Check("I5", "ledger_posting", "every posting sums to zero", "ledger",
          """SELECT merchant_id, order_id, posting, currency, sum(amount) AS balance FROM ledger
             GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0"""),
    Check("I5", "cash", "captured less refunded is the cash that was booked", "payments", CASH),
    Check("I5", "refunded_range", "0 ≤ refunded ≤ captured, of every payment", "payments",
          """SELECT id, order_id, currency, amount, captured, refunded FROM payments
             WHERE NOT (amount >= 0 AND captured >= 0 AND refunded BETWEEN 0 AND captured)"""),
    Check("I5", "refunds_beyond", "we give back no more than was captured", "refunds", OURS),
    Check("I5", "line_refunded", "no line gives back more than was paid for it", "order_lines",
          "SELECT id, order_id, paid, refunded FROM order_lines WHERE NOT refunded BETWEEN 0 AND paid"),
)  # fmt: skip
"""Channels may give back what they never told us they had captured; only refunds of our own are held against it."""
