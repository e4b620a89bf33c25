"""Bring orders: what `verify_orders` found missing joins the inbox, as polling would have brought it."""

from __future__ import annotations

from msgspec.structs import replace

from hub.actions.pull_orders import Keeps, storable
from hub.actions.services import Services
from hub.actions.verify_orders import Compared, Listed
from hub.contract import Account, Delivery
from hub.domain.lifecycle import Inbox
from hub.store.database import announce

# ruff: noqa: S608 - statements are put together from constants of our own code
SAME = "merchant_id = $1 AND account_id = $2 AND delivery_id = $3"
AGAIN = f"""UPDATE inbox SET state = {int(Inbox.PENDING)}, attempts = 0, due_at = $4, error = ''
    WHERE {SAME} AND state = {int(Inbox.SET_ASIDE)}"""
TO_READ = f"SELECT state = {int(Inbox.PENDING)} FROM inbox WHERE {SAME}"

ON_THEIR_WAY = "on their way in: they are here as soon as a worker has read them"


async def bring_orders(
    services: Services, inbox: Keeps, account_id: int, compared: Compared, listed: Listed
) -> Compared:
    """Brings in what is missing, and newer revisions of what differs; what was set aside is read again. Returns the
    comparison with how many that were."""
    account = (await services.accounts.open(account_id)).account
    wanted = [it.external_id for it in compared.missing]
    wanted += [it.external_id for it in compared.differing if it.newer]
    for name in wanted:
        await _keep(services, inbox, account, listed.orders[name][1])
    if wanted:
        async with services.database.transaction() as tx:
            await announce(tx, "inbox")
    return replace(compared, brought=len(wanted), hint=ON_THEIR_WAY if wanted else compared.hint)


async def _keep(services: Services, inbox: Keeps, account: Account, delivery: Delivery) -> None:
    """Through the inbox. A delivery that came before and left no order behind comes once more, under an id of its own,
    unless it is still to be read."""
    told = storable(delivery)
    if await inbox.keep(account, told):
        return
    key, plain, now = (account.merchant_id, account.id, told.id), services.database.plain, services.clock.now()
    if await plain.execute(AGAIN, *key, now) or await plain.fetchval(TO_READ, *key):
        return
    await inbox.keep(account, storable(replace(told, id=f"{told.id}:again:{now:%Y%m%dT%H%M%S}")))
