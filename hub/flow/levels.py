"""Stock levels on their way to the channels: whatever changed is looked at a moment later, and told once.

Every change marks its SKU (`marks`). Here the marks are taken, the listings of those SKUs locked, and what they may
offer worked out from the stock as it is then; a level that differs from the one told last is queued, and takes the
place of one that still waits. However many changes there were, each listing gets one message, with the last value.

Levels of a listing never go back: its row is locked before stock is read, and keeps the version told last; messages of
one listing leave in order, one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from hub.domain.lifecycle import Outbox
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, StockLevel
from hub.domain.promising import EVERYTHING, offer
from hub.flow import supply
from hub.flow.batch import Batch
from hub.flow.directory import Directory
from hub.ports import Ids, Ports
from hub.store import sets
from hub.store.database import Database, Row, Tx

# ruff: noqa: S608 - statements are put together from constants of our own code

BATCH = 5000
"""Marks taken at once."""

TAKE = """WITH gone AS (
        DELETE FROM stale WHERE id IN (SELECT id FROM stale ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, sku)
    SELECT merchant_id, sku, count(*) AS marks FROM gone GROUP BY 1, 2 ORDER BY 1, 2"""
TOUCHED = """
    WITH parts AS (
        SELECT unnest($2::text[]) AS sku
        UNION SELECT component FROM components WHERE merchant_id = $1 AND sku = ANY($2::text[]))
    SELECT sku FROM parts
    UNION SELECT c.sku FROM components c JOIN parts p ON p.sku = c.component WHERE c.merchant_id = $1"""
"""SKUs whose level a change of some may have changed: those, their parts, and every bundle that holds one of these."""

COLUMNS = "l.id, l.merchant_id, l.account_id, l.listing_id, l.sku, l.offered, l.version"
IN_ORDER = 'ORDER BY l.account_id, l.listing_id COLLATE "C" FOR UPDATE OF l'
"""The order in which everybody locks listings."""

LISTINGS = f"""SELECT {COLUMNS} FROM listings l JOIN accounts a ON a.id = l.account_id
    WHERE l.merchant_id = $1 AND l.sku = ANY($2::text[]) AND l.account_id = ANY($3::bigint[])
      AND a.state IN ('active', 'reconnect') {IN_ORDER}"""
REPLACE = f"""UPDATE outbox SET state = {int(Outbox.DROPPED)}, error = 'a newer level follows'
    WHERE lane = ANY($1::text[]) AND key = ANY($2::bigint[]) AND kind = '{Kind.PUSH_STOCK}'
      AND state < 9 AND state = {int(Outbox.PENDING)} AND NOT leased AND NOT unsure
    RETURNING key, attempts, due_at"""
"""A message that is under way, or whose answer was lost, is left: the new one waits behind it."""

TOLD = """UPDATE listings l SET offered = d.offered, version = d.version
    FROM json_to_recordset($1::json) AS d(id bigint, offered integer, version bigint) WHERE l.id = d.id"""


class Told(Struct, frozen=True):
    """Levels that are on their way, and listings whose SKU nobody has counted, which are left as they are."""

    levels: int
    uncounted: int


class Leveler:
    """Works marks off, a batch at a time."""

    def __init__(self, database: Database, directory: Directory, ports: Ports) -> None:
        self._database = database
        self._directory = directory
        self._ports = ports

    async def work(self, limit: int = BATCH) -> int:
        """Takes up to `limit` marks; returns how many they were."""
        async with self._database.transaction() as tx:
            taken = await tx.fetch(TAKE, limit)
            if not taken:
                return 0
            known = await self._directory.known(tx)
            takers = [account for account, kinds in known.kinds().items() if Kind.PUSH_STOCK in kinds]
            for merchant_id in sorted({row["merchant_id"] for row in taken}):
                skus = [row["sku"] for row in taken if row["merchant_id"] == merchant_id]
                touched = [row["sku"] for row in await tx.fetch(TOUCHED, merchant_id, skus)]
                listings = await tx.fetch(LISTINGS, merchant_id, touched, takers)
                await tell(tx, self._ports.ids, self._ports.clock.now(), listings)
        return sum(row["marks"] for row in taken)


async def tell(tx: Tx, ids: Ids, at: datetime, listings: Sequence[Row], *, again: bool = False) -> Told:
    """Queues what `listings` of one merchant, locked in this transaction, may offer now. Without `again` only what
    differs from what was told last."""
    if not listings:
        return Told(0, 0)
    merchant_id = listings[0]["merchant_id"]
    there = await supply.of(tx, merchant_id, {row["sku"] for row in listings})
    shares = await supply.allotments(tx, merchant_id, [row["account_id"] for row in listings])
    levels = {row["id"]: offer(row["sku"], there, shares.get(row["account_id"], EVERYTHING)) for row in listings}
    changed = [
        row for row in listings if levels[row["id"]] is not None and (again or levels[row["id"]] != row["offered"])
    ]
    if changed:
        await _queue(tx, Batch(ids, at), changed, levels)
    return Told(len(changed), sum(level is None for level in levels.values()))


async def _queue(tx: Tx, batch: Batch, listings: Sequence[Row], levels: Mapping[int, int | None]) -> None:
    lanes = sorted({f"account:{row['account_id']}" for row in listings})
    waited = {row["key"]: row for row in await tx.fetch(REPLACE, lanes, [row["id"] for row in listings])}
    told: list[dict[str, Any]] = []
    for row in listings:
        version = max(row["version"] + 1, int(batch.at.timestamp() * 1000))
        level = levels[row["id"]]
        assert level is not None
        told.append({"id": row["id"], "offered": level, "version": version})
        batch.message(row["merchant_id"], _message(row, level, version))
        before = waited.get(row["id"])
        if before is not None and before["attempts"]:
            # What the channel asked us to wait for holds for the new level too, and its failures add up.
            batch.messages[-1] |= {"attempts": before["attempts"], "due_at": max(before["due_at"], batch.at)}
    await sets.update(tx, TOLD, told)
    await batch.flush(tx)


def _message(row: Row, level: int, version: int) -> Message:
    """The version is the millisecond the level was read at, or one more than the last: it grows."""
    return Message(
        kind=Kind.PUSH_STOCK,
        intent=f"stock:{row['id']}:{row['account_id']}:{version}",
        account_id=row["account_id"],
        key=row["id"],
        payload=StockLevel(sku=row["sku"], listing_id=row["listing_id"], available=level, version=version),
        subject="listing",
        subject_id=row["id"],
    )
