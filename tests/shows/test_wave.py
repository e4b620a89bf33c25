"""A wave of twenty orders: picked by scan with one short pick, one packed in two parcels, the missing unit rerouted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.actions.add_location import NewLocation, add_location
from hub.actions.floor_hand_over import HandOver, hand_over
from hub.actions.floor_pack import Pack, open_station, scan_pack
from hub.actions.floor_pick import Picked, Scan, claim_walk, report_short, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_setup import NewBin, NewBox, NewCode, Size, put_bin, put_box, put_code, set_size
from hub.actions.import_stock import StockLine, import_stock
from hub.domain.lifecycle import Work
from hub.domain.order import Address
from hub.errors import Conflict, Invalid
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk, an_order, mug
from tests.flow.paper import papers
from tests.support.world import MERCHANT, world_of

ANN, BOB = "user:1", "user:2"
GOODS = {"MUG": (1, 4), "CUP": (1, 9), "POT": (2, 7), "TEA": (3, 2), "CAN": (3, 8)}
"""SKU → aisle and rack at the location where people work."""


@pytest.fixture
async def desk(database: Database, node: Node) -> AsyncIterator[Desk]:
    """Aachen, where people work, and Berlin, which works by itself; both have everything on the books."""
    connectors = papers()
    async with world_of(database, node, connectors) as world:
        made = Desk(world, connectors)
        await made.set_up()
        hub = world.services
        address = Address(company="Lager Aachen", line1="Am Markt 1", city="Aachen", postcode="52062", country="DE")
        await add_location(hub, MERCHANT, NewLocation(code="aachen", address=address, automatic=False))
        lines = [
            StockLine(sku=sku, location=place, on_hand=60, title=sku.title(), grams=400)
            for sku in GOODS
            for place in ("aachen", "berlin")
        ]
        await import_stock(hub, MERCHANT, lines)
        for sku, (aisle, rack) in GOODS.items():
            bin_ = NewBin(merchant_id=MERCHANT, location="aachen", sku=sku, code=f"{aisle:02}-{rack:02}", actor=ANN)
            await put_bin(hub, bin_)
            await set_size(hub, Size(merchant_id=MERCHANT, sku=sku, mm=(120, 100, 90), actor=ANN))
        small = NewBox(merchant_id=MERCHANT, code="BOX-S", mm=(130, 110, 100), most_grams=2000, own_grams=60, actor=ANN)
        large = NewBox(
            merchant_id=MERCHANT, code="BOX-L", mm=(260, 220, 100), most_grams=5000, own_grams=150, actor=ANN
        )
        await put_box(hub, small)
        await put_box(hub, large)
        await put_code(hub, NewCode(merchant_id=MERCHANT, code="4006381333931", sku="MUG", actor=ANN))
        yield made


def scan(task: int, code: str = "", actor: str = ANN) -> Scan:
    return Scan(merchant_id=MERCHANT, task_id=task, actor=actor, code=code)


def pack(work: int, code: str = "", actor: str = BOB) -> Pack:
    return Pack(merchant_id=MERCHANT, actor=actor, fulfillment_id=work, code=code)


async def twenty(desk: Desk) -> list[int]:
    """Twenty orders: a mug and a second thing each, the last of them four pots besides."""
    others = list(GOODS)[1:]
    orders = []
    for place in range(20):
        lines = [mug(quantity=1), mug(external_id="L2", sku=others[place % 4], quantity=1 + place % 2, listing_id="V2")]
        if place == 19:
            lines.append(mug(external_id="L3", sku="POT", quantity=4, listing_id="V3"))
        orders.append(an_order(lines=tuple(lines)))
    await desk.take(*orders)
    await desk.works()
    return [await desk.order_id(order.external_id) for order in orders]


async def walk(desk: Desk, task: int, empty: str = "") -> tuple[int, list[str]]:
    """Scans a whole walk as it asks; where `empty` is wanted for the first time one is missing. Gives the scans, and
    what was said of the short pick."""
    hub, scans, said = desk.world.services, 0, []
    answer = await claim_walk(hub, scan(task))
    while not answer.done:
        if answer.kind == "tote":
            code = answer.next.split()[1]
        else:
            units, sku = int(answer.next.split()[0]), answer.next.split()[2]
            if sku == empty and not said and units == 1:
                answer = await report_short(hub, scan(task))
                said.append(answer.said)
                continue
            units = 1 if sku == empty and not said else units
            code = f"{units}*{'4006381333931' if sku == 'MUG' else sku}"
        answer = await scan_pick(hub, scan(task, code))
        scans += 1
    return scans, said


async def tasks(desk: Desk) -> list[int]:
    return [row["id"] for row in await desk.world.rows("SELECT id FROM pick_tasks ORDER BY number")]


async def test_a_wave_of_twenty_orders(desk: Desk) -> None:
    hub = desk.world.services
    orders = await twenty(desk)
    assert {tuple(await desk.works_of(order)) for order in orders} == {(Work.OPEN,)}, "they wait for a wave"

    released = await release_wave(hub, NewWave(merchant_id=MERCHANT, location="aachen", actor=ANN, cart=10))
    assert (released.orders, released.walks) == (20, 2)
    first, second = await tasks(desk)

    # Two people on one walk: refused, not merged.
    answer: Picked = await claim_walk(hub, scan(first))
    with pytest.raises(Conflict, match=r"walk 1 of wave W1 is user:1's since"):
        await claim_walk(hub, scan(first, actor=BOB))
    with pytest.raises(Conflict, match="is user:1's"):
        await scan_pick(hub, scan(first, "MUG", BOB))

    # A wrong item and too many are refused with what is expected, and nothing is counted.
    assert answer.next == "1 × MUG from 01-04"
    with pytest.raises(Invalid, match=r"wrong item: that is TEA; expected 1 × MUG from 01-04"):
        await scan_pick(hub, scan(first, "TEA"))
    with pytest.raises(Invalid, match=r"too many: 2 scanned, 1 of MUG still wanted"):
        await scan_pick(hub, scan(first, "2*MUG"))
    assert await desk.world.value("SELECT sum(picked) FROM pick_lines") == 0

    _, none_short = await walk(desk, first)
    _, short = await walk(desk, second, empty="POT")
    assert none_short == []
    assert len(short) == 1
    assert "short; order #" in short[0]
    assert "is routed again for 1" in short[0]
    assert await desk.world.value("SELECT state FROM waves") == "done"

    # The short order leaves what is missing to Berlin, which ships it by itself; the shelf is empty on the books too.
    (row,) = await desk.world.rows("SELECT subject_id, details FROM events WHERE kind = 'rerouted'")
    rerouted = row["subject_id"]
    assert rerouted in orders
    await desk.sound()
    await desk.orders()
    works = await desk.world.rows(
        "SELECT f.number, l.code FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id"
        " WHERE f.order_id = $1 ORDER BY f.id", rerouted
    )  # fmt: skip
    assert [(w["number"][-2:], w["code"]) for w in works] == [("F1", "aachen"), ("F2", "berlin")]
    free = await desk.world.value(
        "SELECT sum(on_hand - reserved) FROM stock s JOIN locations l ON l.id = s.location_id"
        " WHERE sku = 'POT' AND code = 'aachen'"
    )
    assert free == 0

    # Packed by scan: every order in the suggested box; the one with four pots needs a second.
    for order in orders:
        await pack_order(desk, order)
    parcels = await desk.world.rows(
        "SELECT f.order_id, count(*) AS n FROM parcels p JOIN fulfillment_orders f ON f.id = p.fulfillment_id"
        " WHERE NOT f.automatic GROUP BY 1"
    )
    assert {row["order_id"]: row["n"] for row in parcels} == {
        order: 2 if order == orders[-1] else 1 for order in orders
    }
    await desk.sound()

    # Labels are bought as for anybody; the last scan at the door dispatches.
    for _ in range(3):
        await desk.works()
        await desk.send()
    for parcel in await desk.world.rows(
        "SELECT p.number FROM parcels p JOIN fulfillment_orders f ON f.id = p.fulfillment_id"
        " WHERE NOT f.automatic ORDER BY p.id"
    ):
        await hand_over(hub, HandOver(merchant_id=MERCHANT, actor=BOB, code=parcel["number"]))
    await desk.works()
    await desk.send()
    shipped = await desk.world.rows("SELECT ordered, cancelled, shipped FROM order_lines")
    assert all(line["shipped"] == line["ordered"] for line in shipped)
    assert len(await desk.messages("push_shipment")) == 22, "20 orders, one in two parcels, one from two places"
    await desk.sound()


async def pack_order(desk: Desk, order: int) -> None:
    """Opens its tote and scans what is wanted into the boxes that are suggested."""
    hub = desk.world.services
    tote = await desk.world.value(
        "SELECT t.code FROM totes t JOIN fulfillment_orders f ON f.id = t.fulfillment_id WHERE f.order_id = $1", order
    )
    station = await open_station(hub, pack(0, tote))
    work = int(station.fulfillment_id)
    with pytest.raises(Conflict, match=r"in the hands of user:2"):
        await open_station(hub, pack(0, tote, actor=ANN))
    for parcel in station.suggested:
        assert parcel.box is not None
        station = await scan_pack(hub, pack(work, parcel.box.code))
        for sku, units in parcel.units.items():
            station = await scan_pack(hub, pack(work, f"{units}*{sku}"))
    assert station.packed
