"""A store in which two orders were delivered, and what `verify` finds wrong in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.actions.refresh_tracking import QUIET_HOURS, refresh_tracking
from hub.actions.verify_store import verify_store
from tests.support.world import World


async def deliver(world: World) -> World:
    """Two orders from the door to the doorstep, everybody told."""
    await world.store("nordlicht")
    carrier = await world.carrier()
    assert world.carriers is not None
    await world.stock()
    await world.order("nordlicht", 2)
    await world.drain()
    await world.carriers.settle()
    world.clock.advance(timedelta(hours=QUIET_HOURS, minutes=1))
    await refresh_tracking(world.services, world.inbox, carrier)
    await world.drain()
    assert await world.value("SELECT count(*) FROM orders WHERE state = 9") == 2
    return world


async def found(world: World) -> dict[str, Any]:
    return {violation.check: violation for violation in (await verify_store(world.database)).violations}
