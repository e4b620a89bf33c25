"""A customer corrects an address in the chat: the hold is released in the turn that says so."""

from __future__ import annotations

import json
from datetime import timedelta

from hub.domain.lifecycle import FOREVER, Lifecycle
from tests.bot.world import World

TYPO = {"name": "Anna", "line1": "Heidestr. 17", "city": "Berlin", "postcode": "1O557", "country": "DE"}


async def held(world: World, number: str = "1001") -> int:
    """An order that waits for its address; gives its id."""
    order_id = await world.order(number, shipped=False)
    plain = world.database.plain
    await plain.execute(
        "UPDATE orders SET ship_to = $2, state = $3, due_at = $4 WHERE id = $1",
        order_id, json.dumps(TYPO), int(Lifecycle.RECEIVED), FOREVER,
    )  # fmt: skip
    detail = {"what": "address", "faults": ["postcode_unknown"], "suggestion": {**TYPO, "postcode": "10557"}}
    await plain.execute(
        """INSERT INTO holds (id, merchant_id, order_id, reason, state, detail, owner, opened_at, due_at, protocol,
               resolutions) VALUES ($1, $2, $1, 'address', 'open', $3, 'customer', $4, $5, '{}', $6)""",
        order_id, world.merchant_id, json.dumps(detail), FOREVER - timedelta(days=9000), FOREVER,
        json.dumps(["use_suggestion", "use_address", "accept", "cancel"]),
    )  # fmt: skip
    return order_id


async def test_the_customer_takes_the_suggested_address_and_the_order_goes_on(world: World) -> None:
    order_id = await held(world)
    await world.say("Please change the delivery address of my order")
    await world.say("1001")
    asked = (await world.say(await world.code()))[-1]
    assert asked.endswith("Did you mean: Anna, Heidestr. 17, 10557 Berlin, DE?")

    (answer,) = await world.say(button=(await world.buttons())["Yes"])

    assert answer == "Thank you. Order 1001 goes to the corrected address."
    plain = world.database.plain
    assert await plain.fetchval("SELECT ship_to->>'postcode' FROM orders WHERE id = $1", order_id) == "10557"
    row = await plain.fetchrow("SELECT state, resolution, closed_by FROM holds WHERE order_id = $1", order_id)
    assert row is not None
    assert tuple(row) == ("released", "use_suggestion", "customer")
    assert await plain.fetchval("SELECT due_at < $2 FROM orders WHERE id = $1", order_id, FOREVER)
    events = await plain.fetch("SELECT kind, actor FROM events WHERE subject_id = $1", order_id)
    assert ("hold_released", "customer") in {tuple(event) for event in events}


async def test_a_no_changes_nothing_and_offers_a_person(world: World) -> None:
    order_id = await held(world)
    await world.say("Please change the delivery address of my order")
    await world.say("1001")
    await world.say(await world.code())

    answer = await world.say(button=(await world.buttons())["No"])

    assert "something a person does for you" in answer[-1]
    assert await world.database.plain.fetchval("SELECT state FROM holds WHERE order_id = $1", order_id) == "open"


async def test_nothing_is_told_without_a_code(world: World) -> None:
    await held(world)

    said = await world.say("Please change the delivery address of my order") + await world.say("1001")

    assert not any("Heidestr" in line for line in said)
