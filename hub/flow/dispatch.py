"""Facts of dispatch: who must be told, and what may be taken."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.dispatching import DispatchFacts
from hub.domain.outcome import WorkRow
from hub.flow import contacts, credit_facts, loading
from hub.flow.stage import Desk

LOCATIONS = "SELECT id, code FROM locations WHERE id = ANY($1::bigint[])"


async def facts(desk: Desk, works: Sequence[WorkRow]) -> DispatchFacts:
    """Three statements a batch; one more where somebody is on terms."""
    known = await desk.directory.known(desk.tx)
    payments = await loading.payments_of(desk.tx, [work.order_id for work in works])
    rows = await desk.tx.fetch(LOCATIONS, sorted({work.location_id for work in works}))
    return DispatchFacts(
        kinds=known.kinds(),
        contacts=await contacts.of(desk, works),
        payments=payments,
        locations={row["id"]: row["code"] for row in rows},
        listeners=known.listeners(),
        standing=await credit_facts.standing(desk, works, payments),
    )
