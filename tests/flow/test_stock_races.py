"""No interleaving oversells: allocators at once on real PostgreSQL, and whatever sequence Hypothesis finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.stock_adjust import Adjust, adjust_stock
from hub.actions.stock_count import Counted, OpenSheet, count_line, open_sheet
from hub.actions.stock_quarantine import Quarantine, let_out, put_aside
from hub.actions.stock_receive import Receive, receive_stock
from hub.actions.stock_reserve import Reserve, release_units, reserve_units
from hub.actions.stock_shortage import ReportShortage, report_shortage
from hub.actions.stock_transfer import Arrive, Ship, receive_transfer, ship_transfer
from hub.errors import Conflict, CrossdockError
from hub.flow.runner import Runner
from hub.flow.stages import ORDERS
from tests.flow.desk import Desk, an_order, mug
from tests.flow.test_bundles import bundle
from tests.support.database import empty
from tests.support.world import MERCHANT

UNITS, ALLOCATORS = 50, 200
FEW = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
SLOW = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


# ------------------------------------------------------------ many at once


async def allocate(desk: Desk, round_: int) -> tuple[int, int]:
    """200 buyers at once for 50 units, every fourth of a bundle of two; (units got, buyers refused)."""

    async def one(buyer: int) -> int:
        sku, units = ("DUO", 2) if buyer % 4 == 0 else ("MUG", 1)
        asked = Reserve(merchant_id=MERCHANT, reference=f"{round_}-{buyer}", lines={sku: 1}, actor="chat")
        try:
            await reserve_units(desk.world.services, asked)
        except Conflict:
            return 0
        return units

    got = await asyncio.gather(*(one(buyer) for buyer in range(ALLOCATORS)))
    return sum(got), got.count(0)


async def rounds(desk: Desk, count: int) -> None:
    """Each round sells exactly what there is, and not one unit more."""
    await bundle(desk, "DUO", MUG=2)
    await desk.count(MUG=UNITS)
    for round_ in range(count):
        got, refused = await allocate(desk, round_)
        assert await desk.stock() == (UNITS, got), "what was given away is what is reserved"
        assert UNITS - 1 <= got <= UNITS, "one unit may be left where only bundles were still wanted"
        assert refused > 0
        await desk.sound()
        for buyer in range(ALLOCATORS):
            await release_units(desk.world.services, MERCHANT, f"{round_}-{buyer}")
        assert await desk.stock() == (UNITS, 0)


async def test_200_allocators_on_50_units(desk: Desk) -> None:
    await rounds(desk, 2)


@pytest.mark.long
async def test_200_allocators_on_50_units_20_rounds(desk: Desk) -> None:
    await rounds(desk, 20)


async def test_workers_route_200_orders_on_50_units_while_others_take_them_too(desk: Desk) -> None:
    await desk.count(MUG=UNITS)
    await bundle(desk, "DUO", MUG=2)
    wanted = [
        an_order(lines=(mug(sku="DUO" if n % 4 == 0 else "MUG", listing_id="", quantity=1),)) for n in range(ALLOCATORS)
    ]
    await desk.tell(*wanted)
    await desk.take_in()

    *_, taken = await asyncio.gather(*(_route(desk) for _ in range(4)), _take_away(desk))

    on_hand, reserved = await desk.stock()
    assert on_hand == UNITS - taken
    assert reserved == on_hand, "every unit that was left is promised, and none twice"
    await desk.sound()


async def _route(desk: Desk) -> int:
    """One process that routes small batches until nothing is due; a batch that met another is tried again."""
    runner = Runner(desk.world.database, desk.directory, desk.world.ports)
    while True:
        try:
            if not await runner.work(ORDERS, 7):
                return 0
        except Conflict:
            continue


async def _take_away(desk: Desk) -> int:
    """Takes ten units one by one, as long as there are some that nobody was promised; returns how many it got."""
    for taken in range(10):
        asked = Adjust(merchant_id=MERCHANT, sku="MUG", location="berlin", units=1, reason="sample", actor="user:7")
        try:
            await adjust_stock(desk.world.services, asked)
        except Conflict:
            return taken
    return 10


# ------------------------------------------------------------ whatever Hypothesis finds


SKUS = st.sampled_from(["MUG", "CUP", "DUO"])
SMALL = st.integers(1, 9)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "receive",
                "adjust",
                "aside",
                "out",
                "gone",
                "reserve",
                "release",
                "ship",
                "arrive",
                "count",
                "order",
                "reject",
                "short",
                "cancel",
                "route",
            ]
        ),
        SKUS,
        SMALL,
        st.integers(0, 2),
    ),
    min_size=3,
    max_size=14,
)
Step = tuple[str, str, int, int]


def deeds(desk: Desk, step: Step) -> Awaitable[object]:
    """One booking; `which` names one of three receipts, checkouts and transfers."""
    what, sku, units, which = step
    services, who = desk.world.services, {"merchant_id": MERCHANT, "actor": "user:7"}
    aside = Quarantine(**who, sku=sku, location="berlin", units=units, reason="damaged")  # type: ignore[arg-type]
    some: dict[str, Any] = {**who, "reference": f"R{which}", "lines": {sku: units}}
    table: dict[str, Callable[[], Awaitable[object]]] = {
        "receive": lambda: receive_stock(services, Receive(**some, location=("berlin", "hamburg")[which % 2])),
        "adjust": lambda: adjust_stock(services, Adjust(
            **who, sku=sku, location="berlin", units=units, reason=("found", "lost", "damaged")[which])),  # type: ignore[arg-type]
        "aside": lambda: put_aside(services, aside),
        "out": lambda: let_out(services, aside),
        "gone": lambda: let_out(services, aside, write_off=True),
        "reserve": lambda: reserve_units(services, Reserve(**some)),
        "release": lambda: release_units(services, MERCHANT, f"R{which}"),
        "ship": lambda: ship_transfer(services, Ship(**some, source="berlin", target="hamburg")),
        "arrive": lambda: receive_transfer(services, Arrive(**some, complete=which == 0)),
        "count": lambda: _count(desk, sku, units),
        "order": lambda: desk.take(an_order(lines=(mug(sku=sku, listing_id="", quantity=units),))),
        "reject": lambda: _reject(desk, which),
        "short": lambda: _short(desk, which, units),
        "cancel": lambda: _cancel(desk, which),
        "route": lambda: _route(desk),
    }  # fmt: skip
    return table[what]()


async def _reject(desk: Desk, which: int) -> None:
    """A location will not ship one of the fulfillment orders there are."""
    rows = await desk.world.rows("SELECT id FROM fulfillment_orders WHERE state <> 10 ORDER BY id OFFSET $1", which)
    for row in rows[:1]:
        asked = Rejection(merchant_id=MERCHANT, fulfillment=str(row["id"]), reason="closed", actor="user:7")
        await reject_fulfillment(desk.world.services, asked)


async def _short(desk: Desk, which: int, units: int) -> None:
    """A picker finds fewer than there should be for one of the fulfillment lines there are."""
    rows = await desk.world.rows(
        """SELECT l.id, l.quantity FROM fulfillment_lines l JOIN fulfillment_orders f ON f.id = l.fulfillment_id
           WHERE f.state <> 10 ORDER BY l.id OFFSET $1""",
        which,
    )
    for row in rows[:1]:
        found = min(units, row["quantity"]) - 1
        asked = ReportShortage(merchant_id=MERCHANT, line_id=row["id"], found=found, actor="user:7")
        await report_shortage(desk.world.services, asked)


async def _cancel(desk: Desk, which: int) -> None:
    """One of the orders there are is no longer wanted."""
    for row in await desk.world.rows("SELECT id FROM orders ORDER BY id OFFSET $1 LIMIT 1", which):
        asked = Cancel(merchant_id=MERCHANT, order_id=row["id"], actor="user:7", reason="changed their mind")
        await cancel_order(desk.world.services, asked)


async def _count(desk: Desk, sku: str, units: int) -> None:
    asked = OpenSheet(merchant_id=MERCHANT, location="berlin", actor="anna", skus=(sku,))
    sheet = await open_sheet(desk.world.services, asked)
    for line in sheet.lines:
        told = Counted(
            merchant_id=MERCHANT, sheet_id=sheet.id, sku=line.sku, units=units * 3, counter="anna", accept=True
        )
        await count_line(desk.world.services, told)


async def fresh(desk: Desk) -> None:
    """Twelve mugs and cups in Berlin, four in Hamburg, a bundle of both, and three orders that are routed."""
    await empty(desk.world.database)
    desk.directory.forget()
    await desk.set_up()
    await desk.count(MUG=12, CUP=12)
    await desk.count("hamburg", MUG=4, CUP=4)
    await bundle(desk, "DUO", MUG=2, CUP=1)
    await desk.take(*(an_order(lines=(mug(sku=sku, listing_id="", quantity=3),)) for sku in ("MUG", "DUO", "CUP")))


async def tried(desk: Desk, step: Step) -> None:
    try:
        await deeds(desk, step)
    except CrossdockError:
        return  # refused, with words: nothing of it may be left behind


@FEW
@given(STEPS)
async def test_the_ledger_adds_up_whatever_is_booked(desk: Desk, steps: list[Step]) -> None:
    await fresh(desk)
    for step in steps:
        await tried(desk, step)
    await desk.sound()


@FEW
@given(STEPS)
async def test_the_ledger_adds_up_whoever_books_at_once(desk: Desk, steps: list[Step]) -> None:
    await fresh(desk)
    await asyncio.gather(*(tried(desk, step) for step in steps if step[0] != "order"))
    await desk.sound()


@pytest.mark.long
@SLOW
@given(STEPS)
async def test_the_ledger_adds_up_for_long(desk: Desk, steps: list[Step]) -> None:
    await fresh(desk)
    await asyncio.gather(*(tried(desk, step) for step in steps if step[0] != "order"))
    for step in steps:
        await tried(desk, step)
    await desk.sound()
