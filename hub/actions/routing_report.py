"""Promises given and what happened: how many were kept, by location, and how late the others were.

A promise is a day of the location that ships (`hub.domain.promise`), so days are told apart in its own time zone.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from hub.actions.routing_plans import show_plan
from hub.actions.services import Services

REPORT = """
    WITH arrived AS (
        SELECT l.code, (p.delivered_at AT TIME ZONE l.zone)::date - d.promised AS late,
               p.delivered_at IS NULL AND d.promised < ($3::timestamptz AT TIME ZONE l.zone)::date AS overdue
        FROM orders o JOIN fulfillment_orders f ON f.order_id = o.id AND f.state <> 10
            JOIN parcels p ON p.fulfillment_id = f.id AND p.custody <> 'cancelled'
            JOIN (SELECT n.id, n.code, coalesce(z.zone, 'UTC') AS zone FROM locations n
                  LEFT JOIN unnest($4::text[], $5::text[]) AS z(code, zone) USING (code)
                  WHERE n.merchant_id = $1) l ON l.id = f.location_id
            CROSS JOIN LATERAL (SELECT (o.promised_at AT TIME ZONE l.zone)::date AS promised) d
        WHERE o.merchant_id = $1 AND o.promised_at >= $2 AND NOT o.test)
    SELECT code AS location, count(*)::int AS parcels, count(late) FILTER (WHERE late <= 0)::int AS kept,
           count(late) FILTER (WHERE late > 0)::int AS broken, count(*) FILTER (WHERE overdue)::int AS overdue,
           round(coalesce(avg(late) FILTER (WHERE late > 0), 0), 1)::float AS days_late
    FROM arrived GROUP BY code ORDER BY code"""


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
    sites = (await show_plan(services, merchant_id)).plan.locations
    zones = [site.timezone for site in sites.values()]
    rows = await services.database.plain.fetch(REPORT, merchant_id, now - timedelta(days=days), now, list(sites), zones)
    return [PromiseFigures(**row) for row in rows]
