"""What an order waits for may come in the very moment in which it goes to sleep: nothing sleeps for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.wake_forgotten import wake_forgotten
from hub.domain.lifecycle import Lifecycle
from tests.flow.desk import Desk, an_order, mug
from tests.support.world import MERCHANT


@asynccontextmanager
async def held_up(desk: Desk) -> AsyncIterator[None]:
    """The line of orders decides, and cannot write its holds until this is left."""
    other = await desk.world.database.connect()
    try:
        await other.execute("BEGIN; LOCK TABLE holds IN SHARE ROW EXCLUSIVE MODE")
        line = asyncio.create_task(desk.orders())

        async def waits() -> bool:
            sql = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'holds'::regclass"
            return bool(await desk.world.value(sql))

        await desk.world.until(waits)
        yield
        await other.execute("COMMIT")
        await line
    finally:
        await other.close()


async def done_or_waiting(desk: Desk, task: asyncio.Task[None]) -> bool:
    """Whether a task came to its end, or waits for locks as the line of orders does."""
    sql = "SELECT count(DISTINCT pid) >= 2 FROM pg_locks WHERE NOT granted"
    return task.done() or bool(await desk.world.value(sql))


async def test_a_product_that_is_imported_while_its_order_is_being_held(desk: Desk) -> None:
    order = an_order(lines=(mug(sku="NEW", listing_id=""),))
    await desk.tell(order)
    await desk.take_in()
    async with held_up(desk):
        await desk.count(NEW=5)
    order_id = await desk.order_id(order.external_id)
    assert set(await desk.holds(order_id)) == {"mapping"}, "the import came too early to wake it"

    assert await wake_forgotten(desk.world.services) == 1
    await desk.orders()

    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    assert await wake_forgotten(desk.world.services) == 0


async def test_stock_that_is_counted_at_a_new_place_while_its_order_is_being_held(desk: Desk) -> None:
    await desk.count(MUG=0)
    order = an_order()
    await desk.tell(order)
    await desk.take_in()
    async with held_up(desk):
        counting = asyncio.create_task(desk.count(location="munich", MUG=2))
        await desk.world.until(lambda: done_or_waiting(desk, counting))
    await counting
    order_id = await desk.order_id(order.external_id)
    await wake_forgotten(desk.world.services)
    await desk.orders()

    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    assert await desk.holds(order_id) == {}


async def test_stock_that_a_cancellation_sets_free(desk: Desk) -> None:
    await desk.count(MUG=2)
    first = await desk.take(an_order())
    second = await desk.take(an_order())
    assert set(await desk.holds(second)) == {"stock"}
    assert await wake_forgotten(desk.world.services) == 0, "there is nothing for it yet"

    cancel = Cancel(merchant_id=MERCHANT, order_id=first, actor="user:7", reason="gone")
    await cancel_order(desk.world.services, cancel)
    await wake_forgotten(desk.world.services)
    await desk.orders()

    assert (await desk.order(second))["state"] is Lifecycle.IN_PROGRESS
    assert await desk.stock() == (2, 2)


async def test_what_still_lacks_something_sleeps_on(desk: Desk) -> None:
    await desk.count(MUG=1)
    short = await desk.take(an_order())
    unknown = await desk.take(an_order(lines=(mug(sku="?", listing_id="?"),)))
    wordy = await desk.take(an_order(unknown_words=("status: ?",)))

    assert await wake_forgotten(desk.world.services) == 0
    assert [set(await desk.holds(order)) for order in (short, unknown, wordy)] == [{"stock"}, {"mapping"}, {"mapping"}]
