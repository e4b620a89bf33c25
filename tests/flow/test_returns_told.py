"""Who listens hears of returns: each state once, in the order it came to be, and nobody else hears more than before."""

from __future__ import annotations

from typing import Any

from hub.domain.order import ReturnedLine, ReturnStatus
from hub.domain.outgoing import Kind, ReturnUnits, ReturnUpdate
from hub.errors import Unknown
from tests.flow.desk import Desk, at
from tests.flow.test_returns import shipped_order, told

WAY = (
    ReturnStatus.REQUESTED, ReturnStatus.APPROVED, ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED, ReturnStatus.CLOSED,
)  # fmt: skip


async def listening(desk: Desk, name: str = "ERP") -> int:
    """An account that hears of everything."""
    account = await desk.world.account("paper_ear", name, {})
    desk.directory.forget()
    return account


def heard(desk: Desk, name: str = "ERP") -> list[ReturnUpdate]:
    """What it was told of returns, oldest first."""
    done = desk.book("paper_ear", name).done
    return [payload for kind, payload, _ in done if kind is Kind.PUSH_RETURN and isinstance(payload, ReturnUpdate)]


async def test_each_state_is_told_once_to_each_who_listens_and_to_nobody_else(desk: Desk) -> None:
    await listening(desk)
    await listening(desk, "sheet")
    order = shipped_order()
    await desk.take(order)
    for minute, status in enumerate(WAY):
        more: dict[str, Any] = {"tracking_number": "T1", "carrier": "DHL"} if status == "in_transit" else {}
        news = told(order, 10 + minute, status, requested_at=at(9), **more)
        await desk.tell(news, news)
        await desk.take_in()
        await desk.tell(news)
        await desk.take_in()
    await desk.send()

    for name in ("ERP", "sheet"):
        assert [update.status for update in heard(desk, name)] == list(WAY)
    assert Kind.PUSH_RETURN not in desk.book("paper_shop", "shop").kinds
    asked, *_, closed = heard(desk)
    assert (asked.order_id, asked.order_number, asked.channel) == (order.external_id, order.number, "shop")
    assert (asked.number, asked.reason, asked.at, asked.requested_at) == ("#1-R1", "size", at(10), at(9))
    assert asked.lines == (ReturnUnits(line_id="L1", sku="MUG", quantity=1, reason="size"),)
    assert (closed.reference, closed.tracking_number, closed.carrier) == (asked.reference, "T1", "DHL")
    assert closed.lines[0].received == 1
    await desk.sound()


async def test_states_of_one_batch_are_told_one_by_one_as_they_came(desk: Desk) -> None:
    """Whatever was heard first: the words of the channel have moments of their own."""
    await listening(desk)
    order = shipped_order()
    two = {"external_id": "R2", "number": "#1-R2", "units": {"L2": 1}}
    received, asked = told(order, 12, ReturnStatus.RECEIVED), told(order, 10, ReturnStatus.REQUESTED)
    declined = told(order, 11, ReturnStatus.DECLINED, **two)
    order_id = await desk.take(order, received, declined, asked)
    await desk.send()

    told_of = [(update.number, update.status, update.lines[0].received) for update in heard(desk)]
    assert told_of == [("#1-R1", "requested", 0), ("#1-R2", "declined", 0), ("#1-R1", "received", 1)]
    messages = await desk.messages("push_return")
    assert {(row["key"], row["account_id"]) for row in messages} == {(order_id, messages[0]["account_id"])}
    await desk.sound()


async def test_a_change_that_is_no_state_and_an_old_word_are_not_told(desk: Desk) -> None:
    await listening(desk)
    order = shipped_order()
    await desk.take(order, told(order, 12, ReturnStatus.IN_TRANSIT))
    await desk.take(order, told(order, 13, None, tracking_number="T9"), told(order, 11, ReturnStatus.APPROVED))
    await desk.send()

    assert [update.status for update in heard(desk)] == ["in_transit"]


async def test_a_state_that_is_taken_back_and_comes_again_is_told_again(desk: Desk) -> None:
    """The last that is heard is how it stands."""
    await listening(desk)
    order = shipped_order()
    await desk.take(order)
    for minute, status in enumerate(("approved", "closed", "approved", "closed")):
        await desk.take(order, told(order, 10 + minute, ReturnStatus(status)))
    await desk.send()

    assert [update.status for update in heard(desk)] == ["approved", "closed", "approved", "closed"]


async def test_no_more_counts_as_received_than_was_shipped(desk: Desk) -> None:
    """Units of one line that are told one by one are one line; what the order does not have has no SKU."""
    await listening(desk)
    order = shipped_order()
    lines = (
        ReturnedLine(line_id="L2", quantity=2, reason="size"), ReturnedLine(line_id="L2", quantity=1, reason="broken"),
        ReturnedLine(line_id="L9", quantity=1),
    )  # fmt: skip
    news = told(order, 10, ReturnStatus.RECEIVED)
    await desk.take(
        order, type(news)(**{name: getattr(news, name) for name in news.__struct_fields__} | {"lines": lines})
    )
    await desk.send()

    (update,) = heard(desk)
    assert update.lines == (
        ReturnUnits(line_id="L2", sku="CUP", quantity=3, received=2, reason="size, broken"),
        ReturnUnits(line_id="L9", sku="", quantity=1),
    )
    assert update.reason == "size, broken"


async def test_an_answer_that_is_lost_holds_back_the_next_state(desk: Desk) -> None:
    ear = await listening(desk)
    order = shipped_order()
    await desk.take(order, told(order, 10, ReturnStatus.APPROVED))
    await desk.take(order, told(order, 11, ReturnStatus.CLOSED))
    desk.book("paper_ear", "ERP").answer = lambda kind, payload: Unknown("lost")
    await desk.send(ear)

    assert [update.status for update in heard(desk)] == ["approved"]


async def test_nobody_listens_and_nothing_is_queued(desk: Desk) -> None:
    order = shipped_order()
    await desk.take(order, told(order, 10, ReturnStatus.APPROVED))

    assert await desk.messages("push_return") == []
