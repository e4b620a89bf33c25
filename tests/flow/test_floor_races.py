"""Whatever two pickers, a packer, cancellations, rejections and counts do to one wave, in whatever order and at once:
counters and ledger agree, nothing is oversold, and nothing is left on the floor that nobody would ever end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.actions.add_location import NewLocation, add_location
from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.floor_ends import end_walks
from hub.actions.floor_pack import pack_suggested
from hub.actions.floor_pick import claim_walk, give_back_walk, report_short, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_unpack import unpack
from hub.actions.floor_views import show_walk
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.errors import CrossdockError
from tests.flow.desk import BERLIN, Desk, an_order, mug
from tests.flow.test_bundles import bundle
from tests.flow.test_floor import ANN, BOB, pack, scan
from tests.flow.test_stock_races import _count, _route
from tests.support.database import empty
from tests.support.world import MERCHANT

FEW = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
SLOW = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
WHAT = (
    *["scan"] * 8, *["two"] * 3, *["pack"] * 3, "wrong", "short", "back", "cancel", "reject",
    "route", "unpack", "count",
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.sampled_from([ANN, BOB]), st.integers(0, 2)), min_size=6, max_size=24
)
Step = tuple[str, str, int]

NOBODY_ENDS = """SELECT f.number FROM fulfillment_orders f WHERE f.state = 2 AND f.wave_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM pick_lines p WHERE p.fulfillment_id = f.id AND p.picked + p.short < p.quantity)"""
"""Being picked, with nothing left to pick."""
OPEN_WAVES = """SELECT w.number FROM waves w WHERE w.state <> 'done' AND NOT EXISTS (
    SELECT 1 FROM pick_lines p JOIN fulfillment_orders f ON f.id = p.fulfillment_id
    WHERE p.wave_id = w.id AND p.picked + p.short < p.quantity AND f.state <> 10)"""
APART = """SELECT p.id FROM pick_lines p JOIN fulfillment_orders f ON f.id = p.fulfillment_id
    JOIN fulfillment_lines l ON l.id = p.fulfillment_line_id
    WHERE f.state <> 10 AND p.quantity - p.short <> l.quantity"""
"""Stops that want another number of units than their fulfillment order."""


async def begin(desk: Desk, strategy: str) -> None:
    """Three orders of mugs, cups and sets of both, in one wave in Berlin; Hamburg has some too."""
    await empty(desk.world.database)
    desk.directory.forget()
    await desk.set_up()
    await desk.count("hamburg", MUG=3, CUP=3)
    await desk.count(MUG=7, CUP=7)
    await add_location(desk.world.services, MERCHANT, NewLocation(code="berlin", address=BERLIN, automatic=False))
    await bundle(desk, "DUO", MUG=1, CUP=1)
    baskets = ((("MUG", 2),), (("DUO", 2),), (("MUG", 1), ("CUP", 2)))
    for basket in baskets:
        lines = (mug(external_id=f"L{n}", sku=s, listing_id="", quantity=q) for n, (s, q) in enumerate(basket))
        await desk.take(an_order(lines=tuple(lines)))
    await desk.works()
    new = NewWave(merchant_id=MERCHANT, location="berlin", strategy=strategy, actor=ANN)
    await release_wave(desk.world.services, new)


async def nth(desk: Desk, sql: str, which: int) -> int:
    """The id of one of the rows, whichever there are."""
    rows = await desk.world.rows(sql)
    return int(rows[which % len(rows)]["id"]) if rows else 0


async def right(desk: Desk, task: int, who: str, many: str = "1*") -> None:
    """Whoever has the walk scans what it asks for, or ("") says that it is not there."""
    hub, walk = desk.world.services, await show_walk(desk.world.database, MERCHANT, task)
    mine = scan(task, "-" if walk.stop is None else walk.stop.sku, walk.claimed_by or who)
    if not walk.claimed_by:
        await claim_walk(hub, mine)
    if walk.kind == "tote" and walk.stop is not None:
        await scan_pick(hub, replace(mine, code=walk.stop.tote))
    elif many:
        await scan_pick(hub, replace(mine, code=f"{many}{mine.code}"))
    else:
        await report_short(hub, mine)


async def deed(desk: Desk, step: Step) -> None:
    """One thing that somebody does; refusals are part of the day."""
    what, who, which = step
    hub = desk.world.services
    task = await nth(desk, "SELECT id FROM pick_tasks ORDER BY id", which)
    order = await nth(desk, "SELECT id FROM orders ORDER BY id", which)
    work = await nth(desk, "SELECT id FROM fulfillment_orders ORDER BY id", which)
    to_pack = await nth(desk, "SELECT id FROM fulfillment_orders WHERE state = 3 ORDER BY id", which)
    packed = await nth(desk, "SELECT id FROM fulfillment_orders WHERE state = 4 ORDER BY id", which)
    off = Cancel(merchant_id=MERCHANT, order_id=order, actor=who, reason="changed their mind")
    rejection = Rejection(merchant_id=MERCHANT, fulfillment=str(work), reason="closed", actor=who)
    table: dict[str, Callable[[], Awaitable[object]]] = {
        "scan": lambda: right(desk, task, who),
        "two": lambda: right(desk, task, who, "2*"),
        "wrong": lambda: scan_pick(hub, scan(task, "CUP", who)),
        "short": lambda: right(desk, task, who, ""),
        "back": lambda: give_back_walk(hub, scan(task, actor=who)),
        "cancel": lambda: cancel_order(hub, off),
        "reject": lambda: reject_fulfillment(hub, rejection),
        "route": lambda: _route(desk),
        "pack": lambda: pack_suggested(hub, pack(to_pack, actor=who)),
        "unpack": lambda: unpack(hub, pack(packed, actor=who)),
        "count": lambda: _count(desk, "MUG", which),
    }
    try:
        await table[what]()
    except CrossdockError:
        return


async def ended_well(desk: Desk) -> None:
    """The store is sound, and the clock's look leaves nothing open that is over."""
    await desk.sound()
    await end_walks(desk.world.services)
    for sql in (NOBODY_ENDS, OPEN_WAVES, APART):
        assert await desk.world.rows(sql) == []


async def day(desk: Desk, strategy: str, steps: list[Step], at_once: int) -> None:
    await begin(desk, strategy)
    for start in range(0, len(steps), at_once):
        await asyncio.gather(*(deed(desk, step) for step in steps[start : start + at_once]))
    await ended_well(desk)


@FEW
@given(st.sampled_from(["orders", "zones"]), STEPS, st.sampled_from([1, 4]))
async def test_nothing_is_left_on_the_floor(desk: Desk, strategy: str, steps: list[Step], at_once: int) -> None:
    await day(desk, strategy, steps, at_once)


@pytest.mark.long
@SLOW
@given(st.sampled_from(["orders", "zones"]), STEPS, st.sampled_from([1, 2, 4, 8]))
async def test_nothing_is_left_on_the_floor_for_long(
    desk: Desk, strategy: str, steps: list[Step], at_once: int
) -> None:
    await day(desk, strategy, steps, at_once)
