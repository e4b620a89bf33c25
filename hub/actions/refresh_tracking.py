"""Refresh tracking: parcels under way that nobody heard of for a while are asked for at their carrier.

Carriers' callbacks get lost; what they would have said joins the inbox like any delivery.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.pull_orders import Keeps, storable
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import TracksParcels
from hub.domain.lifecycle import Custody, Work
from hub.errors import CrossdockError

QUIET_HOURS = 12
"""Without a scan for so long, a parcel is asked for."""

LOST_DAYS = 60
"""After so long nobody asks any more: a person decides what became of it."""

AT_ONCE = 50
"""Tracking numbers in one call."""

QUIET = f"""SELECT p.id, p.tracking_number FROM fulfillment_orders f JOIN parcels p ON p.fulfillment_id = f.id
    WHERE f.state < 9 AND f.state = {int(Work.DISPATCHED)} AND p.carrier_account_id = $1 AND p.id > $2
      AND p.custody = '{Custody.HANDED_OVER}' AND p.tracking_number <> '' AND p.handed_over_at > $3
      AND coalesce(p.tracked_at, p.handed_over_at) <= $4
    ORDER BY p.id LIMIT {AT_ONCE}"""  # noqa: S608 - constants only
"""Dispatched fulfillment orders are found by their partial index, so that finished ones cost nothing."""


class Refreshed(Struct, frozen=True):
    """Parcels asked for, deliveries that came of it, and those that were new."""

    parcels: int
    deliveries: int
    new: int


async def refresh_tracking(
    services: Services, inbox: Keeps, account_id: int, quiet_hours: float = QUIET_HOURS
) -> Refreshed:
    """Asks one carrier for every quiet parcel, many in a call. Raises `Invalid` for an account that tracks no parcels,
    and the carrier's own failures, which are kept on the account."""
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, TracksParcels):
        raise cannot(channel.account.connector, "tracks no parcels")
    now = services.clock.now()
    oldest, quiet = now - timedelta(days=LOST_DAYS), now - timedelta(hours=quiet_hours)
    parcels = deliveries = new = last = 0
    try:
        while rows := await services.database.plain.fetch(QUIET, account_id, last, oldest, quiet):
            told = await channel.track_parcels([row["tracking_number"] for row in rows])
            kept = await asyncio.gather(*(inbox.keep(channel.account, storable(delivery)) for delivery in told))
            parcels, deliveries, new = parcels + len(rows), deliveries + len(kept), new + sum(kept)
            last = rows[-1]["id"]
    except CrossdockError as error:
        await account_health.failed(services, account_id, "tracking", error)
        raise
    await account_health.succeeded(services, account_id, "tracking")
    return Refreshed(parcels, deliveries, new)


async def carriers(services: Services) -> list[Target]:
    """Active accounts that track parcels."""
    return await able(services, TracksParcels)
