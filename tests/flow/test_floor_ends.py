"""How walks, waves and fulfillment orders of the floor come to their ends, whoever acts at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.floor_desk import OPEN_PICKS
from hub.actions.floor_pick import CATCH_UP, give_back_walk, report_short, scan_pick
from hub.actions.floor_release import TURN, NewWave, release_wave
from hub.actions.floor_rules import NewRule, release_due_waves, set_wave_rule
from hub.actions.floor_setup import Size, set_size
from hub.actions.floor_views import show_floor, show_walk
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.stock_count import Counted, OpenSheet, SheetView, count_line, open_sheet
from hub.domain.lifecycle import Work
from hub.errors import Conflict
from tests.flow.desk import Desk, an_order, mug
from tests.flow.test_bundles import bundle
from tests.flow.test_floor import ANN, BOB, floor, picked, scan, wave, work_of
from tests.support.world import MERCHANT

__all__ = ["floor"]


async def wave_states(floor: Desk) -> list[str]:
    return [wave.state for wave in (await show_floor(floor.world.database, MERCHANT)).waves]


async def walk_states(floor: Desk) -> list[str]:
    return [row["state"] for row in await floor.world.rows("SELECT state FROM pick_tasks ORDER BY wave_id, number")]


@asynccontextmanager
async def held(floor: Desk, sql: str, *args: object) -> AsyncIterator[None]:
    """Somebody else holds what `sql` locks."""
    connection = await floor.world.database.connect()
    try:
        async with connection.transaction():
            await connection.fetch(sql, *args)
            yield
    finally:
        await connection.close()


async def blocked(floor: Desk, count: int) -> None:
    """Waits until so many transactions wait for locks."""
    sql = """SELECT count(*) >= $1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    await floor.world.until(lambda: floor.world.value(sql, count))


async def test_two_walks_that_end_at_the_same_moment_end_their_wave(floor: Desk) -> None:
    _, walks = await wave(floor, "orders", ("MUG",), ("CUP",))
    for task in walks:
        await picked(floor, task)
    async with held(floor, "SELECT id FROM totes FOR UPDATE"):
        scans = [
            asyncio.create_task(scan_pick(floor.world.services, scan(t, c)))
            for t, c in zip(walks, ("MUG", "CUP"), strict=True)
        ]
        await blocked(floor, 2)

    assert all(answer.done for answer in await asyncio.gather(*scans))
    assert await wave_states(floor) == ["done"]


@pytest.mark.parametrize("how", ["cancelled", "rejected"])
async def test_a_walk_whose_last_order_goes_away_is_over(floor: Desk, how: str) -> None:
    (_, last), (task,) = await wave(floor, "cluster", ("MUG",), ("CUP",))
    await picked(floor, task, "MUG", "W1-1-1")
    hub = floor.world.services

    if how == "cancelled":
        await cancel_order(hub, Cancel(merchant_id=MERCHANT, order_id=last, actor=ANN, reason="changed their mind"))
    else:
        number = await floor.world.value("SELECT number FROM fulfillment_orders WHERE order_id = $1", last)
        await reject_fulfillment(hub, Rejection(merchant_id=MERCHANT, fulfillment=number, reason="closed", actor=ANN))
    assert (await show_walk(floor.world.database, MERCHANT, task)).kind == "done"
    await release_due_waves(hub)

    assert (await walk_states(floor), await wave_states(floor)) == (["done"], ["done"])
    totes = await floor.world.rows("SELECT held_by FROM totes")
    assert {row["held_by"] for row in totes} == {""}, "nobody has them in hand any more"
    with pytest.raises(Conflict, match="is done"):
        await picked(floor, task)


async def test_a_scan_ends_a_walk_on_which_nothing_is_left(floor: Desk) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG",))
    await picked(floor, task)
    await cancel_order(
        floor.world.services, Cancel(merchant_id=MERCHANT, order_id=order, actor=ANN, reason="changed their mind")
    )

    answer = await scan_pick(floor.world.services, scan(task, "MUG"))

    assert (answer.done, answer.said) == (True, "nothing is wanted any more: this walk is done")
    assert (await walk_states(floor), await wave_states(floor)) == (["done"], ["done"])


async def test_a_short_pick_ends_the_other_walks_of_its_bundle(floor: Desk) -> None:
    await bundle(floor, "SET", MUG=1, CUP=1)
    (order,), (mugs, cups) = await wave(floor, "zones", ("SET",))
    await picked(floor, mugs)
    await picked(floor, cups, actor=BOB)

    await report_short(floor.world.services, scan(mugs))
    await release_due_waves(floor.world.services)

    assert await walk_states(floor) == ["done", "done"]
    assert (await floor.works_of(order))[0] is Work.CANCELLED
    await floor.sound()


async def test_a_stop_that_shrinks_while_it_is_scanned_is_scanned_again(floor: Desk) -> None:
    """Two of four sets go while somebody scans two of four cups: the scan must not leave an order that nobody ends."""
    await bundle(floor, "SET", MUG=1, CUP=1)
    order = an_order(lines=(mug(sku="SET", listing_id="", quantity=4),))
    order_id = await floor.take(order)
    await floor.works()
    hub = floor.world.services
    await release_wave(hub, NewWave(merchant_id=MERCHANT, location="berlin", strategy="zones", actor=ANN))
    mugs, cups = [row["id"] for row in await floor.world.rows("SELECT id FROM pick_tasks ORDER BY number")]
    await picked(floor, mugs, "2*MUG")
    await picked(floor, cups, actor=BOB)
    (stop,) = (await show_walk(floor.world.database, MERCHANT, cups)).stops
    async with held(floor, "SELECT id FROM pick_lines WHERE id = $1 FOR UPDATE", stop.id):
        short = asyncio.create_task(report_short(hub, scan(mugs)))
        await blocked(floor, 1)
        late = asyncio.create_task(scan_pick(hub, scan(cups, "2*CUP", BOB)))
        await blocked(floor, 2)
    await short

    with pytest.raises(Conflict, match="scan again"):
        await late
    assert (await scan_pick(hub, scan(cups, "2*CUP", BOB))).done
    assert (await floor.works_of(order_id))[0] is Work.PICKED
    assert await wave_states(floor) == ["done"]
    await floor.sound()


async def test_units_in_totes_are_not_expected_on_the_shelf(floor: Desk) -> None:
    await floor.take(an_order(lines=(mug(quantity=5),)))
    await floor.works()
    hub = floor.world.services
    await release_wave(hub, NewWave(merchant_id=MERCHANT, location="berlin", actor=ANN))
    task = await floor.world.value("SELECT id FROM pick_tasks")
    await picked(floor, task, "3*MUG")

    counted = await _count(floor, "MUG", 97)

    assert "97 counted, 97 expected" in counted.said
    assert await floor.stock() == (100, 5)


async def _count(floor: Desk, sku: str, units: int) -> SheetView:
    asked = OpenSheet(merchant_id=MERCHANT, location="berlin", actor=BOB, skus=(sku,))
    sheet = await open_sheet(floor.world.services, asked)
    told = Counted(merchant_id=MERCHANT, sheet_id=sheet.id, sku=sku, units=units, counter=BOB)
    return await count_line(floor.world.services, told)


async def test_a_location_rejects_nothing_of_which_units_lie_in_a_tote(floor: Desk) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG", "CUP"))
    await picked(floor, task, "MUG")
    number = await floor.world.value("SELECT number FROM fulfillment_orders WHERE id = $1", await work_of(floor, order))

    with pytest.raises(Conflict, match="rejects before it picks"):
        await reject_fulfillment(
            floor.world.services, Rejection(merchant_id=MERCHANT, fulfillment=number, reason="closed", actor=ANN)
        )


async def test_at_the_cut_off_everything_that_waits_leaves(floor: Desk) -> None:
    """More orders than one wave takes: the rest must not wait for tomorrow's cut-off."""
    hub = floor.world.services
    at = hub.clock.now() - timedelta(minutes=1)
    rule = NewRule(merchant_id=MERCHANT, location="berlin", cut_off=f"{at:%H:%M}", most=2, actor=ANN)
    await set_wave_rule(hub, rule)
    await floor.world.rows("UPDATE wave_rules SET cut_at = $1", at - timedelta(hours=1))
    await floor.take(an_order(), an_order(), an_order(), an_order(), an_order())
    await floor.works()

    assert await release_due_waves(hub) == 3
    assert await floor.world.value("SELECT count(*) FROM fulfillment_orders WHERE wave_id IS NULL") == 0
    assert await release_due_waves(hub) == 0, "once a day"


async def test_a_cut_off_is_not_used_up_by_a_process_that_died_at_it(floor: Desk) -> None:
    hub = floor.world.services
    at = hub.clock.now() - timedelta(minutes=1)
    await set_wave_rule(hub, NewRule(merchant_id=MERCHANT, location="berlin", cut_off=f"{at:%H:%M}", actor=ANN))
    await floor.world.rows("UPDATE wave_rules SET cut_at = $1", at - timedelta(hours=1))
    await floor.take(an_order())
    await floor.works()
    async with held(floor, TURN, str(MERCHANT)):
        dying = asyncio.create_task(release_due_waves(hub))
        await blocked(floor, 1)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)

    assert await release_due_waves(hub) == 1


async def test_no_scan_reads_every_stop_there_ever_was(floor: Desk) -> None:
    for sql in (CATCH_UP, OPEN_PICKS):
        async with floor.world.database.transaction() as tx:
            await tx.execute("SET LOCAL enable_seqscan = off")
            plan = [row[0] for row in await tx.fetch(f"EXPLAIN {sql.replace('$1', '1')}")]
        assert not [step for step in plan if "Seq Scan on pick_lines" in step], plan


async def test_who_frees_anothers_walk_and_sets_a_size_is_on_record(floor: Desk) -> None:
    _, (task,) = await wave(floor, "orders", ("MUG",))
    hub = floor.world.services
    await picked(floor, task)

    await give_back_walk(hub, scan(task, actor=BOB), anybody=True)
    await set_size(hub, Size(merchant_id=MERCHANT, sku="MUG", mm=(100, 90, 80), actor=BOB))

    rows = await floor.world.rows(
        "SELECT actor, action, details::text AS said FROM audit WHERE action IN ('free_walk', 'set_size') ORDER BY seq"
    )
    assert [(row["actor"], row["action"]) for row in rows] == [(BOB, "free_walk"), (BOB, "set_size")]
    assert ANN in rows[0]["said"]
    await picked(floor, task)
    await give_back_walk(hub, scan(task))
    assert await floor.world.value("SELECT count(*) FROM audit WHERE action = 'free_walk'") == 1, "one's own is no news"
