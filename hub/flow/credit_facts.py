"""Facts of credit for one batch: what buyers on terms owe; one statement where somebody has not paid, and another where
one of those is on terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.domain import credit
from hub.domain.credit_leaving import NO_TERMS, Standing
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import OrderRow, PaymentRow, WorkRow
from hub.domain.payment_review import CASH_ON_DELIVERY, PAYMENT_GOOD, PAYMENT_TO_COME, due, due_of
from hub.flow.stage import Desk

# ruff: noqa: S608 - statements are put together from constants of our own code


def _words(of: frozenset[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(of))


COUNTED = f"""o.merchant_id + 0 = t.merchant_id AND o.email = t.email AND o.currency = t.currency AND NOT o.paid
    AND o.state IN ({int(Lifecycle.ACCEPTED)}, {int(Lifecycle.IN_PROGRESS)}, {int(Lifecycle.COMPLETED)})"""
"""Orders that count against an account `t`. `+ 0`: found by the address (see `fraud_facts`)."""

PROMISED = f"""(SELECT coalesce(sum(p.amount), 0) FROM payments p WHERE p.order_id = o.id
    AND (p.state IN ({_words(PAYMENT_GOOD)})
        OR p.state IN ({_words(PAYMENT_TO_COME)})
            AND regexp_replace(lower(p.gateway), '[^[:alpha:]]', '', 'g') IN ({_words(CASH_ON_DELIVERY)})))"""
"""What the payments of an order `o` are good for, as `payment_review.due_of` counts it."""

STANDING = f"""SELECT t.merchant_id, t.email, t.currency, t.days,
        CASE WHEN t.ended_at IS NULL THEN t.credit_limit ELSE 0 END AS credit_limit,
        ARRAY(SELECT o.id FROM orders o WHERE {COUNTED}) AS counted,
        (SELECT coalesce(sum(greatest(0, o.total - {PROMISED})), 0)::bigint FROM orders o WHERE {COUNTED}) AS owed
    FROM terms t JOIN unnest($1::bigint[], $2::text[], $3::text[]) AS w(merchant_id, email, currency)
        USING (merchant_id, email, currency)"""

LOCK = """SELECT t.id FROM terms t JOIN unnest($1::bigint[], $2::text[], $3::text[]) AS w(merchant_id, email, currency)
        USING (merchant_id, email, currency)
    WHERE t.ended_at IS NULL ORDER BY t.merchant_id, t.email, t.currency FOR UPDATE OF t"""
"""Locked until the batch commits, so that two orders at once do not both find the limit free. A statement of its own: a
sum in the statement that waits for the lock is as old as that statement, and misses what the other batch accepted.
When goods leave nothing is locked: what they owe is counted already, and orders may be locked by then, which come
first."""

TERMS = f"{STANDING} WHERE t.ended_at IS NULL"


async def accounts(desk: Desk, orders: Sequence[OrderRow]) -> credit.Credit:
    """Accounts on terms of those buyers of the batch who have not paid."""
    wanted = sorted({credit.key(order) for order in orders if order.email and not order.pending and due(order)})
    if not wanted:
        return credit.Credit()
    if not await desk.tx.fetch(LOCK, *map(list, zip(*wanted, strict=True))):
        return credit.Credit()
    return credit.Credit((await _read(desk, TERMS, wanted)).items())


async def standing(desk: Desk, works: Sequence[WorkRow], payments: Mapping[int, tuple[PaymentRow, ...]]) -> Standing:
    """Accounts of those of the batch who are on terms, as they are now. Nothing is asked where nobody is."""
    ours = [work for work in works if work.on_terms]
    wanted = sorted({(work.merchant_id, work.email, work.currency) for work in ours})
    if not wanted:
        return NO_TERMS
    owing = {work.order_id: due_of(work.total, payments.get(work.order_id, ())) for work in ours}
    return Standing(await _read(desk, STANDING, wanted), owing)


async def _read(desk: Desk, sql: str, wanted: Sequence[credit.Key]) -> dict[credit.Key, credit.Account]:
    rows = await desk.tx.fetch(sql, *map(list, zip(*wanted, strict=True)))
    return {
        (row["merchant_id"], row["email"], row["currency"]): credit.Account(
            row["credit_limit"], row["days"], row["owed"], frozenset(row["counted"])
        )
        for row in rows
    }
