"""Second looks on the real line: asked for before parcels are closed, and what follows from what is found."""

from __future__ import annotations

import pytest

from hub.actions.floor_looks import NewQualityRule, list_quality_rules, set_quality_rule
from hub.actions.floor_pack import open_station, pack_suggested, scan_pack, start_over
from hub.actions.floor_quality import Look, record_look
from hub.actions.floor_station import Station
from hub.actions.show_order import show_order
from hub.domain.lifecycle import Work
from hub.errors import Conflict, Invalid, NotFound
from hub.web.console.words import event_says
from tests.flow.desk import Desk
from tests.flow.test_floor import ANN, BOB, floor, pack, picked, wave, work_of
from tests.support.world import MERCHANT

__all__ = ["floor"]


async def rule(floor: Desk, **fields: object) -> None:
    new = NewQualityRule(merchant_id=MERCHANT, location="berlin", actor=ANN, **fields)  # type: ignore[arg-type]
    await set_quality_rule(floor.world.services, new)


async def look(floor: Desk, work: int, result: str, sku: str = "", units: int = 0, actor: str = BOB) -> Station:
    asked = Look(
        merchant_id=MERCHANT, actor=actor, fulfillment_id=work, result=result, sku=sku, units=units, note="as seen"
    )
    return await record_look(floor.world.services, asked)


async def timeline(floor: Desk, order: int) -> list[str]:
    shown = await show_order(floor.world.database, MERCHANT, order)
    return [event_says(event.kind, event.details) for event in shown.events]


async def ready(floor: Desk, *skus: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Orders that are picked; they, and their fulfillment orders."""
    orders, tasks = await wave(floor, "orders", *skus)
    for task, of in zip(tasks, skus, strict=True):
        await picked(floor, task, *of)
    return orders, [await work_of(floor, order) for order in orders]


async def test_the_first_order_of_a_packer_and_one_in_two(floor: Desk) -> None:
    await rule(floor, every=2, newcomers=1)
    _, works = await ready(floor, ("MUG",), ("MUG",), ("MUG",), ("CUP",))
    asked = []
    for work in works:
        told = await pack_suggested(floor.world.services, pack(work))
        asked.append(told.check)
        if told.check:
            assert (await look(floor, work, "ok")).packed
    assert asked == [
        "order 1 of the first 1 of this packer", "one order in 2 is looked at", "", "one order in 2 is looked at",
    ]  # fmt: skip
    (seen,) = await list_quality_rules(floor.world.database, MERCHANT)
    assert (seen.location, seen.every, seen.counted) == ("berlin", 2, 4)
    await floor.sound()


async def test_the_parcel_stays_open_until_somebody_looked(floor: Desk) -> None:
    await rule(floor, skus=("MUG",), other=True)
    (order,), (work,) = await ready(floor, ("MUG",))
    hub = floor.world.services
    await open_station(hub, pack(code="W1-1-1"))
    with pytest.raises(Conflict, match="nobody is asked to look"):
        await look(floor, work, "ok")

    told = await scan_pack(hub, pack(work, "MUG"))

    assert (told.packed, told.check) == (False, "MUG is always looked at")
    assert await floor.works_of(order) == [Work.PICKED]
    with pytest.raises(Invalid, match="somebody is to look first"):
        await scan_pack(hub, pack(work, "MUG"))
    with pytest.raises(Conflict, match="somebody else than the packer"):
        await look(floor, work, "ok")
    assert (await open_station(hub, pack(code="W1-1-1", actor=ANN))).check, "a colleague may see it"
    with pytest.raises(Conflict, match="in the hands of user:2"):
        await scan_pack(hub, pack(work, "MUG", ANN))
    await start_over(hub, pack(work))
    with pytest.raises(Conflict, match="scan what is left, then look"):
        await look(floor, work, "ok", actor=ANN)
    await scan_pack(hub, pack(work, "MUG"))

    assert (await look(floor, work, "ok", actor=ANN)).packed

    number = (await floor.parcels(order))[0]["number"]
    assert (await timeline(floor, order))[-3:] == [
        f"{told.number}: a second look before it is closed, for MUG is always looked at",
        f"{told.number} looked at a second time: as it should be: as seen",
        f"{number} packed, {(await floor.parcels(order))[0]['weight_grams']} g",
    ]
    assert await floor.world.value("SELECT count(*) FROM quality_checks") == 1
    await floor.sound()


async def test_a_wrong_item_is_taken_out_scanned_again_and_looked_at_again(floor: Desk) -> None:
    await rule(floor, every=1)
    (order,), (work,) = await ready(floor, ("MUG", "CUP"))
    hub = floor.world.services
    await pack_suggested(hub, pack(work))

    told = await look(floor, work, "wrong_item", "CUP")

    assert (told.left, told.begun, told.check) == ({"MUG": 1, "CUP": 1}, (), "")
    assert (await pack_suggested(hub, pack(work))).check == "the look before found a wrong item"
    assert (await look(floor, work, "ok")).packed
    rows = await floor.world.rows("SELECT result, sku FROM quality_checks ORDER BY id")
    assert [tuple(row) for row in rows] == [("wrong_item", "CUP"), ("ok", "")]
    assert await floor.works_of(order) == [Work.PACKED]
    await floor.sound()


async def test_damaged_units_leave_the_order_and_go_into_quarantine(floor: Desk) -> None:
    await rule(floor, every=1)
    (order,), (work,) = await ready(floor, ("MUG", "CUP"))
    hub = floor.world.services
    await pack_suggested(hub, pack(work))
    with pytest.raises(Invalid, match="1 of MUG are in this order"):
        await look(floor, work, "damaged", "MUG", 2)

    told = await look(floor, work, "damaged", "MUG", 1)

    assert told.left == {"CUP": 1}
    assert "1 × MUG in quarantine; order #" in told.said
    kept = await floor.world.rows("SELECT ref, sku, units FROM reservations")
    assert [tuple(row) for row in kept] == [("damaged", "MUG", 1)]
    assert await floor.stock("MUG") == (100, 1), "still on hand"
    await floor.sound()
    assert (await pack_suggested(hub, pack(work))).check == "the look before found damage"
    assert (await look(floor, work, "ok")).packed
    await floor.orders()
    assert await floor.works_of(order) == [Work.PACKED, Work.OPEN], "another mug is on its way"
    assert any("1 × MUG" in said and "found damaged" in said for said in await timeline(floor, order))
    await floor.sound()


async def test_when_all_is_damaged_nothing_is_left_to_pack(floor: Desk) -> None:
    await rule(floor, every=1)
    (order,), (work,) = await ready(floor, ("MUG",))
    await pack_suggested(floor.world.services, pack(work))
    assert (await look(floor, work, "damaged", "MUG", 1)).packed
    assert await floor.works_of(order) == [Work.CANCELLED]
    await floor.orders()
    assert await floor.works_of(order) == [Work.CANCELLED, Work.OPEN]
    await floor.sound()


async def test_rules_that_cannot_be_kept(floor: Desk) -> None:
    with pytest.raises(NotFound, match="no product NOBODY"):
        await rule(floor, skus=("NOBODY",))
    with pytest.raises(Invalid, match="every"):
        await rule(floor, every=-1)
