"""Whoever holds an order holds all of its fulfillment orders, those made while the order was waited for too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.actions.cancel_order import Cancel, cancel_order
from hub.domain.lifecycle import Work
from hub.flow.stages import ORDERS
from hub.store import whole_orders
from tests.flow.desk import Desk
from tests.flow.test_floor_ends import blocked, held
from tests.flow.test_onward import arrived
from tests.support.world import MERCHANT


@asynccontextmanager
async def routing(desk: Desk) -> AsyncIterator[None]:
    """A batch that has made fulfillment orders and cannot commit: somebody holds the stock, which it changes last. Left
    once somebody waits for its orders."""
    async with held(desk, "SELECT id FROM stock FOR UPDATE"):
        batch = asyncio.create_task(desk.runner.work(ORDERS))
        await blocked(desk, 1)
        yield
        await blocked(desk, 2)
    await batch


async def taken_by(desk: Desk, order_id: int) -> tuple[int, int]:
    """How many fulfillment orders whoever takes the order gets, and how many somebody else could still get then."""
    async with desk.world.database.transaction() as tx:
        works, (order,) = await whole_orders.hold(tx, [order_id])
        assert order["id"] == order_id
        other = await desk.world.database.connect()
        try:
            left = await other.fetch("SELECT id FROM fulfillment_orders FOR UPDATE SKIP LOCKED")
        finally:
            await other.close()
    return len(works), len(left)


async def test_none_is_left_to_others(desk: Desk) -> None:
    """A lane that got one would wait for its parcel, and the holder of the order for the lane."""
    order_id = await arrived(desk)
    async with routing(desk):
        taken = asyncio.create_task(taken_by(desk, order_id))
    assert await taken == (1, 0)


async def test_an_order_is_cancelled_while_it_is_routed(desk: Desk) -> None:
    order_id = await arrived(desk)
    async with routing(desk):
        asked = Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:1", reason="changed")
        cancelled = asyncio.create_task(cancel_order(desk.world.services, asked))
    await cancelled

    assert await desk.works_of(order_id) == [Work.CANCELLED]
    await desk.send()
    assert not desk.book("paper_carrier", "carrier").done, "nobody was asked for a label"
    await desk.sound()
