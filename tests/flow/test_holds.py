"""Holds: what is asked of whom, what a release does in its own transaction, many at once, and the deadline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hub.actions.expire_holds import expire_holds
from hub.actions.release_hold import Release, release_hold
from hub.actions.release_holds import Releases, release_holds
from hub.actions.switch_rules import switch_rules
from hub.domain.fraud_default import DEFAULT
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Buyer, RiskFact
from hub.errors import Conflict, Invalid, NotFound
from tests.flow.desk import BERLIN, Desk, an_order
from tests.support.world import MERCHANT

TYPO = replace(BERLIN, postcode="1O557")
WARNED = (RiskFact(source="shop", level="high"),)


async def hold_of(desk: Desk, order_id: int) -> dict[str, Any]:
    (row,) = await desk.world.rows("SELECT * FROM holds WHERE order_id = $1 ORDER BY id DESC LIMIT 1", order_id)
    parsed = {name: msgspec.json.decode(row[name]) for name in ("detail", "protocol", "resolutions")}
    return {**dict(row), **parsed}


async def release(desk: Desk, hold_id: int, resolution: str, **given: Any) -> None:
    asked = Release(
        **{"merchant_id": MERCHANT, "hold_id": hold_id, "resolution": resolution, "actor": "user:1", **given}
    )
    await release_hold(desk.world.services, asked)


async def test_an_accepted_suggestion_corrects_the_address_and_the_order_ships(desk: Desk) -> None:
    order_id = await desk.take(an_order(ship_to=TYPO))
    hold = await hold_of(desk, order_id)
    assert hold["detail"]["faults"] == ["postcode_unknown"]
    assert hold["detail"]["suggestion"]["postcode"] == "10557"
    assert hold["resolutions"] == ["use_suggestion", "use_address", "accept", "cancel"]
    assert (hold["owner"], hold["protocol"]["ask"]["customer"]) == ("customer", "correct_address")

    await release(desk, hold["id"], "use_suggestion")
    for _ in range(3):
        await desk.orders()
        await desk.works()
        await desk.send()

    assert msgspec.json.decode((await desk.order(order_id))["ship_to"])["postcode"] == "10557"
    assert len(await desk.parcels(order_id)) == 1
    assert "hold_released" in await desk.events(order_id)
    await desk.sound()


async def test_the_timeline_says_what_is_wrong_and_nothing_of_who_it_is(desk: Desk) -> None:
    """Events are never changed, so a person who is forgotten must not stand in them."""
    buyer = Buyer(name="Kim", email="kim(at)home", phone="1")
    order_id = await desk.take(an_order(ship_to=replace(TYPO, phone=""), buyer=buyer))

    held = await desk.world.rows("SELECT details FROM events WHERE order_id = $1 AND kind = 'held'", order_id)
    told = {event["reason"]: event for event in (msgspec.json.decode(row["details"]) for row in held)}
    assert told["address"]["faults"] == ["postcode_unknown"]
    assert told["customer"]["what"] == "contact"
    text = " ".join(row["details"] for row in held)
    assert not [word for word in ("suggestion", "10557", "kim(at)home", "phones") if word in text]


async def test_only_what_is_offered_and_only_ones_own(desk: Desk) -> None:
    order_id = await desk.take(an_order(ship_to=replace(BERLIN, postcode="ABC")))
    hold = await hold_of(desk, order_id)
    assert "use_suggestion" not in hold["resolutions"], "nothing tells what was meant"

    with pytest.raises(Invalid, match="not offered"):
        await release(desk, hold["id"], "use_suggestion")
    with pytest.raises(NotFound):
        await release(desk, hold["id"], "accept", merchant_id=MERCHANT + 1)
    await release(desk, hold["id"], "accept")
    with pytest.raises(Conflict):
        await release(desk, hold["id"], "accept")


async def test_many_at_once_with_a_result_for_each(desk: Desk) -> None:
    orders = [an_order(risks=WARNED) for _ in range(3)] + [an_order(ship_to=TYPO)]
    await desk.take(*orders)
    ids = [await desk.order_id(order.external_id) for order in orders]
    address = (await hold_of(desk, ids[3]))["id"]
    fraud = [(await hold_of(desk, order_id))["id"] for order_id in ids[:3]]
    services = desk.world.services

    asked = Releases(merchant_id=MERCHANT, resolution="accept", actor="user:1", reason="fraud")
    tried = await release_holds(services, replace(asked, dry_run=True))
    assert (tried.released, await desk.events(ids[0])) == (3, ["received", "held"]), "nothing was written"

    mixed = Releases(merchant_id=MERCHANT, resolution="use_suggestion", actor="u", hold_ids=(fraud[0], address, 7))
    done = await release_holds(services, mixed)
    problems = {it.hold_id: it.problem for it in done.holds}
    assert done.released == 1
    assert problems[str(address)] == ""
    assert "not offered" in problems[str(fraud[0])]
    assert problems["7"] == "no such open hold"

    foreign = await release_holds(services, replace(asked, merchant_id=MERCHANT + 1, hold_ids=(fraud[1],)))
    assert [it.problem for it in foreign.holds] == ["no such open hold"]

    assert (await release_holds(services, asked)).released == 3
    await desk.orders()
    assert [(await desk.order(order_id))["state"] for order_id in ids] == [Lifecycle.IN_PROGRESS] * 4


async def test_nothing_says_which(desk: Desk) -> None:
    with pytest.raises(Invalid, match="say which"):
        await release_holds(desk.world.services, Releases(merchant_id=MERCHANT, resolution="accept", actor="u"))
    with pytest.raises(Invalid, match="one by one"):
        asked = Releases(merchant_id=MERCHANT, resolution="use_address", actor="u", reason="address")
        await release_holds(desk.world.services, asked)


@pytest.mark.parametrize(
    ("then", "state"), [("cancel", Lifecycle.CANCELLED), ("accept", Lifecycle.IN_PROGRESS), ("", Lifecycle.RECEIVED)]
)
async def test_the_deadline_does_what_the_protocol_says(desk: Desk, then: str, state: Lifecycle) -> None:
    own = f'\n[holds.fraud]\nhours = 2\nthen = "{then}"\n' if then else "\n[holds.fraud]\nhours = 2\n"
    await switch_rules(desk.world.services, MERCHANT, DEFAULT + own, "test")
    desk.directory.forget()
    order_id = await desk.take(an_order(risks=WARNED))
    assert await expire_holds(desk.world.services) == 0
    desk.world.clock.advance(timedelta(hours=2, minutes=1))

    assert await expire_holds(desk.world.services) == 1
    await desk.orders()

    hold = await hold_of(desk, order_id)
    assert (await desk.order(order_id))["state"] is state
    assert hold["state"] == ("released" if then else "escalated")
    assert hold["owner"] == ("agent" if then else "merchant"), "an agent's hold goes up to the merchant"
    assert await expire_holds(desk.world.services) == 0
    await desk.sound()


async def test_a_held_order_is_found_at_once(desk: Desk) -> None:
    """The hold is written by the very batch that reviews the order."""
    order_id = await desk.take(an_order(risks=WARNED))

    order, hold = await desk.order(order_id), await hold_of(desk, order_id)

    assert hold["opened_at"] - order["created_at"] < timedelta(seconds=10)
