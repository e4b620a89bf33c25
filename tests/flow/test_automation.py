"""Rules of merchants on the real line: every trigger and every action, once each, and nothing for others."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from hub.actions.automation_rules import set_rules
from hub.domain.automation import FITS, Trigger
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import ParcelScan, ScanStatus
from hub.domain.outgoing import Kind
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT

DOES = {
    "tag": 'then.tag = ["vip"]', "service": 'then.service = "express"', "priority": "then.priority = 8",
    "hold": 'then.hold = "Call the buyer"', "notify": 'then.notify = "ops@example.com"',
    "note": 'then.note = "Looked at by the rule"',
}  # fmt: skip


async def give(desk: Desk, text: str, merchant: int = MERCHANT) -> None:
    """Saves rules, as the console does, and lets the line see them at once."""
    await set_rules(desk.world.services, merchant, text, "user:1", anyway=True)
    desk.directory.forget()


async def fired(desk: Desk, order_id: int) -> list[dict[str, Any]]:
    """What the timeline says of rules."""
    rows = await desk.world.rows(
        "SELECT details FROM events WHERE order_id = $1 AND kind = 'rule_fired' ORDER BY recorded_at, subject_id, seq",
        order_id,
    )
    return [msgspec.json.decode(row["details"]) for row in rows]


async def mark(desk: Desk, order_id: int) -> dict[str, Any]:
    """What rules set on an order."""
    rows = await desk.world.rows("SELECT * FROM order_marks WHERE order_id = $1", order_id)
    return dict(rows[0]) | {"tags": msgspec.json.decode(rows[0]["tags"])} if rows else {}


async def test_a_service_set_at_accept_is_what_the_label_is_bought_for(desk: Desk) -> None:
    await give(desk, '[[rule]]\nname = "Fast"\nwhen = "accepted"\nif.country = ["DE"]\nthen.service = "express"')
    order_id = await desk.ship(an_order())

    (work,) = await desk.world.rows("SELECT service, why FROM fulfillment_orders WHERE order_id = $1", order_id)
    assert work["service"] == "express"
    assert msgspec.json.decode(work["why"])["service"] == "express, set by a rule"
    ((_, asked, _),) = desk.book("paper_carrier", "carrier").done
    assert asked.service == "express"  # type: ignore[attr-defined]
    (firing,) = await fired(desk, order_id)
    assert firing == {
        "rule": "Fast", "version": 1, "trigger": "accepted", "why": ["country DE"], "did": ["service express"],
    }  # fmt: skip
    assert await desk.events(order_id) == ["received", "accepted", "rule_fired", "routed"]
    await desk.sound()
