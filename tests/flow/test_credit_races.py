"""Two batches at the same moment do not both give a buyer on terms what is left of the limit."""

from __future__ import annotations

import asyncio

from hub.domain.lifecycle import Lifecycle
from hub.flow.runner import Runner
from hub.flow.stages import ORDERS
from tests.flow.desk import Desk
from tests.flow.test_floor_ends import blocked, held
from tests.flow.test_review import on_terms, terms


async def test_two_batches_at_once_stay_within_the_limit(desk: Desk) -> None:
    await terms(desk, 3000)
    first, second = on_terms(2), on_terms(1)
    await desk.tell(first, second)
    await desk.take_in()
    runners = [Runner(desk.world.database, desk.directory, desk.world.ports) for _ in range(2)]

    async with held(desk, "SELECT id FROM terms FOR UPDATE"):
        batches = [asyncio.create_task(runner.work(ORDERS, 1)) for runner in runners]
        await blocked(desk, 2)
    await asyncio.gather(*batches)

    states = {(await desk.order(await desk.order_id(order.external_id)))["state"] for order in (first, second)}
    assert states == {Lifecycle.IN_PROGRESS, Lifecycle.RECEIVED}, "2500 and 1250, of 3000"
