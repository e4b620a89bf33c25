"""Let rules act on what the line does not pass: orders that are overdue, and what hands and channels did."""

from __future__ import annotations

from hub.actions.services import Services
from hub.flow.automation_sweep import Sweep


async def sweep_rules(services: Services) -> int:
    """Looks through the orders of merchants that have rules; returns how many rules acted."""
    return await Sweep(services.database, services.ids, services.clock.now()).all()
