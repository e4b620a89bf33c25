"""Agree with a customer to be paid later, change what was agreed, or end it; orders that wait for it are looked at
again at once."""

from __future__ import annotations

from datetime import datetime

from hub.actions.services import Services
from hub.domain.terms import Terms
from hub.errors import NotFound
from hub.store import audit
from hub.store.database import Row, Tx, announce

# Fulfillment orders first, then orders, then the account: the order of locks everywhere.
WAKE_WORKS = """UPDATE fulfillment_orders SET due_at = $4 WHERE id IN (
        SELECT f.id FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id
        WHERE o.email = $2 AND o.merchant_id + 0 = $1 AND o.currency = $3 AND o.state < 9 AND f.state < 6
          AND EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.reason = 'credit'
              AND h.state IN ('open', 'escalated')) ORDER BY f.id FOR UPDATE OF f)"""
WAKE_ORDERS = """UPDATE orders SET due_at = $4 WHERE id IN (
        SELECT o.id FROM orders o WHERE o.email = $2 AND o.merchant_id + 0 = $1 AND o.currency = $3 AND o.state = 1
          AND EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.reason IN ('credit', 'payment')
              AND h.state IN ('open', 'escalated')) ORDER BY o.id FOR UPDATE)"""
BEFORE = """SELECT credit_limit, days, ended_at FROM terms WHERE merchant_id = $1 AND email = $2 AND currency = $3
    FOR UPDATE"""
PUT = """INSERT INTO terms (id, merchant_id, email, currency, credit_limit, days) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (merchant_id, email, currency) DO UPDATE
    SET credit_limit = excluded.credit_limit, days = excluded.days, ended_at = NULL"""
END = """UPDATE terms SET ended_at = $4 WHERE merchant_id = $1 AND email = $2 AND currency = $3
    AND ended_at IS NULL RETURNING credit_limit, days"""


async def set_terms(services: Services, merchant_id: int, terms: Terms, actor: str) -> bool:
    """From now on the customer has these terms; whether anything changed. A limit that is lower than what is owed keeps
    goods that were accepted in the house; a higher one lets them go."""
    key, now = (merchant_id, terms.email, terms.currency), services.clock.now()
    async with services.database.transaction() as tx:
        await _wake(services, tx, key)
        before = await tx.fetchrow(BEFORE, *key)
        if before is not None and _same(before, terms):
            return False
        await tx.execute(PUT, services.ids.next(), *key, terms.limit, terms.days)
        had = before["credit_limit"] if before is not None and before["ended_at"] is None else None
        details: dict[str, audit.Plain] = {"limit": terms.limit, "days": terms.days, "was": had}
        await audit.append(tx, services.ids, _entry((merchant_id, actor), "set_terms", key, details, now))
        await announce(tx, "orders", "fulfillments")
    return True


async def end_terms(services: Services, merchant_id: int, of: tuple[str, str], actor: str) -> None:
    """Nothing more is sold on the account `of` (e-mail address, currency). What was accepted on it and is still here
    does not leave unpaid. Raises `NotFound` where there are no such terms."""
    key, now = (merchant_id, *of), services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(f"WITH ended AS ({END}) SELECT * FROM ended", *key, now)  # noqa: S608 - our own text
        if row is None:
            raise NotFound(f"{of[0]} has no terms in {of[1]}; `terms list` shows who has")
        details: dict[str, audit.Plain] = {"was": row["credit_limit"], "days": row["days"]}
        await audit.append(tx, services.ids, _entry((merchant_id, actor), "end_terms", key, details, now))


async def _wake(services: Services, tx: Tx, key: tuple[int, str, str]) -> None:
    """What waits for room on the account is looked at again."""
    now = services.clock.now()
    await tx.execute(WAKE_WORKS, *key, now)
    await tx.execute(WAKE_ORDERS, *key, now)


def _same(before: Row, terms: Terms) -> bool:
    return before["ended_at"] is None and (before["credit_limit"], before["days"]) == (terms.limit, terms.days)


def _entry(
    who: tuple[int, str], action: str, key: tuple[int, str, str], details: dict[str, audit.Plain], now: datetime
) -> audit.Entry:
    return audit.Entry(
        merchant_id=who[0], at=now, actor=who[1], action=action, subject=f"terms:{key[1]}:{key[2]}", details=details
    )
