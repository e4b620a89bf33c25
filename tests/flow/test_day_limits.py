"""The orders of a location's day: counted when they are routed there, given back when they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.stock_shortage import ReportShortage, report_shortage
from hub.domain.lifecycle import Lifecycle
from hub.errors import CrossdockError
from tests.flow.desk import Desk, an_order, mug
from tests.flow.test_routing import LIMITED, hamburg, noon, plan, ships_from
from tests.flow.test_stock_races import _route
from tests.support.database import empty
from tests.support.world import MERCHANT

FEW = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
BOTH = LIMITED.replace("orders_per_day = 2", "orders_per_day = 4") + "[locations.hamburg]\norders_per_day = 3\n"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
APART = """SELECT coalesce(d.orders, 0) AS counted, coalesce(f.n, 0) AS there
    FROM location_days d FULL JOIN (
        SELECT location_id, counted_on AS day, count(*)::int AS n FROM fulfillment_orders
        WHERE counted_on IS NOT NULL AND state <> 10 GROUP BY 1, 2) f USING (location_id, day)
    WHERE coalesce(d.orders, 0) <> coalesce(f.n, 0)"""
"""Days that count another number than there are fulfillment orders of them that were not cancelled."""


async def counted(desk: Desk) -> list[int]:
    """Orders of each day, oldest first."""
    return [row["orders"] for row in await desk.world.rows("SELECT orders FROM location_days ORDER BY day")]


async def cancelled(desk: Desk, order_id: int) -> None:
    await cancel_order(
        desk.world.services, Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:1", reason="changed")
    )


async def rejected(desk: Desk, order_id: int) -> None:
    ((number, _, _),) = await ships_from(desk, order_id)
    asked = Rejection(merchant_id=MERCHANT, fulfillment=number, reason="flooded", actor="user:1")
    await reject_fulfillment(desk.world.services, asked)


async def short(desk: Desk, order_id: int, found: int = 0) -> None:
    line = await desk.world.value("SELECT id FROM fulfillment_lines WHERE order_id = $1", order_id)
    asked = ReportShortage(merchant_id=MERCHANT, line_id=line, found=found, actor="user:1")
    await report_shortage(desk.world.services, asked)


@pytest.mark.parametrize("away", [cancelled, rejected, short])
async def test_what_does_not_ship_leaves_room_for_another_order_of_the_day(
    desk: Desk, away: Callable[[Desk, int], Awaitable[None]]
) -> None:
    noon(desk)
    await plan(desk, LIMITED)
    first, second = await desk.routed(an_order()), await desk.routed(an_order())
    assert await counted(desk) == [2]

    await away(desk, first)

    assert await counted(desk) == [1]
    await desk.count(MUG=100)
    third = await desk.take(an_order())
    states = [(await desk.order(order_id))["state"] for order_id in (first, second, third)]
    assert states.count(Lifecycle.IN_PROGRESS) == 2, "the third one, or the first one again"
    assert await counted(desk) == [2]
    assert await desk.world.rows(APART) == []
    await desk.sound()


@pytest.mark.parametrize("away", [cancelled, rejected])
async def test_who_waits_for_a_day_has_the_room_that_comes_back(
    desk: Desk, away: Callable[[Desk, int], Awaitable[None]]
) -> None:
    """Not only at the next midnight; and who needs what is not there goes on waiting."""
    noon(desk)
    await plan(desk, LIMITED)
    first, _ = await desk.routed(an_order()), await desk.routed(an_order())
    waits = await desk.routed(an_order())
    lacks = await desk.routed(an_order(lines=(mug(sku="CUP", listing_id="", quantity=5000),)))
    assert (await desk.order(waits))["state"] == Lifecycle.ACCEPTED

    await away(desk, first)
    await desk.orders()

    assert (await desk.order(waits))["state"] == Lifecycle.IN_PROGRESS
    assert (await desk.order(lacks))["state"] == Lifecycle.ACCEPTED
    assert await counted(desk) == [2]
    await desk.sound()


async def test_units_that_are_short_give_nothing_back_while_the_rest_ships(desk: Desk) -> None:
    noon(desk)
    await plan(desk, LIMITED)
    order_id = await desk.routed(an_order())

    await short(desk, order_id, found=1)

    assert await counted(desk) == [1]
    await desk.sound()


async def test_the_day_that_was_counted_is_given_back_and_no_other(desk: Desk) -> None:
    """Routed before midnight in Tokyo, cancelled after it, while the day of UTC is still the same; and a plan that has
    no limit any more by then."""
    noon(desk)
    await plan(desk, LIMITED)
    first = await desk.take(an_order())
    desk.world.clock.advance(timedelta(hours=13))
    second = await desk.take(an_order())
    assert await counted(desk) == [1, 1]
    await plan(desk, '[[rules]]\nname = "everything"')

    await cancelled(desk, first)

    assert await counted(desk) == [0, 1]
    await desk.world.database.plain.execute("UPDATE location_days SET orders = 0")
    await cancelled(desk, second)
    assert await counted(desk) == [0, 0], "never below zero"


async def test_what_was_counted_nowhere_gives_nothing_back(desk: Desk) -> None:
    noon(desk)
    before = await desk.take(an_order())
    await plan(desk, LIMITED)
    await desk.take(an_order())

    await cancelled(desk, before)

    assert await counted(desk) == [1]
    assert await desk.world.rows(APART) == []


async def test_a_day_is_waited_for_before_stock_is_held(desk: Desk) -> None:
    noon(desk)
    await plan(desk, LIMITED)
    order_id = await desk.routed(an_order())
    router = await desk.world.database.connect()
    try:
        async with router.transaction():
            await router.fetch("SELECT id FROM location_days FOR UPDATE")
            reporting = asyncio.create_task(short(desk, order_id))
            await desk.world.until(lambda: desk.world.value(WAITS))
            free = await router.fetch("SELECT id FROM stock WHERE sku = 'MUG' FOR UPDATE SKIP LOCKED")
    finally:
        await router.close()
    await reporting

    assert len(free) == 1
    assert await counted(desk) == [0]


async def order_comes(desk: Desk) -> None:
    """One more order, taken in and routed by whoever is first."""
    await desk.tell(an_order(lines=(mug(quantity=1),)))
    await desk.take_in()
    await _route(desk)


async def deed(desk: Desk, what: str, which: int) -> None:
    """One thing that happens to one of the orders; refusals are part of the day."""
    ids = [row["id"] for row in await desk.world.rows("SELECT id FROM orders ORDER BY id")]
    order_id = ids[which % len(ids)] if ids else 0
    table: dict[str, Callable[[], Awaitable[object]]] = {
        "take": lambda: order_comes(desk),
        "cancel": lambda: cancelled(desk, order_id),
        "reject": lambda: rejected(desk, order_id),
        "short": lambda: short(desk, order_id),
        "route": lambda: _route(desk),
        "ship": desk.works,
    }
    try:
        await table[what]()
    except (CrossdockError, ValueError):
        return  # `ValueError`: it has several fulfillment orders by now, or none


@FEW
@given(
    st.lists(
        st.tuples(st.sampled_from([*["take"] * 3, "cancel", "reject", "short", "route", "ship"]), st.integers(0, 7)),
        min_size=8, max_size=24,
    ),
    st.sampled_from([1, 4]),
)  # fmt: skip
async def test_a_day_counts_what_is_open_or_done_whatever_happens(
    desk: Desk, steps: list[tuple[str, int]], at_once: int
) -> None:
    await empty(desk.world.database)
    desk.directory.forget()
    await desk.set_up()
    noon(desk)
    await hamburg(desk, automatic=True, MUG=50)
    await plan(desk, BOTH)

    for start in range(0, len(steps), at_once):
        done = await asyncio.gather(
            *(deed(desk, *step) for step in steps[start : start + at_once]), return_exceptions=True
        )
        assert [error for error in done if error is not None] == []

    assert await desk.world.rows(APART) == []
    await desk.sound()
