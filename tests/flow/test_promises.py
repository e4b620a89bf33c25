"""Promises against what happened: a promised day is a day of the location that ships."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.actions.routing_report import report_promises
from hub.actions.show_order import show_order
from hub.ports import ManualClock
from tests.flow.desk import Desk, an_order
from tests.flow.test_routing import plan
from tests.support.world import MERCHANT


@pytest.mark.parametrize(
    ("zone", "came", "kept", "late"),
    [
        ("Asia/Tokyo", "2027-03-05T16:00+00:00", 0, 1),  # one o'clock on the morning after
        ("Asia/Tokyo", "2027-03-05T14:59+00:00", 1, 0),
        ("America/Los_Angeles", "2027-03-06T07:59+00:00", 1, 0),  # a minute before midnight there
        ("America/Los_Angeles", "2027-03-06T08:00+00:00", 0, 1),
        ("UTC", "2027-03-05T23:59+00:00", 1, 0),
    ],
)
async def test_a_promised_day_ends_at_midnight_where_it_ships(
    desk: Desk, zone: str, came: str, kept: int, late: int
) -> None:
    await plan(desk, f'[locations.berlin]\ntimezone = "{zone}"\n[[rules]]\nname = "everything"')
    order_id = await desk.ship(an_order())
    evening = datetime(2027, 3, 5, 20, tzinfo=ZoneInfo(zone))
    await desk.world.database.plain.execute("UPDATE orders SET promised_at = $1", evening)
    await desk.world.database.plain.execute(
        "UPDATE parcels SET delivered_at = $1, custody = 'delivered'", datetime.fromisoformat(came)
    )
    await desk.world.database.plain.execute("UPDATE orders SET completed_at = now()")

    soon = replace(desk.world.services, clock=ManualClock(datetime(2027, 3, 20, tzinfo=UTC)))
    (figures,) = await report_promises(soon, MERCHANT, 30)

    assert (figures.kept, figures.broken, figures.days_late) == (kept, 1 - kept, late)
    seen = (await show_order(desk.world.database, MERCHANT, order_id)).routing
    assert (seen.kept, seen.days_late) == (bool(kept), late)
