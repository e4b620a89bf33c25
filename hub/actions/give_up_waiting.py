"""Give up waiting: a delivery that waited a day for its order is helped once by a pull, then set aside."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from hub.actions.pull_orders import Keeps, pull_orders
from hub.actions.services import Services
from hub.actions.targets import Target
from hub.contract import PullsOrders
from hub.domain.lifecycle import Inbox
from hub.errors import CrossdockError

WAIT_HOURS = 24
GRACE_HOURS = 1
"""How long a pull may take to bring the order in."""

LAST_HOURS = 72
"""After so long nothing is tried any more, whatever the channel answers."""

BEHIND = timedelta(hours=1)
"""How far before the delivery itself the pull begins."""

# ruff: noqa: S608 - statements are put together from constants of our own code
LATE = f"merchant_id = $1 AND account_id = $2 AND state = {int(Inbox.WAITING)} AND received_at <= $3"
OVERDUE = f"""SELECT account_id, merchant_id, '' AS connector FROM inbox
    WHERE state = {int(Inbox.WAITING)} AND received_at <= $1 AND due_at <= $2 GROUP BY 1, 2 ORDER BY 1"""
OLDEST = f"SELECT min(coalesce(occurred_at, received_at)) FROM inbox WHERE {LATE} AND attempts = 0"
HELPED = f"UPDATE inbox SET attempts = attempts + 1, due_at = $4 WHERE {LATE} AND attempts = 0"
SET_ASIDE = f"""UPDATE inbox SET state = {int(Inbox.SET_ASIDE)},
        error = left('order ' || about || ' never came: ' || $5, 1000)
    WHERE {LATE} AND (attempts > 0 OR $6) AND due_at <= $4"""


class GaveUp(Struct, frozen=True):
    """Deliveries that got another chance, and those that were set aside."""

    helped: int
    set_aside: int


async def give_up_waiting(services: Services, inbox: Keeps, account_id: int) -> GaveUp:
    """Looks after one account's overdue deliveries. Raises the channel's failures; the deliveries then wait on, but for
    three days at most."""
    now = services.clock.now()
    day, last = now - timedelta(hours=WAIT_HOURS), now - timedelta(hours=LAST_HOURS)
    plain = services.database.plain
    merchant_id = await plain.fetchval("SELECT merchant_id FROM accounts WHERE id = $1", account_id)
    who = (merchant_id, account_id)
    why = "the channel does not list it, or it was not taken in"
    aside = await plain.execute(SET_ASIDE, *who, day, now, why, False)
    aside += await plain.execute(SET_ASIDE, *who, last, now, "three days are enough", True)
    oldest = await plain.fetchval(OLDEST, *who, day)
    if oldest is None:
        return GaveUp(0, aside)
    if not await _pulls(services, account_id):
        return GaveUp(0, aside + await plain.execute(SET_ASIDE, *who, day, now, "orders cannot be pulled there", True))
    await pull_orders(services, inbox, account_id, since=oldest - BEHIND)
    helped = await plain.execute(HELPED, *who, day, now + timedelta(hours=GRACE_HOURS))
    return GaveUp(helped, aside)


async def _pulls(services: Services, account_id: int) -> bool:
    try:
        return isinstance(await services.accounts.open(account_id), PullsOrders)
    except CrossdockError:
        return False


async def overdue(services: Services) -> list[Target]:
    """Accounts with deliveries that have waited too long."""
    now = services.clock.now()
    rows = await services.database.plain.fetch(OVERDUE, now - timedelta(hours=WAIT_HOURS), now)
    return [Target(row["account_id"], row["merchant_id"], row["connector"]) for row in rows]
