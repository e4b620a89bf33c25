"""Deliveries that were set aside because nobody could read them: what is wrong with each, and where."""

from __future__ import annotations

from datetime import datetime

from hub.actions import cursors
from hub.actions.order_view import View
from hub.actions.services import Services
from hub.domain.lifecycle import Inbox
from hub.errors import Conflict, NotFound
from hub.store import audit
from hub.store.database import Database, announce


class SetAside(View, frozen=True):
    """One delivery. `path` says where its body is wrong (empty when the fault is elsewhere), `why` what is wrong."""

    id: str
    channel: str
    connector: str
    topic: str
    delivery_id: str
    received_at: datetime
    attempts: int
    path: str
    why: str
    size: int


class DeliveryPage(View, frozen=True):
    """One page; an empty `next` ends the list."""

    deliveries: tuple[SetAside, ...]
    next: str


async def list_deliveries(
    database: Database, merchant_id: int, after: str = "", limit: int = 50, account_id: int | None = None
) -> DeliveryPage:
    """One page of deliveries set aside, of one account or of all, newest first. Raises `Invalid` for a foreign page
    mark or a silly limit."""
    size = cursors.page_size(limit)
    mark = cursors.decode(after)[1] if after else 2**63 - 1
    rows = await database.plain.fetch(
        """SELECT i.id, a.name AS channel, a.connector, i.topic, i.delivery_id, i.received_at, i.attempts, i.error,
                  octet_length(i.body) AS size
           FROM inbox i LEFT JOIN accounts a ON a.id = i.account_id
           WHERE i.merchant_id = $1 AND i.state = 10 AND i.id < $2 AND ($4::bigint IS NULL OR i.account_id = $4)
           ORDER BY i.id DESC LIMIT $3""",
        merchant_id, mark, size + 1, account_id,
    )  # fmt: skip
    found = tuple(
        SetAside(
            id=str(row["id"]),
            channel=row["channel"] or "",
            connector=row["connector"] or "",
            topic=row["topic"],
            delivery_id=row["delivery_id"],
            received_at=row["received_at"],
            attempts=row["attempts"],
            **_fault(row["error"]),
            size=row["size"],
        )
        for row in rows[:size]
    )
    last = rows[size - 1] if len(rows) > size else None
    return DeliveryPage(deliveries=found, next=cursors.encode(last["received_at"], last["id"]) if last else "")


def _fault(error: str) -> dict[str, str]:
    """`$.path: why` in its two parts."""
    path, colon, why = error.partition(": ")
    return {"path": path, "why": why} if colon and path.startswith("$") else {"path": "", "why": error}


async def show_delivery(database: Database, merchant_id: int, delivery_id: int) -> bytes:
    """The body as it came. Raises `NotFound` when it is not this merchant's, or was not set aside."""
    row = await database.plain.fetchrow(
        "SELECT body FROM inbox WHERE merchant_id = $1 AND id = $2 AND state = 10", merchant_id, delivery_id
    )
    if row is None:
        raise NotFound("no such delivery among those set aside")
    return bytes(row["body"])


async def read_again(services: Services, merchant_id: int, delivery_id: int, actor: str) -> None:
    """Puts a delivery that was set aside back in the queue, for when its cause was mended. Raises `NotFound`, or
    `Conflict` when it is in the queue already."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT state FROM inbox WHERE merchant_id = $1 AND id = $2 FOR UPDATE", merchant_id, delivery_id
        )
        if row is None:
            raise NotFound("no such delivery")
        if row["state"] != Inbox.SET_ASIDE:
            raise Conflict("this delivery is not set aside any more")
        await tx.execute(
            "UPDATE inbox SET state = 0, attempts = 0, due_at = $2, error = '' WHERE id = $1", delivery_id, now
        )
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=now, actor=actor, action="read_again", subject=f"delivery:{delivery_id}",
        ))  # fmt: skip
        await announce(tx, "inbox")
