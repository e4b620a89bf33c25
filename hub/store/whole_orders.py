"""Orders held for a transaction with all of their fulfillment orders, which come first in the order of locks.

Fulfillment orders may be made while their order is waited for: whoever makes them holds it until they are there. They
would be the only ones not held, and whoever takes one meanwhile, a lane with its label for one, would wait for what
hangs on it while its order's holder waits for it. So the locks are given back then, and taken once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.database import Row, Tx

WORKS = """SELECT * FROM fulfillment_orders
    WHERE order_id = ANY($1::bigint[]) OR id = ANY($2::bigint[]) ORDER BY id FOR UPDATE"""
ORDERS = "SELECT * FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
COUNT = "SELECT count(*) FROM fulfillment_orders WHERE order_id = ANY($1::bigint[])"


async def hold(tx: Tx, orders: Sequence[int], works: Sequence[int] = ()) -> tuple[list[Row], list[Row]]:
    """The fulfillment orders of `orders`, and `works` besides, and those orders; each by id. Must come before other
    locks of rows that somebody who waits for these may want."""
    if not orders:
        return (await tx.fetch(WORKS, orders, works) if works else []), []
    wanted = set(orders)
    while True:
        await tx.execute("SAVEPOINT whole_orders")
        held, rows = await tx.fetch(WORKS, orders, works), await tx.fetch(ORDERS, orders)
        if await tx.fetchval(COUNT, orders) == sum(row["order_id"] in wanted for row in held):
            return held, rows
        await tx.execute("ROLLBACK TO SAVEPOINT whole_orders")
