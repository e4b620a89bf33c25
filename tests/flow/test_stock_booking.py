"""Stock is booked: received, adjusted, moved, counted, put aside; the ledger always adds up and nothing is oversold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.actions.stock_adjust import Adjust, adjust_stock
from hub.actions.stock_count import Counted, OpenSheet, cancel_sheet, count_line, open_sheet, show_sheet
from hub.actions.stock_ledger import LedgerQuery, LedgerView, show_ledger
from hub.actions.stock_quarantine import Quarantine, let_out, put_aside
from hub.actions.stock_receive import Receive, Received, receive_stock
from hub.actions.stock_reserve import Reserve, expire_reservations, release_units, reserve_units
from hub.actions.stock_transfer import Arrive, Ship, TransferView, receive_transfer, ship_transfer
from hub.domain.stocking import Tolerance
from hub.errors import Conflict, Invalid, NotFound
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk, an_order, mug
from tests.flow.shelves import bazaar_of, shelf, told
from tests.flow.test_bundles import bundle, of_sets, shelved
from tests.support.world import MERCHANT

EXACT = Tolerance()


async def receive(desk: Desk, reference: str = "PO-1", location: str = "berlin", **lines: int) -> Received:
    asked = Receive(merchant_id=MERCHANT, reference=reference, location=location, lines=lines, actor="user:7")
    return await receive_stock(desk.world.services, asked)


async def adjust(desk: Desk, units: int, reason: str, sku: str = "MUG", location: str = "berlin") -> dict[str, int]:
    asked = Adjust(merchant_id=MERCHANT, sku=sku, location=location, units=units, reason=reason, actor="user:7")
    return dict((await adjust_stock(desk.world.services, asked)).parts)


async def ship(desk: Desk, reference: str = "T-1", target: str = "hamburg", **lines: int) -> TransferView:
    asked = Ship(merchant_id=MERCHANT, reference=reference, source="berlin", target=target, lines=lines, actor="user:7")
    return await ship_transfer(desk.world.services, asked)


async def arrive(desk: Desk, reference: str = "T-1", complete: bool = True, **lines: int) -> TransferView:
    asked = Arrive(merchant_id=MERCHANT, reference=reference, lines=lines, actor="user:7", complete=complete)
    return await receive_transfer(desk.world.services, asked)


def aside(units: int, reason: str = "damaged", sku: str = "MUG", **more: Any) -> Quarantine:
    fields: dict[str, Any] = {"merchant_id": MERCHANT, "location": "berlin", "actor": "user:7"}
    return Quarantine(**fields | {"sku": sku, "units": units, "reason": reason} | more)


async def sheet(desk: Desk, *skus: str, tolerance: Tolerance = EXACT) -> int:
    asked = OpenSheet(merchant_id=MERCHANT, location="berlin", actor="user:7", skus=skus, tolerance=tolerance)
    return (await open_sheet(desk.world.services, asked)).id


async def count(desk: Desk, sheet_id: int, units: int, sku: str = "MUG", by: str = "user:7", **more: Any) -> str:
    asked = Counted(merchant_id=MERCHANT, sheet_id=sheet_id, sku=sku, units=units, counter=by, **more)
    return (await count_line(desk.world.services, asked)).said


async def ledger(desk: Desk, sku: str = "MUG") -> LedgerView:
    return await show_ledger(desk.world.database, MERCHANT, LedgerQuery(sku=sku))


@pytest.fixture
async def tea(desk: Desk) -> Desk:
    """Ten pots and forty-two cups in Berlin, sold as sets too; Hamburg has nothing."""
    await desk.count(POT=10, CUP=42)
    await desk.count("hamburg", POT=0)
    await bundle(desk, "SET", POT=1, CUP=4)
    return desk


# ------------------------------------------------------------ receiving


async def test_a_receipt_is_booked_once_whoever_repeats_it(tea: Desk) -> None:
    assert (await receive(tea, MUG=5)).booked
    assert not (await receive(tea, MUG=5)).booked
    assert await tea.stock() == (105, 0)
    with pytest.raises(Conflict, match="booked at berlin with 5 × MUG"):
        await receive(tea, MUG=6)
    with pytest.raises(Conflict, match="booked at berlin"):
        await receive(tea, location="hamburg", MUG=5)
    (newest, *_) = (await ledger(tea)).movements
    assert (newest.on_hand, newest.reason, newest.of) == (5, "received", "PO-1")
    await tea.sound()


async def test_what_waits_for_goods_goes_on_when_they_arrive_as_a_bundle(tea: Desk) -> None:
    order_id = await tea.take(of_sets(12))
    assert set(await tea.holds(order_id)) == {"stock"}

    done = await receive(tea, SET=2)

    assert (done.parts, done.woken) == ({"POT": 2, "CUP": 8}, 1)
    await tea.orders()
    assert await tea.holds(order_id) == {}
    await tea.sound()


async def test_a_location_that_never_had_it_has_it_now(tea: Desk) -> None:
    await receive(tea, location="hamburg", MUG=3)
    assert (await shelved(tea))["MUG", "hamburg"] == (3, 0)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"location": "paris", "MUG": 1}, NotFound, "there are berlin, hamburg"),
        ({"NOBODY": 1}, NotFound, "no product NOBODY"),
        ({"MUG": 0}, Invalid, "0 units"),
        ({}, Invalid, "at least one SKU"),
        ({"reference": " ", "MUG": 1}, Invalid, "1 to 128"),
    ],
)
async def test_what_cannot_be_received(tea: Desk, given: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        await receive(tea, **given)
    await tea.sound()


# ------------------------------------------------------------ adjusting


async def test_an_adjustment_has_a_reason_and_takes_nothing_that_is_promised(tea: Desk) -> None:
    await tea.take(an_order(lines=(mug(quantity=98),)))
    assert await adjust(tea, 2, "damaged") == {"MUG": -2}
    with pytest.raises(Conflict, match="only 0 may be taken"):
        await adjust(tea, 1, "lost")
    assert await adjust(tea, 1, "found") == {"MUG": 1}
    assert await tea.stock() == (99, 98)
    with pytest.raises(Invalid, match="choose one of found"):
        await adjust(tea, 1, "whim")
    with pytest.raises(Invalid, match="adds units"):
        await adjust(tea, -1, "found")
    trail = await tea.world.rows("SELECT details FROM audit WHERE action = 'adjust_stock'")
    assert len(trail) == 2
    await tea.sound()


async def test_a_bundle_is_adjusted_as_its_parts_or_not_at_all(tea: Desk) -> None:
    assert await adjust(tea, 2, "damaged", sku="SET") == {"POT": -2, "CUP": -8}
    await adjust(tea, 8, "damaged", sku="CUP")
    with pytest.raises(Conflict, match="CUP"):
        await adjust(tea, 8, "damaged", sku="SET")
    assert (await shelved(tea))["POT", "berlin"] == (8, 0)
    await tea.sound()


# ------------------------------------------------------------ transfers


async def test_goods_in_transit_lie_nowhere_until_they_arrive(tea: Desk) -> None:
    await ship(tea, MUG=10, SET=1)
    assert await tea.stock() == (90, 0)
    (coming,) = (await ledger(tea)).coming
    assert (coming.units, coming.source, coming.target) == (10, "berlin", "hamburg")
    await tea.sound()
    assert (await ship(tea, MUG=10, SET=1)).state == "in_transit", "the same again ships nothing more"

    part = await arrive(tea, complete=False, MUG=4)
    assert part.state == "in_transit"
    done = await arrive(tea, MUG=5, SET=1)

    assert done.state == "received"
    assert {line.sku: line.missing for line in done.lines} == {"MUG": 1, "POT": 0, "CUP": 0}
    assert (await shelved(tea))["MUG", "hamburg"] == (9, 0)
    assert (await shelved(tea))["CUP", "hamburg"] == (4, 0)
    with pytest.raises(Conflict, match="received already"):
        await arrive(tea, MUG=1)
    await tea.sound()


async def test_what_is_promised_stays_and_more_than_shipped_does_not_arrive(tea: Desk) -> None:
    await tea.take(an_order(lines=(mug(quantity=95),)))
    with pytest.raises(Conflict, match="only 5 may be taken"):
        await ship(tea, MUG=6)
    await ship(tea, MUG=5)
    with pytest.raises(Conflict, match="another transfer, of 5 × MUG"):
        await ship(tea, MUG=4)
    with pytest.raises(Invalid, match="5 are on their way, not 6"):
        await arrive(tea, MUG=6)
    with pytest.raises(Invalid, match="where they lie already"):
        await ship(tea, "T-2", "berlin", CUP=1)
    with pytest.raises(NotFound):
        await arrive(tea, "T-9", MUG=1)
    assert (await arrive(tea)).lines[0].missing == 5, "nothing of it came"
    await tea.sound()


# ------------------------------------------------------------ quarantine


async def test_quarantine_is_neither_offered_nor_routed(database: Database, node: Node) -> None:
    async with bazaar_of(database, node) as desk:
        await put_aside(desk.world.services, aside(97))
        await told(desk)
        assert shelf(desk).levels()["M"] == 3
        order_id = await desk.take(an_order(lines=(mug(quantity=4),)))
        assert (await desk.holds(order_id))["stock"]["short"] == {"MUG": 1}
        await desk.sound()

        out = await let_out(desk.world.services, aside(1))

        assert out.woken == 1
        await desk.orders()
        assert await desk.holds(order_id) == {}
        await told(desk)
        assert shelf(desk).levels()["M"] == 0
        await desk.sound()


async def test_quarantine_is_written_off_or_let_out_and_never_more_than_lies_there(tea: Desk) -> None:
    await put_aside(tea.world.services, aside(3))
    await put_aside(tea.world.services, aside(2, "recall"))
    (place,) = (await ledger(tea)).places
    assert (place.on_hand, place.quarantined, place.free, place.promised) == (100, 5, 95, 0)
    with pytest.raises(Conflict, match="3 of MUG lie in quarantine"):
        await let_out(tea.world.services, aside(4))
    await let_out(tea.world.services, aside(3), write_off=True)
    assert await tea.stock() == (97, 2)
    with pytest.raises(Conflict, match="0 of MUG"):
        await let_out(tea.world.services, aside(1))
    with pytest.raises(Invalid, match="choose one of damaged"):
        await put_aside(tea.world.services, aside(1, "whim"))
    with pytest.raises(Conflict, match="only 95 may be taken"):
        await put_aside(tea.world.services, aside(96))
    await put_aside(tea.world.services, aside(1, sku="SET"))
    assert (await shelved(tea))["CUP", "berlin"] == (42, 4)
    await tea.sound()


# ------------------------------------------------------------ checkouts


async def test_a_checkout_keeps_its_units_until_its_time_is_up(tea: Desk) -> None:
    asked = Reserve(merchant_id=MERCHANT, reference="chat-1", lines={"SET": 9}, actor="chat", minutes=10)
    kept = await reserve_units(tea.world.services, asked)
    assert kept.parts == {"POT": 9, "CUP": 36}
    assert await reserve_units(tea.world.services, asked) == kept, "the same again gets what it has"
    order_id = await tea.take(of_sets(2))
    assert set(await tea.holds(order_id)) == {"stock"}
    await tea.sound()

    assert await expire_reservations(tea.world.services) == 0
    tea.world.clock.advance(timedelta(minutes=11))
    assert await expire_reservations(tea.world.services) == 1

    await tea.orders()
    assert await tea.holds(order_id) == {}
    assert await release_units(tea.world.services, MERCHANT, "chat-1") == 0
    await tea.sound()


async def test_an_order_gets_the_units_its_checkout_kept(tea: Desk) -> None:
    asked = Reserve(merchant_id=MERCHANT, reference="chat-1", lines={"SET": 10}, actor="chat")
    await reserve_units(tea.world.services, asked)
    order_id = await tea.take(of_sets(10))
    assert await release_units(tea.world.services, MERCHANT, "chat-1") == 50
    await tea.orders()
    assert await tea.holds(order_id) == {}
    with pytest.raises(Conflict, match="only 0 of 1 are free"):
        one = Reserve(merchant_id=MERCHANT, reference="chat-2", lines={"SET": 1}, actor="chat")
        await reserve_units(tea.world.services, one)
    await tea.sound()


# ------------------------------------------------------------ counting


async def test_a_count_is_against_the_counter_at_its_moment_whatever_is_sold(tea: Desk) -> None:
    made = await sheet(tea, "MUG", tolerance=Tolerance(units=2))
    await tea.ship(an_order(lines=(mug(quantity=10),)))
    await tea.routed(an_order(lines=(mug(quantity=5),)))
    assert "within the tolerance" in await count(tea, made, 89)
    await tea.works()
    await tea.send()
    await tea.works()
    assert await tea.stock() == (84, 0), "99 were there, 15 are sold"
    assert (await show_sheet(tea.world.services, MERCHANT, made)).state == "done"
    await tea.sound()


async def test_what_is_picked_already_is_not_expected_on_the_shelf(tea: Desk) -> None:
    await tea.take(an_order(lines=(mug(quantity=10),)))
    await tea.works()
    made = await sheet(tea, "MUG")
    assert "90 expected; booked: as expected" in await count(tea, made, 90)
    assert await tea.stock() == (100, 10)


async def test_a_large_difference_is_counted_again(tea: Desk) -> None:
    made = await sheet(tea, "MUG", "CUP", tolerance=Tolerance(percent=5))
    assert "outside the tolerance: count MUG again" in await count(tea, made, 80)
    assert await tea.stock() == (100, 0), "nothing is booked yet"
    await tea.ship(an_order(lines=(mug(quantity=10),)))
    assert "two counts agree" in await count(tea, made, 70)
    assert await tea.stock() == (70, 0)
    assert "count CUP again" in await count(tea, made, 0, "CUP")
    assert "the count before differed by -42" in await count(tea, made, 1, "CUP")
    assert "accepted" in await count(tea, made, 2, "CUP", accept=True)
    with pytest.raises(Conflict, match="done already"):
        await count(tea, made, 1, "CUP")
    await tea.sound()


async def test_two_counters_on_one_sheet_are_refused(tea: Desk) -> None:
    made = await sheet(tea, "MUG", "SET")
    await count(tea, made, 100, by="anna")
    with pytest.raises(Conflict, match="anna counts this sheet"):
        await count(tea, made, 42, "CUP", by="ben")
    with pytest.raises(Conflict, match=f"POT is on sheet {made}"):
        await sheet(tea, "POT")
    with pytest.raises(Conflict, match="counted and booked"):
        await count(tea, made, 100, by="anna")
    with pytest.raises(NotFound, match="not on this sheet"):
        await count(tea, made, 1, "LAMP", by="anna")
    await cancel_sheet(tea.world.services, MERCHANT, made, "user:7")
    assert await sheet(tea, "POT")
    with pytest.raises(NotFound):
        await cancel_sheet(tea.world.services, MERCHANT + 1, made, "user:7")
    trail = await tea.world.rows("SELECT actor, subject FROM audit WHERE action = 'cancel_sheet'")
    assert [tuple(row) for row in trail] == [("user:7", f"sheet:{made}")]


async def test_a_count_below_what_is_promised_says_so(tea: Desk) -> None:
    await tea.routed(an_order(lines=(mug(quantity=90),)))
    made = await sheet(tea, "MUG", tolerance=Tolerance(units=100))
    with pytest.raises(Conflict, match="90 of them are promised"):
        await count(tea, made, 89)
    assert "booked" in await count(tea, made, 90)
    assert await tea.stock() == (90, 90)
    await tea.sound()


async def test_many_parts_go_into_quarantine_and_out_with_as_many_statements_as_one(tea: Desk) -> None:
    await put_aside(tea.world.services, aside(2, sku="POT"))
    counted = []
    for sku in ("MUG", "SET"):
        before = tea.world.database.statements
        await put_aside(tea.world.services, aside(3, sku=sku))
        await let_out(tea.world.services, aside(3, sku=sku))
        counted.append(tea.world.database.statements - before)
    assert counted[0] == counted[1]
    assert [(it.reason, it.units) for it in (await ledger(tea, "POT")).quarantine] == [("damaged", 2)]
    assert (await ledger(tea, "CUP")).quarantine == ()
    with pytest.raises(Conflict, match="0 of CUP lie in quarantine at berlin for damaged, not 4"):
        await let_out(tea.world.services, aside(1, sku="SET"))
    await tea.sound()
