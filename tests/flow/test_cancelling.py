"""Cancelling, by us or by the channel: whatever was done so far is undone, once; what has left a person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.actions.cancel_order import Cancel, cancel_order
from hub.domain.lifecycle import Custody, LabelState, Lifecycle, Outbox, Work
from hub.domain.order import Cancellation, ChannelOrder, ChannelPayment, Charge, News, PaymentStatus
from hub.domain.outgoing import Kind, Label, PaymentAction
from hub.errors import Conflict, Unknown
from tests.flow.desk import Desk, an_order, at
from tests.support.world import MERCHANT


def by_notice(order: ChannelOrder) -> News:
    return Cancellation(order_id=order.external_id, at=at(9), reason="found it cheaper")


def by_revision(order: ChannelOrder) -> News:
    return replace(order, revised_at=at(9), cancelled_at=at(9), cancel_reason="found it cheaper")


async def ask(desk: Desk, order_id: int) -> None:
    await cancel_order(
        desk.world.services, Cancel(merchant_id=MERCHANT, order_id=order_id, actor="user:7", reason="found it cheaper")
    )


async def cancel(desk: Desk, how: str, order: ChannelOrder, order_id: int) -> None:
    """In one of the three ways there are."""
    if how == "person":
        await ask(desk, order_id)
        return
    await desk.tell(by_notice(order) if how == "notice" else by_revision(order))
    await desk.take_in()


WAYS = pytest.mark.parametrize("how", ["person", "notice", "revision"])


async def everything_is_undone(desk: Desk, order_id: int) -> None:
    order = await desk.order(order_id)
    assert order["state"] is Lifecycle.CANCELLED
    assert set(await desk.works_of(order_id)) <= {Work.CANCELLED}
    for line in await desk.lines(order_id):
        left = {name: line[name] for name in ("reserved", "assigned", "picked", "packed", "shipped", "delivered")}
        assert left == dict.fromkeys(left, 0)
        assert line["cancelled"] == line["ordered"]
    assert await desk.stock() == (100, 0)
    assert await desk.holds(order_id) == {}
    moved = await desk.world.value("SELECT coalesce(sum(reserved), 0) FROM stock_movements WHERE sku = 'MUG'")
    assert moved == 0, "the ledger tells the same"
    assert "sales" not in await desk.ledger(order_id), "nothing is owed any more"
    await desk.sound()


@WAYS
async def test_before_review(desk: Desk, how: str) -> None:
    order = an_order()
    await desk.tell(order)
    await desk.take_in()
    order_id = await desk.order_id(order.external_id)

    await cancel(desk, how, order, order_id)

    await everything_is_undone(desk, order_id)
    await desk.orders()
    assert (await desk.order(order_id))["state"] is Lifecycle.CANCELLED, "no stage takes it any more"


@WAYS
async def test_while_it_is_held(desk: Desk, how: str) -> None:
    order = an_order(ship_to=None)
    order_id = await desk.take(order)

    await cancel(desk, how, order, order_id)

    await everything_is_undone(desk, order_id)
    rows = await desk.world.rows("SELECT state, resolution FROM holds WHERE order_id = $1", order_id)
    assert [tuple(row) for row in rows] == [("released", "cancel")]


@WAYS
async def test_after_routing(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await desk.routed(order)
    assert await desk.stock() == (100, 2)

    await cancel(desk, how, order, order_id)

    await everything_is_undone(desk, order_id)
    await desk.works()
    assert desk.book("paper_carrier", "carrier").done == []


@WAYS
async def test_with_a_label_that_was_asked_for_and_not_sent_for(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await desk.take(order)

    await cancel(desk, how, order, order_id)

    await everything_is_undone(desk, order_id)
    await desk.send()
    assert (await desk.messages("buy_label"))[0]["state"] is Outbox.DROPPED
    assert desk.book("paper_carrier", "carrier").done == []
    assert [parcel["custody"] for parcel in await desk.parcels(order_id)] == [Custody.CANCELLED]


async def labeled(desk: Desk, order: ChannelOrder) -> int:
    """An order whose parcel has its label, and waits for people to hand it over."""
    order_id = await desk.take(order)
    await desk.world.database.plain.execute("UPDATE fulfillment_orders SET automatic = false")
    await desk.send()
    assert await desk.works_of(order_id) == [Work.LABELED]
    return order_id


@WAYS
async def test_with_a_label_that_is_bought(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await labeled(desk, order)

    await cancel(desk, how, order, order_id)
    await desk.send()

    await everything_is_undone(desk, order_id)
    book = desk.book("paper_carrier", "carrier")
    assert book.kinds == [Kind.BUY_LABEL, Kind.VOID_LABEL]
    bought, voided = book.done[0][1], book.done[1][1]
    assert isinstance(voided, Label)
    assert voided.external_id == f"lbl-{bought.reference}"  # type: ignore[attr-defined]


@WAYS
async def test_with_a_label_that_was_answered_and_not_looked_at(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await desk.take(order)
    await desk.answer(desk.carrier)

    await cancel(desk, how, order, order_id)
    await desk.send()

    await everything_is_undone(desk, order_id)
    assert desk.book("paper_carrier", "carrier").kinds == [Kind.BUY_LABEL, Kind.VOID_LABEL]


@WAYS
async def test_with_a_label_whose_answer_was_lost(desk: Desk, how: str) -> None:
    """It may have been bought: it is looked up, and then voided."""
    order = an_order()
    order_id = await desk.take(order)
    await desk.works()
    book = desk.book("paper_carrier", "carrier")
    book.answer = lambda kind, payload: Unknown("reset")
    await desk.send(desk.carrier)
    (row,) = await desk.messages("buy_label")
    book.remembers = {f"crossdock-{row['id']}": book._usual(Kind.BUY_LABEL, book.done[0][1])}
    book.answer = None

    await cancel(desk, how, order, order_id)
    desk.world.clock.advance(timedelta(minutes=1))
    await desk.send()
    await desk.send()

    await everything_is_undone(desk, order_id)
    assert book.kinds == [Kind.BUY_LABEL, Kind.VOID_LABEL]


@pytest.mark.parametrize("how", ["notice", "revision"])
async def test_once_it_has_left_a_person_decides(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await desk.ship(order)

    await cancel(desk, how, order, order_id)

    assert (await desk.order(order_id))["state"] is Lifecycle.IN_PROGRESS
    assert (await desk.holds(order_id))["manual"]["what"] == "cancelled_after_dispatch"
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    assert await desk.stock() == (98, 0)


async def test_a_person_cannot_cancel_what_has_left(desk: Desk) -> None:
    order_id = await desk.ship(an_order())

    with pytest.raises(Conflict, match="left already"):
        await ask(desk, order_id)


async def test_told_twice_in_one_batch_after_it_left(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.ship(order)

    await desk.tell(by_notice(order), by_revision(order))
    await desk.take_in()

    assert set(await desk.holds(order_id)) == {"manual"}


# ---------------------------------------------------------------- the channel, the money


async def test_the_channel_is_told_once_and_its_echo_is_no_news(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.take(order)
    await ask(desk, order_id)
    await desk.send()
    book = desk.book("paper_shop", "shop")
    assert book.kinds == [Kind.PUSH_CANCELLATION]
    assert book.done[0][1].order_id == order.external_id  # type: ignore[attr-defined]

    with pytest.raises(Conflict, match="cancelled cannot cancel"):
        await ask(desk, order_id)
    await desk.tell(by_notice(order), by_revision(order))
    await desk.take_in()
    await desk.send()

    assert book.kinds == [Kind.PUSH_CANCELLATION]
    await everything_is_undone(desk, order_id)


@pytest.mark.parametrize("how", ["notice", "revision"])
async def test_what_the_channel_says_is_not_told_to_it(desk: Desk, how: str) -> None:
    order = an_order()
    order_id = await desk.take(order)
    await cancel(desk, how, order, order_id)
    await desk.send()

    assert desk.book("paper_shop", "shop").done == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (PaymentStatus.AUTHORIZED, [Kind.VOID_PAYMENT]),
        (PaymentStatus.CAPTURED, [Kind.REFUND_PAYMENT]),
        (PaymentStatus.FAILED, []),
        (PaymentStatus.PENDING, []),
    ],
)
async def test_money_at_a_provider_of_ours_is_let_go_or_given_back(
    desk: Desk, status: PaymentStatus, expected: list[Kind]
) -> None:
    provider = await desk.world.account("paper_pay", "pay", {})
    desk.directory.forget()
    payment = ChannelPayment(external_id="ch_1", status=status, amount=2500, gateway="paper_pay")
    order = an_order(payments=(payment,))
    await desk.tell(order)
    await desk.take_in()

    await ask(desk, await desk.order_id(order.external_id))
    await desk.send(provider)

    book = desk.book("paper_pay", "pay")
    assert book.kinds == expected
    actions: list[Any] = [payload for _, payload, _ in book.done]
    assert all(isinstance(a, PaymentAction) and (a.amount, a.payment_id) == (2500, "ch_1") for a in actions)


async def test_money_that_the_channel_took_shows_as_due_back(desk: Desk) -> None:
    order = an_order()
    order_id = await desk.take(order)

    await cancel(desk, "notice", order, order_id)

    assert await desk.ledger(order_id) == {"cash": 2500, "receivable": -2500}


async def test_changed_and_cancelled_in_one_batch(desk: Desk) -> None:
    """What is undone is what was owed after the change."""
    order = an_order()
    await desk.tell(order)
    await desk.take_in()
    dearer = replace(order, revised_at=at(5), total=2900, charges=(Charge(kind="fee", title="gift wrap", amount=400),))
    await desk.tell(dearer, by_notice(order))
    await desk.take_in()

    order_id = await desk.order_id(order.external_id)
    assert await desk.ledger(order_id) == {"cash": 2500, "receivable": -2500}


async def test_changed_to_another_currency_and_cancelled(desk: Desk) -> None:
    order = an_order(payments=(), paid=False)
    await desk.tell(order)
    await desk.take_in()
    await desk.tell(replace(order, revised_at=at(5), currency="JPY", total=4000))
    await desk.take_in()
    order_id = await desk.order_id(order.external_id)
    owed = "SELECT currency, sum(amount)::int AS s FROM ledger WHERE account = 'receivable' GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await desk.world.rows(owed)] == [("EUR", 0), ("JPY", 4000)]

    await ask(desk, order_id)

    assert [tuple(row) for row in await desk.world.rows(owed)] == [("EUR", 0), ("JPY", 0)]


async def test_a_second_cancellation_of_a_label_voids_it_once(desk: Desk) -> None:
    order = an_order()
    order_id = await labeled(desk, order)
    await desk.tell(by_notice(order), by_revision(order), by_notice(order))
    await desk.take_in()
    await desk.send()

    assert desk.book("paper_carrier", "carrier").kinds == [Kind.BUY_LABEL, Kind.VOID_LABEL]
    assert {parcel["label"] for parcel in await desk.parcels(order_id)} <= {
        LabelState.BOUGHT,
        LabelState.VOID_REQUESTED,
    }
