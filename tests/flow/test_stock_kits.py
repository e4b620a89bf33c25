"""Kits are made of parts and taken apart; transfers are planned first; counts wait for approval. The ledger adds up."""

from __future__ import annotations

import pytest

from hub.actions.import_stock import StockLine, import_stock
from hub.actions.stock_count import Counted, OpenSheet, approve_count, count_line, open_sheet
from hub.actions.stock_kits import Kit, KitDone, KitWork, list_kits, set_kit, work_kits
from hub.actions.stock_ledger import LedgerQuery, show_ledger
from hub.actions.stock_papers import count_paper
from hub.actions.stock_transfer import Arrive, Ship, receive_transfer, ship_transfer
from hub.actions.stock_transfer_plan import Send, cancel_transfer, plan_transfer, send_transfer
from hub.actions.stock_views import list_sheets, list_transfers, see_sheet, see_transfer
from hub.domain.stocking import Tolerance
from hub.errors import Conflict, Invalid, NotFound
from tests.flow.desk import Desk, an_order, mug
from tests.flow.test_bundles import bundle, shelved
from tests.support.world import MERCHANT


@pytest.fixture
async def gifts(desk: Desk) -> Desk:
    """Gift boxes of two mugs and a cup; none is made. A hundred of each part lie in Berlin."""
    await import_stock(desk.world.services, MERCHANT, [StockLine(sku="GIFT", location="berlin", on_hand=0)])
    await desk.count("hamburg", MUG=0)
    await kit(desk, MUG=2, CUP=1)
    return desk


async def kit(desk: Desk, sku: str = "GIFT", **parts: int) -> None:
    await set_kit(desk.world.services, Kit(merchant_id=MERCHANT, sku=sku, parts=parts, actor="user:7"))


async def book(desk: Desk, units: int, reference: str = "K-1", sku: str = "GIFT") -> KitDone:
    asked = KitWork(merchant_id=MERCHANT, reference=reference, location="berlin", sku=sku, units=units, actor="user:7")
    return await work_kits(desk.world.services, asked)


async def test_kits_take_their_parts_and_give_them_back(gifts: Desk) -> None:
    done = await book(gifts, 10)

    assert (done.booked, dict(done.moved)) == (True, {"GIFT": 10, "MUG": -20, "CUP": -10})
    assert not (await book(gifts, 10)).booked, "the same reference again"
    with pytest.raises(Conflict, match="K-1 was booked at berlin for 10 × GIFT"):
        await book(gifts, 11)
    await book(gifts, -3, "K-2")

    there = await shelved(gifts)
    assert [there[sku, "berlin"] for sku in ("GIFT", "MUG", "CUP")] == [(7, 0), (86, 0), (93, 0)]
    (newest, *_) = (await show_ledger(gifts.world.database, MERCHANT, LedgerQuery(sku="MUG"))).movements
    assert (newest.on_hand, newest.reason, newest.of) == (6, "kit_taken_apart", "K-2")
    (shown,) = await list_kits(gifts.world.database, MERCHANT)
    assert (shown.sku, shown.parts) == ("GIFT", {"CUP": 1, "MUG": 2})
    assert {place.location: (place.free, place.makeable) for place in shown.places} == {
        "berlin": (7, 43), "hamburg": (0, 0),
    }  # fmt: skip
    await gifts.sound()


async def test_a_kit_is_sold_from_its_own_shelf_and_wakes_who_waits_for_it(gifts: Desk) -> None:
    order = await gifts.take(an_order(lines=(mug(sku="GIFT", listing_id="", quantity=2),)))
    assert set(await gifts.holds(order)) == {"stock"}, "parts are no kits"

    assert (await book(gifts, 2)).woken == 1

    await gifts.orders()
    assert await gifts.holds(order) == {}
    assert await gifts.stock("GIFT") == (2, 2)
    with pytest.raises(Conflict, match="only 0 may be taken"):
        await book(gifts, -1, "K-2")
    await gifts.sound()


async def test_what_cannot_be_made(gifts: Desk) -> None:
    for units, error, said in ((51, Conflict, "only 100 may be taken"), (0, Invalid, "give 1 to")):
        with pytest.raises(error, match=said):
            await book(gifts, units)
    with pytest.raises(Conflict, match="MUG is no kit"):
        await book(gifts, 1, sku="MUG")
    with pytest.raises(NotFound, match="no product NOBODY"):
        await book(gifts, 1, sku="NOBODY")
    await bundle(gifts, "SET", MUG=1)
    with pytest.raises(Conflict, match="SET: a bundle lies on no shelf"):
        await kit(gifts, SET=1)
    with pytest.raises(Invalid, match="part of itself"):
        await kit(gifts, GIFT=1)
    with pytest.raises(NotFound, match="no product BOX"):
        await kit(gifts, BOX=1)
    assert (await shelved(gifts))["MUG", "berlin"] == (100, 0)
    await gifts.sound()


# ------------------------------------------------------------ planned transfers


def ship(reference: str = "T-1", **lines: int) -> Ship:
    return Ship(
        merchant_id=MERCHANT, reference=reference, source="berlin", target="hamburg", lines=lines, actor="user:7"
    )


def send(**lines: int) -> Send:
    return Send(merchant_id=MERCHANT, reference="T-1", actor="user:7", lines=lines or None)


async def test_a_plan_moves_nothing_and_fewer_may_leave(gifts: Desk) -> None:
    hub, database = gifts.world.services, gifts.world.database
    await plan_transfer(hub, ship(MUG=10, CUP=5))
    assert (await shelved(gifts))["MUG", "berlin"] == (100, 0)
    await gifts.sound()
    with pytest.raises(Conflict, match="T-1 is draft: nothing of it has left"):
        await receive_transfer(hub, Arrive(merchant_id=MERCHANT, reference="T-1", lines={"MUG": 1}, actor="user:7"))
    with pytest.raises(Conflict, match="T-1 is draft; send what was planned"):
        await ship_transfer(hub, ship(MUG=10, CUP=5))
    with pytest.raises(Conflict, match="is another transfer"):
        await plan_transfer(hub, ship(MUG=1))
    with pytest.raises(Invalid, match="not on this transfer"):
        await send_transfer(hub, send(GIFT=1))

    await send_transfer(hub, send(MUG=8))

    assert (await shelved(gifts))["MUG", "berlin"] == (92, 0)
    (row,) = await list_transfers(database, MERCHANT)
    assert (row.state, row.shipped, row.source, row.target) == ("in_transit", 8, "berlin", "hamburg")
    shown = await see_transfer(database, MERCHANT, int(row.id))
    assert [(line.sku, line.shipped, line.open) for line in shown.lines] == [("MUG", 8, 8)]
    await receive_transfer(hub, Arrive(merchant_id=MERCHANT, reference="T-1", lines={"MUG": 7}, actor="user:7"))
    assert [(r.state, r.received, r.missing) for r in await list_transfers(database, MERCHANT)] == [("received", 7, 1)]
    with pytest.raises(NotFound):
        await see_transfer(database, MERCHANT + 1, int(row.id))
    await gifts.sound()


async def test_a_plan_is_cancelled_once(gifts: Desk) -> None:
    await plan_transfer(gifts.world.services, ship(MUG=10))
    await cancel_transfer(gifts.world.services, send())
    for act in (cancel_transfer, send_transfer):
        with pytest.raises(Conflict, match="T-1 is cancelled already"):
            await act(gifts.world.services, send())
    await gifts.sound()


# ------------------------------------------------------------ approval of counts


async def test_a_large_difference_is_booked_once_somebody_approves(gifts: Desk) -> None:
    hub, database = gifts.world.services, gifts.world.database
    new = OpenSheet(
        merchant_id=MERCHANT, location="berlin", actor="user:7", skus=("MUG", "CUP"), tolerance=Tolerance(1)
    )
    sheet = await open_sheet(hub, new)
    counted = Counted(merchant_id=MERCHANT, sheet_id=sheet.id, sku="MUG", units=80, counter="user:7")
    with pytest.raises(Conflict, match="waits for no approval"):
        await approve_count(hub, counted)
    await count_line(hub, counted)
    await gifts.ship(an_order())
    assert (await shelved(gifts))["MUG", "berlin"] == (98, 0)

    await approve_count(hub, Counted(merchant_id=MERCHANT, sheet_id=sheet.id, sku="MUG", units=0, counter="user:9"))

    assert (await shelved(gifts))["MUG", "berlin"] == (78, 0), "the difference was twenty, whatever was sold since"
    (row,) = await list_sheets(database, MERCHANT)
    assert (row.state, row.skus, row.booked, row.recount) == ("open", 2, 1, 0)
    page = await see_sheet(database, MERCHANT, sheet.id)
    assert [(line.sku, line.state) for line in page.lines] == [("CUP", "open"), ("MUG", "booked")]
    assert (await count_paper(hub, MERCHANT, sheet.id)).startswith(b"%PDF-")
    with pytest.raises(NotFound):
        await count_paper(hub, MERCHANT + 1, sheet.id)
    await gifts.sound()
