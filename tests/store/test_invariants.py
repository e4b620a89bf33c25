"""Each invariant is broken by hand, and `verify` names it; a store that did its work has nothing to name."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from hub.actions.resend_message import resend_message
from hub.actions.verify_store import verify_store
from hub.store import audit
from hub.store.invariants import AUDIT_SAYS, CHECKS
from tests.store.broken import unguarded
from tests.store.sound import deliver, found
from tests.support.world import World


@pytest.fixture
async def delivered(world: World) -> World:
    """Two orders from the door to the doorstep, everybody told."""
    return await deliver(world)


async def test_a_store_that_did_its_work_is_sound(delivered: World) -> None:
    checked = await verify_store(delivered.database)
    assert checked.violations == ()
    assert len(checked.checked) == len(CHECKS) + 1
    assert checked.checked["I1 order_twice"] == 2
    assert checked.checked["I6 tracking_twice"] == 2


async def test_an_empty_store_is_sound(world: World) -> None:
    assert (await verify_store(world.database)).violations == ()


async def test_twenty_rows_are_shown_and_all_are_counted(delivered: World) -> None:
    async with unguarded(delivered.database) as connection:
        await connection.execute("UPDATE stock SET reserved = 1 WHERE reserved = 0")
        violation = (await found(delivered))["stock_reserved"]
    assert len(violation.rows) == 20
    assert violation.total > 20


async def test_a_message_that_a_person_sent_again_may_come_late(delivered: World) -> None:
    database = delivered.database
    message = await delivered.value("SELECT min(id) FROM outbox WHERE kind = 'push_shipment'")
    await database.plain.execute(
        "UPDATE outbox SET state = 10, sent_at = NULL, error = 'they said no' WHERE id = $1", message
    )
    assert await found(delivered) == {}, "dead, but visibly"
    await resend_message(delivered.services, 1, message, "user:1")
    await delivered.drain()
    assert await delivered.value("SELECT state FROM outbox WHERE id = $1", message) == 9
    assert await found(delivered) == {}


async def test_a_message_that_overtook_one_still_waiting_is_named(delivered: World) -> None:
    await delivered.database.plain.execute(
        "UPDATE outbox SET state = 0, sent_at = NULL, receipt = NULL WHERE kind = 'push_shipment'"
    )
    assert (await found(delivered))["out_of_order"].total == 2


async def test_a_lane_with_a_living_holder_may_take_its_time(delivered: World) -> None:
    await delivered.database.plain.execute(
        """UPDATE outbox SET state = 0, leased = true, created_at = now() - interval '1 hour', sent_at = NULL
           WHERE kind = 'buy_label'"""
    )
    lane = await delivered.value("SELECT lane FROM outbox WHERE kind = 'buy_label' LIMIT 1")
    holder = await delivered.database.connect()
    await holder.execute("SELECT pg_advisory_lock($1, hashtext($2))", 0x6C616E65, lane)
    assert "held_by_the_dead" not in await found(delivered)
    await holder.close()
    assert "held_by_the_dead" in await found(delivered)


async def test_a_forged_audit_trail_is_named(delivered: World) -> None:
    async with delivered.database.transaction() as tx:
        for n in range(3):
            entry = audit.Entry(
                merchant_id=1,
                at=delivered.clock.now() + timedelta(seconds=n),
                actor="user:1",
                action="look",
                subject="x",
            )
            await audit.append(tx, delivered.ports.ids, entry)
    assert await found(delivered) == {}
    async with unguarded(delivered.database) as connection:
        await connection.execute("UPDATE audit SET actor = 'user:2' WHERE seq = 2")
        violation = (await found(delivered))["audit_chain"]
    assert violation.invariant == "I10"
    assert "entry 2 was changed" in str(violation.rows[0]["fault"])


async def test_it_can_be_run_while_the_store_is_at_work(world: World) -> None:
    await world.store("nordlicht")
    await world.carrier()
    await world.stock()
    async with world.worker():
        await world.order("nordlicht", 40)

        async def shipped() -> bool:
            assert await found(world) == {}
            return await world.value("SELECT count(*) FROM outbox WHERE kind = 'push_shipment' AND state = 9") == 40

        await world.until(shipped)


def test_the_reference_lists_every_check_with_what_it_says() -> None:
    reference = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "invariants.md").read_text(
        encoding="utf-8"
    )
    listed = set(re.findall(r"^\| (I\d+) \| `(\w+)` \| (.+?) \| \w+ \|$", reference, re.MULTILINE))
    assert listed == {(it.invariant, it.name, it.says) for it in CHECKS} | {("I10", "audit_chain", AUDIT_SAYS)}
