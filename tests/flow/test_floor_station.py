"""Whose work at the pack station is: seen without being taken, put down, freed, and found by a number shops share."""

from __future__ import annotations

import pytest

from hub.actions.add_location import NewLocation, add_location
from hub.actions.floor_pack import free_found, open_station, put_down, scan_pack, see_station, take_station
from hub.actions.floor_pick import claim_walk, give_back_walk, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_station import Pack
from hub.actions.floor_unpack import find_packed
from hub.actions.floor_views import show_floor
from hub.errors import Conflict, NotFound
from tests.flow.desk import BERLIN, Desk, an_order, mug
from tests.flow.test_floor import ANN, BOB, floor, pack, picked, scan, wave, work_of
from tests.support.world import MERCHANT

__all__ = ["floor"]

BOSS = "user:9"


async def ready(floor: Desk, *codes: str) -> int:
    """A fulfillment order of two SKUs that was picked and stands at the station."""
    (order,), (task,) = await wave(floor, "orders", codes)
    await picked(floor, task, *codes)
    return await work_of(floor, order)


async def held(floor: Desk) -> list[tuple[str, str, str]]:
    """(id, who, totes) of what packers have in hand."""
    return [
        (it.id, it.held_by, it.totes) for it in (await show_floor(floor.world.database, MERCHANT)).held
    ]  # fmt: skip


async def test_whoever_only_looks_takes_nothing(floor: Desk) -> None:
    work, hub = await ready(floor, "MUG"), floor.world.services

    seen = await see_station(hub, pack(work, actor=ANN))
    assert (seen.held_by, seen.left, await held(floor)) == ("", {"MUG": 1}, [])
    taken = await take_station(hub, pack(work, actor=BOB))
    assert (taken.number, await held(floor)) == (seen.number, [(str(work), BOB, "W1-1-1")])

    again = await see_station(hub, pack(work, actor=ANN))
    assert (again.held_by, again.held_name) == (BOB, BOB), "it is shown whose it is"
    for deed in (take_station, scan_pack):
        with pytest.raises(Conflict, match=f"W1-1-1 is in the hands of {BOB} since .* may free it"):
            await deed(hub, pack(work, "MUG", ANN))
    assert (await scan_pack(hub, pack(work, "MUG"))).packed


async def test_work_of_somebody_who_went_home_is_freed_and_goes_on_where_it_stood(floor: Desk) -> None:
    work, hub = await ready(floor, "MUG", "CUP"), floor.world.services
    await open_station(hub, pack(code="W1-1-1"))
    await scan_pack(hub, pack(work, "MUG"))
    with pytest.raises(Conflict, match="in the hands of"):
        await put_down(hub, pack(work, actor=ANN))
    with pytest.raises(NotFound):
        await put_down(hub, Pack(merchant_id=MERCHANT + 1, actor=BOSS, fulfillment_id=work), anybody=True)

    number = await free_found(hub, pack(code="w1-1-1", actor=BOSS))

    (entry,) = await floor.world.rows("SELECT actor, subject, details FROM audit WHERE action = 'free_station'")
    assert (entry["actor"], entry["subject"]) == (BOSS, f"fulfillment:{work}")
    assert f'"was": "{BOB}"' in entry["details"]
    assert number in entry["details"]
    with pytest.raises(Conflict, match="nobody has"):
        await put_down(hub, pack(work, actor=BOSS), anybody=True)
    taken = await take_station(hub, pack(work, actor=ANN))
    assert (len(taken.begun), taken.left) == (1, {"MUG": 0, "CUP": 1}), "the parcel that was begun is still there"
    assert (await scan_pack(hub, pack(work, "CUP", ANN))).packed
    await floor.sound()


async def test_what_one_puts_down_oneself_is_nobody_elses_business(floor: Desk) -> None:
    work, hub = await ready(floor, "MUG"), floor.world.services
    await take_station(hub, pack(work))

    await put_down(hub, pack(work))

    assert await held(floor) == []
    assert await floor.world.value("SELECT count(*) FROM audit WHERE action = 'free_station'") == 0
    assert (await take_station(hub, pack(work, actor=ANN))).number


async def test_totes_on_a_walk_are_their_pickers(floor: Desk) -> None:
    (order, _), (task,) = await wave(floor, "cluster", ("MUG",), ("CUP",))
    hub = floor.world.services
    await claim_walk(hub, scan(task))
    for code in ("MUG", "W1-1-1"):
        await scan_pick(hub, scan(task, code))
    work = await work_of(floor, order)

    assert await held(floor) == []
    with pytest.raises(Conflict, match="on walk 1 of wave W1 still; free the walk"):
        await put_down(hub, pack(work, actor=BOSS), anybody=True)
    await give_back_walk(hub, scan(task, actor=BOSS), anybody=True)
    assert (await take_station(hub, pack(work))).number


async def test_a_number_that_two_shops_gave_is_asked_back(floor: Desk) -> None:
    hub, other = floor.world.services, await floor.world.account("paper_shop", "shop2", {})
    works = []
    for account in (floor.shop, other):
        order = an_order(number="#7", lines=(mug(quantity=1),))
        await floor.tell(order, account=account)
        await floor.take_in()
        await floor.orders()
        await floor.works()
        works.append(await work_of(floor, await floor.order_id(order.external_id)))
    new = NewWave(merchant_id=MERCHANT, location="berlin", strategy="orders", actor=ANN)
    await release_wave(hub, new)
    tasks = [row["id"] for row in await floor.world.rows("SELECT id FROM pick_tasks ORDER BY number")]
    await picked(floor, tasks[0], "MUG")
    first = int((await open_station(hub, pack(code="#7"))).fulfillment_id)
    assert first in works, "one of them is picked, so it is meant"
    await put_down(hub, pack(first))
    await picked(floor, tasks[1], "MUG")

    with pytest.raises(Conflict, match=r"2 orders wait here as #7 \(#7-F1 of shop in berlin, #7-F1 of shop2 in berlin"):
        await open_station(hub, pack(code="#7"))
    assert await held(floor) == []
    by_tote = {int((await open_station(hub, pack(code=f"W1-{n}-1"))).fulfillment_id) for n in (1, 2)}
    assert by_tote == set(works)
    await put_down(hub, pack(first))
    assert int((await open_station(hub, pack(code="#7"))).fulfillment_id) == (by_tote - {first}).pop(), "one's own"
    with pytest.raises(Conflict, match="2 fulfillment orders are called #7-F1; name one by its id"):
        await find_packed(hub, MERCHANT, "#7-F1")
    assert await find_packed(hub, MERCHANT, str(first)) == first


async def test_a_number_is_looked_up_where_one_stands(floor: Desk) -> None:
    work, hub = await ready(floor, "MUG"), floor.world.services
    await add_location(hub, MERCHANT, NewLocation(code="hamburg", address=BERLIN))
    number = await floor.world.value("SELECT number FROM fulfillment_orders WHERE id = $1", work)

    for merchant, location in ((MERCHANT, "hamburg"), (MERCHANT + 1, "")):
        asked = Pack(merchant_id=merchant, actor=BOB, code=number, location=location)
        with pytest.raises(NotFound):
            await open_station(hub, asked)
    here = Pack(merchant_id=MERCHANT, actor=BOB, code=number, location="berlin")
    assert (await open_station(hub, here)).fulfillment_id == str(work)
