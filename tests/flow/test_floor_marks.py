"""Bundles, lots and serial numbers on a walk: parts are confirmed one by one, and what goes back is free again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.floor_marks import NewLot, put_lot
from hub.actions.floor_pack import pack_suggested
from hub.actions.floor_pick import report_lot_gone, report_short, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_setup import set_tracking
from hub.actions.import_stock import StockLine, import_stock
from hub.domain.lifecycle import Work
from hub.errors import Conflict, Invalid, NotFound
from tests.flow.desk import Desk
from tests.flow.test_bundles import bundle, of_sets
from tests.flow.test_floor import ANN, floor, pack, picked, scan, wave, work_of
from tests.support.world import MERCHANT

__all__ = ["floor"]


async def sets(floor: Desk, quantity: int = 2) -> tuple[int, int]:
    """An order of tea sets (one pot, two cups) on a walk; the order and the walk."""
    lines = [StockLine(sku="POT", location="berlin", on_hand=9), StockLine(sku="CUP", location="berlin", on_hand=99)]
    await import_stock(floor.world.services, MERCHANT, lines)
    await bundle(floor, "SET", POT=1, CUP=2)
    order = await floor.take(of_sets(quantity))
    await floor.works()
    new = NewWave(merchant_id=MERCHANT, location="berlin", strategy="orders", actor=ANN)
    await release_wave(floor.world.services, new)
    return order, await floor.world.value("SELECT id FROM pick_tasks")


async def test_every_part_of_a_bundle_is_confirmed(floor: Desk) -> None:
    order, task = await sets(floor)
    with pytest.raises(Invalid, match="wrong item: that is SET; expected 4 × CUP"):
        await picked(floor, task, "SET")
    answer = await picked(floor, task, "2*CUP", "CUP", "CUP")
    assert not answer.done
    assert await floor.works_of(order) == [Work.PICKING]
    assert (await picked(floor, task, "2*POT")).done
    assert await floor.works_of(order) == [Work.PICKED]
    (line,) = await floor.lines(order)
    assert line["picked"] == 2
    assert (await pack_suggested(floor.world.services, pack(await work_of(floor, order)))).packed
    await floor.sound()


async def test_a_short_part_takes_whole_bundles_away_and_the_other_parts_go_back(floor: Desk) -> None:
    await set_tracking(floor.world.services, (MERCHANT, "CUP"), "serial", ANN)
    order, task = await sets(floor)
    for number in "1234":
        await picked(floor, task, "CUP", f"SN-{number}")

    told = await report_short(floor.world.services, scan(task))

    assert "2 × POT short" in told.said
    assert told.said.endswith("routed again for 2; put back 4 × CUP (SN-4, SN-3, SN-2, SN-1)")
    assert told.done
    assert await floor.works_of(order) == [Work.CANCELLED], "no pot at all: no set"
    await floor.sound()


async def test_one_pot_of_two_keeps_one_set_whole(floor: Desk) -> None:
    await set_tracking(floor.world.services, (MERCHANT, "CUP"), "serial", ANN)
    order, task = await sets(floor)
    for number in "1234":
        await picked(floor, task, "CUP", f"SN-{number}")
    await picked(floor, task, "POT")

    told = await report_short(floor.world.services, scan(task))

    assert "1 × POT short" in told.said
    assert told.said.endswith("routed again for 1; put back 2 × CUP (SN-4, SN-3)")
    assert await floor.works_of(order) == [Work.PICKED]
    (line,) = await floor.lines(order)
    assert (line["assigned"], line["picked"]) == (1, 1)
    rows = await floor.world.rows("SELECT sku, quantity, picked FROM fulfillment_lines ORDER BY sku")
    assert [tuple(row) for row in rows] == [("CUP", 2, 2), ("POT", 1, 1)]
    marks = await floor.world.rows("SELECT mark FROM pick_marks ORDER BY mark")
    assert [row["mark"] for row in marks] == ["SN-1", "SN-2"], "what went back may be picked again"
    await floor.sound()


async def test_a_serial_number_is_picked_once_ever(floor: Desk) -> None:
    await set_tracking(floor.world.services, (MERCHANT, "MUG"), "serial", ANN)
    (first, second), (one, two) = await wave(floor, "orders", ("MUG",), ("MUG",))
    await picked(floor, one, "MUG", "SN-1")
    await floor.world.rows("UPDATE fulfillment_orders SET state = 7 WHERE order_id = $1", first)
    with pytest.raises(Conflict, match="SN-1 was picked for"):
        await picked(floor, two, "MUG", "SN-1")
    await floor.world.rows("UPDATE fulfillment_orders SET state = 3 WHERE order_id = $1", first)

    await cancel_order(floor.world.services, Cancel(merchant_id=MERCHANT, order_id=first, actor=ANN, reason="no"))

    assert (await scan_pick(floor.world.services, scan(two, "SN-1"))).done, "back on the shelf"
    assert await floor.works_of(second) == [Work.PICKED]
    await floor.sound()


async def test_the_lot_that_expires_first_goes_first(floor: Desk) -> None:
    hub, today = floor.world.services, floor.world.services.clock.now().date()
    soon, late = today + timedelta(days=20), today + timedelta(days=400)

    async def lot(code: str, day: object, units: int, sku: str = "MUG") -> None:
        new = NewLot(
            merchant_id=MERCHANT, location="berlin", sku=sku, lot=code, expires=str(day), units=units, actor=ANN
        )
        await put_lot(hub, new)

    with pytest.raises(Conflict, match="set its tracking to lot first"):
        await lot("L-1", soon, 1)
    with pytest.raises(NotFound):
        await lot("L-1", soon, 1, "NOBODY")
    await set_tracking(hub, (MERCHANT, "MUG"), "lot", ANN)
    with pytest.raises(Invalid, match="write YYYY-MM-DD"):
        await lot("L-1", "soon", 1)
    await lot("L-9", late, 50)
    await lot("L-1", soon, 1)
    await lot("L-2", soon + timedelta(days=1), 5)
    (_, _, last), (one, two, three) = await wave(floor, "orders", ("MUG",), ("MUG",), ("MUG",))

    answer = await picked(floor, one, "MUG")
    assert answer.next == f"the lot number of MUG: L-1, expires {soon}"
    with pytest.raises(Invalid, match="first lot L-1, which expires"):
        await scan_pick(hub, scan(one, "L-9"))
    assert (await scan_pick(hub, scan(one, "L-1"))).done
    assert (await picked(floor, two, "MUG")).next.startswith("the lot number of MUG: L-2"), "L-1 is used up"

    gone = await report_lot_gone(hub, scan(two))

    assert gone.next == f"the lot number of MUG: L-9, expires {late}"
    assert (await scan_pick(hub, scan(two, "L-9"))).done
    assert (await picked(floor, three, "MUG", "L-9")).done
    with pytest.raises(Conflict, match="no lot is asked for here"):
        await report_lot_gone(hub, scan(three))
    marks = await floor.world.rows("SELECT mark FROM pick_marks ORDER BY id")
    assert [row["mark"] for row in marks] == ["L-1", "L-9", "L-9"]
    assert await floor.works_of(last) == [Work.PICKED]
    await floor.sound()
