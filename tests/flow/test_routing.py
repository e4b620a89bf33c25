"""Routing by a merchant's rules, on the store: rejections, limits of a day, what is there leaves, and what if."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import asdict

from hub.actions.add_location import NewLocation, add_location
from hub.actions.routing_plans import NewPlan, PlanView, check_plan, set_plan, show_plan
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.routing_report import report_promises
from hub.actions.routing_simulate import simulate
from hub.actions.show_order import show_order
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import Address, ParcelScan, ScanStatus
from hub.domain.outcome import DayLoad
from hub.errors import Conflict, Invalid, NotFound
from hub.flow.batch import Batch
from hub.store import sets
from tests.flow.desk import Desk, an_order, mug
from tests.support.world import MERCHANT

LIMITED = """
[locations.berlin]
orders_per_day = 2
timezone = "Asia/Tokyo"
[[rules]]
name = "everything"
"""


async def plan(desk: Desk, source: str) -> PlanView:
    """Puts rules into effect, and has this process read them at once."""
    made = await set_plan(desk.world.services, NewPlan(merchant_id=MERCHANT, source=source, actor="user:1"))
    desk.directory.forget()
    return made


def noon(desk: Desk) -> None:
    """Noon in Tokyo, so that no midnight falls into a test."""
    now = desk.world.clock.now()
    desk.world.clock.advance(timedelta(hours=(3 - now.hour) % 24))


async def hamburg(desk: Desk, *, automatic: bool = False, **on_hand: int) -> None:
    """A second location, where people pick unless it is automatic."""
    place = Address(name="Hamburg", line1="Kai 1", city="Hamburg", postcode="20457", country="DE")
    new = NewLocation(code="hamburg", address=place, automatic=automatic, latitude=53.5, longitude=10.0)
    await add_location(desk.world.services, MERCHANT, new)
    await desk.count("hamburg", **on_hand)


async def ships_from(desk: Desk, order_id: int) -> list[tuple[str, str, Work]]:
    """(number, location, state) of an order's fulfillment orders."""
    rows = await desk.world.rows(
        """SELECT f.number, l.code, f.state FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id
           WHERE order_id = $1 ORDER BY f.id""",
        order_id,
    )
    return [(row["number"], row["code"], Work(row["state"])) for row in rows]


async def test_versions_of_a_plan_stay_and_the_newest_is_in_effect(desk: Desk) -> None:
    assert (await show_plan(desk.world.services, MERCHANT)).version == 0
    await plan(desk, '[[rules]]\nname = "one"')
    await plan(desk, '[[rules]]\nname = "two"')

    newest, first = [await show_plan(desk.world.services, MERCHANT, version) for version in (0, 1)]

    assert (newest.version, newest.plan.rules[0].name) == (2, "two")
    assert (first.version, first.source) == (1, '[[rules]]\nname = "one"')
    with pytest.raises(NotFound, match="no version 9"):
        await show_plan(desk.world.services, MERCHANT, 9)
    assert (await show_plan(desk.world.services, MERCHANT + 1)).version == 0, "another merchant has its own"
    await desk.sound()


async def test_names_that_nobody_knows_are_refused_with_the_near_one(desk: Desk) -> None:
    for source, words in (
        ('[[rules]]\nname = "a"\nlocations = ["berlim"]', "did you mean 'berlin'"),
        ('[[rules]]\nname = "a"\nwhen = {channels = ["shopp"]}', "did you mean 'shop'"),
        ('[[rules]]\nname = "a"\nsorts = ["cost"]', "did you mean 'sort'"),
        ("[[rules", "no TOML"),
    ):
        with pytest.raises(Invalid, match=words):
            await check_plan(desk.world.services, MERCHANT, source)
    assert await desk.world.value("SELECT count(*) FROM routing_plans") == 0


async def test_an_order_keeps_its_trace_where_one_looks(desk: Desk) -> None:
    await hamburg(desk, MUG=50)
    await plan(
        desk,
        """
        [[rules]]
        name = "abroad"
        when = {countries = ["FR"]}
        [[rules]]
        name = "harbour first"
        locations = ["hamburg", "berlin"]
        sort = ["priority"]
    """,
    )

    order_id = await desk.take(an_order())

    (decision,) = (await show_order(desk.world.database, MERCHANT, order_id)).routing.decisions
    assert (decision.rule, decision.plan, decision.because) == ("harbour first", 1, "first with everything")
    assert decision.locations == ("hamburg",)
    assert [(it.location, it.rank, it.chosen) for it in decision.considered] == [
        ("hamburg", 1, True), ("berlin", 2, False),
    ]  # fmt: skip
    assert [(it.rule, it.why) for it in decision.tried] == [("abroad", "the order goes to DE, the rule is for FR")]


async def test_a_rejection_looks_elsewhere_and_never_comes_back(desk: Desk) -> None:
    await hamburg(desk, MUG=50)
    order_id = await desk.routed(an_order())
    ((number, first, _),) = await ships_from(desk, order_id)
    other = {"berlin": "hamburg", "hamburg": "berlin"}[first]
    asked = Rejection(merchant_id=MERCHANT, fulfillment=number, reason="flooded", actor="user:1")

    await reject_fulfillment(desk.world.services, asked)
    await desk.route()

    assert [(code, state) for _, code, state in await ships_from(desk, order_id)] == [
        (first, Work.CANCELLED), (other, Work.OPEN),
    ]  # fmt: skip
    found = await show_order(desk.world.database, MERCHANT, order_id)
    assert [it.out for it in found.routing.decisions[0].considered if it.location == first] == ["rejected this order"]
    second = (await ships_from(desk, order_id))[1][0]
    again = Rejection(merchant_id=MERCHANT, fulfillment=second, reason="flooded too", actor="user:1")
    await reject_fulfillment(desk.world.services, again)
    await desk.route()
    assert (await desk.holds(order_id))["stock"]["what"] == "routing", "nobody is left"
    assert await desk.stock() == (150, 0)
    await desk.sound()


async def test_what_cannot_be_rejected(desk: Desk) -> None:
    order_id = await desk.ship(an_order())
    ((number, _, _),) = await ships_from(desk, order_id)

    with pytest.raises(Conflict, match="rejects before it picks"):
        await reject_fulfillment(
            desk.world.services, Rejection(merchant_id=MERCHANT, fulfillment=number, reason="", actor="user:1")
        )
    with pytest.raises(NotFound):
        await reject_fulfillment(
            desk.world.services, Rejection(merchant_id=MERCHANT + 1, fulfillment=number, reason="", actor="user:1")
        )


async def test_a_location_takes_so_many_orders_on_its_own_day(desk: Desk) -> None:
    noon(desk)
    await plan(desk, LIMITED)
    ids = []
    for _ in range(3):
        ids.append(await desk.take(an_order()))

    assert [(await desk.order(order_id))["state"] for order_id in ids] == [
        Lifecycle.IN_PROGRESS, Lifecycle.IN_PROGRESS, Lifecycle.ACCEPTED,
    ]  # fmt: skip
    hold = (await desk.holds(ids[2]))["stock"]
    assert hold["what"] == "routing"
    assert "has its 2 orders of" in hold["why"]
    due = (await desk.order(ids[2]))["due_at"]
    assert (due.hour, due.minute) == (15, 0), "midnight in Tokyo"
    (day,) = await desk.world.rows("SELECT orders, most FROM location_days")
    assert (day["orders"], day["most"]) == (2, 2)

    desk.world.clock.advance(due - desk.world.clock.now() + timedelta(minutes=1))
    await desk.orders()

    assert (await desk.order(ids[2]))["state"] is Lifecycle.IN_PROGRESS
    assert await desk.holds(ids[2]) == {}
    await desk.sound()


async def test_the_limit_of_a_day_holds_whoever_counts_it(desk: Desk) -> None:
    """Twenty at once, who have all read that there is room for five: the guarded statement lets five through."""
    load = DayLoad(desk.location, date(2026, 3, 2), 5)

    async def one() -> bool:
        connection = await desk.world.database.connect()
        try:
            rows = [{"id": desk.world.ports.ids.next(), "merchant_id": MERCHANT, "orders": 1, **asdict(load)}]
            status: str = await connection.execute(sets.COUNT_LOADS, sets.text(rows))
            return status.endswith(" 1")
        finally:
            await connection.close()

    taken = await asyncio.gather(*(one() for _ in range(20)))

    (day,) = await desk.world.rows("SELECT orders FROM location_days")
    assert (sum(taken), day["orders"]) == (5, 5)


async def test_a_batch_that_goes_over_a_limit_keeps_nothing(desk: Desk) -> None:
    noon(desk)
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    for _ in range(3):
        batch.load(MERCHANT, DayLoad(desk.location, date(2026, 3, 2), 3))
    async with desk.world.database.transaction() as tx:
        await batch.flush(tx)
    over = Batch(desk.world.ports.ids, desk.world.clock.now())
    over.load(MERCHANT, DayLoad(desk.location, date(2026, 3, 2), 3))

    with pytest.raises(Conflict):
        async with desk.world.database.transaction() as tx:
            await over.flush(tx)

    (day,) = await desk.world.rows("SELECT orders FROM location_days")
    assert day["orders"] == 3


async def test_what_is_there_leaves_and_the_rest_follows(desk: Desk) -> None:
    await plan(desk, '[[rules]]\nname = "some"\npartial = true\ncancel_after_days = 5')
    await desk.count(MUG=1)
    order_id = await desk.take(an_order())

    assert (await desk.order(order_id))["state"] is Lifecycle.ACCEPTED
    assert (await desk.holds(order_id))["stock"] == {"what": "stock", "short": {"MUG": 1}, "cancel_after_days": 5}
    await desk.works()
    await desk.send()
    await desk.works()
    await desk.send()
    await desk.works()
    assert await desk.works_of(order_id) == [Work.DISPATCHED], "a hold for stock keeps back only what is short"

    await desk.count(MUG=10)
    await desk.orders()

    assert [number.rpartition("-")[2] for number, _, _ in await ships_from(desk, order_id)] == ["F1", "F2"]
    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    await desk.sound()


async def test_backorders_are_filled_in_the_order_in_which_they_came(desk: Desk) -> None:
    await desk.count(MUG=0)
    ids = [await desk.take(an_order()) for _ in range(4)]

    await desk.count(MUG=4)
    await desk.orders()

    states = [(await desk.order(order_id))["state"] for order_id in ids]
    assert states == [Lifecycle.IN_PROGRESS] * 2 + [Lifecycle.ACCEPTED] * 2
    await desk.sound()


async def test_a_promise_is_compared_with_what_happened(desk: Desk) -> None:
    order_id = await desk.ship(an_order())
    (parcel,) = await desk.parcels(order_id)
    promised = (await desk.order(order_id))["promised_at"]
    scan = ParcelScan(
        tracking_number=parcel["tracking_number"], external_id="s1", status=ScanStatus.DELIVERED,
        at=promised + timedelta(days=2),
    )  # fmt: skip
    await desk.tell(scan, account=desk.carrier)
    await desk.take_in()
    await desk.works()
    await desk.orders()

    seen = (await show_order(desk.world.database, MERCHANT, order_id)).routing
    (figures,) = await report_promises(desk.world.services, MERCHANT, 30)

    assert (seen.kept, seen.days_late) == (False, 2)
    assert (figures.location, figures.parcels, figures.kept, figures.broken) == ("berlin", 1, 0, 1)
    assert figures.days_late == 2


async def counts(desk: Desk) -> dict[str, Any]:
    """Rows of every table that a simulation could touch."""
    tables = ("orders", "fulfillment_orders", "stock", "stock_movements", "events", "outbox", "holds", "location_days")
    return {name: await desk.world.value(f"SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM {name}")
            for name in tables}  # fmt: skip


async def test_what_if_writes_nothing_and_compares(desk: Desk) -> None:
    await hamburg(desk, automatic=True, MUG=100, CUP=100)
    for _ in range(3):
        await desk.ship(an_order(lines=(mug(), mug(external_id="L2", sku="CUP", listing_id="V2"))))
    before = await counts(desk)

    found = await simulate(
        desk.world.services,
        MERCHANT,
        30,
        """
        [[lanes]]
        from = "berlin"
        days = 1
        cost = 900
        [[lanes]]
        from = "hamburg"
        days = 1
        cost = 400
        [[rules]]
        name = "cheap"
        sort = ["cost"]
    """,
    )

    assert await counts(desk) == before
    assert (found.orders, found.now.routed, found.then.routed) == (3, 3, 3)
    assert (found.then.shipments, found.then.cost, found.now.cost) == (3, 1200, 0)
    assert found.then.stock_left["hamburg"] == 200 - 12
    assert found.then.by_rule == {"cheap": 3}
    assert (found.really.orders, found.really.shipments) == (3, 3)


MANY = 10_000
COPY_ORDERS = """INSERT INTO orders (id, merchant_id, account_id, external_id, number, state, version, due_at,
        created_at, placed_at, revised_at, currency, shop_currency, total, shop_total, charges, buyer, ship_to, email,
        paid, words, unknown_words, risks, promised_at)
    SELECT o.id + n, merchant_id, account_id, 'C' || n, 'C' || n, state, version, 'infinity',
        created_at - make_interval(mins => n), placed_at, revised_at, currency, shop_currency, total, shop_total,
        charges, buyer, ship_to, n || email, paid, words, unknown_words, risks, promised_at
    FROM orders o CROSS JOIN generate_series(1, $2) n WHERE o.id = $1"""
COPY_LINES = """INSERT INTO order_lines (id, merchant_id, order_id, external_id, position, title, sku, unit_price,
        ordered, requires_shipping)
    SELECT l.id + n * 16, merchant_id, order_id + n, external_id, position, title,
        (ARRAY['MUG', 'CUP', 'POT'])[1 + (n + position) % 3], unit_price, 1 + n % 3, true
    FROM order_lines l CROSS JOIN generate_series(1, $2) n WHERE l.order_id = $1"""


@pytest.mark.long
async def test_what_if_over_ten_thousand_orders_takes_less_than_a_minute(desk: Desk) -> None:
    for n in range(6):
        place = Address(name=f"P{n}", line1="Kai 1", city="Hamburg", postcode="20457", country="DE")
        new = NewLocation(code=f"p{n}", address=place, automatic=True, latitude=50.0 + n, longitude=9.0)
        await add_location(desk.world.services, MERCHANT, new)
        await desk.count(f"p{n}", MUG=2500 + n, CUP=2500, POT=1500)
    desk.world.clock.advance(timedelta(days=40))  # the stock lay there before the oldest of the orders
    order_id = await desk.take(an_order(lines=(mug(), mug(external_id="L2", sku="CUP", listing_id="V2"))))
    for sql in (COPY_ORDERS, COPY_LINES):
        await desk.world.database.plain.execute(sql, order_id, MANY)
    before = await counts(desk)
    source = """
        [locations.p1]
        orders_per_day = 900
        safety = 20
        [[lanes]]
        days = 2
        cost = 490
        unit_cost = 20
        [[lanes]]
        from = "p3"
        days = 1
        cost = 310
        [[rules]]
        name = "whole and cheap"
        most_locations = 1
        sort = ["cost", "promise"]
        [[rules]]
        name = "anybody"
        sort = ["stock"]
        partial = true
    """

    found = await simulate(desk.world.services, MERCHANT, 20, source)

    assert await counts(desk) == before
    assert found.orders == MANY + 1
    assert found.then.routed + found.then.waiting == MANY + 1
    assert found.then.routed > MANY // 2
    assert found.seconds < 60
