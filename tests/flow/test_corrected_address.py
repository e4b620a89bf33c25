"""A corrected address stays: a shop that says its old one again, with whatever else is new, has not changed it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from hub.actions.release_hold import Release, release_hold
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import Address, Buyer, ChannelOrder, Erasure, RiskFact, Value
from hub.domain.outgoing import Kind, LabelRequest, Receipt
from hub.errors import Reject
from tests.flow.desk import BERLIN, Desk, an_order, at
from tests.support.world import MERCHANT

BAD = replace(BERLIN, postcode="ABC")
GOOD = BERLIN
BETTER = replace(BERLIN, line1="Heidestr. 71")
MOVED = replace(BERLIN, line1="Neue Str. 2")
WARNED = (RiskFact(source="shop", level="high"),)


async def release(desk: Desk, order_id: int, reason: str, resolution: str, address: Address | None = None) -> None:
    """What an agent does with the open hold of that reason."""
    hold = await desk.world.value(
        "SELECT id FROM holds WHERE order_id = $1 AND reason = $2 AND state IN ('open', 'escalated')", order_id, reason
    )
    asked = Release(
        merchant_id=MERCHANT, hold_id=hold, resolution=resolution, actor="user:1", address=address
    )  # fmt: skip
    await release_hold(desk.world.services, asked)


async def goes_to(desk: Desk, order_id: int) -> Address | None:
    told = (await desk.order(order_id))["ship_to"]
    return msgspec.json.decode(told, type=Address) if told else None


async def corrected(desk: Desk, order: ChannelOrder, address: Address = GOOD) -> int:
    """An order that waited for its address, which an agent gave; it is routed, unless something else keeps it."""
    order_id = await desk.take(order)
    await release(desk, order_id, "address", "use_address", address)
    await desk.orders()
    return order_id


def again(order: ChannelOrder, minutes: float, **new: Any) -> ChannelOrder:
    """The shop's next revision: its own address, unless a new one is given."""
    return replace(order, revised_at=at(minutes), note=f"seen at {minutes}", **new)


async def packed(desk: Desk, order_id: int) -> None:
    """Its goods are in a box, and a label for it is being bought."""
    await desk.works()
    assert await desk.works_of(order_id) == [Work.PACKED]


def refusing(desk: Desk, *streets: str) -> None:
    """From now on the carrier refuses labels to these streets."""
    book = desk.book("paper_carrier", "carrier")

    def answer(kind: Kind, payload: Value) -> Receipt | Exception:
        if isinstance(payload, LabelRequest) and payload.recipient.line1 in streets:
            return Reject("no such street")
        return book._usual(kind, payload)

    book.answer = answer


async def test_before_routing_the_old_address_does_not_come_back(desk: Desk) -> None:
    order = an_order(ship_to=BAD, risks=WARNED)
    order_id = await corrected(desk, order)
    assert set(await desk.holds(order_id)) == {"fraud"}

    await desk.take(again(order, 5, buyer=Buyer(name="Erika M.", email=order.buyer.email)))

    assert await goes_to(desk, order_id) == GOOD
    assert set(await desk.holds(order_id)) == {"fraud"}
    stored = await desk.order(order_id)
    assert (stored["note"], msgspec.json.decode(stored["buyer"])["name"]) == ("seen at 5", "Erika M."), (
        "the rest is news"
    )


async def test_between_routing_and_packing_the_old_address_does_not_come_back(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    assert await desk.works_of(order_id) == [Work.OPEN]

    await desk.take(again(order, 5))

    assert await goes_to(desk, order_id) == GOOD
    assert "address_changed" not in await desk.events(order_id)
    assert (await desk.order(order_id))["note"] == "seen at 5"


async def test_after_packing_the_old_address_holds_nothing_back(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    await packed(desk, order_id)

    await desk.take(again(order, 5), again(order, 6))
    await desk.ship(again(order, 7, ship_to=GOOD))
    await desk.ship(again(order, 8))

    assert await goes_to(desk, order_id) == GOOD
    assert await desk.holds(order_id) == {}
    assert len(await desk.messages("push_shipment")) == 1
    await desk.sound()


async def test_an_order_that_came_without_an_address_keeps_the_one_it_was_given(desk: Desk) -> None:
    order = an_order(ship_to=None, risks=WARNED)
    order_id = await corrected(desk, order)

    await desk.take(again(order, 5))

    assert await goes_to(desk, order_id) == GOOD
    assert set(await desk.holds(order_id)) == {"fraud"}


async def test_the_old_address_of_a_cancelled_order_does_not_come_back_either(desk: Desk) -> None:
    order = an_order(ship_to=BAD, risks=WARNED)
    order_id = await corrected(desk, order)

    await desk.take(again(order, 5, cancelled_at=at(5)))
    await desk.take(again(order, 6, cancelled_at=at(5)))

    assert (await desk.order(order_id))["state"] is Lifecycle.CANCELLED
    assert await goes_to(desk, order_id) == GOOD


async def test_a_third_address_is_news_before_routing_and_what_was_replaced_is_over(desk: Desk) -> None:
    order = an_order(ship_to=BAD, risks=WARNED)
    order_id = await corrected(desk, order)

    await desk.take(again(order, 5, ship_to=MOVED))
    assert await goes_to(desk, order_id) == MOVED
    await desk.take(again(order, 6))

    assert await goes_to(desk, order_id) == BAD, "back to it on purpose"
    assert set(await desk.holds(order_id)) == {"address", "fraud"}


async def test_a_third_address_is_taken_between_routing_and_packing(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)

    await desk.take(again(order, 5, ship_to=MOVED))

    assert await goes_to(desk, order_id) == MOVED
    assert "address_changed" in await desk.events(order_id)
    await desk.take(again(order, 6))
    assert await goes_to(desk, order_id) == BAD, "back to it on purpose"


async def test_a_third_address_after_packing_is_asked_about_once(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    await packed(desk, order_id)

    await desk.take(again(order, 5, ship_to=MOVED))
    assert (await desk.holds(order_id))["manual"]["changed"] == ["address"]
    await release(desk, order_id, "manual", "accept")
    await desk.ship(again(order, 6, ship_to=MOVED))

    assert await desk.holds(order_id) == {}, "a person has decided about that address"
    assert await goes_to(desk, order_id) == GOOD
    assert len(await desk.messages("push_shipment")) == 1
    await desk.take(again(order, 7))
    assert set(await desk.holds(order_id)) == {"manual"}, "the shop went back: that is a change"


async def test_no_address_is_told_by_the_timeline_of_a_change(desk: Desk) -> None:
    """Events stay for ever, so they must not know where somebody lives."""
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    await packed(desk, order_id)
    await desk.take(again(order, 5, ship_to=MOVED))

    kept = await desk.world.value("SELECT string_agg(details::text, ' ') FROM events WHERE order_id = $1", order_id)
    assert "changed_after_routing" in kept
    assert MOVED.line1 not in kept


async def test_corrected_twice_neither_of_the_replaced_ones_comes_back(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    refusing(desk, GOOD.line1)
    await packed(desk, order_id)
    await desk.send(desk.carrier)
    await desk.works()
    assert (await desk.holds(order_id))["manual"]["what"] == "carrier"
    await release(desk, order_id, "manual", "use_address", BETTER)

    await desk.take(again(order, 5))
    await desk.take(again(order, 6, ship_to=GOOD))
    await desk.ship(again(order, 7))

    assert await goes_to(desk, order_id) == BETTER
    assert await desk.holds(order_id) == {}
    assert len(await desk.messages("push_shipment")) == 1
    await desk.sound()


async def test_an_older_revision_stays_ignored(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    await desk.take(again(order, 5))

    await desk.take(again(order, 4, ship_to=MOVED))

    assert await goes_to(desk, order_id) == GOOD
    assert (await desk.events(order_id))[-1] == "stale_revision"


async def test_a_person_who_is_forgotten_takes_replaced_addresses_along(desk: Desk) -> None:
    order = an_order(ship_to=BAD)
    order_id = await corrected(desk, order)
    await desk.take(again(order, 5, cancelled_at=at(5)))

    await desk.tell(Erasure(kind="erase_person", email=order.buyer.email))
    await desk.take_in()

    assert await goes_to(desk, order_id) is None
    holds = await desk.world.value("SELECT string_agg(detail::text, ' ') FROM holds WHERE order_id = $1", order_id)
    assert BAD.line1 not in holds


async def test_only_a_batch_with_another_address_asks_what_was_replaced_and_asks_once(desk: Desk) -> None:
    orders = [an_order(ship_to=BAD) for _ in range(5)]
    for order in orders:
        await corrected(desk, order)

    async def cost(*told: ChannelOrder) -> int:
        await desk.tell(*told)
        await desk.settle()
        before = desk.world.database.statements
        assert await desk.intaker.work() == len(told)
        return desk.world.database.statements - before

    ours = await cost(again(orders[0], 5, ship_to=GOOD))
    assert await cost(*(again(order, 6, ship_to=GOOD) for order in orders)) == ours
    assert await cost(again(orders[0], 7)) == ours + 1
    assert await cost(*(again(order, 8) for order in orders)) == ours + 1
