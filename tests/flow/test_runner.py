"""The runner: one transaction a batch, guarded by versions, with a fixed number of statements, and a defect stops only
its own row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace as with_
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.outcome import Changes, LineDelta, Outcome, StockDelta
from hub.errors import Conflict
from hub.flow.batch import Batch
from hub.flow.stage import Line
from hub.flow.stages import FULFILLMENTS, ORDERS
from tests.flow.desk import Desk, an_order, mug


def with_stage(line: Line[Any], name: str, decide: Callable[[Any, Any, datetime], Outcome]) -> Line[Any]:
    """The line with one decision replaced, as another version of the product would have it."""
    return with_(line, stages=tuple(with_(s, decide=decide) if s.name == name else s for s in line.stages))


async def accepted(desk: Desk, count: int) -> list[int]:
    """Orders that have come in, not reviewed yet."""
    orders = [an_order() for _ in range(count)]
    await desk.tell(*orders)
    await desk.take_in()
    return [await desk.order_id(order.external_id) for order in orders]


# ---------------------------------------------------------------- statements


async def test_a_batch_costs_the_same_statements_whatever_its_size(desk: Desk) -> None:
    """Ten orders and two hundred, over intake, both lines together and one by one, and what answers move."""
    await desk.count(MUG=5000)
    await desk.ship(an_order())  # accounts and channels are known now, as they are in a process at work

    async def cost(count: int) -> dict[str, int]:
        orders = [an_order() for _ in range(count)]
        await desk.tell(*orders)
        spent = {}
        for name, work in (
            ("intake", lambda: desk.intaker.work(500)),
            ("orders", lambda: desk.runner.work(ORDERS, 500)),
            ("fulfillments", lambda: desk.runner.work(FULFILLMENTS, 500)),
            ("answers", lambda: desk.lane(desk.carrier).work()),
        ):
            if name == "fulfillments":  # as they are when a batch could not move them on
                await desk.world.database.plain.execute("UPDATE fulfillment_orders SET due_at = now() WHERE state = 4")
            await desk.settle()
            before = desk.world.database.statements
            assert await work() == count
            spent[name] = desk.world.database.statements - before
        await desk.send()
        return spent

    few, many = await cost(10), await cost(200)

    assert few == many
    assert sum(many.values()) <= 80


# ---------------------------------------------------------------- defects


async def test_a_decision_that_raises_holds_only_its_own_order(desk: Desk) -> None:
    ids = await accepted(desk, 5)
    real = next(stage.decide for stage in ORDERS.stages if stage.name == "review")

    def broken(row: Any, facts: Any, now: datetime) -> Outcome:
        if row.id == ids[2]:
            raise ZeroDivisionError("of all things")
        return real(row, facts, now)

    await desk.runner.work(with_stage(ORDERS, "review", broken))

    states = [(await desk.order(order_id))["state"] for order_id in ids]
    assert states == [Lifecycle.IN_PROGRESS] * 2 + [Lifecycle.RECEIVED] + [Lifecycle.IN_PROGRESS] * 2
    held = (await desk.holds(ids[2]))["manual"]
    assert held == {"what": "defect", "stage": "review", "error": "ZeroDivisionError: of all things"}

    await desk.world.database.plain.execute("UPDATE orders SET due_at = now() WHERE id = $1", ids[2])
    await desk.orders()
    assert await desk.holds(ids[2]) == {}, "healed once the defect is gone"
    assert (await desk.order(ids[2]))["state"] is Lifecycle.IN_PROGRESS


async def test_a_fulfillment_order_whose_decision_raises(desk: Desk) -> None:
    (one, other) = await accepted(desk, 2)
    await desk.route()
    real = next(stage.decide for stage in FULFILLMENTS.stages if stage.name == "pack")

    def broken(row: Any, facts: Any, now: datetime) -> Outcome:
        if row.order_id == one:
            raise KeyError("box")
        return real(row, facts, now)

    await desk.runner.work(with_stage(FULFILLMENTS, "pack", broken))

    assert await desk.works_of(one) == [Work.PICKED]
    assert (await desk.holds(one))["manual"]["stage"] == "pack"
    assert await desk.works_of(other) == [Work.PACKED]


# ---------------------------------------------------------------- guards


async def test_somebody_who_was_faster_rolls_the_batch_back(desk: Desk) -> None:
    """An action moved the order between claim and apply: possible only past its lock, so the guard is shown by hand."""
    (order_id,) = await accepted(desk, 1)
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    stale = {"id": order_id, "was": 7, "version": 8, "state": 2, "due_at": batch.at, "promised_at": None,
             "completed_at": None}  # fmt: skip
    batch.orders.append(stale)
    batch.stock_change(1, StockDelta("MUG", desk.location, 0, 1, "test", 0))
    before = await desk.order(order_id)

    with pytest.raises(Conflict, match="orders: 0 of 1"):
        async with desk.world.database.transaction() as tx:
            await batch.flush(tx)

    assert await desk.order(order_id) == before
    assert await desk.stock() == (100, 0), "and everything else of the batch with it"


async def test_a_row_that_is_being_worked_on_is_left_to_whoever_works_on_it(desk: Desk) -> None:
    ids = await accepted(desk, 3)
    other = await desk.world.database.connect()
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT 1 FROM orders WHERE id = $1 FOR UPDATE", ids[1])
        assert await desk.runner.work(ORDERS) == 2
        await other.execute("ROLLBACK")
    finally:
        await other.close()

    assert await desk.runner.work(ORDERS) == 1


async def test_the_same_event_cannot_be_written_twice(desk: Desk) -> None:
    (order_id,) = await accepted(desk, 1)

    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.world.database.plain.execute(
            """INSERT INTO events (merchant_id, subject_id, seq, order_id, kind, actor, source, occurred_at,
                                   recorded_at)
               SELECT merchant_id, subject_id, seq, order_id, kind, actor, source, occurred_at, recorded_at FROM events
               WHERE subject_id = $1 LIMIT 1""",
            order_id,
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE stock SET reserved = on_hand + 1",
        "UPDATE stock SET reserved = -1",
        "UPDATE stock SET on_hand = 1",
        "UPDATE order_lines SET cancelled = ordered - shipped + 1",
        "UPDATE order_lines SET reserved = ordered + 1",
        "UPDATE order_lines SET picked = assigned + 1",
        "UPDATE order_lines SET packed = picked + 1",
        "UPDATE order_lines SET shipped = packed + 1",
        "UPDATE order_lines SET delivered = shipped + 1",
        "UPDATE order_lines SET received_back = shipped + 1",
        "UPDATE order_lines SET restocked = received_back + 1",
        "UPDATE order_lines SET refunded = paid + 1",
        "UPDATE payments SET refunded = captured + 1",
        "UPDATE payments SET amount = -1",
        "UPDATE fulfillment_lines SET reserved = quantity + 1",
        "UPDATE fulfillment_lines SET picked = quantity + 1",
        "UPDATE orders SET total = -1",
        "UPDATE ledger SET amount = 0",
        "DELETE FROM ledger",
        "DELETE FROM stock_movements",
        """INSERT INTO ledger (id, merchant_id, order_id, posting, account, currency, amount, at)
           SELECT 1, merchant_id, id, 'x', 'cash', 'EUR', 5, now() FROM orders LIMIT 1""",
    ],
)
async def test_the_database_itself_refuses_what_cannot_be(desk: Desk, sql: str) -> None:
    order_id = await desk.take(an_order())
    await desk.runner.work(FULFILLMENTS)
    await desk.world.database.plain.execute("UPDATE stock SET reserved = reserved")
    assert order_id

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.world.database.plain.execute(sql)


# ---------------------------------------------------------------- stock


async def test_more_orders_than_stock(desk: Desk) -> None:
    """Two hundred want one each of fifty, in batches of one worker."""
    await desk.count(MUG=50)
    orders = [an_order(lines=(mug(quantity=1),)) for _ in range(200)]
    await desk.tell(*orders)
    await desk.take_in()
    await desk.orders()

    assert await desk.stock() == (50, 50)
    assert await desk.world.value("SELECT count(*) FROM orders WHERE state = 3") == 50
    backordered = await desk.world.value("SELECT count(*) FROM holds WHERE reason = 'stock' AND state = 'open'")
    assert backordered == 150

    await desk.count(MUG=130)
    await desk.orders()

    assert await desk.stock() == (130, 130)
    assert await desk.world.value("SELECT count(*) FROM orders WHERE state = 3") == 130
    assert await desk.world.value("SELECT count(*) FROM holds WHERE reason = 'stock' AND state = 'open'") == 70
    assert await desk.world.value("SELECT count(*) FROM holds WHERE resolution = 'healed'") == 80


async def test_a_stock_change_beyond_what_is_free_is_refused(desk: Desk) -> None:
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    for _ in range(2):
        batch.stock_change(1, StockDelta("MUG", desk.location, 0, 51, "test", 0))

    with pytest.raises(Conflict, match="stock: 0 of 1"):
        async with desk.world.database.transaction() as tx:
            await batch.flush(tx)

    assert await desk.stock() == (100, 0)
    assert await desk.world.value("SELECT coalesce(sum(reserved), 0) FROM stock_movements") == 0


async def test_sold_out_means_sold_out_although_everybody_looks_at_once(desk: Desk) -> None:
    """Two hundred single reservations race over their own connections for the last fifty."""
    await desk.count(MUG=50)

    async def reserve() -> bool:
        batch = Batch(desk.world.ports.ids, desk.world.clock.now())
        batch.stock_change(1, StockDelta("MUG", desk.location, 0, 1, "test", 0))
        try:
            async with desk.world.database.transaction() as tx:
                await batch.flush(tx)
        except Conflict:
            return False
        return True

    won = await asyncio.gather(*(reserve() for _ in range(200)))

    assert sum(won) == 50
    assert await desk.stock() == (50, 50)
    assert await desk.world.value("SELECT sum(reserved)::int FROM stock_movements WHERE sku = 'MUG'") == 50


# ---------------------------------------------------------------- healing, mapping, duplicates


async def test_importing_what_was_unknown_heals_the_hold(desk: Desk) -> None:
    order_id = await desk.take(an_order(lines=(mug(sku="NEW", listing_id=""),)))
    assert set(await desk.holds(order_id)) == {"mapping"}

    await desk.count(NEW=5)
    await desk.orders()

    assert await desk.holds(order_id) == {}
    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS


async def test_the_same_order_placed_twice_within_a_minute(desk: Desk) -> None:
    one = an_order()
    other = an_order(buyer=one.buyer)
    await desk.tell(one, other)
    await desk.take_in()
    await desk.orders()

    first, second = [await desk.order_id(order.external_id) for order in (one, other)]
    assert await desk.holds(first) == {}
    assert (await desk.holds(second))["duplicate"]["order_id"] == str(first)


@asynccontextmanager
async def constraint(desk: Desk, sql: str) -> AsyncIterator[None]:
    """A rule of the database's own for the length of a test."""
    await desk.world.database.plain.execute(f"ALTER TABLE orders ADD CONSTRAINT of_a_test CHECK ({sql}) NOT VALID")
    try:
        yield
    finally:
        await desk.world.database.plain.execute("ALTER TABLE orders DROP CONSTRAINT of_a_test")


async def test_a_row_that_no_batch_can_write_is_put_off_and_the_others_go_on(desk: Desk) -> None:
    """The worker narrows its batches until the row is alone, and goes on without it."""
    ids = await accepted(desk, 40)
    bad = ids[17]
    async with constraint(desk, f"id <> {bad} OR state < 2"), desk.world.worker():

        async def moved() -> bool:
            done = await desk.world.value("SELECT count(*) FROM orders WHERE state >= 3")
            put_off = await desk.world.value(
                "SELECT due_at > $2 FROM orders WHERE id = $1", bad, desk.world.clock.now()
            )
            return bool(done == 39 and put_off)

        await desk.world.until(moved)

    assert (await desk.order(bad))["state"] is Lifecycle.RECEIVED


def test_an_outcome_without_changes_is_nothing() -> None:
    assert Outcome().changes == Changes()
    assert LineDelta(1) == LineDelta(1, cancelled=0)


# ---------------------------------------------------------------- stock that goes meanwhile


async def test_units_that_go_between_reading_and_writing_are_promised_once(desk: Desk) -> None:
    """The batch that had read them is done again, with what it reads held, and its order waits for goods."""
    await desk.count(MUG=2)
    (order_id,) = await accepted(desk, 1)
    other = await desk.world.database.connect()
    try:
        await other.execute("BEGIN; LOCK TABLE fulfillment_lines IN SHARE ROW EXCLUSIVE MODE")
        line = asyncio.create_task(desk.runner.work(ORDERS))

        async def has_decided() -> bool:
            sql = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'fulfillment_lines'::regclass"
            return bool(await desk.world.value(sql))

        await desk.world.until(has_decided)
        await other.execute("UPDATE stock SET reserved = 2 WHERE sku = 'MUG'; COMMIT")
        with pytest.raises(Conflict, match="stock"):
            await line
    finally:
        await other.close()

    assert (await desk.order(order_id))["state"] is Lifecycle.RECEIVED, "nothing of the batch was kept"
    assert desk.runner._careful == {"orders"}
    await desk.runner.work(ORDERS)
    assert set(await desk.holds(order_id)) == {"stock"}
    assert desk.runner._careful == set()
    assert await desk.stock() == (2, 2)
