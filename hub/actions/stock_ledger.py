"""One SKU: how many lie where, what they are kept for, what is on its way, and the ledger of every movement."""

from __future__ import annotations

from datetime import datetime

from hub.actions import cursors
from hub.actions.order_view import View
from hub.domain.order import Value
from hub.errors import Invalid, NotFound
from hub.store.database import Database, Row

PRODUCT = "SELECT sku, title FROM products WHERE merchant_id = $1 AND sku = $2"
PARTS = "SELECT component AS sku, quantity FROM components WHERE merchant_id = $1 AND sku = $2 ORDER BY component"
PLACES = """SELECT l.code AS location, s.on_hand, s.reserved,
        coalesce(sum(r.units) FILTER (WHERE r.kind = 'quarantine'), 0)::int AS quarantined,
        coalesce(sum(r.units) FILTER (WHERE r.kind = 'checkout'), 0)::int AS kept
    FROM stock s JOIN locations l ON l.id = s.location_id
        LEFT JOIN reservations r ON r.merchant_id = s.merchant_id AND r.sku = s.sku AND r.location_id = s.location_id
    WHERE s.merchant_id = $1 AND s.sku = $2 GROUP BY l.code, s.on_hand, s.reserved ORDER BY l.code"""
QUARANTINE = """SELECT l.code AS location, r.ref AS reason, r.units FROM reservations r
    JOIN locations l ON l.id = r.location_id
    WHERE r.merchant_id = $1 AND r.sku = $2 AND r.kind = 'quarantine' ORDER BY l.code, r.ref"""
COMING = """SELECT t.reference, f.code AS source, g.code AS target, w.shipped - w.received - w.missing AS units,
        t.shipped_at
    FROM transfers t JOIN transfer_lines w ON w.transfer_id = t.id
        JOIN locations f ON f.id = t.from_id JOIN locations g ON g.id = t.to_id
    WHERE t.merchant_id = $1 AND w.sku = $2 AND t.state = 'in_transit' AND w.shipped > w.received + w.missing
    ORDER BY t.id"""
MOVEMENTS = """SELECT m.id, m.at, l.code AS location, m.on_hand, m.reserved, m.reason,
        coalesce(f.number, r.reference, t.reference, k.reference, '') AS of, coalesce(f.order_id, 0) AS order_id
    FROM (SELECT * FROM stock_movements WHERE merchant_id = $1 AND sku = $2 AND id < $3 ORDER BY id DESC LIMIT $4) m
        JOIN locations l ON l.id = m.location_id
        LEFT JOIN fulfillment_orders f ON f.id = m.ref_id LEFT JOIN receipts r ON r.id = m.ref_id
        LEFT JOIN transfers t ON t.id = m.ref_id LEFT JOIN kit_orders k ON k.id = m.ref_id
    ORDER BY m.id DESC"""

NEWEST = 2**63 - 1


class LedgerQuery(Value, frozen=True):
    """Which SKU. `after`: the `next` of the page before; `limit`: movements of one page."""

    sku: str
    after: str = ""
    limit: int = 50


class PlaceView(View, frozen=True):
    """Units at one location. `reserved` counts everything that is not free: units `promised` to orders, `quarantined`
    ones, and those `kept` for a checkout."""

    location: str
    on_hand: int
    reserved: int
    promised: int
    quarantined: int
    kept: int
    free: int


class AsideView(View, frozen=True):
    """Units in quarantine for one reason."""

    location: str
    reason: str
    units: int


class ComingView(View, frozen=True):
    """Units on their way from one location to another."""

    reference: str
    source: str
    target: str
    units: int
    shipped_at: datetime


class MovementView(View, frozen=True):
    """One line of the ledger. `of`: the fulfillment order, receipt, transfer or kit order that it belongs to, '' for
    others; `order_id` 0 where it belongs to no order."""

    at: datetime
    location: str
    on_hand: int
    reserved: int
    reason: str
    of: str
    order_id: int


class PartView(View, frozen=True):
    """So many units of a SKU go into one of the bundle."""

    sku: str
    quantity: int


class LedgerView(View, frozen=True):
    """One SKU, with its newest movements first; an empty `next` ends them. A bundle has only `parts`."""

    sku: str
    title: str
    parts: tuple[PartView, ...]
    places: tuple[PlaceView, ...]
    quarantine: tuple[AsideView, ...]
    coming: tuple[ComingView, ...]
    movements: tuple[MovementView, ...]
    next: str


async def show_ledger(database: Database, merchant_id: int, query: LedgerQuery) -> LedgerView:
    """Raises `NotFound` for a SKU that is no product, `Invalid` for a silly limit or cursor."""
    limit, plain = cursors.page_size(query.limit), database.plain
    if query.after and not (query.after.isascii() and query.after.isdigit() and len(query.after) < 20):
        raise Invalid("after", "is the `next` of the page before")
    key = (merchant_id, query.sku.replace("\0", ""))
    product = await plain.fetchrow(PRODUCT, *key)
    if product is None:
        raise NotFound(f"no product {query.sku!r}")
    before = min(int(query.after), NEWEST) if query.after else NEWEST
    rows = await plain.fetch(MOVEMENTS, *key, before, limit + 1)
    return LedgerView(
        sku=product["sku"],
        title=product["title"],
        parts=tuple(PartView(**dict(row)) for row in await plain.fetch(PARTS, *key)),
        places=tuple(_place(row) for row in await plain.fetch(PLACES, *key)),
        quarantine=tuple(AsideView(**dict(row)) for row in await plain.fetch(QUARANTINE, *key)),
        coming=tuple(ComingView(**dict(row)) for row in await plain.fetch(COMING, *key)),
        movements=tuple(_movement(row) for row in rows[:limit]),
        next=str(rows[limit - 1]["id"]) if len(rows) > limit else "",
    )


def _place(row: Row) -> PlaceView:
    promised = row["reserved"] - row["quarantined"] - row["kept"]
    return PlaceView(**dict(row), promised=promised, free=row["on_hand"] - row["reserved"])


def _movement(row: Row) -> MovementView:
    values = dict(row)
    del values["id"]
    return MovementView(**values)
