"""The floor on the real line: strategies, numbers, races, cancellations, unpacking, waves that come by themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.actions.add_location import NewLocation, add_location
from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.floor_hand_over import HandOver, hand_over
from hub.actions.floor_pack import Pack, open_station, pack_suggested, scan_pack
from hub.actions.floor_pick import Picked, Scan, claim_walk, give_back_walk, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_rules import NewRule, release_due_waves, set_wave_rule
from hub.actions.floor_setup import NewBin, NewCode, put_bin, put_code, set_tracking
from hub.actions.floor_unpack import unpack
from hub.actions.floor_views import show_walk
from hub.domain.lifecycle import Work
from hub.errors import Conflict, Invalid, NotFound
from tests.flow.desk import BERLIN, Desk, an_order, mug
from tests.support.world import MERCHANT

ANN, BOB = "user:1", "user:2"


@pytest.fixture
async def floor(desk: Desk) -> Desk:
    """People pick in Berlin: mugs in zone A, cups in zone B."""
    await add_location(desk.world.services, MERCHANT, NewLocation(code="berlin", address=BERLIN, automatic=False))
    for sku, code in (("MUG", "A-1-4"), ("CUP", "B-2-9")):
        new = NewBin(merchant_id=MERCHANT, location="berlin", sku=sku, code=code, actor=ANN)
        await put_bin(desk.world.services, new)
    return desk


def scan(task: int, code: str = "", actor: str = ANN) -> Scan:
    return Scan(merchant_id=MERCHANT, task_id=task, actor=actor, code=code)


def pack(work: int = 0, code: str = "", actor: str = BOB) -> Pack:
    return Pack(merchant_id=MERCHANT, actor=actor, fulfillment_id=work, code=code)


async def wave(floor: Desk, strategy: str, *skus: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Orders of one unit of each of `skus`, and a wave of them; gives the orders and the walks."""
    orders = [
        an_order(lines=tuple(mug(external_id=f"L{n}", sku=sku, quantity=1) for n, sku in enumerate(of))) for of in skus
    ]
    await floor.take(*orders)
    await floor.works()
    await release_wave(
        floor.world.services, NewWave(merchant_id=MERCHANT, location="berlin", strategy=strategy, actor=ANN)
    )
    rows = await floor.world.rows("SELECT id FROM pick_tasks ORDER BY wave_id, number")
    return [await floor.order_id(order.external_id) for order in orders], [row["id"] for row in rows]


async def picked(floor: Desk, task: int, *codes: str, actor: str = ANN) -> Picked:
    answer = await claim_walk(floor.world.services, scan(task, actor=actor))
    for code in codes:
        answer = await scan_pick(floor.world.services, scan(task, code, actor))
    return answer


async def work_of(floor: Desk, order: int) -> int:
    return int(await floor.world.value("SELECT id FROM fulfillment_orders WHERE order_id = $1", order))


async def test_zones_meet_at_the_pack_station_whoever_ends_last(floor: Desk) -> None:
    (order,), (mugs, cups) = await wave(floor, "zones", ("MUG", "CUP"))
    hub = floor.world.services
    await claim_walk(hub, scan(mugs))
    await claim_walk(hub, scan(cups, actor=BOB))

    await asyncio.gather(scan_pick(hub, scan(mugs, "MUG")), scan_pick(hub, scan(cups, "CUP", BOB)))

    assert await floor.works_of(order) == [Work.PICKED]
    assert len((await open_station(hub, pack(code="W1-2-1"))).totes) == 2
    await floor.sound()


async def test_two_people_take_one_walk_at_the_same_moment(floor: Desk) -> None:
    _, (task,) = await wave(floor, "cluster", ("MUG",))

    answers = await asyncio.gather(
        *(claim_walk(floor.world.services, scan(task, actor=f"user:{n}")) for n in range(6)), return_exceptions=True
    )

    assert sum(isinstance(answer, Picked) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5


async def test_single_items_are_told_apart_at_the_pack_station(floor: Desk) -> None:
    orders, (task,) = await wave(floor, "single", ("MUG",), ("MUG",), ("CUP",))
    assert (await picked(floor, task, "MUG", "MUG", "CUP")).done
    hub = floor.world.services

    first = await open_station(hub, pack(code="MUG"))
    second = await open_station(hub, pack(code="MUG", actor=ANN))
    assert first.fulfillment_id != second.fulfillment_id, "each packer gets an order of their own"
    assert (await scan_pack(hub, pack(int(first.fulfillment_id), "MUG"))).packed
    with pytest.raises(Invalid, match="wrong item: 1 × CUP; expected 1 × MUG"):
        await scan_pack(hub, pack(int(second.fulfillment_id), "CUP", ANN))
    assert {state for order in orders for state in await floor.works_of(order)} == {Work.PACKED, Work.PICKED}
    await floor.sound()


async def test_a_serial_number_is_picked_once(floor: Desk) -> None:
    await set_tracking(floor.world.services, (MERCHANT, "MUG"), "serial", ANN)
    await put_code(floor.world.services, NewCode(merchant_id=MERCHANT, code="CASE", sku="MUG", units=6, actor=ANN))
    _, (first, second) = await wave(floor, "orders", ("MUG",), ("MUG",))

    with pytest.raises(Invalid, match="too many: 6 scanned, 1 of MUG still wanted"):
        await picked(floor, first, "CASE")
    assert (await picked(floor, first, "MUG")).next == "the serial number of MUG"
    assert (await picked(floor, first, "SN-7")).done
    (entry,) = await floor.world.rows("SELECT actor, subject, details FROM audit WHERE action = 'set_tracking'")
    assert (entry["actor"], entry["subject"], entry["details"]) == (ANN, "product:MUG", '{"tracking": "serial"}')
    with pytest.raises(Conflict, match="MUG number SN-7 was picked for #"):
        await picked(floor, second, "MUG", "SN-7")
    assert (await scan_pick(floor.world.services, scan(second, "SN-8"))).done
    marks = await floor.world.rows("SELECT sku, mark, units, actor FROM pick_marks ORDER BY id")
    assert [tuple(row) for row in marks] == [("MUG", "SN-7", 1, ANN), ("MUG", "SN-8", 1, ANN)]


async def test_a_walk_that_is_given_back_goes_on_where_it_stood(floor: Desk) -> None:
    _, (task,) = await wave(floor, "orders", ("MUG", "CUP"))
    await picked(floor, task, "MUG")

    await give_back_walk(floor.world.services, scan(task))

    assert (await claim_walk(floor.world.services, scan(task, actor=BOB))).next == "1 × CUP from B-2-9"


async def test_what_was_picked_for_a_cancelled_order_goes_back(floor: Desk) -> None:
    (order, other), (task,) = await wave(floor, "cluster", ("MUG",), ("CUP",))
    await picked(floor, task, "MUG", "W1-1-1")
    work = await work_of(floor, order)
    assert await floor.works_of(order) == [Work.PICKED]
    cancel = Cancel(merchant_id=MERCHANT, order_id=order, actor=ANN, reason="changed their mind")

    await cancel_order(floor.world.services, cancel)

    walk = await show_walk(floor.world.database, MERCHANT, task)
    assert [(stop.sku, stop.picked, stop.fulfillment_id) for stop in walk.put_back] == [("MUG", 1, work)]
    assert (await picked(floor, task, "CUP", "W1-1-2")).done
    assert await floor.works_of(other) == [Work.PICKED]
    with pytest.raises(NotFound):
        await open_station(floor.world.services, pack(code="W1-1-1"))
    await floor.sound()


async def test_unpacked_and_packed_again(floor: Desk) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG", "CUP"))
    await picked(floor, task, "MUG", "CUP")
    hub, work = floor.world.services, await work_of(floor, order)
    await pack_suggested(hub, pack(work))
    await floor.works()
    with pytest.raises(Conflict, match="only what is labeled is handed over"):
        await hand_over(hub, HandOver(merchant_id=MERCHANT, actor=BOB, code=(await floor.parcels(order))[0]["number"]))
    await floor.send()
    await floor.works()
    assert await floor.works_of(order) == [Work.LABELED]

    await unpack(hub, pack(work))

    assert await floor.works_of(order) == [Work.PICKED]
    assert [parcel["custody"] for parcel in await floor.parcels(order)] == ["cancelled"]
    assert len(await floor.messages("void_label")) == 1, "the label goes back to the carrier"
    await floor.sound()
    await pack_suggested(hub, pack(work))
    for _ in range(2):
        await floor.works()
        await floor.send()
    fresh = (await floor.parcels(order))[-1]
    done = await hand_over(hub, HandOver(merchant_id=MERCHANT, actor=BOB, code=fresh["tracking_number"]))
    assert done.dispatched
    assert await floor.works_of(order) == [Work.DISPATCHED]
    await floor.sound()


async def test_a_wave_by_number_and_by_time(floor: Desk) -> None:
    hub = floor.world.services
    await floor.take(an_order(), an_order())
    await floor.works()
    await set_wave_rule(hub, NewRule(merchant_id=MERCHANT, location="berlin", least=3, actor=ANN))
    assert await release_due_waves(hub) == 0
    await floor.take(an_order())
    await floor.works()

    assert await release_due_waves(hub) == 1
    assert await floor.world.value("SELECT count(*) FROM totes") == 3

    at = hub.clock.now() - timedelta(minutes=1)
    await set_wave_rule(hub, NewRule(merchant_id=MERCHANT, location="berlin", cut_off=f"{at:%H:%M}", actor=ANN))
    await floor.world.rows("UPDATE wave_rules SET cut_at = $1", at - timedelta(hours=1))
    await floor.take(an_order())
    await floor.works()
    assert await release_due_waves(hub) == 1
    await floor.take(an_order())
    await floor.works()
    assert await release_due_waves(hub) == 0, "once a day"
    with pytest.raises(Invalid, match="time of day"):
        await set_wave_rule(hub, NewRule(merchant_id=MERCHANT, location="berlin", cut_off="25:00", actor=ANN))
