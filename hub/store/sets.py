"""Set-wise statements: each touches a whole batch, however large, in one round trip.

New rows go in by COPY. Changes, and rows that replace others, travel as one JSON text and are spread by PostgreSQL into
the table's own row type, so that a column has one type in one place. Where several rows are locked, they are locked in
a fixed order: fulfillment orders, orders, lines, stock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import asyncpg
import msgspec
from tortoise.fields import JSONField

from hub.errors import Conflict
from hub.store import models
from hub.store.database import Row, Tx

encode = msgspec.json.Encoder().encode


def text(value: object) -> str:
    """`value` as JSON text, for a json or jsonb parameter."""
    return encode(value).decode()


@lru_cache(maxsize=128)
def _insert_sql(table: str, columns: tuple[str, ...], conflict: str) -> str:
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608 - names come from our own code
        f"FROM json_populate_recordset(NULL::{table}, $1::json) {conflict}"
    )


async def insert(tx: Tx, table: str, rows: Sequence[Mapping[str, object]], conflict: str = "") -> int:
    """Inserts rows that all have the same columns; returns how many went in. `conflict` is an ON CONFLICT clause."""
    if not rows:
        return 0
    if conflict:
        return await tx.execute(_insert_sql(table, tuple(rows[0]), conflict), text(rows))
    nested = [name for name in rows[0] if name in _json_columns(table)]
    plain = [name for name in rows[0] if name not in nested]
    return await tx.copy(table, (*plain, *nested), _records(rows, plain, nested))


async def insert_new(
    tx: Tx, table: str, rows: Sequence[Mapping[str, Any]], keys: Mapping[str, str], look: bool = True
) -> int:
    """Inserts those of `rows` that are not there yet by their unique `keys` (column → type); of two with equal keys the
    first. Without `look` none is expected to be there, which saves a statement. Raises `Conflict` when one is all the
    same, and when somebody else adds one at the same moment."""
    if not rows:
        return 0
    of = itemgetter(*keys)
    first: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        first.setdefault(of(row), row)
    if look:
        wanted = map(list, zip(*first, strict=True))
        for found in await tx.fetch(_present_sql(table, tuple(keys.items())), *wanted):
            first.pop(tuple(found), None)
    try:
        return await insert(tx, table, list(first.values()))
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"{table}: {error.detail}") from error


@lru_cache(maxsize=16)
def _present_sql(table: str, keys: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(name for name, _ in keys)
    arrays = ", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(keys, 1))
    return f"SELECT {names} FROM {table} JOIN unnest({arrays}) AS w({names}) USING ({names})"  # noqa: S608 - our names


def _records(
    rows: Sequence[Mapping[str, Any]], plain: Sequence[str], nested: Sequence[str]
) -> list[tuple[object, ...]]:
    """The rows for COPY: their `plain` columns, then the `nested` ones as JSON text."""
    of = itemgetter(*plain)  # of two columns or more: every table has an id and a merchant
    if not nested:
        return [of(row) for row in rows]
    if len(nested) == 1:
        (one,) = nested
        return [(*of(row), _json(row[one])) for row in rows]
    return [(*of(row), *(_json(row[name]) for name in nested)) for row in rows]


def _json(value: object) -> str | None:
    return None if value is None else encode(value).decode()


@lru_cache(maxsize=64)
def _json_columns(table: str) -> frozenset[str]:
    """Columns of a table that hold JSON: what its model says, and `events` has none."""
    if table == "events":
        return frozenset({"details"})
    model = next(m for m in map(models.__dict__.get, models.__all__) if m is not None and m._meta.db_table == table)
    return frozenset(name for name, field in model._meta.fields_map.items() if isinstance(field, JSONField))


async def update(tx: Tx, sql: str, rows: Sequence[Mapping[str, object]], *args: object) -> int:
    """Runs `sql`, whose $1 is the rows as JSON, unless there are none; returns how many rows it touched."""
    if not rows:
        return 0
    return await tx.execute(sql, text(rows), *args)


def merged(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], sums: Sequence[str]) -> list[dict[str, Any]]:
    """`rows` with those of equal `keys` added up over `sums`, sorted by their keys; all-zero ones are left out."""
    totals: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        total = totals.get(key)
        if total is None:
            totals[key] = dict(row)
        else:
            for name in sums:
                total[name] += row[name]
    return [totals[key] for key in sorted(totals) if any(totals[key][name] for name in sums)]


LEDGER_KEYS = {"merchant_id": "bigint", "order_id": "bigint", "posting": "text", "account": "text"}
OUTBOX_KEYS = {"merchant_id": "bigint", "intent": "text"}


# ---------------------------------------------------------------- claims

_ORDERS = """
    SELECT id, merchant_id, account_id, external_id, number, state, version, placed_at, created_at, currency,
           tax_included, total, tax_total, charges, buyer, ship_to, bill_to, email, customer_id, paid, pending,
           unknown_words, risks, promised_at, tracking_token
    FROM orders WHERE state < 9"""
CLAIM_ORDERS = f"{_ORDERS} AND due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"
TAKE_ORDERS = f"{_ORDERS} AND id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
"""By id, whenever they are due: waits for whoever holds one."""

ON_TERMS = """CASE WHEN o.paid THEN false ELSE EXISTS (SELECT 1 FROM terms t
               WHERE t.merchant_id = o.merchant_id AND t.email = o.email AND t.currency = o.currency) END AS on_terms"""
"""Whether an order `o` may be on an account: looked up in the statement that claims, for what is not paid."""


def _works(held: str) -> str:
    """Fulfillment orders with what they must know of their order; `held` locks rows of their own table."""
    return f"""
    SELECT f.id, f.merchant_id, f.order_id, f.account_id, f.location_id, f.number, f.state, f.version, f.automatic,
           f.service, f.carrier_account_id, o.external_id AS external_order_id, o.number AS order_number,
           o.currency, o.total, o.ship_to, o.email, o.customer_id, coalesce(o.buyer->>'locale', '') AS locale,
           o.tracking_token, o.promised_at, {ON_TERMS}
    FROM (SELECT * FROM fulfillment_orders WHERE {held}) f JOIN orders o ON o.id = f.order_id"""  # noqa: S608 - ours


CLAIM_WORKS = _works("state < 9 AND due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED")
TAKE_WORKS = _works("state < 9 AND id = ANY($1::bigint[]) ORDER BY id FOR UPDATE")
TAKE_OWN_WORKS = _works("merchant_id = $1 AND id = ANY($2::bigint[]) ORDER BY id FOR UPDATE") + " ORDER BY f.id"

CLAIM_INBOX = """
    SELECT id, merchant_id, account_id, delivery_id, topic, occurred_at, body, attempts
    FROM inbox WHERE kind = 0 AND state = 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"""


# ---------------------------------------------------------------- guarded updates

UPDATE_ORDERS = """
    UPDATE orders o SET state = d.state, version = d.version, due_at = d.due_at,
        promised_at = coalesce(d.promised_at, o.promised_at), completed_at = coalesce(d.completed_at, o.completed_at)
    FROM json_to_recordset($1::json) AS d(
        id bigint, was integer, version integer, state smallint, due_at timestamptz,
        promised_at timestamptz, completed_at timestamptz)
    WHERE o.id = d.id AND o.version = d.was"""

UPDATE_WORKS = """
    UPDATE fulfillment_orders f SET state = d.state, version = d.version, due_at = d.due_at
    FROM json_to_recordset($1::json) AS d(id bigint, was integer, version integer, state smallint, due_at timestamptz)
    WHERE f.id = d.id AND f.version = d.was"""

UPDATE_LINES = """
    UPDATE order_lines l SET
        cancelled = l.cancelled + d.cancelled, reserved = l.reserved + d.reserved, assigned = l.assigned + d.assigned,
        picked = l.picked + d.picked, packed = l.packed + d.packed, shipped = l.shipped + d.shipped,
        delivered = l.delivered + d.delivered
    FROM json_to_recordset($1::json) AS d(
        line_id bigint, cancelled integer, reserved integer, assigned integer, picked integer, packed integer,
        shipped integer, delivered integer)
    WHERE l.id = d.line_id"""

UPDATE_WORK_LINES = """
    UPDATE fulfillment_lines l SET
        reserved = l.reserved + d.reserved, picked = l.picked + d.picked, packed = l.packed + d.packed
    FROM json_to_recordset($1::json) AS d(line_id bigint, reserved integer, picked integer, packed integer)
    WHERE l.id = d.line_id"""

READ_STOCK = """
    SELECT s.sku, s.location_id, s.merchant_id, s.on_hand, s.reserved
    FROM stock s JOIN json_to_recordset($1::json) AS d(merchant_id bigint, sku text) USING (merchant_id, sku)
    ORDER BY s.merchant_id, s.sku, s.location_id"""
LOCK_STOCK = f"{READ_STOCK} FOR UPDATE OF s"

UPDATE_STOCK = """
    UPDATE stock s SET on_hand = s.on_hand + d.on_hand, reserved = s.reserved + d.reserved, version = s.version + 1
    FROM json_to_recordset($1::json) AS d(
        merchant_id bigint, sku text, location_id bigint, on_hand integer, reserved integer)
    WHERE s.merchant_id = d.merchant_id AND s.sku = d.sku AND s.location_id = d.location_id
      AND s.reserved + d.reserved BETWEEN 0 AND s.on_hand + d.on_hand"""

COUNT_LOADS = """
    INSERT INTO location_days AS t (id, merchant_id, location_id, day, orders, most)
    SELECT id, merchant_id, location_id, day, orders, most
    FROM json_populate_recordset(NULL::location_days, $1::json) ORDER BY merchant_id, location_id, day
    ON CONFLICT (merchant_id, location_id, day) DO UPDATE SET orders = t.orders + excluded.orders, most = excluded.most
    WHERE t.orders + excluded.orders <= excluded.most"""
"""Counts nothing for a day that would go over its limit."""

LOCK_LOADS = """
    SELECT t.id FROM location_days t WHERE (t.merchant_id, t.location_id, t.day) IN (
        SELECT merchant_id, location_id, day FROM json_populate_recordset(NULL::location_days, $1::json))
    ORDER BY t.merchant_id, t.location_id, t.day FOR UPDATE"""
GIVE_LOADS = """
    UPDATE location_days t SET orders = greatest(t.orders + d.orders, 0)
    FROM json_populate_recordset(NULL::location_days, $1::json) AS d
    WHERE t.merchant_id = d.merchant_id AND t.location_id = d.location_id AND t.day = d.day"""

UPDATE_PARCELS = """
    UPDATE parcels p SET label = d.label, custody = d.custody, tracking = d.tracking, tracked_at = d.tracked_at,
        carrier = d.carrier, service = d.service, tracking_number = d.tracking_number, tracking_url = d.tracking_url,
        label_id = d.label_id, label_url = d.label_url, label_cost = d.label_cost, label_currency = d.label_currency,
        handed_over_at = d.handed_over_at, delivered_at = d.delivered_at
    FROM json_populate_recordset(NULL::parcels, $1::json) AS d WHERE p.id = d.id"""

UPDATE_SKUS = """
    UPDATE order_lines l SET sku = d.sku FROM json_to_recordset($1::json) AS d(id bigint, sku text) WHERE l.id = d.id"""

UPDATE_CAPTURED = """
    UPDATE payments p SET captured = d.captured, state = 'captured'
    FROM json_to_recordset($1::json) AS d(id bigint, captured bigint) WHERE p.id = d.id"""

OPEN_HOLDS = """ON CONFLICT (merchant_id, order_id, reason) WHERE state IN ('open', 'escalated')
    DO UPDATE SET detail = excluded.detail, resolutions = excluded.resolutions"""

CLOSE_HOLDS = """
    UPDATE holds SET state = 'released', resolution = 'healed', closed_at = $2, closed_by = 'hub'
    WHERE id = ANY($1::bigint[]) AND state IN ('open', 'escalated')"""

WAKE_ORDERS = """UPDATE orders SET due_at = $2
    WHERE id IN (SELECT id FROM orders WHERE id = ANY($1::bigint[]) AND state < 9 ORDER BY id FOR UPDATE)"""
WAKE_WORKS = """UPDATE fulfillment_orders SET due_at = $2
    WHERE id IN (SELECT id FROM fulfillment_orders WHERE id = ANY($1::bigint[]) AND state < 9 ORDER BY id FOR UPDATE)"""
SEE_SCANS = "UPDATE scans SET seen = true WHERE id = ANY($1::bigint[])"


async def stock_of(tx: Tx, wanted: Sequence[tuple[int, str]], *, lock: bool) -> list[Row]:
    """Every stock row of the (merchant, SKU) pairs in sorted order, held for this transaction where `lock` says so."""
    pairs = text([{"merchant_id": m, "sku": s} for m, s in sorted(set(wanted))])
    return await tx.fetch(LOCK_STOCK if lock else READ_STOCK, pairs)
