"""Compare stock: ask a channel what it offers, and tell it again where that is not what it was told.

A sample at a time, the listings first that were not asked about for longest. Only what the channel had confirmed a
while ago is compared: what is on its way needs no second message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import Account, ReadsStock, TakesStock
from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind
from hub.errors import CrossdockError, Retry
from hub.flow import levels
from hub.store.database import Row

SAMPLE = 50
"""Listings asked about at once."""

SETTLED = timedelta(minutes=2)
"""How long ago the last level must have been taken: channels need a moment to show it."""

SHOWN = 3
"""Listings that the trace names."""

DUE = f"""SELECT {levels.COLUMNS} FROM listings l
    WHERE l.merchant_id = $1 AND l.account_id = $2 AND l.sku <> '' AND EXISTS (
            SELECT 1 FROM outbox o WHERE o.key = l.id AND o.kind = '{Kind.PUSH_STOCK}'
            AND o.intent = 'stock:' || l.id || ':' || l.account_id || ':' || l.version
            AND o.state = {int(Outbox.SENT)} AND o.sent_at <= $3)
    ORDER BY l.read_at NULLS FIRST, l.id LIMIT {SAMPLE}"""  # noqa: S608 - constants only
STILL = f"""SELECT {levels.COLUMNS} FROM listings l
    JOIN unnest($1::bigint[], $2::bigint[]) AS w(id, version) USING (id, version) {levels.IN_ORDER}"""  # noqa: S608 - constants only
READ = """UPDATE listings SET read_at = $2 WHERE id IN (
    SELECT id FROM listings WHERE id = ANY($1::bigint[])
    ORDER BY account_id, listing_id COLLATE "C" FOR UPDATE)"""


class Compared(Struct, frozen=True):
    """Listings asked about, those the channel does not know, and those told again because it offered another number."""

    listings: int
    unknown: int
    told_again: int


async def compare_stock(services: Services, account_id: int) -> Compared:
    """One sample of one account; what differed stays on the account's health until a sample is as it should be.

    Raises `Invalid` for an account that cannot be asked, and the channel's own failures.
    """
    channel = await services.accounts.open(account_id)
    account = channel.account
    if not isinstance(channel, ReadsStock) or not isinstance(channel, TakesStock):
        raise cannot(account.connector, "does not say what it offers")
    now = services.clock.now()
    rows = await services.database.plain.fetch(DUE, account.merchant_id, account_id, now - SETTLED)
    if not rows:
        return Compared(0, 0, 0)
    try:
        seen = await channel.read_stock([row["listing_id"] for row in rows])
    except CrossdockError as error:
        await account_health.failed(services, account_id, "stock", error)
        raise
    wrong = [row for row in rows if seen.get(row["listing_id"], row["offered"]) != row["offered"]]
    await _tell_again(services, rows, wrong, now)
    await _trace(services, account, (len(rows), wrong), seen)
    return Compared(len(rows), sum(row["listing_id"] not in seen for row in rows), len(wrong))


async def _tell_again(services: Services, rows: Sequence[Row], wrong: Sequence[Row], now: datetime) -> None:
    """Those whose level changed while we asked are told by that change."""
    async with services.database.transaction() as tx:
        await tx.execute(READ, [row["id"] for row in rows], now)
        if wrong:
            still = await tx.fetch(STILL, [row["id"] for row in wrong], [row["version"] for row in wrong])
            await levels.tell(tx, services.ids, now, still, again=True)


async def _trace(
    services: Services, account: Account, compared: tuple[int, Sequence[Row]], seen: Mapping[str, int]
) -> None:
    count, wrong = compared
    if not wrong:
        await account_health.succeeded(services, account.id, "stock")
        return
    named = [f"{row['listing_id']} offers {seen[row['listing_id']]} instead of {row['offered']}" for row in wrong]
    rest = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    told = f"{len(wrong)} of {count} listings did not keep their stock: {', '.join(named[:SHOWN])}{rest}; told again"
    await account_health.failed(services, account.id, "stock", Retry(told))


async def stock_readers(services: Services) -> list[Target]:
    """Active accounts that take stock and say what they have."""
    takers = {target.account_id for target in await able(services, TakesStock)}
    return [target for target in await able(services, ReadsStock) if target.account_id in takers]
