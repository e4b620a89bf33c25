"""A line that a channel withdraws after a location had it: what named it goes on naming it, and nobody ships it."""

from __future__ import annotations

from msgspec.structs import replace

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.domain.lifecycle import Work
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT

CUP = mug(external_id="L2", sku="CUP", listing_id="")
BOTH = an_order(lines=(mug(), CUP))
WITHOUT = replace(BOTH, revised_at=at(5), lines=(mug(),), total=2500)


async def units(desk: Desk, order_id: int) -> dict[str, int]:
    """Units ordered, by line."""
    return {line["external_id"]: line["ordered"] for line in await desk.lines(order_id)}


async def given_back(desk: Desk) -> int:
    """An order whose location does not ship it: its fulfillment order is cancelled, and another location may."""
    order_id = await desk.routed(BOTH)
    await desk.count("munich", MUG=5, CUP=5)
    number = await desk.world.value("SELECT number FROM fulfillment_orders WHERE order_id = $1", order_id)
    asked = Rejection(merchant_id=MERCHANT, fulfillment=number, reason="flooded", actor="user:1")
    await reject_fulfillment(desk.world.services, asked)
    return order_id


async def test_of_a_cancelled_order(desk: Desk) -> None:
    order_id = await desk.take(BOTH)
    asked = Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:1", reason="changed my mind")
    await cancel_order(desk.world.services, asked)

    await desk.tell(WITHOUT)
    await desk.take_in()

    assert await units(desk, order_id) == {"L1": 2, "L2": 0}
    await desk.sound()


async def test_the_rest_of_the_order_ships(desk: Desk) -> None:
    order_id = await given_back(desk)
    await desk.tell(WITHOUT)
    await desk.take_in()
    assert await units(desk, order_id) == {"L1": 2, "L2": 0}
    await desk.sound()

    await desk.orders()
    for _ in range(3):
        await desk.works()
        await desk.send()

    assert {line["external_id"]: line["shipped"] for line in await desk.lines(order_id)} == {"L1": 2, "L2": 0}
    assert await desk.works_of(order_id) == [Work.CANCELLED, Work.DISPATCHED]
    await desk.sound()


async def test_that_comes_back_is_ordered_again(desk: Desk) -> None:
    order_id = await given_back(desk)
    for order in (WITHOUT, replace(BOTH, revised_at=at(6))):
        await desk.tell(order)
        await desk.take_in()

    assert await units(desk, order_id) == {"L1": 2, "L2": 2}
    await desk.sound()


async def test_is_not_missed_in_every_revision_that_follows(desk: Desk) -> None:
    order_id = await given_back(desk)
    await desk.tell(WITHOUT)
    await desk.take_in()
    await desk.orders()
    assert await desk.works_of(order_id) == [Work.CANCELLED, Work.PACKED]

    await desk.tell(replace(WITHOUT, revised_at=at(7), note="Please ring twice"))
    await desk.take_in()

    assert await desk.holds(order_id) == {}
    await desk.sound()
