"""Every state of transfers, count sheets, checkouts, quarantine and holds with every move that there is of them: those
that are allowed go through, all others are refused with a reason. Each pair is undone after it was tried."""

from __future__ import annotations

from datetime import timedelta

from hub.actions.release_hold import Release, release_hold
from hub.actions.stock_count import Counted, OpenSheet, cancel_sheet, count_line, open_sheet
from hub.actions.stock_quarantine import Quarantine, let_out, put_aside
from hub.actions.stock_receive import Receive, receive_stock
from hub.actions.stock_reserve import Reserve, expire_reservations, release_units, reserve_units
from hub.actions.stock_transfer import Arrive, Ship, receive_transfer, ship_transfer
from tests.flow.desk import Desk, an_order
from tests.flow.test_states_floor import DONE, pairs, tried
from tests.support.world import MERCHANT

WHO = {"merchant_id": MERCHANT, "actor": "user:7"}


async def test_a_transfer_in_each_state(desk: Desk) -> None:
    await desk.count("hamburg", MUG=1)
    hub = desk.world.services
    ship = Ship(**WHO, reference="T1", source="berlin", target="hamburg", lines={"MUG": 5})  # type: ignore[arg-type]
    arrive = Arrive(**WHO, reference="T1", lines={"MUG": 5})  # type: ignore[arg-type]
    more = Arrive(**WHO, reference="T1", lines={"MUG": 6})  # type: ignore[arg-type]
    await ship_transfer(hub, ship)
    states = {state: f"UPDATE transfers SET state = '{state}'" for state in ("in_transit", "received", "cancelled")}

    assert await pairs(desk, lambda: receive_transfer(hub, arrive), states) == {"in_transit"}
    assert await pairs(desk, lambda: receive_transfer(hub, more), states) == set(), "more than left never arrives"
    before = await desk.stock()
    assert (await ship_transfer(hub, ship)).state == "in_transit"
    assert await desk.stock() == before, "the same again ships nothing"
    other = Ship(**WHO, reference="T1", source="berlin", target="hamburg", lines={"MUG": 6})  # type: ignore[arg-type]
    assert "another" in await tried(desk, lambda: ship_transfer(hub, other))
    await desk.sound()


async def test_a_count_sheet_in_each_state(desk: Desk) -> None:
    hub = desk.world.services
    sheet = (await open_sheet(hub, OpenSheet(**WHO, location="berlin", skus=("MUG", "CUP")))).id  # type: ignore[arg-type]
    told = Counted(merchant_id=MERCHANT, sheet_id=sheet, sku="MUG", units=100, counter="anna")
    sheets = {state: f"UPDATE count_sheets SET state = '{state}'" for state in ("open", "done", "cancelled")}
    counters = {who or "nobody": f"UPDATE count_sheets SET counter = '{who}'" for who in ("", "anna", "ben")}
    lines = {
        state: f"UPDATE count_lines SET state = '{state}', difference = 0" for state in ("open", "recount", "booked")
    }

    assert await pairs(desk, lambda: count_line(hub, told), sheets) == {"open"}
    assert await pairs(desk, lambda: count_line(hub, told), counters) == {"nobody", "anna"}
    assert await pairs(desk, lambda: count_line(hub, told), lines) == {"open", "recount"}
    assert await pairs(desk, lambda: cancel_sheet(hub, MERCHANT, sheet, "user:7"), sheets) == {"open"}
    again = OpenSheet(**WHO, location="berlin", skus=("MUG",))  # type: ignore[arg-type]
    assert await pairs(desk, lambda: open_sheet(hub, again), sheets) == {"done", "cancelled"}
    await desk.sound()


async def test_a_checkout_in_each_state(desk: Desk) -> None:
    """Nothing kept, kept, and kept for too long: whose time is up is kept anew, not told of units about to go."""
    hub = desk.world.services
    asked = Reserve(**WHO, reference="C1", lines={"MUG": 60})  # type: ignore[arg-type]
    assert await release_units(hub, MERCHANT, "C1") == 0

    first = await reserve_units(hub, asked)
    assert await reserve_units(hub, asked) == first, "kept: the same again keeps nothing more"
    other = Reserve(**WHO, reference="C2", lines={"MUG": 60})  # type: ignore[arg-type]
    assert await tried(desk, lambda: reserve_units(hub, other)) == "only 40 of 60 are free"

    desk.world.clock.advance(timedelta(minutes=11))
    again = await reserve_units(hub, asked)
    assert again.until > hub.clock.now(), "its time was up: it is kept anew"
    assert await expire_reservations(hub) == 0
    assert await desk.stock() == (100, 60)
    desk.world.clock.advance(timedelta(minutes=11))
    assert await expire_reservations(hub) == 1
    assert await release_units(hub, MERCHANT, "C1") == 0
    assert await desk.stock() == (100, 0)
    await desk.sound()


async def test_quarantine_with_units_for_another_reason_and_with_none(desk: Desk) -> None:
    hub = desk.world.services
    some = Quarantine(**WHO, sku="MUG", location="berlin", units=10, reason="damaged")  # type: ignore[arg-type]
    states = {
        "none": "SELECT 1",
        "kept": "UPDATE reservations SET units = 10, ref = 'damaged'",
        "fewer": "UPDATE reservations SET units = 9, ref = 'damaged'",
        "other reason": "UPDATE reservations SET units = 10, ref = 'recall'",
    }
    assert await pairs(desk, lambda: let_out(hub, some), {"none": "SELECT 1"}) == set()
    await put_aside(hub, some)
    del states["none"]
    assert await pairs(desk, lambda: let_out(hub, some), states) == {"kept"}
    assert await pairs(desk, lambda: let_out(hub, some, write_off=True), states) == {"kept"}
    stock = {
        "free": "UPDATE stock SET reserved = 90 WHERE sku = 'MUG'",
        "promised": "UPDATE stock SET reserved = 91 WHERE sku = 'MUG'",
    }
    assert await pairs(desk, lambda: put_aside(hub, some), stock) == {"free"}
    await desk.sound()


async def test_a_receipt_is_new_or_the_same_or_another(desk: Desk) -> None:
    hub = desk.world.services
    some = Receive(**WHO, reference="R1", location="berlin", lines={"MUG": 5})  # type: ignore[arg-type]
    assert (await receive_stock(hub, some)).booked
    assert not (await receive_stock(hub, some)).booked
    other = Receive(**WHO, reference="R1", location="berlin", lines={"MUG": 6})  # type: ignore[arg-type]
    assert "use another reference" in await tried(desk, lambda: receive_stock(hub, other))
    assert await desk.stock() == (105, 0)


async def test_a_hold_in_each_state(desk: Desk) -> None:
    order = await desk.take(an_order(paid=False, payments=()))
    (hold,) = await desk.world.rows("SELECT id FROM holds WHERE order_id = $1", order)
    asked = Release(merchant_id=MERCHANT, hold_id=hold["id"], resolution="accept", actor="user:7")
    states = {state: f"UPDATE holds SET state = '{state}'" for state in ("open", "escalated", "released", "expired")}

    assert await pairs(desk, lambda: release_hold(desk.world.services, asked), states) == {"open", "escalated"}
    for way in ("wait", "use_address", "nonsense"):
        wrong = Release(merchant_id=MERCHANT, hold_id=hold["id"], resolution=way, actor="user:7")
        said = await tried(desk, lambda wrong=wrong: release_hold(desk.world.services, wrong))  # type: ignore[misc]
        assert "is not offered; choose one of accept, cancel" in said
    assert await tried(desk, lambda: release_hold(desk.world.services, asked)) == DONE
