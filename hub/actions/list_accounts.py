"""Connected accounts and how they are doing. Never shows a secret, not even its ciphertext."""

from __future__ import annotations

import json
from datetime import datetime

from hub.actions.order_view import Details, View, view
from hub.store.database import Database

_ACCOUNTS = """
    SELECT a.id, a.connector, a.name, a.state, a.settings, a.polled_at, a.heard_at, a.health, a.created_at,
           coalesce(w.waiting, 0) AS waiting, coalesce(w.unreadable, 0) AS set_aside,
           coalesce(x.pending, 0) AS pending, coalesce(x.dead, 0) AS dead
    FROM accounts a
    LEFT JOIN (SELECT account_id, count(*) FILTER (WHERE state < 9) AS waiting,
                      count(*) FILTER (WHERE state = 10) AS unreadable
               FROM (SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 0
                     UNION ALL SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 1
                     UNION ALL SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 10) i
               GROUP BY account_id) w ON w.account_id = a.id
    LEFT JOIN (SELECT account_id, count(*) FILTER (WHERE state < 9) AS pending,
                      count(*) FILTER (WHERE state IN (10, 11)) AS dead
               FROM (SELECT account_id, state FROM outbox WHERE merchant_id = $1 AND state < 9
                     UNION ALL SELECT account_id, state FROM outbox WHERE merchant_id = $1 AND state >= 10) o
               GROUP BY account_id) x ON x.account_id = a.id
    WHERE a.merchant_id = $1 AND a.state <> 'removed' ORDER BY a.connector, a.name"""


class AccountView(View, frozen=True):
    """One account. `waiting` and `set_aside` count deliveries, `pending` and `dead` messages that leave."""

    id: str
    connector: str
    name: str
    state: str
    settings: Details
    polled_at: datetime | None
    heard_at: datetime | None
    health: Details
    created_at: datetime
    waiting: int
    set_aside: int
    pending: int
    dead: int
    webhook_path: str


async def list_accounts(database: Database, merchant_id: int) -> tuple[AccountView, ...]:
    """The merchant's accounts, by connector and name."""
    rows = await database.plain.fetch(_ACCOUNTS, merchant_id)
    return tuple(
        view(AccountView, row, {
            "settings": json.loads(row["settings"]), "health": json.loads(row["health"]),
            "webhook_path": f"/webhooks/{row['id']}",
        })
        for row in rows
    )  # fmt: skip


async def list_channels(database: Database, merchant_id: int) -> tuple[str, ...]:
    """Names of the merchant's accounts that have sent orders, in order."""
    rows = await database.plain.fetch(
        """SELECT a.name FROM accounts a WHERE a.merchant_id = $1
           AND EXISTS (SELECT 1 FROM orders o WHERE o.merchant_id = $1 AND o.account_id = a.id) ORDER BY a.name""",
        merchant_id,
    )
    return tuple(row["name"] for row in rows)
