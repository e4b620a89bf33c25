"""The one order of locks: imports, people who book stock, and workers that route never wait in a ring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from hub.actions.floor_pick import claim_walk, report_short
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.routing_plans import NewPlan, set_plan
from hub.actions.stock_adjust import Adjust, adjust_stock
from hub.actions.stock_receive import Receive, receive_stock
from hub.errors import Conflict
from hub.flow.runner import Runner
from hub.flow.stages import ORDERS
from tests.flow.desk import Desk, an_order, mug
from tests.flow.test_floor import floor, scan, wave
from tests.support.world import MERCHANT

__all__ = ["floor"]

WAITING = 30
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
AUDIT = "SELECT pg_try_advisory_xact_lock(hashtextextended('crossdock:audit:' || $1::text, 0))"
SKUS = ("CUP", "MUG")


async def waiting(desk: Desk) -> None:
    """Orders that all wait for more than there is."""
    await desk.count(MUG=0, CUP=0)
    await desk.take(*(an_order(lines=(mug(sku=SKUS[n % 2], listing_id="", quantity=1),)) for n in range(WAITING)))
    assert await desk.world.value("SELECT count(*) FROM holds WHERE reason = 'stock' AND state = 'open'") == WAITING


async def _import(desk: Desk, n: int) -> None:
    lines = [StockLine(sku=sku, location="berlin", on_hand=WAITING + n) for sku in reversed(SKUS)]
    lines.append(StockLine(sku=f"NEW-{n % 3}", location=f"place-{n % 2}", on_hand=n))
    await import_stock(desk.world.services, MERCHANT, lines)


async def _receive(desk: Desk, n: int) -> None:
    lines = {"MUG": 1, "CUP": 1}
    asked = Receive(merchant_id=MERCHANT, location="berlin", lines=lines, reference=f"D{n}", actor="user:1")
    await receive_stock(desk.world.services, asked)


async def _adjust(desk: Desk, n: int) -> None:
    asked = Adjust(
        merchant_id=MERCHANT, sku=SKUS[n % 2], location="berlin", units=1, reason="found", actor="user:1"
    )  # fmt: skip
    await adjust_stock(desk.world.services, asked)


async def _route(desk: Desk) -> None:
    """A worker, which does a batch again when somebody else moved what it had read."""
    runner = Runner(desk.world.database, desk.directory, desk.world.ports)
    for _ in range(6):
        try:
            await runner.work(ORDERS)
        except Conflict:
            continue


async def test_imports_bookings_and_workers_at_once_never_deadlock(desk: Desk) -> None:
    await waiting(desk)
    doing: list[Awaitable[None]] = [_route(desk), _route(desk)]
    for n in range(8):
        doing += [_import(desk, n), _receive(desk, n), _adjust(desk, n)]

    done = await asyncio.gather(*doing, return_exceptions=True)

    assert [error for error in done if error is not None] == []
    await desk.sound()


async def test_batches_that_meet_over_a_day_which_is_new_never_deadlock(desk: Desk) -> None:
    await desk.count(MUG=WAITING)
    source = '[locations.berlin]\norders_per_day = 500\n[[rules]]\nname = "everything"'
    await set_plan(desk.world.services, NewPlan(merchant_id=MERCHANT, source=source, actor="user:1"))
    desk.directory.forget()
    await desk.tell(*(an_order(lines=(mug(quantity=1),)) for _ in range(WAITING)))
    await desk.take_in()
    runners = [Runner(desk.world.database, desk.directory, desk.world.ports) for _ in range(3)]

    async def batches(runner: Runner) -> None:
        while True:
            try:
                if not await runner.work(ORDERS, 3):
                    return
            except Conflict:
                continue

    await asyncio.gather(*(batches(runner) for runner in runners))

    assert await desk.world.value("SELECT sum(orders)::int FROM location_days") == WAITING
    assert await desk.stock() == (WAITING, WAITING)
    await desk.sound()


async def test_who_reports_short_holds_neither_stock_nor_the_audit_trail_while_waiting_for_totes(floor: Desk) -> None:
    """Somebody at the pack station has a tote of the same walk, and needs stock and the audit trail next."""
    _, (task,) = await wave(floor, "cluster", ("MUG",))
    await claim_walk(floor.world.services, scan(task))
    packer = await floor.world.database.connect()
    try:
        async with packer.transaction():
            await packer.fetch("SELECT id FROM totes WHERE task_id = $1 FOR UPDATE", task)
            short = asyncio.create_task(report_short(floor.world.services, scan(task)))
            await floor.world.until(lambda: floor.world.value(WAITS))

            free = await packer.fetch("SELECT id FROM stock WHERE sku = 'MUG' FOR UPDATE SKIP LOCKED")
            audited = await packer.fetchval(AUDIT, str(MERCHANT))
    finally:
        await packer.close()

    assert (await short).done
    assert (len(free), audited) == (1, True)
    last = await floor.world.rows("SELECT action FROM audit ORDER BY seq DESC LIMIT 1")
    assert [row["action"] for row in last] == ["report_short"]
    await floor.sound()
