"""Connected accounts and how they are doing. Never shows a secret, not even its ciphertext."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.actions import account_words
from hub.actions.account_facts import facts_of
from hub.actions.order_view import Details, View, view
from hub.actions.services import Services
from hub.domain import wellbeing
from hub.domain.lifecycle import Outbox
from hub.domain.order import ScanStatus
from hub.domain.outgoing import Kind
from hub.domain.signs import Sign, Unsent
from hub.errors import NotFound
from hub.store.database import Database, Row

_ACCOUNTS = """
    SELECT a.id, a.connector, a.name, a.state, a.settings, a.polled_at, a.heard_at, a.health, a.created_at, a.cursor,
           a.observed, coalesce(a.credentials_at, a.created_at) AS credentials_at,
           coalesce(w.waiting, 0) AS waiting, coalesce(w.unreadable, 0) AS set_aside,
           coalesce(x.pending, 0) AS pending
    FROM accounts a
    LEFT JOIN (SELECT account_id, count(*) FILTER (WHERE state < 9) AS waiting,
                      count(*) FILTER (WHERE state = 10) AS unreadable
               FROM (SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 0
                     UNION ALL SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 1
                     UNION ALL SELECT account_id, state FROM inbox WHERE merchant_id = $1 AND state = 10) i
               GROUP BY account_id) w ON w.account_id = a.id
    LEFT JOIN (SELECT account_id, count(*) AS pending FROM outbox WHERE merchant_id = $1 AND state < 9
               GROUP BY account_id) x ON x.account_id = a.id
    WHERE a.merchant_id = $1 AND a.state <> 'removed' AND ($2::bigint IS NULL OR a.id = $2)
    ORDER BY a.connector, a.name"""

_UNSENT = f"""
    SELECT x.account_id, x.kind, x.state = {int(Outbox.REFUSED)} AS refused,
           x.state = {int(Outbox.REFUSED)} AND x.kind = '{Kind.PUSH_SHIPMENT}' AND EXISTS (
               SELECT 1 FROM orders o WHERE o.id = x.key AND o.account_id = x.account_id AND o.cancelled_at IS NOT NULL
           ) AS cancelled_there,
           coalesce(p.custody, '') AS custody,
           p.id IS NOT NULL AND EXISTS (
               SELECT 1 FROM scans s WHERE s.parcel_id = p.id
                 AND s.status IN ('{ScanStatus.DELIVERED}', '{ScanStatus.RETURN_TO_SENDER}')) AS arrived,
           p.id IS NOT NULL AND EXISTS (
               SELECT 1 FROM returns r WHERE r.order_id = p.order_id AND r.state = 'closed') AS returned,
           CASE WHEN p.id IS NOT NULL THEN x.created_at END AS since,
           count(*) AS messages
    FROM outbox x LEFT JOIN parcels p
        ON x.state = {int(Outbox.REFUSED)} AND x.kind = '{Kind.VOID_LABEL}' AND p.id = x.key
    WHERE x.merchant_id = $1 AND x.state >= 10 AND x.state <= 11 AND ($2::bigint IS NULL OR x.account_id = $2)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""  # noqa: S608 - constants only
"""Messages that did not get through, as many of each sort. The index of those wants to hear of `state >= 10`."""


class SignView(View, frozen=True):
    """One thing about an account. `what` names its place (connection, poll, heard, webhooks, quota, credentials, dead,
    set_aside, or another concern), `level` is well, watch, needs_you or broken. `says` is a sentence that the time `at`
    may stand behind; `heal` names what a person can do, `command` says it for the command line."""

    what: str
    key: str
    level: str
    says: str
    params: Details
    at: datetime | None
    heal: str
    command: str


class AccountView(View, frozen=True):
    """One account. `waiting` and `set_aside` count deliveries, `pending` and `dead` messages that leave; `dead` are
    those that wait for somebody (`wellbeing.stuck`).

    `condition` is well, needs_you or broken; `lag_seconds`: how old what is known of the channel may be;
    `credentials_end_at`: when new ones are needed, where the channel sets an end. `quota` and `webhooks` are as they
    were last seen, empty while nothing was.
    """

    id: str
    connector: str
    name: str
    state: str
    condition: str
    settings: Details
    polled_at: datetime | None
    lag_seconds: int | None
    heard_at: datetime | None
    health: Details
    created_at: datetime
    credentials_at: datetime
    credentials_end_at: datetime | None
    quota: Details
    webhooks: Details
    waiting: int
    set_aside: int
    pending: int
    dead: int
    webhook_path: str
    signs: tuple[SignView, ...]


async def list_accounts(services: Services, merchant_id: int) -> tuple[AccountView, ...]:
    """The merchant's accounts, by connector and name."""
    rows = await services.database.plain.fetch(_ACCOUNTS, merchant_id, None)
    dead = await _dead(services, merchant_id, None)
    return tuple([await _view(services, row, dead[row["id"]]) for row in rows])


async def show_account(services: Services, merchant_id: int, account_id: int) -> AccountView:
    """One account. Raises `NotFound`."""
    rows = await services.database.plain.fetch(_ACCOUNTS, merchant_id, account_id)
    if not rows:
        raise NotFound(f"no account {account_id}; `python main.py channel list` shows those there are")
    dead = await _dead(services, merchant_id, account_id)
    return await _view(services, rows[0], dead[account_id])


async def _dead(services: Services, merchant_id: int, account_id: int | None) -> Counter[int]:
    """How many messages of each account are stuck."""
    dead: Counter[int] = Counter()
    now = services.clock.now()
    for row in await services.database.plain.fetch(_UNSENT, merchant_id, account_id):
        if wellbeing.stuck(Unsent(**{name: row[name] for name in Unsent.__struct_fields__}), now):
            dead[row["account_id"]] += row["messages"]
    return dead


async def _view(services: Services, row: Row, dead: int) -> AccountView:
    facts, now = await facts_of(services, row, dead), services.clock.now()
    seen, behind = wellbeing.condition(facts, now), wellbeing.lag(facts, now)
    observed: Mapping[str, Any] = json.loads(row["observed"])
    return view(AccountView, row, {
        "settings": json.loads(row["settings"]), "health": json.loads(row["health"]),
        "dead": dead, "webhook_path": f"/webhooks/{row['id']}", "condition": seen.level.value,
        "lag_seconds": None if behind is None else int(behind.total_seconds()),
        "credentials_end_at": facts.credentials_end,
        "quota": dict(observed.get("quota", {})), "webhooks": dict(observed.get("webhooks", {})),
        "signs": tuple(_sign(sign, row["id"]) for sign in seen.signs),
    })  # fmt: skip


def _sign(sign: Sign, account_id: int) -> SignView:
    return SignView(
        what=sign.what, key=sign.key, level=sign.level.value, says=account_words.says(sign), params=dict(sign.params),
        at=sign.at, heal=sign.heal.value, command=account_words.command(sign.heal, account_id),
    )  # fmt: skip


async def list_channels(database: Database, merchant_id: int) -> tuple[str, ...]:
    """Names of the merchant's accounts that have sent orders, in order."""
    rows = await database.plain.fetch(
        """SELECT a.name FROM accounts a WHERE a.merchant_id = $1
           AND EXISTS (SELECT 1 FROM orders o WHERE o.merchant_id = $1 AND o.account_id = a.id) ORDER BY a.name""",
        merchant_id,
    )
    return tuple(row["name"] for row in rows)
