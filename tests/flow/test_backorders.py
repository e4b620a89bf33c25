"""Orders that wait for stock, on the store: who is served when it comes in, what the trace says, and who gives up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from hub.actions.expire_holds import expire_holds
from hub.actions.routing_plans import NewPlan, set_plan
from hub.actions.show_order import show_order
from hub.actions.stock_receive import Receive, receive_stock
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import ChannelOrder
from hub.errors import Conflict
from hub.flow.runner import Runner
from hub.flow.stages import ORDERS
from tests.flow.desk import Desk, an_order, mug
from tests.support.world import MERCHANT

SERVED = """SELECT o.external_id FROM orders o JOIN fulfillment_orders f ON f.order_id = o.id ORDER BY f.id"""
MARK = (
    """INSERT INTO order_marks (id, merchant_id, order_id, tags, service, priority) VALUES ($1, $2, $1, '[]', '', $3)"""
)


def one(**given: Any) -> ChannelOrder:
    return an_order(lines=(mug(quantity=1),), **given)


async def receive(desk: Desk, units: int) -> None:
    asked = Receive(
        merchant_id=MERCHANT, location="berlin", lines={"MUG": units}, reference=f"D{units}", actor="user:1"
    )
    await receive_stock(desk.world.services, asked)


async def served(desk: Desk) -> list[str]:
    return [row["external_id"] for row in await desk.world.rows(SERVED)]


async def test_priority_then_arrival_and_a_new_order_last(desk: Desk) -> None:
    await desk.count(MUG=0)
    first, second, rush = one(), one(), one()
    await desk.take(first, second, rush)
    urgent = await desk.order_id(rush.external_id)
    await desk.world.database.plain.execute(MARK, urgent, MERCHANT, 5)
    new = one()
    await desk.tell(new)
    await desk.take_in()
    desk.world.clock.advance(timedelta(seconds=5))  # the new order is due before those that the delivery wakes
    await receive(desk, 3)

    await desk.orders()

    assert await served(desk) == [rush.external_id, first.external_id, second.external_id]
    shown = await show_order(desk.world.database, MERCHANT, urgent)
    assert shown.routing.decisions[0].turn == (
        "turn 1 of 3 that waited, priority 5: higher priority first, then who came first"
    )
    late = await desk.order_id(new.external_id)
    assert (await desk.holds(late))["stock"]["short"] == {"MUG": 1}
    await desk.sound()


async def test_many_hands_promise_what_came_in_once(desk: Desk) -> None:
    await desk.count(MUG=0)
    orders = [one() for _ in range(12)]
    await desk.take(*orders)
    await receive(desk, 5)
    runners = [Runner(desk.world.database, desk.directory, desk.world.ports) for _ in range(3)]

    async def batches(runner: Runner) -> None:
        while True:
            try:
                if not await runner.work(ORDERS, 2):
                    return
            except Conflict:
                continue

    await asyncio.gather(*(batches(runner) for runner in runners))

    assert len(await served(desk)) == 5
    assert await desk.stock() == (5, 5)
    await desk.sound()


async def test_who_waited_as_long_as_its_rule_says_is_cancelled_and_takes_nothing(desk: Desk) -> None:
    """Deadline and routing together: the worker and the deadline look at the same waiting orders at the same time."""
    source = '[[rules]]\nname = "two days"\ncancel_after_days = 2'
    await set_plan(desk.world.services, NewPlan(merchant_id=MERCHANT, source=source, actor="user:1"))
    desk.directory.forget()
    await desk.count(MUG=0)
    early = await desk.take(one())
    desk.world.clock.advance(timedelta(days=1))
    late = await desk.take(one())
    assert await expire_holds(desk.world.services) == 0
    desk.world.clock.advance(timedelta(days=1, minutes=1))
    await receive(desk, 1)

    await asyncio.gather(expire_holds(desk.world.services), desk.orders())
    await desk.orders()

    states = [(await desk.order(it))["state"] for it in (early, late)]
    assert states in ([Lifecycle.CANCELLED, Lifecycle.IN_PROGRESS], [Lifecycle.IN_PROGRESS, Lifecycle.ACCEPTED])
    assert await desk.stock() == (1, 1), "one of them has the unit, whoever was faster"
    if states[0] is Lifecycle.CANCELLED:
        assert "cancelled" in await desk.events(early)
    await desk.sound()


async def test_a_deadline_after_routing_again_leaves_nothing_reserved(desk: Desk) -> None:
    source = '[[rules]]\nname = "part"\npartial = true\ncancel_after_days = 2'
    await set_plan(desk.world.services, NewPlan(merchant_id=MERCHANT, source=source, actor="user:1"))
    desk.directory.forget()
    await desk.world.database.plain.execute("UPDATE locations SET automatic = false")
    await desk.count(MUG=1)
    order_id = await desk.take(an_order())
    assert await desk.stock() == (1, 1), "what is there is promised, the rest waits"
    desk.world.clock.advance(timedelta(days=2, minutes=1))

    assert await expire_holds(desk.world.services) == 1
    await desk.orders()

    assert (await desk.order(order_id))["state"] is Lifecycle.CANCELLED
    assert await desk.stock() == (1, 0)
    await receive(desk, 2)
    await desk.orders()
    assert await desk.stock() == (3, 0), "nobody waits any more"
    await desk.sound()
