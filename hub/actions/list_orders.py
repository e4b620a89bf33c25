"""Orders, newest first, a page at a time: for the console, the API and `orders list`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from hub.actions import cursors
from hub.domain.lifecycle import PHASES, phase
from hub.domain.order import Value
from hub.errors import Invalid
from hub.store.database import Database, Row
from hub.store.order_facts import FACTS, TROUBLE, UNITS, phase_facts

SEARCH_MOST = 200
CHUNK = 400
CHUNKS = 50
"""A phase is derived, so a page of one phase is found by looking at candidates: at most this many chunks a call."""

_HELD = "o.state < 9 AND EXISTS (SELECT 1 FROM holds h WHERE h.order_id = o.id AND h.state IN ('open', 'escalated'))"
_WAITING = "o.state = 3 AND units.shipped = 0"
_LEAVING = "o.state = 3 AND units.shipped > 0"
_BACK = (
    "o.state = 9 AND o.id IN (SELECT b.order_id FROM order_lines b WHERE b.merchant_id = $1 AND b.received_back > 0)"
)
_ASKED_BACK = "o.state = 9 AND o.id IN (SELECT r.order_id FROM returns r WHERE r.merchant_id = $1)"
_NOTHING = """o.state = 9 AND NOT EXISTS (SELECT 1 FROM order_lines n
    WHERE n.order_id = o.id AND n.requires_shipping AND n.ordered > n.cancelled)"""
CANDIDATES: Mapping[str, str] = {
    "cancelled": "o.state = 10", "rejected": "o.state = 11", "draft": "o.state = 0",
    "exception": f"o.state < 9 AND {TROUBLE}", "on_hold": _HELD, "amending": _HELD, "awaiting_payment": _HELD,
    "reviewing": "o.state = 1", "backordered": _HELD, "ready_to_route": "o.state = 2", "routed": _WAITING,
    "picking": _WAITING, "packed": _WAITING, "partially_shipped": _LEAVING, "shipped": _LEAVING,
    "partially_delivered": "o.state = 3 AND units.delivered > 0",
    "delivered": "(o.state = 9 OR (o.state = 3 AND units.delivered > 0))",
    "return_open": _ASKED_BACK, "partially_returned": _BACK, "returned": _BACK, "closed": _NOTHING,
}  # fmt: skip
"""Phase → what an order in it must at least fulfil: narrows the search, decides nothing."""


class OrderQuery(Value, frozen=True):
    """Which orders. `channel` is the name or the connector of an account; `search` a number, an e-mail address, a
    tracking number, or a part of a name; `after` the `next` of the page before."""

    phase: str = ""
    channel: str = ""
    search: str = ""
    after: str = ""
    limit: int = 50


class OrderSummary(Value, frozen=True, omit_defaults=False):
    """One order in a list. `total` in minor units of `currency`; units count what ships and is not cancelled."""

    id: str
    number: str
    channel: str
    connector: str
    phase: str
    placed_at: datetime
    customer: str
    email: str
    city: str
    country: str
    total: int
    currency: str
    units: int
    shipped: int
    delivered: int
    holds: tuple[str, ...]
    test: bool


class OrderPage(Value, frozen=True, omit_defaults=False):
    """One page; an empty `next` ends the list."""

    orders: tuple[OrderSummary, ...]
    next: str


async def list_orders(database: Database, merchant_id: int, query: OrderQuery) -> OrderPage:
    """One page of the merchant's orders. Raises `Invalid` for an unknown phase, a foreign page mark or a silly limit.

    Without a phase: one statement. With one: a page may be short, even empty, and still have a `next`.
    """
    limit = cursors.page_size(query.limit)
    if query.phase and query.phase not in PHASES:
        raise Invalid("phase", f"is one of {', '.join(PHASES)}")
    mark = cursors.decode(query.after) if query.after else None
    size = CHUNK if query.phase else limit + 1
    found: list[OrderSummary] = []
    places: list[tuple[datetime, int]] = []
    for _ in range(CHUNKS):
        rows = await _rows(database, merchant_id, query, mark, size)
        for row in rows:
            summary = _summary(row)
            if query.phase in {"", summary.phase}:
                found.append(summary)
                places.append((row["created_at"], row["id"]))
        if len(found) > limit:
            return OrderPage(orders=tuple(found[:limit]), next=cursors.encode(*places[limit - 1]))
        if len(rows) < size:
            return OrderPage(orders=tuple(found), next="")
        mark = (rows[-1]["created_at"], rows[-1]["id"])
    return OrderPage(orders=tuple(found), next=cursors.encode(*mark) if mark else "")


async def _rows(
    database: Database, merchant_id: int, query: OrderQuery, mark: tuple[datetime, int] | None, size: int
) -> list[Row]:
    given: list[object] = [merchant_id]

    def put(value: object) -> str:
        given.append(value)
        return f"${len(given)}"

    wanted = ["o.merchant_id = $1"]
    if query.phase:
        wanted.append(CANDIDATES[query.phase])
    if query.channel:
        wanted.append(f"{put(query.channel)}::text IN (a.name, a.connector)")
    search = query.search.replace("\0", "").strip()[:SEARCH_MOST]
    if search:
        wanted.append(_matches(search, f"{put(search)}::text"))
    if mark:
        wanted.append(f"(o.created_at, o.id) < ({put(mark[0])}, {put(mark[1])})")
    return await database.plain.fetch(
        f"""SELECT o.id, o.number, o.state, o.created_at, o.placed_at, o.total, o.currency, o.email, o.test,
                   o.buyer, o.ship_to, a.name AS channel, a.connector, {FACTS}
            FROM orders o LEFT JOIN accounts a ON a.id = o.account_id {UNITS}
            WHERE {" AND ".join(wanted)} ORDER BY o.created_at DESC, o.id DESC LIMIT {size}""",  # noqa: S608 our own text
        *given,
    )


def _matches(search: str, text: str) -> str:
    """Exact for what has digits (a number, a tracking number) and for e-mail addresses, which are indexed; a part of a
    name otherwise. `text` is the placeholder of `search`."""
    if "@" in search:
        return f"o.email = lower({text})"
    if any(letter.isdigit() for letter in search):
        return f"""o.id IN (SELECT f.id FROM orders f WHERE f.merchant_id = $1 AND f.number IN ({text}, '#' || {text})
            UNION ALL SELECT p.order_id FROM parcels p
            WHERE p.merchant_id = $1 AND p.tracking_number = {text} AND p.tracking_number <> '')"""  # noqa: S608
    return f"""(o.number IN ({text}, '#' || {text}) OR strpos(lower(coalesce(o.buyer->>'name', '')), lower({text})) > 0
        OR strpos(lower(coalesce(o.ship_to->>'name', '')), lower({text})) > 0)"""


def _summary(row: Row) -> OrderSummary:
    buyer, ship_to = json.loads(row["buyer"]), json.loads(row["ship_to"] or "{}") or {}
    return OrderSummary(
        id=str(row["id"]),
        number=row["number"],
        channel=row["channel"] or "",
        connector=row["connector"] or "",
        phase=phase(phase_facts(row)),
        placed_at=row["placed_at"],
        customer=ship_to.get("name") or buyer.get("name") or "",
        email=row["email"],
        city=ship_to.get("city", ""),
        country=ship_to.get("country", ""),
        total=row["total"],
        currency=row["currency"],
        units=row["units"],
        shipped=row["shipped"],
        delivered=row["delivered"],
        holds=tuple(row["holds"]),
        test=row["test"],
    )
