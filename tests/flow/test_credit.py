"""Accounts on terms on the real line: lowered, overdrawn, ended and raised while goods are in the house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from hub.actions.list_terms import show_terms
from hub.actions.release_hold import Release, release_hold
from hub.actions.set_terms import end_terms, set_terms
from hub.domain.credit_leaving import LOOK_AGAIN
from hub.domain.lifecycle import Lifecycle, Work
from hub.domain.order import Buyer, ChannelPayment, PaymentStatus
from hub.domain.terms import Terms
from tests.flow.desk import Desk, an_order, at, mug
from tests.support.world import MERCHANT

WHO = "shop@example.com"


async def agree(desk: Desk, limit: int) -> None:
    await set_terms(desk.world.services, MERCHANT, Terms(email=WHO, currency="EUR", limit=limit, days=30), "user:1")


def on_terms(number: int = 2, **given: Any) -> Any:
    buyer = Buyer(name="Shop", email=WHO)
    return an_order(**{"paid": False, "payments": (), "buyer": buyer, "lines": (mug(quantity=number),), **given})


async def let_pass(desk: Desk, order_id: int) -> None:
    hold = await desk.world.value("SELECT id FROM holds WHERE order_id = $1 AND state = 'open'", order_id)
    asked = Release(merchant_id=MERCHANT, hold_id=hold, resolution="accept", actor="user:1")
    await release_hold(desk.world.services, asked)


async def go_on(desk: Desk) -> None:
    for _ in range(3):
        await desk.works()
        await desk.send()


async def test_a_lowered_limit_keeps_goods_here_until_it_is_raised(desk: Desk) -> None:
    await agree(desk, 2500)
    order_id = await desk.take(on_terms())
    await agree(desk, 2000)

    await go_on(desk)

    said = {"what": "credit", "at": "dispatch", "owed": 0, "due": 2500, "limit": 2000, "currency": "EUR"}
    assert await desk.holds(order_id) == {"credit": said}
    assert (await desk.works_of(order_id), await desk.messages("buy_label")) == ([Work.PACKED], [])
    await desk.works()
    desk.world.clock.advance(LOOK_AGAIN + timedelta(seconds=1))
    await desk.works()
    told = "SELECT count(*) FROM events WHERE order_id = $1 AND kind = 'held'"
    assert await desk.world.value(told, order_id) == 1, "looked at again, told of once"
    (protocol,) = await desk.world.rows("SELECT owner, protocol FROM holds WHERE order_id = $1", order_id)
    assert (protocol["owner"], msgspec.json.decode(protocol["protocol"])["ask"]) == (
        "merchant", {"merchant": "raise_limit_or_collect"},
    )  # fmt: skip

    await agree(desk, 2500)
    await go_on(desk)

    assert await desk.holds(order_id) == {}
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    await desk.sound()


async def test_between_label_and_dispatch_it_is_found_too_and_a_person_may_let_it_pass(desk: Desk) -> None:
    await agree(desk, 2500)
    order_id = await desk.take(on_terms())
    await desk.works()
    assert len(await desk.messages("buy_label")) == 1
    await end_terms(desk.world.services, MERCHANT, (WHO, "EUR"), "user:1")

    await go_on(desk)

    assert (await desk.holds(order_id))["credit"]["limit"] == 0, "ended terms are a limit of nothing"
    assert await desk.works_of(order_id) == [Work.LABELED]
    await let_pass(desk, order_id)
    await go_on(desk)
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    await desk.sound()


async def test_another_orders_money_makes_room_within_minutes(desk: Desk) -> None:
    await agree(desk, 5000)
    first, second, third = on_terms(), replace_time(on_terms(), 60), replace_time(on_terms(1), 120)
    await desk.take(first, second)
    await desk.tell(third)
    await desk.take_in()
    await desk.orders()
    waits = await desk.order_id(third.external_id)
    assert set(await desk.holds(waits)) == {"credit"}
    await agree(desk, 3000)
    await go_on(desk)
    kept = [await desk.order_id(order.external_id) for order in (first, second)]
    assert [set(await desk.holds(order_id)) for order_id in kept] == [{"credit"}, {"credit"}]

    paid = (ChannelPayment(external_id="P1", status=PaymentStatus.CAPTURED, amount=2500),)
    await desk.take(msgspec.structs.replace(first, paid=True, payments=paid, revised_at=at(200)))
    desk.world.clock.advance(LOOK_AGAIN + timedelta(seconds=1))
    await desk.orders()
    await go_on(desk)

    assert [await desk.works_of(order_id) for order_id in kept] == [[Work.DISPATCHED], [Work.DISPATCHED]]
    assert set(await desk.holds(waits)) == {"credit"}, "2500 and 1250 are above 3000"
    balance = await show_terms(desk.world.database, MERCHANT, (WHO, "EUR"))
    assert (balance.terms.owed, balance.terms.shipped, balance.terms.left, balance.terms.held) == (2500, 2500, 500, 1)
    assert [order.number for order in balance.orders] == [second.number]
    assert (await desk.order(waits))["state"] is Lifecycle.RECEIVED
    await desk.sound()


def replace_time(order: Any, minutes: int) -> Any:
    return msgspec.structs.replace(order, placed_at=at(minutes))


async def test_a_card_that_is_authorized_is_no_debt(desk: Desk) -> None:
    await agree(desk, 1250)
    card = (ChannelPayment(external_id="P1", status=PaymentStatus.AUTHORIZED, amount=2500, gateway="card"),)
    by_card, later = on_terms(payments=card), replace_time(on_terms(1), 60)

    await desk.take(by_card, later)

    assert await desk.holds(await desk.order_id(later.external_id)) == {}, "only what nobody promised counts"
    balance = await show_terms(desk.world.database, MERCHANT, (WHO, "EUR"))
    assert (balance.terms.owed, balance.terms.left) == (1250, 0)
