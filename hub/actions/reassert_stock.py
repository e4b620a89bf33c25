"""Re-assert stock: tell a channel again how many units it may sell, whatever it says it has kept.

Levels are absolute and carry a version that grows, so a repeated or late one does no harm; a channel that answered 200
and kept nothing is right again after the next. Units: Σ on hand − reserved over all active locations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hub.actions.account_health import cannot
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import TakesStock
from hub.domain.lifecycle import Outbox
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, StockLevel
from hub.flow.batch import Batch
from hub.store.database import Row, Tx

AT_ONCE = 1000
"""Listings of one transaction."""

LEVELS = f"""SELECT l.id, l.listing_id, l.sku, s.available FROM (
        SELECT id, merchant_id, listing_id, sku FROM listings
        WHERE merchant_id = $1 AND account_id = $2 AND id > $3 ORDER BY id LIMIT {AT_ONCE}
    ) l LEFT JOIN LATERAL (
        SELECT sum(CASE WHEN p.active THEN s.on_hand - s.reserved ELSE 0 END)::bigint AS available
        FROM stock s JOIN locations p ON p.id = s.location_id WHERE s.merchant_id = l.merchant_id AND s.sku = l.sku
    ) s ON true ORDER BY l.id"""  # noqa: S608 - constants only
SUPERSEDE = f"""UPDATE outbox SET state = {int(Outbox.DROPPED)}, error = 'a newer level follows'
    WHERE lane = $1 AND key = ANY($2::bigint[]) AND kind = '{Kind.PUSH_STOCK}'
      AND state = {int(Outbox.PENDING)} AND NOT leased AND attempts = 0 AND intent <> ALL($3::text[])"""  # noqa: S608 - constants only


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
    levels = uncounted = last = 0
    while True:
        async with services.database.transaction() as tx:
            rows = await tx.fetch(LEVELS, account.merchant_id, account_id, last)
            counted = [row for row in rows if row["available"] is not None]
            await _queue(services, tx, (account.merchant_id, account_id), counted)
        levels, uncounted = levels + len(counted), uncounted + len(rows) - len(counted)
        if len(rows) < AT_ONCE:
            return Reasserted(levels, uncounted)
        last = rows[-1]["id"]


async def _queue(services: Services, tx: Tx, account: tuple[int, int], rows: Sequence[Row]) -> None:
    if not rows:
        return
    merchant_id, account_id = account
    now = services.clock.now()
    version = int(now.timestamp() * 1000)
    messages = [_message(account_id, row, version) for row in rows]
    intents = [message.intent for message in messages]
    await tx.execute(SUPERSEDE, f"account:{account_id}", [row["id"] for row in rows], intents)
    batch = Batch(services.ids, now)
    for message in messages:
        batch.message(merchant_id, message)
    await batch.flush(tx)


def _message(account_id: int, row: Mapping[str, Any] | Row, version: int) -> Message:
    """The version is the millisecond the level was read at: it grows, and an unchanged level is told again."""
    return Message(
        kind=Kind.PUSH_STOCK,
        intent=f"stock:{row['id']}:{account_id}:{version}",
        account_id=account_id,
        key=row["id"],
        payload=StockLevel(
            sku=row["sku"], listing_id=row["listing_id"], available=max(0, row["available"]), version=version
        ),
        subject="listing",
        subject_id=row["id"],
    )


async def stock_takers(services: Services) -> list[Target]:
    """Active accounts that take stock."""
    return await able(services, TakesStock)
