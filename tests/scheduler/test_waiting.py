"""What waits is not forgotten: overdue holds, deliveries without their order, rows whose wake was lost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.actions.expire_holds import expire_holds
from hub.actions.give_up_waiting import give_up_waiting, overdue
from hub.actions.import_products import import_products
from hub.actions.verify_store import verify_store
from hub.actions.wake_forgotten import wake_forgotten
from hub.contract import Delivery
from hub.domain.lifecycle import FOREVER, Inbox, Lifecycle, Work
from hub.errors import Retry
from hub.flow.directory import Directory
from hub.flow.intake import Intaker
from hub.flow.runner import Runner
from hub.flow.stages import FULFILLMENTS, LINES
from tests.support.world import World


async def sound(world: World) -> None:
    """The store keeps its invariants."""
    assert (await verify_store(world.database)).violations == ()


async def move_without_outbox(world: World) -> None:
    """Intake and both lines, but nothing leaves."""
    directory = Directory(world.database, world.accounts)
    intaker, runner = Intaker(world.database, directory, world.ports), Runner(world.database, directory, world.ports)
    while await intaker.work() + sum([await runner.work(line) for line in LINES]):
        pass


# ---------------------------------------------------------------- holds


async def test_an_overdue_hold_is_escalated_once_and_the_order_says_so(world: World) -> None:
    await world.order("nordlicht", 2)
    await world.drain()
    assert await expire_holds(world.services) == 0
    world.clock.advance(timedelta(days=15))
    due = await world.value("SELECT count(*) FROM holds WHERE state = 'open'")
    assert await expire_holds(world.services) == due >= 2
    assert await expire_holds(world.services) == 0
    assert await world.value("SELECT count(*) FROM holds WHERE state = 'escalated'") == due
    assert await world.value("SELECT count(*) FROM events WHERE kind = 'hold_escalated'") == due
    await sound(world)


async def test_an_escalated_hold_still_heals(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.carrier()
    await world.order("nordlicht", 1)
    await world.drain()
    world.clock.advance(timedelta(days=15))
    await expire_holds(world.services)
    await import_products(world.services, account_id)
    await world.stock()
    await world.drain()
    assert await world.value("SELECT count(*) FROM parcels") == 1
    await sound(world)


async def test_a_hold_of_an_order_that_is_being_worked_on_waits(world: World) -> None:
    await world.order("nordlicht", 1)
    await world.drain()
    world.clock.advance(timedelta(days=15))
    somebody = await world.database.connect()
    async with somebody.transaction():
        await somebody.execute("SELECT id FROM orders FOR UPDATE")
        assert await expire_holds(world.services) == 0
    await somebody.close()
    assert await expire_holds(world.services) > 0


# ---------------------------------------------------------------- deliveries that wait


async def cancellation(world: World, order_id: str) -> int:
    """A cancellation of an order that is not here; returns the delivery's row."""
    channel: Any = await world.accounts.open(world.ids["nordlicht"])
    told = {"order_id": order_id, "cancelled_at": world.clock.now().isoformat(), "reason": "changed their mind"}
    delivery = Delivery(id=f"cancel:{order_id}", topic="order.cancelled", body=json.dumps(told).encode())
    assert await world.inbox.keep(channel.account, delivery)
    await world.drain()
    row = (await world.rows("SELECT id, state FROM inbox WHERE delivery_id = $1", delivery.id))[0]
    assert row["state"] == Inbox.WAITING
    return int(row["id"])


async def test_an_order_that_never_comes_is_pulled_for_once_then_given_up(world: World) -> None:
    account_id = await world.store("nordlicht")
    row_id = await cancellation(world, "ord_nowhere")
    assert await overdue(world.services) == []
    world.clock.advance(timedelta(hours=25))
    assert [target.account_id for target in await overdue(world.services)] == [account_id]
    assert (await give_up_waiting(world.services, world.inbox, account_id)).helped == 1
    assert await overdue(world.services) == [], "it gets an hour"
    world.clock.advance(timedelta(hours=2))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).set_aside == 1
    row = (await world.rows("SELECT state, error FROM inbox WHERE id = $1", row_id))[0]
    assert row["state"] == Inbox.SET_ASIDE
    assert row["error"].startswith("order ord_nowhere never came: ")


async def test_a_pull_brings_the_order_that_a_delivery_waits_for(world: World) -> None:
    account_id = await world.store("nordlicht")
    await world.stock()
    [order_id] = world.stores.seed_orders(1, store="nordlicht")
    row_id = await cancellation(world, order_id)
    world.clock.advance(timedelta(hours=25))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).helped == 1
    await world.drain()
    assert await world.value("SELECT state FROM inbox WHERE id = $1", row_id) == Inbox.DONE
    assert await world.value("SELECT state FROM orders") == Lifecycle.CANCELLED
    await sound(world)


async def test_a_channel_that_is_down_gets_three_days(world: World) -> None:
    account_id = await world.store("nordlicht")
    await cancellation(world, "ord_nowhere")
    world.clock.advance(timedelta(hours=25))
    world.stores.mischief.fail(500)
    with pytest.raises(Retry):
        await give_up_waiting(world.services, world.inbox, account_id)
    assert len(await overdue(world.services)) == 1, "it waits on"
    world.clock.advance(timedelta(hours=48))
    assert (await give_up_waiting(world.services, world.inbox, account_id)).set_aside == 1


async def test_where_nothing_can_be_pulled_waiting_ends_after_a_day(world: World) -> None:
    carrier = await world.carrier()
    await world.database.plain.execute(
        """INSERT INTO inbox (id, merchant_id, account_id, delivery_id, topic, body, received_at, state, due_at, about)
           VALUES (1, 1, $1, 'd', 't', '', $2, $3, $2, 'ord_x')""",
        carrier, world.clock.now(), int(Inbox.WAITING),
    )  # fmt: skip
    world.clock.advance(timedelta(hours=25))
    assert (await give_up_waiting(world.services, world.inbox, carrier)).set_aside == 1
    assert "cannot be pulled" in await world.value("SELECT error FROM inbox")


# ---------------------------------------------------------------- what a lost wake leaves behind


async def test_there_is_normally_nothing_to_wake(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 3)
    await world.drain()
    assert await wake_forgotten(world.services) == 0


async def test_a_label_that_nobody_was_woken_for_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 1)
    await move_without_outbox(world)
    label = {
        "external_id": "lbl",
        "carrier": "c",
        "service": "s",
        "tracking_number": "T1",
        "cost": 1,
        "currency": "EUR",
    }
    answered = await world.database.plain.execute(
        "UPDATE outbox SET state = 9, sent_at = $1, receipt = $2 WHERE kind = 'buy_label'",
        world.clock.now(), json.dumps({"label": label}),
    )  # fmt: skip
    assert answered == 1
    assert await wake_forgotten(world.services) == 1
    assert await wake_forgotten(world.services) == 0
    await move_without_outbox(world)
    assert await world.value("SELECT state FROM fulfillment_orders") == Work.DISPATCHED


async def test_a_scan_that_nobody_looked_at_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    await world.order("nordlicht", 1)
    await world.drain()
    parcel = (await world.rows("SELECT id, merchant_id FROM parcels"))[0]
    now = world.clock.now()
    await world.database.plain.execute(
        """INSERT INTO scans (id, merchant_id, parcel_id, external_id, status, at, recorded_at)
           VALUES ($1, $2, $3, 's1', 'delivered', $4, $4)""",
        world.ports.ids.next(), parcel["merchant_id"], parcel["id"], now,
    )  # fmt: skip
    assert await wake_forgotten(world.services) == 1
    runner = Runner(world.database, Directory(world.database, world.accounts), world.ports)
    await runner.work(FULFILLMENTS)
    await world.database.plain.execute("UPDATE orders SET due_at = $1", FOREVER)  # the order's own wake is lost as well
    assert await wake_forgotten(world.services) == 1
    await world.drain()
    assert await world.value("SELECT state FROM orders") == Lifecycle.COMPLETED
    await sound(world)


async def test_a_delivery_whose_order_came_is_found(world: World) -> None:
    await world.store("nordlicht")
    await world.stock()
    row_id = await cancellation(world, "ord_later")
    [order_id] = await world.order("nordlicht", 1)
    await world.drain()
    await world.database.plain.execute("UPDATE inbox SET about = $2 WHERE id = $1", row_id, order_id)
    assert await wake_forgotten(world.services) == 1
