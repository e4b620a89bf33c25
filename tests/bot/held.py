"""Orders that wait for their address, and what a test asks of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.domain.lifecycle import FOREVER, Lifecycle
from tests.bot.world import World

TYPO = {"name": "Anna", "line1": "Heidestr. 17", "city": "Berlin", "postcode": "1O557", "country": "DE"}
CUT = {"name": "Astrid Lind", "line1": "Strandvägen 7", "city": "Stockholm", "postcode": "12", "country": "SE"}
ANY = ("use_address", "accept", "cancel")


async def held(
    world: World,
    number: str = "1001",
    *,
    ship_to: dict[str, str] | None = CUT,
    faults: Sequence[str] = ("postcode_unknown",),
    suggestion: dict[str, str] | None = None,
) -> int:
    """An order that waits for its address; gives its id."""
    detail: dict[str, Any] = {"what": "address", "faults": list(faults)}
    resolutions = ANY
    if suggestion:
        detail["suggestion"], resolutions = suggestion, ("use_suggestion", *ANY)  # type: ignore[assignment]
    return await waiting(world, number, ship_to, detail, resolutions)


async def waiting(
    world: World, number: str, ship_to: dict[str, str] | None, detail: dict[str, Any], resolutions: Sequence[str]
) -> int:
    """An order with an address hold of that detail; gives its id."""
    order_id = await unheld(world, number, ship_to)
    await world.database.plain.execute(
        """INSERT INTO holds (id, merchant_id, order_id, reason, state, detail, owner, opened_at, due_at, protocol,
               resolutions) VALUES ($1, $2, $1, 'address', 'open', $3, 'customer', $4, $5, '{}', $6)""",
        order_id, world.merchant_id, json.dumps(detail), FOREVER - timedelta(days=9000), FOREVER,
        json.dumps(list(resolutions)),
    )  # fmt: skip
    return order_id


async def unheld(
    world: World, number: str, ship_to: dict[str, str] | None, state: Lifecycle = Lifecycle.RECEIVED
) -> int:
    """An order that nothing has left of; gives its id."""
    order_id = await world.order(number, shipped=False)
    await world.database.plain.execute(
        "UPDATE orders SET ship_to = $2, state = $3, due_at = $4 WHERE id = $1",
        order_id, json.dumps(ship_to) if ship_to else None, int(state), FOREVER,
    )  # fmt: skip
    return order_id


async def wish(world: World, number: str = "1001") -> list[str]:
    """Asks for another address, proves whose order it is, and gives what is said then."""
    await world.say("Please change the delivery address of my order")
    await world.say(number)
    return await world.say(await world.code())


async def pressed(world: World, label: str) -> list[str]:
    """Presses a button of the latest question."""
    return await world.say(button=(await world.buttons())[label])


async def address(world: World, order_id: int) -> dict[str, Any]:
    """Where the order goes."""
    found: dict[str, Any] = json.loads(
        await world.database.plain.fetchval("SELECT ship_to FROM orders WHERE id = $1", order_id)
    )
    return found


OPEN = ("open", "", "")
"""A hold that nobody has decided about."""


async def hold(world: World, order_id: int) -> tuple[str, str, str]:
    """State, resolution and who closed it."""
    row = await world.database.plain.fetchrow(
        "SELECT state, resolution, closed_by FROM holds WHERE order_id = $1", order_id
    )
    assert row is not None
    return row["state"], row["resolution"], row["closed_by"] or ""


async def events(world: World, order_id: int) -> list[tuple[str, str]]:
    """(kind, actor) of the order's timeline."""
    rows = await world.database.plain.fetch(
        "SELECT kind, actor FROM events WHERE subject_id = $1 ORDER BY seq", order_id
    )
    return [(row["kind"], row["actor"]) for row in rows]
