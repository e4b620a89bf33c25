"""Promises given and what happened: how many were kept, by location, and how late the others were."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from hub.actions.services import Services

REPORT = """
    WITH arrived AS (
        SELECT f.location_id, p.delivered_at::date - o.promised_at::date AS late,
               p.delivered_at IS NULL AND o.promised_at::date < ($3::timestamptz)::date AS overdue
        FROM orders o JOIN fulfillment_orders f ON f.order_id = o.id AND f.state <> 10
            JOIN parcels p ON p.fulfillment_id = f.id AND p.custody <> 'cancelled'
        WHERE o.merchant_id = $1 AND o.promised_at >= $2 AND NOT o.test)
    SELECT l.code AS location, count(*)::int AS parcels, count(late) FILTER (WHERE late <= 0)::int AS kept,
           count(late) FILTER (WHERE late > 0)::int AS broken, count(*) FILTER (WHERE overdue)::int AS overdue,
           round(coalesce(avg(late) FILTER (WHERE late > 0), 0), 1)::float AS days_late
    FROM arrived a JOIN locations l ON l.id = a.location_id GROUP BY l.code ORDER BY l.code"""


class PromiseFigures(Struct, frozen=True):
    """Parcels of promises that fell into the time. `broken` came after the day; `days_late`: those on average;
    `overdue`: not delivered yet, though the day is over."""

    location: str
    parcels: int
    kept: int
    broken: int
    overdue: int
    days_late: float


async def report_promises(services: Services, merchant_id: int, days: int) -> list[PromiseFigures]:
    """By location, promises whose day fell into the last `days` or is still to come."""
    now = services.clock.now()
    rows = await services.database.plain.fetch(REPORT, merchant_id, now - timedelta(days=days), now)
    return [PromiseFigures(**row) for row in rows]
