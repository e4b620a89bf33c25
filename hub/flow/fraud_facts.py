"""Facts of fraud rules for one batch: what else its buyers ordered, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from hub.domain.fraud import KEYS, Purchase, Sightings
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Address
from hub.domain.outcome import OrderRow
from hub.domain.validation import Policy
from hub.flow.stage import Desk
from hub.store.database import Row

# ruff: noqa: S608 - statements are put together from constants of our own code

MOST_OF_ONE = 50
"""Orders of one e-mail address that are counted; no rule needs to know how many more there are."""
MOST_RECENT = 3000
"""Of a merchant whose rules count phones, addresses, cards or IP addresses, the newest orders of the window."""

_ENDED = f"({int(Lifecycle.CANCELLED)}, {int(Lifecycle.REJECTED)})"
_MINE = """unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::boolean[],
        $7::boolean[]) AS mine(id, merchant_id, email, placed_at, since, history, cards)"""
_SAME = "o.email = mine.email AND o.merchant_id + 0 = mine.merchant_id AND o.id <> mine.id"
"""`+ 0`: found by the address, never by reading what the merchant has, which a planner with old statistics prefers."""
_CARDS = "ARRAY(SELECT p.gateway || ':' || p.last4 FROM payments p WHERE p.order_id = o.id AND p.last4 <> '')"
BY_EMAIL = f"""SELECT o.id, o.merchant_id, o.placed_at, o.state, o.currency, o.email, '' AS phone, '' AS ip,
        NULL AS ship_to, CASE WHEN mine.cards THEN {_CARDS} ELSE '{{}}' END AS cards
    FROM {_MINE} CROSS JOIN LATERAL (
        (SELECT o.* FROM orders o WHERE {_SAME} AND o.placed_at BETWEEN mine.since AND mine.placed_at
         LIMIT {MOST_OF_ONE})
        UNION ALL
        (SELECT o.* FROM orders o WHERE mine.history AND {_SAME} AND o.placed_at < mine.placed_at
             AND o.state NOT IN {_ENDED} ORDER BY o.placed_at LIMIT 1)) o"""
RECENT = f"""SELECT o.id, o.merchant_id, o.placed_at, o.state, o.currency, o.email,
        coalesce(nullif(o.buyer->>'phone', ''), o.ship_to->>'phone', '') AS phone,
        coalesce(o.buyer->>'ip', '') AS ip, o.ship_to::text,
        CASE WHEN w.cards THEN {_CARDS} ELSE '{{}}' END AS cards
    FROM unnest($8::bigint[], $9::timestamptz[], $10::boolean[]) AS w(merchant_id, since, cards) CROSS JOIN LATERAL (
        SELECT * FROM orders o WHERE o.merchant_id = w.merchant_id AND o.created_at >= w.since
        ORDER BY o.created_at DESC LIMIT {MOST_RECENT}) o"""

_address = msgspec.json.Decoder(Address)
Policies = Mapping[int, Policy]


async def history(desk: Desk, orders: Sequence[OrderRow], policies: Policies) -> dict[int, Sightings]:
    """What rules count, by merchant."""
    mine = [_asked(order, policies[order.merchant_id]) for order in orders if _asks(order, policies)]
    wide = _windows(orders, policies)
    if not mine and not wide:
        return {}
    arguments = list(map(list, zip(*mine, strict=True))) if mine else [[] for _ in range(7)]
    sql = f"{RECENT} UNION ALL {BY_EMAIL}" if wide else BY_EMAIL
    windows = list(map(list, zip(*wide, strict=True))) if wide else []
    return _counted(await desk.tx.fetch(sql, *arguments, *windows), orders)


def _asks(order: OrderRow, policies: Policies) -> bool:
    rules = policies[order.merchant_id].rules
    return bool(order.email) and ("email" in rules.counted or rules.asks_history(order.currency, order.total))


def _asked(order: OrderRow, policy: Policy) -> tuple[object, ...]:
    rules = policy.rules
    since = order.placed_at - (rules.window if "email" in rules.counted else timedelta())
    history = rules.asks_history(order.currency, order.total)
    return order.id, order.merchant_id, order.email, order.placed_at, since, history, rules.reads_cards


def _windows(orders: Sequence[OrderRow], policies: Policies) -> list[tuple[object, ...]]:
    """(merchant, since, whether cards matter) for merchants whose rules count more than e-mail addresses."""
    first: dict[int, OrderRow] = {}
    for order in sorted(orders, key=lambda order: order.placed_at):
        first.setdefault(order.merchant_id, order)
    return [
        (merchant, order.placed_at - policies[merchant].rules.window, policies[merchant].rules.reads_cards)
        for merchant, order in first.items()
        if policies[merchant].rules.counted - {"email"}
    ]


def _counted(rows: Sequence[Row], orders: Sequence[OrderRow]) -> dict[int, Sightings]:
    seen: dict[int, Sightings] = {order.merchant_id: Sightings(KEYS) for order in orders}
    for row in sorted(rows, key=lambda row: row["ship_to"] is None):  # what is told in full first: each counts once
        seen[row["merchant_id"]].add(_purchase(row))
    return seen


def _purchase(row: Row) -> Purchase:
    """Another order, as far as it is counted."""
    return Purchase(
        id=row["id"],
        placed_at=row["placed_at"],
        currency=row["currency"],
        total=0,
        email=row["email"],
        phone=row["phone"],
        ip=row["ip"],
        cards=tuple(row["cards"]),
        ship_to=_address.decode(row["ship_to"]) if row["ship_to"] else None,
        cancelled=row["state"] in {Lifecycle.CANCELLED, Lifecycle.REJECTED},
    )
