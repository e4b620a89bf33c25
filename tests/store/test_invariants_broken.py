"""Each invariant is broken by hand, and `verify` names it. One store serves all, put right again after each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hub.store.database import Database
from hub.store.invariants import CHECKS
from hub.store.nodes import Node
from tests.store.broken import restore, save, unguarded
from tests.store.sound import deliver, found
from tests.support.database import empty
from tests.support.world import World, world_of


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


@pytest.fixture(scope="module")
async def ground(opened: Database, node: Node) -> AsyncIterator[tuple[World, asyncpg.Connection[Any]]]:
    """Two orders from the door to the doorstep, and a connection that may break anything."""
    await empty(opened)
    async with world_of(opened, node) as world:
        await deliver(world)
        async with unguarded(opened) as connection:
            await save(connection)
            yield world, connection


def test_every_check_is_broken_below() -> None:
    assert {each.name for each in CHECKS} == set(BREAKS)


@pytest.mark.parametrize("name", BREAKS)
async def test_what_is_broken_is_named(ground: tuple[World, asyncpg.Connection[Any]], name: str) -> None:
    world, connection = ground
    await restore(connection)
    for statement in BREAKS[name]:
        assert not (await connection.execute(statement)).endswith(" 0"), "the statement broke nothing"
    violation = (await found(world))[name]
    assert violation.total >= 1
    assert violation.rows
    assert json.dumps(violation.rows[0]), "fit for the command line"


async def test_put_right_again_it_is_sound(ground: tuple[World, asyncpg.Connection[Any]]) -> None:
    world, connection = ground
    await restore(connection)

    assert await found(world) == {}
