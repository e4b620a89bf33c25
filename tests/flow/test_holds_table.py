"""Every reason of a hold with every resolution and every event, each hold opened by what really causes it: what is
offered does what its protocol says, everything else is refused with a reason and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hub.actions.expire_holds import expire_holds
from hub.actions.release_hold import Release, release_hold
from hub.actions.set_terms import set_terms
from hub.actions.switch_rules import switch_rules
from hub.domain.fraud_default import DEFAULT
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Buyer, ChannelOrder, RiskFact
from hub.domain.terms import Terms
from hub.errors import Conflict, Invalid
from tests.flow.desk import BERLIN, Desk, an_order, at, mug
from tests.support.world import MERCHANT

OTHER = replace(BERLIN, line1="Invalidenstr. 5")
FEW = mug(unit_price=100, quantity=1)


def unpaid(**given: Any) -> ChannelOrder:
    return an_order(paid=False, payments=(), **given)


def on_terms() -> ChannelOrder:
    order = unpaid()
    return replace(order, buyer=replace(order.buyer, email=f"terms{order.number[1:]}@example.com"))


def unreachable() -> ChannelOrder:
    order = an_order()
    return replace(order, buyer=replace(order.buyer, email=f"nobody {order.number}"))


CAUSES: Mapping[str, Callable[[], ChannelOrder]] = {
    "payment": unpaid,
    "fraud": lambda: an_order(risks=(RiskFact(source="shop", level="high"),)),
    "address": lambda: an_order(ship_to=replace(BERLIN, postcode="1O557")),
    "credit": on_terms,
    "mapping": lambda: an_order(lines=(mug(sku="NOPE", listing_id=""),)),
    "duplicate": an_order,
    "channel_pending": lambda: unpaid(pending=True),
    "customer": unreachable,
    "manual": lambda: an_order(total=1),
    "stock": lambda: an_order(lines=(mug(sku="CUP", quantity=101),)),
}
OFFERED: Mapping[str, frozenset[str]] = {reason: frozenset({"accept", "cancel"}) for reason in CAUSES} | {
    "address": frozenset({"use_suggestion", "use_address", "accept", "cancel"}),
    "mapping": frozenset({"cancel"}),
    "channel_pending": frozenset({"cancel"}),
    "stock": frozenset({"wait", "cancel"}),
}
RESOLUTIONS = ("accept", "cancel", "use_address", "use_suggestion", "retry", "wait")
HEALED: Mapping[str, Callable[[ChannelOrder], ChannelOrder]] = {
    "payment": lambda order: replace(order, paid=True),
    "fraud": lambda order: replace(order, risks=()),
    "address": lambda order: replace(order, ship_to=BERLIN),
    "credit": lambda order: replace(order, paid=True),
    "mapping": lambda order: replace(order, lines=(mug(),)),
    "duplicate": lambda order: replace(order, lines=(FEW,), total=100),
    "channel_pending": lambda order: replace(order, pending=False, paid=True),
    "customer": lambda order: replace(order, buyer=Buyer(name="Erika", email="erika@example.com")),
    "manual": lambda order: replace(order, total=2500),
    "stock": lambda order: replace(order, lines=(replace(FEW, sku="CUP"),), total=100),
}
"""What the channel tells when the cause is gone."""


async def held(desk: Desk, *reasons: str) -> list[tuple[str, ChannelOrder, int]]:
    """An order that waits for each of `reasons` and nothing else, with its id."""
    await desk.count(MUG=5000)
    orders = [(reason, CAUSES[reason]()) for reason in reasons]
    told: list[ChannelOrder] = []
    for reason, order in orders:
        if reason == "duplicate":
            told.append(replace(order, external_id=f"{order.external_id}-first", placed_at=at(-1)))
        if reason == "credit":
            terms = Terms(email=order.buyer.email, currency="EUR", limit=1, days=30)
            await set_terms(desk.world.services, MERCHANT, terms, "user:1")
        told.append(order)
    await desk.take(*told)
    found = [(reason, order, await desk.order_id(order.external_id)) for reason, order in orders]
    for reason, _, order_id in found:
        assert set(await desk.holds(order_id)) == {reason}
    return found


async def hold_of(desk: Desk, order_id: int) -> dict[str, Any]:
    (row,) = await desk.world.rows("SELECT * FROM holds WHERE order_id = $1", order_id)
    return dict(row)


async def release(desk: Desk, order_id: int, resolution: str) -> None:
    hold = await hold_of(desk, order_id)
    asked = Release(
        merchant_id=MERCHANT, hold_id=hold["id"], resolution=resolution, actor="user:1", address=OTHER, note="seen"
    )
    await release_hold(desk.world.services, asked)


def ends(resolution: str, reason: str) -> Lifecycle:
    """Where an order is after a resolution that is offered."""
    if resolution == "cancel":
        return Lifecycle.CANCELLED
    return Lifecycle.ACCEPTED if reason == "stock" else Lifecycle.IN_PROGRESS


async def test_every_reason_with_every_resolution(desk: Desk) -> None:
    pairs = [(reason, resolution) for reason in CAUSES for resolution in RESOLUTIONS]
    found = await held(desk, *(reason for reason, _ in pairs))

    for (reason, resolution), (_, _, order_id) in zip(pairs, found, strict=True):
        before = (await desk.order(order_id))["version"]
        if resolution in OFFERED[reason]:
            await release(desk, order_id, resolution)
            continue
        with pytest.raises(Invalid, match=f"'{resolution}' is not offered; choose one of"):
            await release(desk, order_id, resolution)
        assert ((await desk.order(order_id))["version"], (await hold_of(desk, order_id))["state"]) == (before, "open")
    await desk.orders()

    for (reason, resolution), (_, _, order_id) in zip(pairs, found, strict=True):
        if resolution not in OFFERED[reason]:
            continue
        order, hold = await desk.order(order_id), await hold_of(desk, order_id)
        assert order["state"] is ends(resolution, reason), (reason, resolution)
        kept = ("open", "") if resolution == "wait" else ("released", resolution)
        assert (hold["state"], hold["resolution"]) == kept, (reason, resolution)
        street = msgspec.json.decode(order["ship_to"])
        if resolution == "use_address":
            assert street["line1"] == OTHER.line1
        if resolution == "use_suggestion":
            assert street["postcode"] == BERLIN.postcode
        if resolution != "wait":
            with pytest.raises(Conflict, match="closed already"):
                await release(desk, order_id, resolution)
    await desk.sound()


@pytest.mark.parametrize("then", ["escalate", "cancel", "accept"])
async def test_every_reason_at_its_deadline(desk: Desk, then: str) -> None:
    """What the rules say happens then, where it is offered; a person decides elsewhere."""
    own = [f'\n[holds.{reason}]\nhours = 5\nthen = "{then}"\n' for reason in CAUSES if reason != "stock"]
    await switch_rules(desk.world.services, MERCHANT, DEFAULT + "".join(own), "test")
    desk.directory.forget()
    found = await held(desk, *CAUSES)
    assert await expire_holds(desk.world.services) == 0
    desk.world.clock.advance(timedelta(hours=5, minutes=1))

    assert await expire_holds(desk.world.services) == len(CAUSES) - 1, "stock has its own two weeks"
    await desk.orders()

    for reason, _, order_id in found:
        order, hold = await desk.order(order_id), await hold_of(desk, order_id)
        if reason == "stock":
            assert hold["state"] == "open"
        elif then in OFFERED[reason]:
            assert (hold["state"], hold["resolution"], hold["closed_by"]) == ("released", then, "hub"), reason
            assert order["state"] is ends(then, reason), reason
        else:
            assert (hold["state"], hold["owner"]) == ("escalated", "merchant"), reason
            assert order["state"] is Lifecycle.RECEIVED
            assert "hold_escalated" in await desk.events(order_id)
    assert await expire_holds(desk.world.services) == 0
    await desk.sound()


async def test_every_reason_heals_when_its_cause_is_gone(desk: Desk) -> None:
    found = await held(desk, *CAUSES)

    await desk.take(*(replace(HEALED[reason](order), revised_at=at(30)) for reason, order, _ in found))

    for reason, _, order_id in found:
        hold = await hold_of(desk, order_id)
        assert (hold["state"], hold["resolution"], hold["closed_by"]) == ("released", "healed", "hub"), reason
        assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS, reason
        with pytest.raises(Conflict, match="closed already"):
            await release(desk, order_id, "cancel")
    await desk.sound()


async def test_every_reason_when_the_order_is_cancelled_or_edited_at_the_channel(desk: Desk) -> None:
    """An edit that leaves the cause leaves the one hold, with its deadline; a cancellation closes it."""
    found = await held(desk, *CAUSES)
    before = {order_id: await hold_of(desk, order_id) for _, _, order_id in found}

    await desk.take(*(replace(order, revised_at=at(30), note="please hurry") for _, order, _ in found))

    for reason, _, order_id in found:
        rows = await desk.world.rows(
            "SELECT id, state, opened_at, due_at, detail FROM holds WHERE order_id = $1", order_id
        )
        (row,) = [row for row in rows if row["state"] == "open"]
        if reason == "stock":
            continue  # the order was reviewed anew, and found short anew
        assert len(rows) == 1, reason
        assert dict(row) == {name: before[order_id][name] for name in dict(row)}, reason

    await desk.take(*(replace(order, revised_at=at(60), cancelled_at=at(60)) for _, order, _ in found))

    for reason, _, order_id in found:
        assert (await desk.order(order_id))["state"] is Lifecycle.CANCELLED, reason
        rows = await desk.world.rows(
            "SELECT id, state, resolution FROM holds WHERE order_id = $1 ORDER BY id", order_id
        )
        assert (rows[-1]["state"], rows[-1]["resolution"]) == ("released", "cancel"), reason
        asked = Release(merchant_id=MERCHANT, hold_id=rows[-1]["id"], resolution="accept", actor="user:1")
        with pytest.raises(Conflict, match="closed already"):
            await release_hold(desk.world.services, asked)
    desk.world.clock.advance(timedelta(days=60))
    assert await expire_holds(desk.world.services) == 0
    await desk.sound()
