"""Forgetting people, on a channel's word or because its rules set an end: orders, customers, conversations and raw
bodies lose who it was.

A receipt goes to the audit trail. An order still under way keeps what shipping needs until it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.domain.holds import PERSONAL
from hub.domain.lifecycle import Inbox as State
from hub.domain.order import Erasure
from hub.flow.intake_common import Intake
from hub.store import audit
from hub.store.database import Row, Tx

MINE = "SELECT id FROM orders WHERE merchant_id = $1 AND account_id = $2"
FIND = f"""SELECT id, external_id, state, email, customer_id FROM orders WHERE id IN (
    {MINE} AND email = $4 AND $4 <> '' UNION {MINE} AND external_id = ANY($5::text[])
    UNION {MINE} AND buyer->>'external_id' = $6 AND $6 <> '' UNION {MINE} AND $3) ORDER BY id"""  # noqa: S608 - constants only
"""One look-up along an index for each way to name a person: some channels tell us of everybody who leaves them."""
FORGET_ORDERS = """UPDATE orders
    SET buyer = '{}', ship_to = NULL, bill_to = NULL, email = '', note = '', customer_id = NULL
    WHERE id = ANY($1::bigint[])"""
ON_HOLDS = "ARRAY[" + ", ".join(f"'{name}'" for name in PERSONAL) + "]"
FORGET_HOLDS = f"""UPDATE holds SET detail = detail - {ON_HOLDS}
    WHERE order_id = ANY($1::bigint[]) AND detail ?| {ON_HOLDS}"""  # noqa: S608 - constants only
FORGET_CUSTOMERS = """UPDATE customers c SET name = '', phone = '', email = 'erased:' || c.id
    WHERE c.id = ANY($1::bigint[]) AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)"""
FORGET_MESSAGES = """UPDATE outbox SET payload = payload - 'address' - 'recipient' - 'params'
    WHERE key = ANY($1::bigint[]) AND state >= 9"""
FORGET_BODIES = f"""UPDATE inbox SET body = '', error = '' WHERE merchant_id = $1 AND account_id = $2
    AND (about = ANY($3::text[]) OR $4) AND state = {int(State.DONE)}"""  # noqa: S608 - constants only
FORGET_CHATS = "UPDATE chat_messages SET text = '', payload = '{}' WHERE conversation_id = ANY($1::bigint[])"
CHATS = "SELECT id FROM conversations WHERE customer_id = ANY($1::bigint[])"
GONE = """SELECT id FROM customers c WHERE id = ANY($1::bigint[])
    AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)"""

WAIT_DAYS = 1


async def erase(intake: Intake, row: Row, news: Erasure) -> None:
    """Erases, puts off while an order is under way, or records that somebody asks what is known."""
    whole_shop = news.kind == "erase_shop"
    found = await intake.tx.fetch(
        FIND,
        row["merchant_id"],
        row["account_id"],
        whole_shop,
        news.email.strip().lower(),
        list(news.order_ids),
        news.external_id,
    )
    if news.kind == "export_person":
        await _record(intake, row, "data_requested", {"orders": len(found)})
        return
    if any(order["state"] < 9 for order in found) and row["attempts"] < 60:
        later = intake.now + timedelta(days=WAIT_DAYS)
        why = "an order of this person is still under way"
        intake.finish(row, State.PENDING, error=why, due_at=later, attempts=row["attempts"] + 1)
        return
    await _forget(intake, row, found, whole_shop)
    await _record(intake, row, news.kind, {"orders": len(found)})


async def forget(tx: Tx, account: tuple[int, int], found: Sequence[Row], *, whole_shop: bool = False) -> None:
    """Takes the people out of `found`, orders (id, external_id, customer_id) of an account (merchant, id). Whoever has
    other orders here stays known by those, conversations included."""
    orders = [order["id"] for order in found]
    people = sorted({order["customer_id"] for order in found if order["customer_id"] is not None})
    await tx.execute(FORGET_ORDERS, orders)
    await tx.execute(FORGET_HOLDS, orders)
    gone = [row["id"] for row in await tx.fetch(GONE, people)]
    await tx.execute(FORGET_CUSTOMERS, gone)
    await tx.execute(FORGET_MESSAGES, orders)
    await forget_chats(tx, gone)
    await tx.execute(FORGET_BODIES, *account, [order["external_id"] for order in found], whole_shop)


async def forget_chats(tx: Tx, people: Sequence[int]) -> None:
    """Takes the words out of all conversations with these customers."""
    await tx.execute(FORGET_CHATS, [chat["id"] for chat in await tx.fetch(CHATS, people)])


async def _forget(intake: Intake, row: Row, found: list[Row], whole_shop: bool) -> None:
    """A person who asks to be forgotten is, in every conversation."""
    await forget_chats(intake.tx, sorted({it["customer_id"] for it in found if it["customer_id"] is not None}))
    await forget(intake.tx, (row["merchant_id"], row["account_id"]), found, whole_shop=whole_shop)


async def _record(intake: Intake, row: Row, action: str, details: dict[str, Any]) -> None:
    entry = audit.Entry(
        merchant_id=row["merchant_id"],
        at=intake.now,
        actor=f"account:{row['account_id']}",
        action=action,
        subject=f"delivery:{row['id']}",
        details=details,
    )
    await audit.append(intake.tx, intake.batch.ids, entry)
