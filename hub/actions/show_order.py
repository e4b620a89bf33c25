"""One order with everything that belongs to it, in a fixed number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, TypeVar, cast

import msgspec

from hub.actions.order_view import (
    ContentView,
    EventView,
    FulfillmentView,
    HoldView,
    LineView,
    MessageView,
    OrderView,
    ParcelView,
    PaymentView,
    RefundView,
    ScanView,
    WorkLineView,
    view,
)
from hub.actions.routing_view import routing_view
from hub.actions.show_returns import show_returns
from hub.domain.lifecycle import Lifecycle, Outbox, Work, phase
from hub.domain.order import Address, Buyer, Charge, RiskFact
from hub.errors import Conflict, NotFound
from hub.store.database import Database, Row, Tx
from hub.store.order_facts import FACTS, UNITS, phase_facts

T = TypeVar("T")
EVENTS_MOST = 1000
MESSAGES_MOST = 500

MARKS = """(SELECT m.tags FROM order_marks m WHERE m.merchant_id = $1 AND m.order_id = o.id) AS tags,
    (SELECT m.priority FROM order_marks m WHERE m.merchant_id = $1 AND m.order_id = o.id) AS priority"""
_ORDER = f"""SELECT o.*, a.name AS channel, a.connector, {MARKS}, {FACTS}
    FROM orders o LEFT JOIN accounts a ON a.id = o.account_id {UNITS}
    WHERE o.merchant_id = $1 AND o.id = $2"""  # noqa: S608 our own text

_MESSAGES = """SELECT x.*, a.name AS to FROM outbox x LEFT JOIN accounts a ON a.id = x.account_id
    WHERE x.merchant_id = $1 AND x.id IN (
        SELECT k.id FROM outbox k WHERE k.key = ANY($2::bigint[])
        UNION SELECT n.id FROM conversations c JOIN outbox n ON n.key = c.id
        WHERE c.merchant_id = $1 AND c.customer_id = $4 AND n.kind = 'notify'
          AND split_part(n.intent, ':', 2) = ANY($3::text[]))
    ORDER BY x.id LIMIT $5"""
"""Messages are keyed by the order, a parcel, a payment, or a conversation (then told apart by their intent)."""


async def find_order(database: Database, merchant_id: int, number: str) -> int:
    """The id of the order with that number (or id). Raises `NotFound`; `Conflict` when channels share the number."""
    rows = await database.plain.fetch(
        """SELECT o.id, a.name AS channel FROM orders o LEFT JOIN accounts a ON a.id = o.account_id
           WHERE o.merchant_id = $1 AND (o.number IN ($2::text, '#' || $2::text) OR o.id::text = $2::text)
           ORDER BY o.id LIMIT 10""",
        merchant_id, number.replace("\0", ""),
    )  # fmt: skip
    if not rows:
        raise NotFound(f"no order {number}; `orders list` shows those there are")
    if len(rows) > 1:
        which = ", ".join(f"{row['id']} ({row['channel']})" for row in rows)
        raise Conflict(f"{len(rows)} orders have the number {number}; name one by its id: {which}")
    return int(rows[0]["id"])


ZONE = """SELECT n.plan->'locations'->l.code->>'timezone' FROM parcels p
        JOIN fulfillment_orders f ON f.id = p.fulfillment_id JOIN locations l ON l.id = f.location_id
        JOIN (SELECT plan FROM routing_plans WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1) n ON true
    WHERE p.merchant_id = $1 AND p.order_id = $2 AND p.delivered_at IS NOT NULL ORDER BY p.delivered_at DESC LIMIT 1"""
"""The time zone of the location that the last parcel came from."""


async def show_order(database: Database, merchant_id: int, order_id: int) -> OrderView:
    """The order as it stands at one moment. Raises `NotFound` when it is not this merchant's."""
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        order = await tx.fetchrow(_ORDER, merchant_id, order_id)
        if order is None:
            raise NotFound("no such order")
        events, parcels = await _events(tx, merchant_id, order_id), await _parcels(tx, order_id)
        children: dict[str, Any] = {
            "lines": await _lines(tx, order_id),
            "holds": await _holds(tx, order_id),
            "fulfillments": await _fulfillments(tx, order_id),
            "parcels": parcels,
            "payments": await _payments(tx, order_id),
            "refunds": await _refunds(tx, order_id),
            "returns": await show_returns(tx, order_id),
            "events": events,
        }
        zone = await tx.fetchval(ZONE, merchant_id, order_id) or "UTC"
        complete = order["completed_at"] is not None
        children["routing"] = routing_view(events, parcels, order["promised_at"], complete, zone)
        children["messages"] = await _messages(tx, order, children)
    return _order(order, children)


def _order(row: Row, children: Mapping[str, object]) -> OrderView:
    def read(name: str, kind: type[T] | UnionType) -> T:
        return cast(T, msgspec.convert(json.loads(row[name] or "null"), kind))

    own: dict[str, object] = {
        "channel": row["channel"] or "",
        "connector": row["connector"] or "",
        "phase": phase(phase_facts(row)),
        "lifecycle": Lifecycle(row["state"]).name.lower(),
        "charges": read("charges", tuple[Charge, ...]),
        "buyer": read("buyer", Buyer),
        "ship_to": read("ship_to", Address | None),
        "bill_to": read("bill_to", Address | None),
        "words": read("words", dict[str, str]),
        "unknown_words": read("unknown_words", tuple[str, ...]),
        "risks": read("risks", tuple[RiskFact, ...]),
        "tags": read("tags", tuple[str, ...] | None) or (),
        "tracking_path": f"/track/{row['tracking_token']}" if row["tracking_token"] else "",
    }
    return view(OrderView, row, {**own, **children})


async def _lines(tx: Tx, order_id: int) -> tuple[LineView, ...]:
    rows = await tx.fetch("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position, id", order_id)
    return tuple(view(LineView, row) for row in rows)


async def _holds(tx: Tx, order_id: int) -> tuple[HoldView, ...]:
    rows = await tx.fetch("SELECT * FROM holds WHERE order_id = $1 ORDER BY opened_at, id", order_id)
    return tuple(hold_view(row) for row in rows)


def hold_view(row: Row) -> HoldView:
    """A row of `holds` as it is shown."""
    parsed = {name: json.loads(row[name]) for name in ("detail", "protocol")}
    parsed["resolutions"] = tuple(json.loads(row["resolutions"]))
    return view(HoldView, row, parsed)


async def _fulfillments(tx: Tx, order_id: int) -> tuple[FulfillmentView, ...]:
    works = await tx.fetch(
        """SELECT f.*, p.code AS location, p.name AS location_name
           FROM fulfillment_orders f LEFT JOIN locations p ON p.id = f.location_id
           WHERE f.order_id = $1 ORDER BY f.id""",
        order_id,
    )
    lines: dict[int, list[WorkLineView]] = defaultdict(list)
    for row in await tx.fetch(
        """SELECT w.*, coalesce(CASE WHEN w.sku = l.sku THEN l.title ELSE p.title END, '') AS title
           FROM fulfillment_lines w LEFT JOIN order_lines l ON l.id = w.order_line_id
               LEFT JOIN products p ON p.merchant_id = w.merchant_id AND p.sku = w.sku
           WHERE w.order_id = $1 ORDER BY l.position, w.id""",
        order_id,
    ):
        lines[row["fulfillment_id"]].append(view(WorkLineView, row))
    return tuple(
        view(FulfillmentView, row, {
            "state": Work(row["state"]).name.lower(), "why": json.loads(row["why"]),
            "location": row["location"] or "", "location_name": row["location_name"] or "",
            "lines": tuple(lines[row["id"]]),
        })
        for row in works
    )  # fmt: skip


async def _parcels(tx: Tx, order_id: int) -> tuple[ParcelView, ...]:
    rows = await tx.fetch("SELECT * FROM parcels WHERE order_id = $1 ORDER BY id", order_id)
    titles = dict(await tx.fetch("SELECT id, title FROM order_lines WHERE order_id = $1", order_id))
    scans: dict[int, list[ScanView]] = defaultdict(list)
    for scan in await tx.fetch(
        "SELECT s.* FROM scans s JOIN parcels p ON p.id = s.parcel_id WHERE p.order_id = $1 ORDER BY s.at, s.id",
        order_id,
    ):
        scans[scan["parcel_id"]].append(view(ScanView, scan))
    return tuple(
        view(ParcelView, row, {"contents": contents(row["contents"], titles), "scans": tuple(scans[row["id"]])})
        for row in rows
    )


def contents(stored: str, titles: Mapping[int, str]) -> tuple[ContentView, ...]:
    """What a parcel's `contents` hold, with the titles of the order's lines by id."""
    held: dict[str, int] = json.loads(stored)
    return tuple(
        ContentView(line_id=str(line), title=titles.get(int(line), ""), quantity=units) for line, units in held.items()
    )


async def _payments(tx: Tx, order_id: int) -> tuple[PaymentView, ...]:
    rows = await tx.fetch(
        """SELECT p.*, coalesce(a.name, 'channel') AS collected_by FROM payments p
           LEFT JOIN accounts a ON a.id = p.account_id WHERE p.order_id = $1 ORDER BY p.id""",
        order_id,
    )
    return tuple(view(PaymentView, row) for row in rows)


async def _refunds(tx: Tx, order_id: int) -> tuple[RefundView, ...]:
    rows = await tx.fetch("SELECT * FROM refunds WHERE order_id = $1 ORDER BY id", order_id)
    return tuple(view(RefundView, row) for row in rows)


async def show_events(database: Database, merchant_id: int, order_id: int) -> tuple[EventView, ...]:
    """Everything that happened to an order, in the order in which it was recorded. Raises `NotFound`."""
    if not await database.plain.fetchval(
        "SELECT 1 FROM orders WHERE merchant_id = $1 AND id = $2", merchant_id, order_id
    ):
        raise NotFound("no such order")
    return await _events(database.plain, merchant_id, order_id)


async def _events(tx: Tx, merchant_id: int, order_id: int) -> tuple[EventView, ...]:
    rows = await tx.fetch(
        """SELECT * FROM events WHERE merchant_id = $1 AND order_id = $2
           ORDER BY recorded_at, subject_id, seq LIMIT $3""",
        merchant_id, order_id, EVENTS_MOST,
    )  # fmt: skip
    return tuple(view(EventView, row, {"details": json.loads(row["details"])}) for row in rows)


async def _messages(tx: Tx, order: Row, children: Mapping[str, Iterable[Any]]) -> tuple[MessageView, ...]:
    parcels = [int(parcel.id) for parcel in children["parcels"]]
    payments = [int(payment.id) for payment in children["payments"]]
    rows = await tx.fetch(
        _MESSAGES,
        order["merchant_id"], [order["id"], *parcels, *payments], [str(order["id"]), *map(str, parcels)],
        order["customer_id"], MESSAGES_MOST,
    )  # fmt: skip
    return tuple(message_view(row) for row in rows)


def message_view(row: Row) -> MessageView:
    """A row of `outbox`, joined with the name of its account as `to`."""
    payload: dict[str, object] = json.loads(row["payload"])
    said: Sequence[object] = [payload.get(name) for name in ("status", "text", "tracking_number", "service")]
    return view(MessageView, row, {
        "state": "sending" if row["leased"] else Outbox(row["state"]).name.lower(), "to": row["to"] or "",
        "what": next((str(word) for word in said if word), ""),
    })  # fmt: skip
