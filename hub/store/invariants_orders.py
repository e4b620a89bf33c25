"""Orders: each here once (I1), nothing moves without its event (I2), every row belongs to something (I9)."""

# ruff: noqa: S608 - statements are put together from names and constants of our own code

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from hub.domain.lifecycle import Custody, Inbox, LabelState, Lifecycle, Outbox, PaymentState, Work
from hub.domain.returning import STATES as RETURN_STATES
from hub.store.invariant import Check

LATE_PENDING = "1 hour"
"""How long a delivery that is due may wait for a worker."""

LATE_WAITING = "7 days"
"""How long a delivery may wait for its order; `give_up_waiting` sets it aside long before."""

WORDS: Mapping[tuple[str, str], Iterable[Enum | str]] = {
    ("orders", "state"): Lifecycle,
    ("fulfillment_orders", "state"): Work,
    ("inbox", "state"): Inbox,
    ("outbox", "state"): Outbox,
    ("payments", "state"): PaymentState,
    ("parcels", "label"): LabelState,
    ("parcels", "custody"): Custody,
    ("holds", "state"): ("open", "escalated", "released", "expired"),
    ("returns", "state"): RETURN_STATES,
    ("refunds", "state"): ("requested", "approved", "pending", "succeeded", "failed", "unknown", "cancelled"),
}
"""(table, column) → every value it may have."""

PARENTS = (
    ("orders", "account_id", "accounts"), ("order_lines", "order_id", "orders"), ("holds", "order_id", "orders"),
    ("fulfillment_orders", "order_id", "orders"), ("fulfillment_lines", "fulfillment_id", "fulfillment_orders"),
    ("fulfillment_lines", "order_line_id", "order_lines"), ("parcels", "fulfillment_id", "fulfillment_orders"),
    ("parcels", "order_id", "orders"), ("scans", "parcel_id", "parcels"), ("payments", "order_id", "orders"),
    ("refunds", "order_id", "orders"), ("ledger", "order_id", "orders"), ("stock", "location_id", "locations"),
    ("inbox", "account_id", "accounts"), ("outbox", "account_id", "accounts"), ("returns", "order_id", "orders"),
    ("return_lines", "return_id", "returns"), ("return_lines", "order_line_id", "order_lines"),
    ("reservations", "location_id", "locations"), ("receipts", "location_id", "locations"),
    ("transfer_lines", "transfer_id", "transfers"), ("count_lines", "sheet_id", "count_sheets"),
)  # fmt: skip
"""(child, column, parent): rows refer to each other by plain ids, so what a foreign key would hold is checked here."""

EXPLAINED = (
    ("orders", int(Lifecycle.COMPLETED), "completed"),
    ("orders", int(Lifecycle.CANCELLED), "cancelled"),
    ("fulfillment_orders", int(Work.DISPATCHED), "dispatched"),
    ("fulfillment_orders", int(Work.DONE), "dispatched"),
    ("fulfillment_orders", int(Work.CANCELLED), "fulfillment_cancelled"),
)
"""(table, state, the event without which no row gets there)."""


def _value(word: Enum | str) -> str:
    value = word.value if isinstance(word, Enum) else word
    return str(value) if isinstance(value, int) else f"'{value}'"


def _words() -> str:
    return " UNION ALL ".join(
        f"SELECT '{table}' AS kind, id, '{column}' AS field, {column}::text AS value FROM {table} "
        f"WHERE {column} NOT IN ({', '.join(map(_value, allowed))})"
        for (table, column), allowed in WORDS.items()
    )


def _strays() -> str:
    return " UNION ALL ".join(
        f"SELECT '{child}' AS kind, c.id, '{column}' AS field, c.{column} AS refers_to FROM {child} c "
        f"LEFT JOIN {parent} p ON p.id = c.{column} WHERE p.merchant_id IS DISTINCT FROM c.merchant_id"
        for child, column, parent in PARENTS
    )


def _unexplained() -> str:
    return " UNION ALL ".join(
        f"SELECT '{table}' AS kind, t.id, t.state, '{kind}' AS lacks_event FROM {table} t WHERE t.state = {state} "
        "AND NOT EXISTS (SELECT 1 FROM events e WHERE e.merchant_id = t.merchant_id AND e.subject_id = t.id "
        f"AND e.order_id = t.{'id' if table == 'orders' else 'order_id'} "
        f"AND e.kind = '{kind}')"
        for table, state, kind in EXPLAINED
    )


def _versions(table: str) -> str:
    return f"""SELECT t.id, t.version, coalesce(e.last, 0) AS last_event FROM {table} t
        LEFT JOIN (SELECT merchant_id, subject_id, max(seq) AS last FROM events GROUP BY 1, 2) e
            ON e.merchant_id = t.merchant_id AND e.subject_id = t.id
        WHERE t.version <> coalesce(e.last, 0)"""


def _twice(table: str, columns: str) -> str:
    return f"SELECT {columns}, count(*) AS rows FROM {table} GROUP BY {columns} HAVING count(*) > 1"


CHECKS = (
    Check("I1", "order_twice", "a channel's order is here once", "orders",
          _twice("orders", "merchant_id, account_id, external_id")),
    Check("I1", "delivery_twice", "a delivery is kept once", "inbox",
          _twice("inbox", "merchant_id, account_id, delivery_id")),
    Check("I1", "delivery_stuck", f"a delivery that is due is taken in within {LATE_PENDING}", "inbox",
          f"""SELECT id, account_id, topic, due_at, attempts, error FROM inbox
              WHERE state = {int(Inbox.PENDING)} AND due_at < now() - interval '{LATE_PENDING}'"""),
    Check("I1", "delivery_waits_for_ever", f"no delivery waits more than {LATE_WAITING} for its order", "inbox",
          f"""SELECT id, account_id, topic, about, received_at FROM inbox
              WHERE state = {int(Inbox.WAITING)} AND received_at < now() - interval '{LATE_WAITING}'"""),
    Check("I1", "delivery_without_order", "the order that a finished delivery speaks of is here", "inbox",
          f"""SELECT i.id, i.account_id, i.topic, i.about FROM inbox i
              WHERE i.state = {int(Inbox.DONE)} AND i.kind = 0 AND i.about <> '' AND NOT EXISTS (
                  SELECT 1 FROM orders o WHERE o.merchant_id = i.merchant_id AND o.account_id = i.account_id
                  AND o.external_id = i.about)"""),
    Check("I2", "event_gap", "the events of a subject are numbered 1, 2, 3 … without a gap", "events",
          """SELECT merchant_id, subject_id, count(*) AS events, min(seq) AS first, max(seq) AS last FROM events
             GROUP BY 1, 2 HAVING min(seq) <> 1 OR max(seq) <> count(*)"""),
    Check("I2", "order_version", "an order's version is the number of its last event", "orders", _versions("orders")),
    Check("I2", "fulfillment_version", "a fulfillment order's version is the number of its last event",
          "fulfillment_orders", _versions("fulfillment_orders")),
    Check("I2", "unknown_word", "every state is one of its axis", "orders", _words()),
    Check("I2", "state_without_event", "nothing ends or leaves without the event that says so", "orders",
          _unexplained()),
    Check("I9", "stray_row", "every row belongs to a row of the same merchant", "orders", _strays()),
)  # fmt: skip
