"""Pull notices: what a channel left in a queue of the merchant's joins the inbox, and leaves the queue only then.

The queue hands a notice out again until it is dropped, so one that could not be kept, or whose keeper died, comes with
the next pull; the inbox keeps each delivery once. A queue is an alternative source: what is wrong with it is told under
the account's concern `notices`, and polling goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.pull_orders import Keeps, storable
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import Account, Delivery, PullsNotices
from hub.errors import CrossdockError

MOST_PAGES = 50
"""Pages of one run; what is left in the queue is fetched by the next."""

HEARD = "UPDATE accounts SET heard_at = $2 WHERE id = $1"


class Noticed(Struct, frozen=True):
    """What a pull brought: deliveries in all, those that were new, pages of the queue."""

    deliveries: int
    new: int
    pages: int


async def pull_notices(services: Services, inbox: Keeps, account_id: int) -> Noticed:
    """Empties the queue of one account. Raises `Invalid` for an account that has none, and the channel's own failures,
    which are kept on the account with what heals them."""
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, PullsNotices):
        raise cannot(channel.account.connector, "keeps no queue of notices")
    deliveries = new = pages = 0
    try:
        while pages < MOST_PAGES and (notices := await channel.pull_notices()):
            kept = await _keep(inbox, channel.account, notices)
            await channel.drop_notices(notices)
            deliveries, new, pages = deliveries + len(kept), new + sum(kept), pages + 1
    except CrossdockError as error:
        await account_health.failed(services, account_id, "notices", error)
        raise
    finally:
        if deliveries:
            await services.database.plain.execute(HEARD, account_id, services.clock.now())
    await account_health.succeeded(services, account_id, "notices")
    return Noticed(deliveries, new, pages)


async def _keep(inbox: Keeps, account: Account, notices: Sequence[Delivery]) -> list[bool]:
    """Keeps a page; returns after the commit which of it was new. Raises `Retry` unless all of it is kept."""
    kept = await asyncio.gather(*(inbox.keep(account, storable(notice)) for notice in notices), return_exceptions=True)
    for outcome in kept:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in kept if isinstance(outcome, bool)]


async def noticed(services: Services) -> list[Target]:
    """Active accounts that have a queue."""
    return await able(services, PullsNotices)
