"""Where a channel's rules set an end, orders lose whom they went to so long after their delivery, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.demo_store import DemoStore
from hub.actions.forget_people import Forgotten, forget_people, forgetful
from hub.actions.remove_account import remove_account
from hub.actions.verify_store import verify_store
from hub.contract import Account, Http
from hub.domain.lifecycle import Lifecycle
from hub.errors import Invalid
from hub.store.database import Database
from hub.store.nodes import Node
from scheduler.jobs import JOBS, AccountJob
from tests.support.world import World, world_of

MONTH = timedelta(days=30)
PERSON = "SELECT count(*) FROM orders WHERE email <> '' OR ship_to IS NOT NULL OR bill_to IS NOT NULL OR buyer <> '{}'"


class Strict:
    """The demo store, if its rules were Amazon's."""

    about = replace(DemoStore.about, forget_after=MONTH)

    def open(self, account: Account, http: Http) -> Any:
        return DemoStore().open(account, http)


@pytest.fixture
async def world(database: Database, node: Node) -> AsyncIterator[World]:
    async with world_of(database, node, {"demo_store": Strict()}) as made:
        yield made


async def delivered(world: World, count: int = 2) -> int:
    """So many orders of one store that arrived just now; returns the account."""
    account_id = await world.store("nordlicht")
    await world.stock()
    await world.carrier()
    await world.order("nordlicht", count)
    await world.drain()
    now = world.clock.now()
    await world.database.plain.execute("UPDATE parcels SET custody = 'delivered', delivered_at = $1", now)
    await world.database.plain.execute(
        "UPDATE orders SET state = $1, completed_at = $2, due_at = '9999-01-01Z'", int(Lifecycle.COMPLETED), now
    )
    return account_id


async def people(world: World) -> dict[str, int]:
    """How many rows of each table know somebody."""
    asked = {
        "orders": PERSON,
        "customers": "SELECT count(*) FROM customers WHERE name <> '' OR phone <> '' OR email NOT LIKE 'erased:%'",
        "bodies": "SELECT count(*) FROM inbox WHERE about <> '' AND octet_length(body) > 0",
    }
    return {name: await world.value(sql) for name, sql in asked.items()}


async def test_a_month_after_delivery_nobody_is_known_any_more(world: World) -> None:
    account_id = await delivered(world)
    known = await people(world)
    assert known["orders"] == 2 and known["customers"] >= 1 and known["bodies"] >= 2
    world.clock.advance(MONTH - timedelta(hours=1))
    assert await forget_people(world.services, account_id) == Forgotten(0)
    assert await people(world) == known
    world.clock.advance(timedelta(hours=2))
    assert await forget_people(world.services, account_id) == Forgotten(2)
    assert await people(world) == {"orders": 0, "customers": 0, "bodies": 0}
    assert await forget_people(world.services, account_id) == Forgotten(0), "there is nothing left to forget"


async def test_what_was_sold_stays_and_a_trace_is_left(world: World) -> None:
    account_id = await delivered(world)
    before = await world.rows("SELECT number, total, currency, state FROM orders ORDER BY id")
    lines = await world.value("SELECT count(*) FROM order_lines")
    world.clock.advance(MONTH + timedelta(hours=1))
    await forget_people(world.services, account_id)
    assert await world.rows("SELECT number, total, currency, state FROM orders ORDER BY id") == before
    assert await world.value("SELECT count(*) FROM order_lines") == lines
    (trace,) = await world.rows("SELECT subject, details FROM audit WHERE action = 'forget_people'")
    assert trace["subject"] == f"account:{account_id}"
    assert json.loads(trace["details"]) == {"orders": 2, "days_after_delivery": 30}
    assert [it for it in (await verify_store(world.database)).violations if it.check == "audit"] == []


async def test_an_order_that_is_not_delivered_yet_keeps_what_shipping_needs(world: World) -> None:
    account_id = await delivered(world)
    await world.database.plain.execute(
        "UPDATE orders SET state = $1, completed_at = NULL WHERE id = (SELECT min(id) FROM orders)",
        int(Lifecycle.IN_PROGRESS),
    )
    world.clock.advance(3 * MONTH)
    assert await forget_people(world.services, account_id) == Forgotten(1)
    assert (await people(world))["orders"] == 1


async def test_an_order_that_was_never_delivered_counts_from_its_end(world: World) -> None:
    account_id = await delivered(world, 1)
    await world.database.plain.execute("DELETE FROM parcels")
    await world.database.plain.execute(
        "UPDATE orders SET state = $1, completed_at = NULL, cancelled_at = $2",
        int(Lifecycle.CANCELLED), world.clock.now(),
    )  # fmt: skip
    world.clock.advance(MONTH - timedelta(hours=1))
    assert await forget_people(world.services, account_id) == Forgotten(0)
    world.clock.advance(timedelta(hours=2))
    assert await forget_people(world.services, account_id) == Forgotten(1)


async def test_who_has_other_orders_stays_known_by_those(world: World) -> None:
    account_id = await delivered(world, 1)
    (order,) = await world.rows("SELECT * FROM orders")
    customer = order["customer_id"]
    copied = ", ".join(name for name in dict(order) if name not in {"id", "external_id", "state", "tracking_token"})
    await world.database.plain.execute(
        f"""INSERT INTO orders (id, external_id, state, tracking_token, {copied})
            SELECT id + 1, 'later', 2, '', {copied} FROM orders"""
    )
    world.clock.advance(2 * MONTH)
    assert await forget_people(world.services, account_id) == Forgotten(1)
    assert (await people(world))["customers"] == 1
    assert await world.value("SELECT customer_id FROM orders WHERE external_id = 'later'") == customer


async def test_an_account_that_was_removed_is_looked_after_too(world: World) -> None:
    account_id = await delivered(world, 1)
    await remove_account(world.services, world.merchant_id, account_id, "test")
    assert [target.account_id for target in await forgetful(world.services)] == [account_id]
    world.clock.advance(2 * MONTH)
    (job,) = [job for job in JOBS if job.name == "forget_people"]
    assert isinstance(job, AccountJob)
    assert await job.action(world.services, world.inbox, account_id) == Forgotten(1)


async def test_a_channel_that_sets_no_end_is_left_alone(world: World) -> None:
    carrier = await world.carrier()
    assert await forgetful(world.services) == []
    with pytest.raises(Invalid, match="sets no end"):
        await forget_people(world.services, carrier)
