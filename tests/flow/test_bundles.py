"""Bundles through the whole flow: routed and shipped as parts, told and counted as bundles, undone exactly."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.list_stock import StockQuery, list_stock
from hub.actions.set_bundle import Bundle, read_parts, set_bundle
from hub.actions.show_order import show_order
from hub.actions.wake_forgotten import wake_forgotten
from hub.domain.lifecycle import FOREVER, Lifecycle, Work
from hub.domain.order import ChannelOrder, ParcelScan, ScanStatus
from hub.domain.outgoing import Kind, ShipmentLine
from hub.errors import Conflict, Invalid
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT


async def bundle(desk: Desk, sku: str, **parts: int) -> int:
    asked = Bundle(merchant_id=MERCHANT, sku=sku, parts=parts, actor="user:7", title="A set")
    return (await set_bundle(desk.world.services, asked)).woken


def of_sets(quantity: int = 2, **more: Any) -> ChannelOrder:
    """So many tea sets: one pot and four cups each."""
    return an_order(lines=(mug(sku="SET", listing_id="", title="Tea set", quantity=quantity),), **more)


async def shelved(desk: Desk) -> dict[tuple[str, str], tuple[int, int]]:
    """(SKU, location) → on hand, reserved."""
    rows = await desk.world.rows("SELECT s.*, l.code FROM stock s JOIN locations l ON l.id = s.location_id")
    return {(row["sku"], row["code"]): (row["on_hand"], row["reserved"]) for row in rows}


@pytest.fixture
async def tea(desk: Desk) -> Desk:
    """Ten pots and forty-two cups in Berlin, sold as sets too."""
    await desk.count(POT=10, CUP=42)
    await bundle(desk, "SET", POT=1, CUP=4)
    return desk


async def test_a_bundle_is_shipped_as_its_parts_and_told_as_itself(tea: Desk) -> None:
    order_id = await tea.ship(of_sets())

    assert await tea.works_of(order_id) == [Work.DISPATCHED]
    assert await tea.stock("POT") == (8, 0)
    assert await tea.stock("CUP") == (34, 0)
    (line,) = await tea.lines(order_id)
    counted = {name: line[name] for name in ("ordered", "assigned", "picked", "packed", "shipped", "reserved")}
    assert counted == {"ordered": 2, "assigned": 2, "picked": 2, "packed": 2, "shipped": 2, "reserved": 0}
    (told,) = [p for kind, p, _ in tea.book("paper_shop", "shop").done if kind is Kind.PUSH_SHIPMENT]
    assert told.lines == (ShipmentLine(line_id="L1", quantity=2),)  # type: ignore[attr-defined]
    (work,) = (await show_order(tea.world.database, MERCHANT, order_id)).fulfillments
    assert {(it.sku, it.quantity, it.per_unit) for it in work.lines} == {("POT", 2, 1), ("CUP", 8, 4)}
    await tea.sound()


async def test_it_arrives_and_the_order_is_complete(tea: Desk) -> None:
    order_id = await tea.ship(of_sets())
    (parcel,) = await tea.parcels(order_id)
    scan = ParcelScan(
        external_id="s1", tracking_number=parcel["tracking_number"], status=ScanStatus.DELIVERED, at=at(99)
    )
    await tea.tell(scan, account=tea.carrier)
    await tea.take_in()
    await tea.works()
    await tea.orders()

    (line,) = await tea.lines(order_id)
    assert (line["delivered"], line["shipped"]) == (2, 2)
    assert (await tea.order(order_id))["state"] is Lifecycle.COMPLETED
    await tea.sound()


async def test_cancelled_before_it_left_every_part_is_back(tea: Desk) -> None:
    order_id = await tea.take(of_sets(3))
    await tea.works()
    assert (await shelved(tea))["CUP", "berlin"] == (42, 12)

    asked = Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:7", reason="mistake")
    await cancel_order(tea.world.services, asked)

    assert (await shelved(tea))["CUP", "berlin"] == (42, 0)
    assert (await shelved(tea))["POT", "berlin"] == (10, 0)
    (line,) = await tea.lines(order_id)
    assert [line[name] for name in ("cancelled", "assigned", "reserved", "picked", "packed")] == [3, 0, 0, 0, 0]
    await tea.sound()


async def test_an_order_is_split_between_bundles_never_within_one(tea: Desk) -> None:
    await tea.count("hamburg", POT=2, CUP=8)
    await tea.count(POT=1, CUP=42)

    order_id = await tea.take(of_sets(3))

    assert len(await tea.works_of(order_id)) == 2
    taken = {
        ("POT", "berlin"): (1, 1), ("CUP", "berlin"): (42, 4), ("POT", "hamburg"): (2, 2), ("CUP", "hamburg"): (8, 8),
    }  # fmt: skip
    there = await shelved(tea)
    assert {place: there[place] for place in taken} == taken
    await tea.works()
    await tea.send()
    await tea.works()
    (line,) = await tea.lines(order_id)
    assert line["shipped"] == 3
    await tea.sound()


async def test_what_waits_for_a_part_goes_on_when_it_is_counted(tea: Desk) -> None:
    order_id = await tea.take(of_sets(11))
    assert (await tea.holds(order_id))["stock"]["short"] == {"POT": 1, "CUP": 2}

    await tea.count(POT=11)
    await tea.orders()
    assert (await tea.holds(order_id))["stock"]["short"] == {"CUP": 2}
    await tea.count(CUP=44)
    await tea.orders()

    assert await tea.holds(order_id) == {}
    await tea.sound()


async def test_a_wake_that_was_lost_is_made_up_for_once_there_are_whole_bundles(tea: Desk) -> None:
    order_id = await tea.take(of_sets(11))
    await tea.world.database.plain.execute("UPDATE stock SET on_hand = 50")
    await tea.world.database.plain.execute("UPDATE orders SET due_at = $1", FOREVER)
    assert await wake_forgotten(tea.world.services) == 1
    await tea.world.database.plain.execute("UPDATE orders SET due_at = $1", FOREVER)
    await tea.world.database.plain.execute("UPDATE stock SET on_hand = 43 WHERE sku = 'CUP'")
    assert await wake_forgotten(tea.world.services) == 0, "forty-three cups are ten sets"
    assert await tea.holds(order_id)


async def test_a_sku_becomes_a_bundle_while_an_order_waits_for_it(desk: Desk) -> None:
    order_id = await desk.take(of_sets(1))
    assert set(await desk.holds(order_id)) == {"mapping"}

    assert await bundle(desk, "SET", MUG=2, CUP=1) == 1
    await desk.orders()

    assert await desk.holds(order_id) == {}
    assert await desk.stock("MUG") == (100, 2)


async def test_what_is_routed_keeps_its_parts_whatever_the_bundle_becomes(tea: Desk) -> None:
    order_id = await tea.take(of_sets(1))
    await bundle(tea, "SET", POT=1, CUP=6)
    await tea.works()
    await tea.send()
    await tea.works()

    assert await tea.works_of(order_id) == [Work.DISPATCHED]
    assert await tea.stock("CUP") == (38, 0)
    await tea.ship(of_sets(1))
    assert await tea.stock("CUP") == (32, 0)
    await tea.sound()


@pytest.mark.parametrize(
    ("sku", "parts", "said"),
    [
        ("DUO", {"NOBODY": 1}, "no products"),
        ("DUO", {"DUO": 1}, "no products"),
        ("DUO", {"SET": 2}, "bundles themselves"),
        ("POT", {"MUG": 1}, "a part of SET"),
        ("MUG", {"CUP": 1}, "100 of it lie on shelves"),
        ("DUO", {"CUP": 0}, "of each 1 to"),
        ("", {"CUP": 1}, "1 to 128"),
    ],
)
async def test_what_is_no_bundle(tea: Desk, sku: str, parts: dict[str, int], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        await bundle(tea, sku, **parts)
    await tea.sound()


async def test_a_bundle_is_not_counted(tea: Desk) -> None:
    with pytest.raises(Invalid, match="count what it is made of"):
        await import_stock(tea.world.services, MERCHANT, [StockLine(sku="SET", location="berlin", on_hand=3)])


async def test_it_is_no_bundle_any_more(tea: Desk) -> None:
    await bundle(tea, "SET")
    await tea.count(SET=5)

    order_id = await tea.take(of_sets(2))

    assert await tea.stock("SET") == (5, 2)
    assert await tea.holds(order_id) == {}
    trail = await tea.world.rows("SELECT details FROM audit WHERE action = 'set_bundle' ORDER BY seq")
    assert "no bundle" in trail[-1]["details"]


async def test_stock_shows_a_bundle_by_its_parts(tea: Desk) -> None:
    await tea.take(of_sets(3))

    page = await list_stock(tea.world.database, MERCHANT, StockQuery(search="SET"))

    (shown,) = page.stock
    assert (shown.available, shown.sellable, shown.on_hand) == (7, 7, 0)
    assert {part.sku: part.quantity for part in shown.parts} == {"POT": 1, "CUP": 4}


@pytest.mark.parametrize("text", ["=2", "POT=x", "POT=-1", "=", "POT=1000000"])
def test_parts_are_written_as_sku_and_units(text: str) -> None:
    assert read_parts(["POT", "CUP=4", "CUP=1", "A=B=2"]) == {"POT": 1, "CUP": 5, "A=B": 2}
    with pytest.raises(Invalid):
        read_parts([text])


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_store_stays_sound(tea: Desk, seed: int) -> None:
    """Orders of bundles and of their parts, at two places, some cancelled on the way, stock counted meanwhile."""
    chance = random.Random(seed)
    await bundle(tea, "DUO", CUP=2, MUG=1)
    await tea.count("hamburg", POT=6, CUP=20, MUG=5)
    taken: list[int] = []
    for _ in range(25):
        skus = chance.sample(["SET", "DUO", "CUP", "POT"], chance.randint(1, 3))
        lines = tuple(
            mug(external_id=f"L{i}", sku=sku, listing_id="", quantity=chance.randint(1, 3))
            for i, sku in enumerate(skus)
        )
        taken.append(await tea.take(an_order(lines=lines)))
        if chance.random() < 0.4:
            await tea.works()
        if chance.random() < 0.3:
            await tea.send(tea.carrier)
        if chance.random() < 0.3:
            await _cancel(tea, chance.choice(taken))
        if chance.random() < 0.2:
            held = (await shelved(tea))["CUP", "berlin"][1]
            await tea.count(CUP=held + chance.randint(0, 30))
            await tea.orders()
        await tea.sound()


async def _cancel(desk: Desk, order_id: int) -> None:
    if (await desk.order(order_id))["state"] is Lifecycle.CANCELLED:
        return
    try:
        asked = Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:7", reason="chance")
        await cancel_order(desk.world.services, asked)
    except Conflict:
        return  # goods have left
