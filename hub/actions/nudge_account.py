"""Nudge an account: it is polled within seconds instead of at its next interval.

A channel nudges by a delivery that says only that something changed; people by "poll now". A nudge is a mark in the
account's row (`nudged_at`), which the next pull takes away; many of them ask for one pull.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hub.actions.pull_orders import pollable
from hub.actions.services import Services
from hub.actions.targets import Target
from hub.contract import Account, PullsOrders
from hub.errors import Conflict, Invalid, NotFound
from hub.ports import Clock
from hub.store.database import Database

HEARD = """UPDATE accounts SET nudged_at = $2 WHERE state = 'active' AND merchant_id = $3 AND CASE
    WHEN $5::jsonb = '{}' THEN id = $1 ELSE connector = $4 AND settings @> $5::jsonb END"""
ASKED = "UPDATE accounts SET nudged_at = $3 WHERE merchant_id = $1 AND id = $2"
ACCOUNT = "SELECT state, connector FROM accounts WHERE merchant_id = $1 AND id = $2 AND state <> 'removed'"
NUDGED = "SELECT id FROM accounts WHERE nudged_at IS NOT NULL"


async def note_nudge(database: Database, clock: Clock, heard: Account, about: Mapping[str, str]) -> int:
    """A delivery at `heard` says that something changed at the accounts of its kind and merchant whose plain fields
    are `about`, or at itself where that is empty. Returns how many accounts that are. Raises what the database's
    driver raises: the delivery is kept by then, and the usual poll brings what it spoke of."""
    named = json.dumps(dict(about))
    return await database.plain.execute(HEARD, heard.id, clock.now(), heard.merchant_id, heard.connector, named)


async def nudge_account(services: Services, merchant_id: int, account_id: int) -> None:
    """Somebody wants news now. Raises `NotFound`, `Invalid` for an account that is not polled, and `Conflict` for one
    that cannot be just now, saying why."""
    row = await services.database.plain.fetchrow(ACCOUNT, merchant_id, account_id)
    if row is None:
        raise NotFound(f"no account {account_id}")
    if row["state"] != "active":
        raise Conflict("nothing is pulled from this account until it is connected again")
    channel = await services.accounts.open(account_id)
    about = services.accounts.connector(row["connector"]).about
    if not isinstance(channel, PullsOrders) or about.poll_every is None:
        raise Invalid("account", f"{row['connector']} is not polled: it tells us by itself")
    if account_id not in {target.account_id for target in await pollable(services)}:
        raise Conflict("the channel asked us to wait; it is polled as soon as it allows")
    await services.database.plain.execute(ASKED, merchant_id, account_id, services.clock.now())


async def nudged(services: Services) -> list[Target]:
    """Accounts that have been nudged and may be polled now: those that a channel told to wait are left out until
    then."""
    ids = {row["id"] for row in await services.database.plain.fetch(NUDGED)}
    if not ids:
        return []
    found = [target for target in await pollable(services) if target.account_id in ids]
    return [Target(it.account_id, it.merchant_id, it.connector) for it in found]
