"""Transfers and count sheets as people see them: the newest first, and one of each with its lines."""

from __future__ import annotations

from datetime import datetime

from hub.actions.order_view import View
from hub.errors import NotFound
from hub.store.database import Database, Row

MOST = 60
PLACES = "SELECT code FROM locations WHERE merchant_id = $1 AND active ORDER BY code"
TRANSFERS = """SELECT t.id, t.reference, f.code AS source, g.code AS target, t.state, t.shipped_at, t.closed_at,
        coalesce(sum(w.shipped), 0)::int AS shipped, coalesce(sum(w.received), 0)::int AS received,
        coalesce(sum(w.missing), 0)::int AS missing
    FROM transfers t JOIN locations f ON f.id = t.from_id JOIN locations g ON g.id = t.to_id
    LEFT JOIN transfer_lines w ON w.transfer_id = t.id AND w.merchant_id = t.merchant_id
    WHERE t.merchant_id = $1 AND ($2::bigint IS NULL OR t.id = $2)
    GROUP BY t.id, f.code, g.code ORDER BY (t.state IN ('received', 'cancelled')), t.id DESC LIMIT $3"""
BY_REFERENCE = "SELECT id FROM transfers WHERE merchant_id = $1 AND reference = $2"
TRANSFER_LINES = """SELECT w.sku, coalesce(p.title, '') AS title, w.shipped, w.received, w.missing
    FROM transfer_lines w LEFT JOIN products p ON p.merchant_id = w.merchant_id AND p.sku = w.sku
    WHERE w.merchant_id = $1 AND w.transfer_id = $2 ORDER BY w.sku"""
SHEETS = """SELECT s.id, l.code AS location, s.state, s.why, s.tolerance, s.percent, s.opened_at, s.closed_at,
        s.counter,
        coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = s.counter), s.counter) AS counter_name,
        count(c.id) AS skus, count(c.id) FILTER (WHERE c.state = 'booked') AS booked,
        count(c.id) FILTER (WHERE c.state = 'recount') AS recount
    FROM count_sheets s JOIN locations l ON l.id = s.location_id
    LEFT JOIN count_lines c ON c.sheet_id = s.id AND c.merchant_id = s.merchant_id
    WHERE s.merchant_id = $1 AND ($2::bigint IS NULL OR s.id = $2)
    GROUP BY s.id, l.code ORDER BY (s.state <> 'open'), s.id DESC LIMIT $3"""
SHEET_LINES = """SELECT c.sku, coalesce(p.title, '') AS title, coalesce(b.code, '') AS bin, c.state, c.counts,
        c.expected, c.counted, c.difference
    FROM count_lines c JOIN count_sheets s ON s.id = c.sheet_id
    LEFT JOIN products p ON p.merchant_id = c.merchant_id AND p.sku = c.sku
    LEFT JOIN bins b ON b.merchant_id = c.merchant_id AND b.location_id = s.location_id AND b.sku = c.sku
    WHERE c.merchant_id = $1 AND c.sheet_id = $2 ORDER BY b.aisle NULLS LAST, b.rack, b.level, c.sku"""


class TransferRow(View, frozen=True):
    """A transfer: draft, in_transit, received or cancelled. `shipped` of a draft is what is planned."""

    id: str
    reference: str
    source: str
    target: str
    state: str
    shipped_at: datetime | None
    closed_at: datetime | None
    shipped: int
    received: int
    missing: int


class TransferLine(View, frozen=True):
    """One SKU of it; `open` units are still to come."""

    sku: str
    title: str
    shipped: int
    received: int
    missing: int
    open: int


class TransferPage(View, frozen=True):
    """A transfer with its lines."""

    transfer: TransferRow
    lines: tuple[TransferLine, ...]


class SheetRow(View, frozen=True):
    """A count sheet and how far it is. `recount`: SKUs whose count was outside the tolerance."""

    id: str
    location: str
    state: str
    why: str
    tolerance: int
    percent: int
    opened_at: datetime
    closed_at: datetime | None
    counter: str
    counter_name: str
    skus: int
    booked: int
    recount: int


class SheetLine(View, frozen=True):
    """One SKU to count, and what the last count said."""

    sku: str
    title: str
    bin: str
    state: str
    counts: int
    expected: int | None
    counted: int | None
    difference: int | None


class SheetPage(View, frozen=True):
    """A count sheet with its lines, in the order in which the bins are passed."""

    sheet: SheetRow
    lines: tuple[SheetLine, ...]


async def list_places(database: Database, merchant_id: int) -> tuple[str, ...]:
    """Codes of locations."""
    return tuple(row["code"] for row in await database.plain.fetch(PLACES, merchant_id))


async def list_transfers(database: Database, merchant_id: int) -> tuple[TransferRow, ...]:
    """Those that are not closed first, each kind newest first."""
    return tuple(_transfer(row) for row in await database.plain.fetch(TRANSFERS, merchant_id, None, MOST))


async def find_transfer(database: Database, merchant_id: int, reference: str) -> int:
    """The id of a transfer by its reference. Raises `NotFound`."""
    found = await database.plain.fetchval(BY_REFERENCE, merchant_id, reference.replace("\0", "").strip())
    if found is None:
        raise NotFound(f"no transfer {reference!r}")
    return int(found)


async def see_transfer(database: Database, merchant_id: int, transfer_id: int) -> TransferPage:
    """Raises `NotFound` for another merchant's."""
    found = await database.plain.fetchrow(TRANSFERS, merchant_id, transfer_id, 1)
    if found is None:
        raise NotFound("no such transfer")
    rows = await database.plain.fetch(TRANSFER_LINES, merchant_id, transfer_id)
    lines = tuple(TransferLine(**dict(row), open=row["shipped"] - row["received"] - row["missing"]) for row in rows)
    return TransferPage(transfer=_transfer(found), lines=lines)


async def list_sheets(database: Database, merchant_id: int) -> tuple[SheetRow, ...]:
    """Open ones first, each kind newest first."""
    return tuple(_sheet(row) for row in await database.plain.fetch(SHEETS, merchant_id, None, MOST))


async def see_sheet(database: Database, merchant_id: int, sheet_id: int) -> SheetPage:
    """Raises `NotFound` for another merchant's."""
    found = await database.plain.fetchrow(SHEETS, merchant_id, sheet_id, 1)
    if found is None:
        raise NotFound("no such count sheet")
    rows = await database.plain.fetch(SHEET_LINES, merchant_id, sheet_id)
    return SheetPage(sheet=_sheet(found), lines=tuple(SheetLine(**dict(row)) for row in rows))


def _transfer(row: Row) -> TransferRow:
    return TransferRow(**{**dict(row), "id": str(row["id"])})


def _sheet(row: Row) -> SheetRow:
    return SheetRow(**{**dict(row), "id": str(row["id"])})
