"""Forget people: where a channel's rules set an end, orders lose whom they went to so long after their delivery.

Amazon: 30 days. An order that was never delivered counts from its end (cancelled, rejected). What went to whom is gone
from orders, customers, messages and raw deliveries; what was sold, paid and shipped stays.
"""

from __future__ import annotations

from msgspec import Struct

from hub.actions.services import Services
from hub.actions.targets import Target
from hub.errors import Invalid
from hub.flow import erasing
from hub.store import audit

AT_ONCE = 200
"""Orders of one transaction."""

ACCOUNT = "SELECT merchant_id, connector FROM accounts WHERE id = $1"
ACCOUNTS = "SELECT id, merchant_id, connector FROM accounts WHERE connector = ANY($1::text[]) ORDER BY id"
DUE = f"""SELECT o.id, o.external_id, o.customer_id FROM orders o
    WHERE o.merchant_id = $1 AND o.account_id = $2 AND o.state >= 9
      AND (o.ship_to IS NOT NULL OR o.bill_to IS NOT NULL OR o.email <> '' OR o.buyer <> '{{}}')
      AND coalesce((SELECT max(p.delivered_at) FROM parcels p WHERE p.order_id = o.id),
                   o.completed_at, o.cancelled_at, o.revised_at) < $3
    ORDER BY o.id LIMIT {AT_ONCE} FOR UPDATE OF o SKIP LOCKED"""  # noqa: S608 - constants only


class Forgotten(Struct, frozen=True):
    """Orders that know nobody any more."""

    orders: int


async def forget_people(services: Services, account_id: int) -> Forgotten:
    """Looks after one account, one that was removed too: its orders are still here. Raises `Invalid` for one whose
    channel sets no end."""
    row = await services.database.plain.fetchrow(ACCOUNT, account_id)
    about = services.accounts.connector(row["connector"]).about if row is not None else None
    if row is None or about is None or about.forget_after is None:
        raise Invalid("account", "its channel sets no end to what may be known of people")
    now, orders = services.clock.now(), 0
    while True:
        async with services.database.transaction() as tx:
            found = await tx.fetch(DUE, row["merchant_id"], account_id, now - about.forget_after)
            if not found:
                return Forgotten(orders)
            await erasing.forget(tx, (row["merchant_id"], account_id), found)
            entry = audit.Entry(
                merchant_id=row["merchant_id"], at=now, actor="hub", action="forget_people",
                subject=f"account:{account_id}",
                details={"orders": len(found), "days_after_delivery": about.forget_after.days},
            )  # fmt: skip
            await audit.append(tx, services.ids, entry)
        orders += len(found)


async def forgetful(services: Services) -> list[Target]:
    """Every account, whatever its state, of a channel that sets an end."""
    kinds = [it.about.name for it in services.accounts.offered() if it.about.forget_after is not None]
    rows = await services.database.plain.fetch(ACCOUNTS, kinds)
    return [Target(row["id"], row["merchant_id"], row["connector"]) for row in rows]
