"""Routing plans as they are stored: the newest version of each merchant's is in effect."""

from __future__ import annotations

import msgspec

from hub.domain.routing_plan import Plan
from hub.store.database import Row, Tx

NEWEST = """SELECT DISTINCT ON (merchant_id) merchant_id, version, plan FROM routing_plans
    ORDER BY merchant_id, version DESC"""

_plan = msgspec.json.Decoder(Plan)


async def newest(tx: Tx) -> dict[int, Plan]:
    """Merchant → its plan; merchants without one are left out."""
    return {row["merchant_id"]: plan_of(row) for row in await tx.fetch(NEWEST)}


def plan_of(row: Row) -> Plan:
    """A row of `routing_plans`; its version is that of the row."""
    return msgspec.structs.replace(_plan.decode(row["plan"]), version=row["version"])
