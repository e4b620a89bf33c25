"""Facts of track: scans that nobody has acted on, oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.order import ScanStatus
from hub.domain.outcome import WorkRow
from hub.domain.tracking import ScanRow, TrackFacts
from hub.flow import contacts
from hub.flow.stage import Desk

SCANS = """SELECT id, parcel_id, status, at, word, place FROM scans
    WHERE parcel_id = ANY($1::bigint[]) AND NOT seen ORDER BY parcel_id, at, id"""


async def facts(desk: Desk, works: Sequence[WorkRow]) -> TrackFacts:
    """Two statements a batch."""
    scans: dict[int, tuple[ScanRow, ...]] = {}
    for row in await desk.tx.fetch(SCANS, [parcel.id for work in works for parcel in work.parcels]):
        scan = ScanRow(row["id"], ScanStatus(row["status"]), row["at"], row["word"], row["place"])
        scans[row["parcel_id"]] = (*scans.get(row["parcel_id"], ()), scan)
    known = await desk.directory.known(desk.tx)
    return TrackFacts(scans, await contacts.of(desk, works), known.kinds(), known.listeners())
