"""Whose hold it is."""

from __future__ import annotations

from hub.errors import NotFound
from hub.store.database import Database


async def show_hold(database: Database, merchant_id: int, hold_id: int) -> int:
    """The order that waits for a hold. Raises `NotFound` for another merchant's."""
    order_id = await database.plain.fetchval(
        "SELECT order_id FROM holds WHERE merchant_id = $1 AND id = $2", merchant_id, hold_id
    )
    if order_id is None:
        raise NotFound("no such hold")
    return int(order_id)
