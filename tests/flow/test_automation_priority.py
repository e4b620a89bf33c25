"""What a rule's priority is good for: who is first in the next wave."""

from __future__ import annotations

from hub.actions.floor_release import NewWave, release_wave
from hub.actions.show_order import show_order
from hub.web.console.words import event_says
from tests.flow.desk import Desk, an_order
from tests.flow.test_automation import give
from tests.support.world import MERCHANT


async def test_an_order_of_high_priority_is_first_in_the_next_wave_and_its_page_says_why(desk: Desk) -> None:
    await desk.world.database.plain.execute("UPDATE locations SET automatic = false")
    await give(
        desk, '[[rule]]\nname = "Rush"\nwhen = "accepted"\nif.note = ["rush"]\nthen.priority = 9\nthen.tag = "rush"'
    )
    usual, rush = an_order(), an_order(note="rush!")
    await desk.take(usual, rush)
    order_id = await desk.order_id(rush.external_id)

    await release_wave(desk.world.services, NewWave(merchant_id=MERCHANT, location="berlin", actor="user:1", most=1))

    (taken,) = await desk.world.rows("SELECT order_id FROM fulfillment_orders WHERE wave_id IS NOT NULL")
    assert taken["order_id"] == order_id
    shown = await show_order(desk.world.database, MERCHANT, order_id)
    assert (shown.tags, shown.priority) == (("rush",), 9)
    assert [event_says(event.kind, event.details) for event in shown.events if event.kind == "rule_fired"] == [
        "Rule “Rush” (version 1, accepted): tag rush and priority 9; because of the note has “rush”"
    ]
    other = await show_order(desk.world.database, MERCHANT, await desk.order_id(usual.external_id))
    assert (other.tags, other.priority) == ((), None)
