"""Expire holds: what the protocol of a hold says happens when its time is up. Mostly it goes to somebody who decides,
and the order says so; where the merchant's rules say so, the order is cancelled or goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from hub.actions.release_hold import Release, release_hold
from hub.actions.services import Services
from hub.domain import holds
from hub.domain.outcome import Event
from hub.errors import CrossdockError
from hub.flow.batch import Batch
from hub.store.database import Row, Tx

log = structlog.get_logger()

MOST = 500
"""Holds of one transaction."""

ENDS = """SELECT h.id, h.merchant_id, h.protocol->>'then' AS then FROM holds h JOIN orders o ON o.id = h.order_id
    WHERE h.state = 'open' AND h.due_at <= $1 AND h.protocol->>'then' = ANY($2::text[]) AND o.state < 9
      AND h.resolutions ? (h.protocol->>'then') ORDER BY h.due_at, h.id LIMIT $3"""
DUE = """SELECT order_id FROM holds WHERE state = 'open' AND due_at <= $1 ORDER BY due_at, id LIMIT $2"""
LOCK_ORDERS = """SELECT id, merchant_id, version FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id
    FOR UPDATE SKIP LOCKED"""
ESCALATE = """WITH late AS (
        UPDATE holds SET state = 'escalated', owner = coalesce(protocol->>'to', owner)
        WHERE order_id = ANY($1::bigint[]) AND state = 'open' AND due_at <= $2
        RETURNING id, order_id, reason, owner, opened_at, due_at
    ) SELECT * FROM late ORDER BY order_id, id"""
VERSIONS = """UPDATE orders o SET version = d.version FROM unnest($1::bigint[], $2::integer[]) AS d(id, version)
    WHERE o.id = d.id"""


async def expire_holds(services: Services) -> int:
    """Does with every open hold that is overdue what its protocol says; returns how many. An order that somebody works
    on just now is left for the next time."""
    escalated = await _ends(services)
    while True:
        async with services.database.transaction() as tx:
            taken = await _some(services, tx)
        escalated += taken
        if taken < MOST:
            return escalated


async def _ends(services: Services) -> int:
    """Releases holds whose protocol names an end other than a person. One that cannot be ended so is escalated."""
    rows = await services.database.plain.fetch(ENDS, services.clock.now(), [holds.CANCEL, holds.ACCEPT], MOST)
    ended = 0
    for row in rows:
        end = Release(
            merchant_id=row["merchant_id"],
            hold_id=row["id"],
            resolution=row["then"],
            actor="hub",
            note="nobody answered",
        )
        try:
            await release_hold(services, end)
        except CrossdockError as error:
            log.warning("a hold could not be ended", hold=row["id"], then=row["then"], error=str(error))
            continue
        ended += 1
    return ended


async def _some(services: Services, tx: Tx) -> int:
    now = services.clock.now()
    due = sorted({row["order_id"] for row in await tx.fetch(DUE, now, MOST)})
    if not due:
        return 0
    orders = {row["id"]: row for row in await tx.fetch(LOCK_ORDERS, due)}
    late = await tx.fetch(ESCALATE, list(orders), now)
    batch = Batch(services.ids, now)
    versions = _events(batch, orders, late)
    await tx.execute(VERSIONS, list(versions), list(versions.values()))
    await batch.flush(tx)
    return len(late)


def _events(batch: Batch, orders: dict[int, Row], late: Sequence[Row]) -> dict[int, int]:
    """One event a hold; the versions of their orders afterwards."""
    versions: dict[int, int] = {}
    for hold in late:
        order = orders[hold["order_id"]]
        version = versions.get(order["id"], order["version"]) + 1
        versions[order["id"]] = version
        details: dict[str, Any] = {
            "reason": hold["reason"],
            "owner": hold["owner"],
            "due_at": hold["due_at"].isoformat(),
        }
        batch.event(order["merchant_id"], order["id"], (order["id"], version), Event("hold_escalated", details))
    return versions
