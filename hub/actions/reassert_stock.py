"""Re-assert stock: tell a channel again how many units it may sell, whatever it says it has kept.

Levels are absolute and carry a version that grows, so a repeated or late one does no harm; a channel that answered 200
and kept nothing is right again after the next. What a level is made of: `hub.domain.promising`.
"""

from __future__ import annotations

from msgspec import Struct

from hub.actions.account_health import cannot
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import TakesStock
from hub.flow import levels

AT_ONCE = 1000
"""Listings of one transaction."""

PAGE = f"""SELECT {levels.COLUMNS} FROM listings l
    WHERE l.merchant_id = $1 AND l.account_id = $2 AND l.sku <> '' AND l.listing_id COLLATE "C" > $3
    ORDER BY l.account_id, l.listing_id COLLATE "C" LIMIT {AT_ONCE} FOR UPDATE OF l"""  # noqa: S608 - constants only


class Reasserted(Struct, frozen=True):
    """Levels that are on their way, and listings whose SKU nobody has counted, which are left as they are."""

    levels: int
    uncounted: int


async def reassert_stock(services: Services, account_id: int) -> Reasserted:
    """Queues the level of every listing of one account; older levels that have not left yet are dropped.

    Raises `Invalid` for an account that takes no stock.
    """
    channel = await services.accounts.open(account_id)
    account = channel.account
    if not isinstance(channel, TakesStock):
        raise cannot(account.connector, "takes no stock")
    queued, uncounted, last = 0, 0, ""
    while True:
        async with services.database.transaction() as tx:
            rows = await tx.fetch(PAGE, account.merchant_id, account_id, last)
            told = await levels.tell(tx, services.ids, services.clock.now(), rows, again=True)
        queued, uncounted = queued + told.levels, uncounted + told.uncounted
        if len(rows) < AT_ONCE:
            return Reasserted(queued, uncounted)
        last = rows[-1]["listing_id"]


async def stock_takers(services: Services) -> list[Target]:
    """Active accounts that take stock."""
    return await able(services, TakesStock)
