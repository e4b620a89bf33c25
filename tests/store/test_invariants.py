"""Each invariant is broken by hand, and `verify` names it; a store that did its work has nothing to name."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.actions.refresh_tracking import QUIET_HOURS, refresh_tracking
from hub.actions.resend_message import resend_message
from hub.actions.verify_store import verify_store
from hub.store import audit
from hub.store.invariants import AUDIT_SAYS, CHECKS
from tests.store.broken import unguarded
from tests.support.world import World


def again(table: str, changes: str, where: str = "true") -> str:
    """A second one of some row, with `changes` (JSON)."""
    return f"""INSERT INTO {table} SELECT r.* FROM (SELECT * FROM {table} WHERE {where} LIMIT 1) o,
        jsonb_populate_record(NULL::{table}, to_jsonb(o) || '{changes}') r"""


A_BUNDLE = "INSERT INTO components (id, merchant_id, sku, component, quantity) VALUES (1, 1, 'KETTLE', '{part}', 1)"


def listed(version: int, state: int = 0) -> tuple[str, ...]:
    """A listing, and two levels of it: the second has `version`."""
    level = """INSERT INTO outbox (id, merchant_id, account_id, lane, key, kind, intent, payload, state, due_at,
            created_at)
        SELECT {n}, 1, id, 'account:' || id, 1, 'push_stock', 'stock:1:' || id || ':{n}',
               '{{"sku": "TEAPOT", "listing_id": "V1", "available": 5, "version": {version}}}', {state}, now(), now()
        FROM accounts WHERE connector = 'demo_store'"""
    return (
        """INSERT INTO listings (id, merchant_id, account_id, listing_id, sku, offered, version)
           SELECT 1, 1, id, 'V1', 'TEAPOT', 5, 7 FROM accounts WHERE connector = 'demo_store'""",
        level.format(n=1, version=6, state=12),
        level.format(n=2, version=version, state=state),
    )


def a_return(rows: int, units: int = 1) -> tuple[str, ...]:
    """A return that the store told of, so many times, of `units` of one line."""
    lines = """INSERT INTO return_lines (id, merchant_id, return_id, order_line_id, quantity)
        SELECT r.id, 1, r.id, (SELECT min(l.id) FROM order_lines l WHERE l.order_id = r.order_id), {units}
        FROM returns r"""
    return (
        f"""INSERT INTO returns (id, merchant_id, order_id, account_id, external_id, number, state, reason,
                requested_by, requested_at, details)
            SELECT n, 1, o.id, o.account_id, 'ret_1', 'R1', 'approved', '', 'channel', now(), '{{}}'
            FROM (SELECT id, account_id FROM orders ORDER BY id LIMIT 1) o CROSS JOIN generate_series(1, {rows}) n""",
        *((lines.format(units=units),) if units else ()),
    )


BREAKS: dict[str, tuple[str, ...]] = {
    "order_twice": (again("orders", '{"id": 1, "version": 0, "state": 1}'),),
    "delivery_twice": (again("inbox", '{"id": 1}'),),
    "delivery_stuck": ("UPDATE inbox SET state = 0, due_at = now() - interval '61 minutes'",),
    "delivery_waits_for_ever": ("UPDATE inbox SET state = 1, received_at = now() - interval '8 days'",),
    "delivery_without_order": ("UPDATE inbox SET about = 'ord_lost'",),
    "event_gap": ("DELETE FROM events WHERE seq = 2",),
    "order_version": ("UPDATE orders SET version = version + 1",),
    "fulfillment_version": ("UPDATE fulfillment_orders SET version = version - 1",),
    "unknown_word": ("UPDATE parcels SET custody = 'eaten'",),
    "state_without_event": ("UPDATE events SET kind = 'forgotten' WHERE kind = 'completed'",),
    "stray_row": ("UPDATE payments SET merchant_id = 2",),
    "stock_range": ("UPDATE stock SET reserved = on_hand + 1 WHERE sku = 'TEAPOT'",),
    "stock_reserved": ("UPDATE stock SET reserved = reserved + 1",),
    "stock_ledger": ("UPDATE stock_movements SET on_hand = on_hand - 1 WHERE reason = 'dispatched'",),
    "kit_ledger": (
        """INSERT INTO kit_orders (id, merchant_id, reference, location_id, sku, units, parts, at, actor)
           VALUES (1, 1, 'K-1', 1, 'KIT', 2, '{"TEAPOT": 1}', now(), 'user:1')""",
    ),
    "transfer_ledger": (
        """INSERT INTO transfers (id, merchant_id, reference, from_id, to_id, state, shipped_at, actor)
           SELECT 1, 1, 'T1', min(id), max(id), 'in_transit', now(), 'anna' FROM locations""",
        "INSERT INTO transfer_lines (id, merchant_id, transfer_id, sku, shipped) VALUES (1, 1, 1, 'TEAPOT', 5)",
    ),
    "line_range": ("UPDATE order_lines SET cancelled = ordered",),
    "line_counters": ("UPDATE order_lines SET assigned = assigned + 1",),
    "parcel_contents": ("UPDATE parcels SET contents = '{}'",),
    "delivered_units": ("UPDATE parcels SET custody = 'lost'",),
    "completed_early": ("UPDATE order_lines SET delivered = 0",),
    "bundle_sound": (A_BUNDLE.format(part="NO-SUCH-THING"),),
    "bundle_counted": (A_BUNDLE.format(part="TEAPOT"),),
    "bundle_whole": (again("fulfillment_lines", '{"id": 1, "sku": "LID", "quantity": 9}'),),
    "return_twice": a_return(2, units=0),
    "return_of_another_order": (
        *a_return(1),
        "UPDATE return_lines w SET order_line_id = l.id FROM order_lines l, returns r "
        "WHERE r.id = w.return_id AND l.order_id <> r.order_id",
    ),
    "return_units": a_return(1, units=99),
    "return_counters": a_return(1),
    "listing_of_nothing": (*listed(7), "UPDATE listings SET sku = 'NO-SUCH-THING'"),
    "levels_waiting": (*listed(7), "UPDATE outbox SET state = 0 WHERE kind = 'push_stock'"),
    "level_goes_back": listed(6),
    "level_forgotten": (*listed(7), "UPDATE listings SET version = 8"),
    "intent_twice": (again("outbox", '{"id": 1, "kind": "notify"}'),),
    "told_twice": (again("outbox", '{"id": 1, "intent": "again"}', "kind = 'push_shipment'"),),
    "label_twice": (again("outbox", '{"id": 1, "intent": "again"}', "kind = 'buy_label'"),),
    "tracking_twice": ("UPDATE parcels SET tracking_number = 'T1'",),
    "refund_twice": (
        """INSERT INTO refunds (id, merchant_id, order_id, idempotency_key, state, currency, amount, lines, approved_by,
               created_at)
           SELECT n, 1, o.id, 'r1', 'failed', 'EUR', 1, '{}', 'anna', now()
           FROM (SELECT id FROM orders LIMIT 1) o CROSS JOIN generate_series(1, 2) n""",
    ),
    "ledger_order": ("DELETE FROM ledger WHERE account = 'tax'",),
    "ledger_posting": ("UPDATE ledger SET posting = 'x' || id WHERE account = 'tax'",),
    "cash": ("UPDATE payments SET captured = captured - 1",),
    "refunded_range": ("UPDATE payments SET refunded = captured + 1",),
    "refunds_beyond": (
        """INSERT INTO refunds (id, merchant_id, order_id, idempotency_key, state, currency, amount, lines, approved_by,
               created_at)
           SELECT 1, 1, order_id, 'r1', 'approved', currency, captured + 1, '{}', 'anna', now()
           FROM payments LIMIT 1""",
    ),
    "line_refunded": ("UPDATE order_lines SET refunded = paid + 1",),
    "out_of_order": ("""UPDATE outbox o SET sent_at = sent_at + interval '1 day' WHERE kind = 'push_shipment'""",),
    "held_by_the_dead": (
        """UPDATE outbox SET state = 0, leased = true, created_at = now() - interval '11 minutes', sent_at = NULL
           WHERE kind = 'buy_label'""",
    ),
    "shipment_untold": ("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox WHERE kind = 'push_shipment')",),
    "silent_end": ("UPDATE outbox SET state = 10, error = ''",),
    "sent_without_receipt": ("UPDATE outbox SET receipt = NULL WHERE kind = 'buy_label'",),
}
"""Check → how its invariant is broken in a store where two orders were delivered."""


@pytest.fixture
async def delivered(world: World) -> World:
    """Two orders from the door to the doorstep, everybody told."""
    await world.store("nordlicht")
    carrier = await world.carrier()
    assert world.carriers is not None
    await world.stock()
    await world.order("nordlicht", 2)
    await world.drain()
    await world.carriers.settle()
    world.clock.advance(timedelta(hours=QUIET_HOURS, minutes=1))
    await refresh_tracking(world.services, world.inbox, carrier)
    await world.drain()
    assert await world.value("SELECT count(*) FROM orders WHERE state = 9") == 2
    return world


async def found(world: World) -> dict[str, Any]:
    return {violation.check: violation for violation in (await verify_store(world.database)).violations}


async def test_a_store_that_did_its_work_is_sound(delivered: World) -> None:
    checked = await verify_store(delivered.database)
    assert checked.violations == ()
    assert len(checked.checked) == len(CHECKS) + 1
    assert checked.checked["I1 order_twice"] == 2
    assert checked.checked["I6 tracking_twice"] == 2


async def test_an_empty_store_is_sound(world: World) -> None:
    assert (await verify_store(world.database)).violations == ()


def test_every_check_is_broken_below() -> None:
    assert {each.name for each in CHECKS} == set(BREAKS)


@pytest.mark.parametrize("name", BREAKS)
async def test_what_is_broken_is_named(delivered: World, name: str) -> None:
    async with unguarded(delivered.database) as connection:
        for statement in BREAKS[name]:
            assert not (await connection.execute(statement)).endswith(" 0"), "the statement broke nothing"
        violation = (await found(delivered))[name]
        assert violation.total >= 1
        assert violation.rows
        assert json.dumps(violation.rows[0]), "fit for the command line"


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
