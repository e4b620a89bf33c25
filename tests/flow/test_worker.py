"""Workers: two on one database never do a thing twice, a dying connection stops nobody, and leaving finishes what is
held."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from hub.accounts import Accounts, Tools
from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind, LabelRequest, Shipment
from hub.flow.worker import TASKS, Worker
from hub.ports import Ports
from hub.store.database import CUT
from hub.store.nodes import join
from tests.flow.desk import Desk, an_order, mug


@asynccontextmanager
async def second_worker(desk: Desk, tasks: Collection[str] = TASKS) -> AsyncIterator[Worker]:
    """As another process would have it: a node, accounts and a directory of its own, on the same database and clock."""
    world = desk.world
    node = await join(world.database)
    ports = Ports(world.clock, node.ids, world.ports.rng)
    tools = Tools(desk.papers, world.http, world.services.vault)
    try:
        async with Worker(
            world.database, Accounts(world.database, tools, world.clock, node.ids), ports, node, tasks
        ) as worker:
            yield worker
    finally:
        await node.close()


async def all_dispatched(desk: Desk) -> bool:
    open_ = await desk.world.value("SELECT count(*) FROM orders WHERE state < 3")
    works = await desk.world.value("SELECT count(*) FROM fulfillment_orders WHERE state <> 6")
    unsent = await desk.world.value("SELECT count(*) FROM outbox WHERE state < 9")
    unread = await desk.world.value("SELECT count(*) FROM inbox WHERE state < 9")
    return not (open_ or works or unsent or unread)


def references(desk: Desk, connector: str, account: str, kind: Kind) -> Counter[str]:
    """How often each thing of a kind was asked for at the other side."""
    done = desk.book(connector, account).done
    return Counter(p.reference for k, p, _ in done if k is kind and isinstance(p, LabelRequest | Shipment))


async def test_two_workers_share_the_work_and_do_nothing_twice(desk: Desk) -> None:
    await desk.count(MUG=10_000, CUP=10_000)
    orders = [an_order(lines=(mug(), mug(external_id="L2", sku="CUP", quantity=1))) for _ in range(300)]

    async with desk.world.worker(), second_worker(desk):
        for start in range(0, 300, 50):
            await desk.tell(*orders[start : start + 50], *orders[start : start + 10])
        await desk.world.until(lambda: all_dispatched(desk), 90)

    assert await desk.world.value("SELECT count(*) FROM orders") == 300
    assert await desk.stock("MUG") == (10_000 - 600, 0)
    assert await desk.stock("CUP") == (10_000 - 300, 0)
    bought = references(desk, "paper_carrier", "carrier", Kind.BUY_LABEL)
    told = references(desk, "paper_shop", "shop", Kind.PUSH_SHIPMENT)
    assert set(bought.values()) == set(told.values()) == {1}
    assert len(bought) == len(told) == 300
    kinds = await desk.world.rows(
        "SELECT kind, count(*) AS n FROM events WHERE kind NOT IN ('stale_revision', 'revised') GROUP BY 1"
    )
    assert {row["n"] for row in kinds} == {300}, [tuple(row) for row in kinds]
    await desk.sound()


async def test_two_hundred_allocators_on_fifty_units_in_two_workers(desk: Desk) -> None:
    await desk.count(MUG=50)
    orders = [an_order(lines=(mug(quantity=1),)) for _ in range(200)]

    async def decided() -> bool:
        routed = await desk.world.value("SELECT count(*) FROM orders WHERE state = 3")
        held = await desk.world.value("SELECT count(*) FROM holds WHERE reason = 'stock' AND state = 'open'")
        return bool(routed + held == 200 and held == 150)

    async def shipped(count: int) -> bool:
        return bool(await desk.world.value("SELECT count(*) FROM parcels WHERE custody = 'handed_over'") == count)

    async with desk.world.worker(), second_worker(desk):
        await asyncio.gather(*(desk.tell(order) for order in orders))
        await desk.world.until(decided)
        await desk.world.until(lambda: shipped(50))
        assert await desk.stock() == (0, 0)
        await desk.count(MUG=149)
        await desk.world.until(lambda: shipped(199))
        assert await desk.world.value("SELECT count(*) FROM holds WHERE state = 'open'") == 1
        await desk.count(MUG=1)
        await desk.world.until(lambda: shipped(200))

    assert await desk.stock() == (0, 0)
    await desk.sound()


async def test_leaving_lets_a_call_under_way_settle(desk: Desk) -> None:
    """And gives the messages whose calls had not begun back as if nobody had taken them."""
    await desk.take(*(an_order() for _ in range(40)))
    await desk.works()
    book = desk.book("paper_carrier", "carrier")
    book.gate = asyncio.Event()

    async def release_soon() -> None:
        await asyncio.sleep(0)
        assert book.gate is not None
        book.gate.set()

    async with asyncio.timeout(20):
        async with desk.world.worker():
            await book.begun.wait()
            leaving = asyncio.create_task(release_soon())
        await leaving

    rows = await desk.messages("buy_label")
    assert not any(row["leased"] or row["unsure"] for row in rows)
    sent = [row for row in rows if row["state"] is Outbox.SENT]
    assert len(sent) == len(book.done) > 0, "every call that was made is known"
    assert all(row["attempts"] == 0 for row in rows if row["state"] is Outbox.PENDING)


async def test_a_lane_is_worked_by_one_process_at_a_time(desk: Desk) -> None:
    """While the holder's call hangs, nobody else touches the lane, however long it takes."""
    await desk.take(an_order())
    await desk.works()
    book = desk.book("paper_carrier", "carrier")
    book.gate = asyncio.Event()
    async with desk.world.worker():
        await book.begun.wait()
        async with second_worker(desk) as other:
            for _ in range(3):
                await other._post.look()
            assert other._post._working == {}, "the lane is somebody else's"
            (row,) = await desk.messages("buy_label")
            assert (row["leased"], row["unsure"]) == (True, False)
        book.gate.set()
        await desk.world.until(lambda: all_dispatched(desk))
    assert set(references(desk, "paper_carrier", "carrier", Kind.BUY_LABEL).values()) == {1}


async def cut(desk: Desk) -> None:
    """Ends every connection to the database but one's own, as a restart of the server does."""
    connection = await desk.world.database.connect()
    try:
        await connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        )
    finally:
        await connection.close()


async def steady(desk: Desk, condition: str) -> bool:
    """Whether a statement is true; a connection that was cut just now says no."""
    try:
        return bool(await desk.world.value(condition))
    except (*CUT, asyncpg.PostgresError):
        return False


async def test_cut_connections_stop_nobody(desk: Desk) -> None:
    """Locks, listeners and transactions die with their connections, again and again, and the work goes on."""
    await desk.count(MUG=10_000)
    orders = [an_order() for _ in range(120)]
    async with desk.world.worker():
        await desk.tell(*orders)
        for share in (10, 40, 80):
            done = f"SELECT count(*) >= {share} FROM outbox WHERE kind = 'buy_label' AND state = 9"
            await desk.world.until(lambda done=done: steady(desk, done), 60)  # type: ignore[misc]
            await cut(desk)
            desk.world.clock.advance(timedelta(hours=1))

        async def finished() -> bool:
            desk.world.clock.advance(timedelta(hours=1))
            return await steady(
                desk,
                """SELECT count(*) = 120 AND NOT EXISTS (SELECT 1 FROM outbox WHERE state < 9)
                FROM parcels WHERE custody = 'handed_over'""",
            )

        async def numbered() -> bool:
            return not desk.world.node.connection.is_closed()

        await desk.world.until(finished, 90)
        await desk.world.until(numbered, 30)  # the node takes its number again, within a look of the outbox

    assert await desk.stock() == (10_000 - 240, 0)
    assert len(references(desk, "paper_shop", "shop", Kind.PUSH_SHIPMENT)) == 120


async def test_the_halves_of_a_worker_do_together_what_one_does(desk: Desk) -> None:
    """One process takes in, one moves orders and sends nothing, another sends and moves nothing."""
    await desk.count(MUG=100)

    async def waiting_for_labels() -> bool:
        return bool(await desk.world.value("SELECT count(*) FROM outbox WHERE kind = 'buy_label' AND state = 0") == 20)

    async with second_worker(desk, ["lines"]), second_worker(desk, ["intake"]):
        await desk.tell(*(an_order() for _ in range(20)))
        await desk.world.until(waiting_for_labels)
        assert not references(desk, "paper_carrier", "carrier", Kind.BUY_LABEL)
        async with second_worker(desk, ["post"]):
            await desk.world.until(lambda: all_dispatched(desk))
    assert len(references(desk, "paper_shop", "shop", Kind.PUSH_SHIPMENT)) == 20
    await desk.sound()


async def test_a_worker_hears_of_work_at_once(desk: Desk) -> None:
    """Woken by the commit of what arrived: five orders one after another, long before anybody looks by himself."""
    worker = desk.world.worker()
    worker.poll_seconds = 3600.0
    async with worker:
        for _ in range(5):
            order = an_order()
            await desk.tell(order)

            async def routed(number: str = order.external_id) -> bool:
                return bool(await desk.world.value("SELECT state = 3 FROM orders WHERE external_id = $1", number))

            await desk.world.until(routed)
