"""A picker finds less than there should be: the location is corrected, the order goes elsewhere, somebody counts."""

from __future__ import annotations

from typing import Any

import pytest

from hub.actions.add_location import NewLocation, add_location
from hub.actions.stock_count import Counted, count_line
from hub.actions.stock_shortage import ReportShortage, Shortened, report_shortage
from hub.domain.lifecycle import Lifecycle, Work
from hub.errors import Conflict, Invalid, NotFound
from tests.flow.desk import BERLIN, Desk, an_order, mug
from tests.flow.test_bundles import bundle, of_sets, shelved
from tests.support.world import MERCHANT


@pytest.fixture
async def floor(desk: Desk) -> Desk:
    """People pick in Berlin; Hamburg, farther, picks by itself. Both have mugs and what tea sets are made of."""
    await desk.count(POT=10, CUP=42)
    await desk.count("hamburg", MUG=50, POT=10, CUP=40)
    await add_location(desk.world.services, MERCHANT, NewLocation(code="berlin", address=BERLIN, automatic=False))
    await bundle(desk, "SET", POT=1, CUP=4)
    return desk


async def line(desk: Desk, order_id: int, sku: str = "MUG") -> dict[str, Any]:
    (row,) = await desk.world.rows(
        """SELECT w.* FROM fulfillment_lines w JOIN fulfillment_orders f ON f.id = w.fulfillment_id
           JOIN locations l ON l.id = f.location_id
           WHERE w.order_id = $1 AND w.sku = $2 AND l.code = 'berlin' AND f.state <> 10""",
        order_id, sku,
    )  # fmt: skip
    return dict(row)


async def short(desk: Desk, order_id: int, found: int, sku: str = "MUG") -> Shortened:
    asked = ReportShortage(
        merchant_id=MERCHANT, line_id=(await line(desk, order_id, sku))["id"], found=found, actor="user:7"
    )
    return await report_shortage(desk.world.services, asked)


async def states(desk: Desk, order_id: int) -> dict[str, Work]:
    rows = await desk.world.rows(
        "SELECT l.code, f.state FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id "
        "WHERE f.order_id = $1 ORDER BY f.id", order_id,
    )  # fmt: skip
    return {row["code"]: Work(row["state"]) for row in rows}


async def test_what_was_not_found_comes_from_elsewhere(floor: Desk) -> None:
    order_id = await floor.take(an_order(lines=(mug(quantity=5),)))
    await floor.works()
    assert await states(floor, order_id) == {"berlin": Work.OPEN}

    done = await short(floor, order_id, found=2)

    assert (done.missing, done.units, done.kept, done.left, done.doubted) == (3, 3, 2, 2, 95)
    assert (await shelved(floor))["MUG", "berlin"] == (97, 97), "two are promised, the rest waits to be counted"
    assert (await floor.order(order_id))["state"] is Lifecycle.ACCEPTED
    await floor.sound()
    await floor.route()
    assert await states(floor, order_id) == {"berlin": Work.OPEN, "hamburg": Work.OPEN}
    assert (await shelved(floor))["MUG", "hamburg"] == (50, 3)
    assert (await floor.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    await floor.sound()


async def test_nothing_found_cancels_the_fulfillment_order_and_the_next_order_goes_elsewhere(floor: Desk) -> None:
    order_id = await floor.take(an_order(lines=(mug(quantity=5),)))

    done = await short(floor, order_id, found=0)
    await floor.route()

    assert (done.kept, done.left) == (0, 0)
    assert await states(floor, order_id) == {"berlin": Work.CANCELLED, "hamburg": Work.OPEN}
    other = await floor.take(an_order())
    assert set(await states(floor, other)) == {"hamburg"}
    await floor.sound()


async def test_a_count_lets_the_doubted_units_out(floor: Desk) -> None:
    order_id = await floor.take(an_order(lines=(mug(quantity=5),)))
    done = await short(floor, order_id, found=4)
    asked = Counted(merchant_id=MERCHANT, sheet_id=done.sheet_id, sku="MUG", units=60, counter="anna", accept=True)

    await count_line(floor.world.services, asked)

    assert (await shelved(floor))["MUG", "berlin"] == (60, 4)
    again = await short(floor, order_id, found=3)
    assert again.sheet_id != done.sheet_id
    await floor.sound()


async def test_a_bundle_is_short_as_a_whole_and_its_parts_go_back(floor: Desk) -> None:
    order_id = await floor.take(
        of_sets(3),
    )
    await floor.works()
    await floor.world.database.plain.execute("UPDATE fulfillment_lines SET picked = quantity WHERE sku = 'POT'")

    done = await short(floor, order_id, found=9, sku="CUP")

    assert (done.missing, done.units, done.put_back) == (3, 1, {"POT": 1})
    assert (done.kept, done.left) == (10, 8)
    assert (await shelved(floor))["POT", "berlin"] == (10, 2)
    await floor.sound()
    await floor.orders()
    assert (await shelved(floor))["POT", "hamburg"] == (10, 1)
    await floor.sound()


async def test_one_line_of_several_goes_and_the_other_stays(floor: Desk) -> None:
    order = an_order(lines=(mug(), mug(external_id="L2", sku="CUP", listing_id="", quantity=1)))
    order_id = await floor.take(order)

    done = await short(floor, order_id, found=0)

    assert (done.kept, done.units) == (1, 2)
    await floor.route()
    assert await states(floor, order_id) == {"berlin": Work.OPEN, "hamburg": Work.OPEN}
    await floor.sound()


async def test_nowhere_else_means_it_waits_for_stock(floor: Desk) -> None:
    order_id = await floor.take(an_order(lines=(mug(quantity=90),)))
    await short(floor, order_id, found=30)
    await floor.orders()
    assert set(await floor.holds(order_id)) == {"stock"}
    await floor.count("hamburg", MUG=60)
    await floor.orders()
    assert await floor.holds(order_id) == {}
    await floor.sound()


async def test_what_is_no_shortage(floor: Desk) -> None:
    order_id = await floor.take(an_order(lines=(mug(quantity=5),)))
    for found in (5, -1):
        with pytest.raises(Invalid, match="give 0 to 4"):
            await short(floor, order_id, found)
    row = await line(floor, order_id)
    with pytest.raises(NotFound):
        other = ReportShortage(merchant_id=MERCHANT + 1, line_id=row["id"], found=0, actor="user:7")
        await report_shortage(floor.world.services, other)
    await floor.count(MUG=100)
    elsewhere = await floor.ship(an_order(lines=(mug(sku="POT", listing_id="", quantity=1),)))
    await floor.world.database.plain.execute("UPDATE fulfillment_orders SET automatic = true, due_at = now()")
    for _ in range(3):
        await floor.works()
        await floor.send()
    with pytest.raises(Conflict, match="dispatched"):
        await short(floor, elsewhere, 0, "POT")
    await floor.sound()
