"""What leaves: in order for each key, at least once, looked up before repeated when in doubt, or visibly dead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.domain.lifecycle import Outbox, Work
from hub.domain.outgoing import Kind, Receipt
from hub.errors import BadPayload, Reconnect, Reject, Retry, Unknown
from hub.flow.keeping import LADDER, RECONNECT_SECONDS
from hub.flow.outbox import ASK_SECONDS
from tests.flow.desk import Desk, an_order
from tests.flow.queued import OK, capture, queue, said, seconds_until, status


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk where time passes only as a test says: no stall makes a message due that waits."""
    desk.world.clock.stop()
    return desk


# ---------------------------------------------------------------- order


async def test_messages_of_one_key_leave_one_after_another(desk: Desk) -> None:
    await queue(desk, *(status(n, desk.shop, key=n % 2) for n in range(6)))
    book, lane = desk.book("paper_shop", "shop"), desk.lane(desk.shop)

    rounds = []
    while await lane.work():
        rounds.append({payload.reference for _, payload, _ in book.done[2 * len(rounds) :]})  # type: ignore[attr-defined]

    assert rounds == [{"r0", "r1"}, {"r2", "r3"}, {"r4", "r5"}]


async def test_a_head_that_waits_holds_back_its_own_key_only(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1), status(2, desk.shop, key=1), status(3, desk.shop, key=2))
    book = desk.book("paper_shop", "shop")
    book.answer = lambda kind, payload: Retry("busy") if payload.reference == "r1" else OK  # type: ignore[attr-defined]

    await desk.send(desk.shop)

    assert sorted(payload.reference for _, payload, _ in book.done) == ["r1", "r3"]  # type: ignore[attr-defined]
    book.answer = None
    desk.world.clock.advance(timedelta(seconds=10))
    await desk.send(desk.shop)
    assert [payload.reference for _, payload, _ in book.done[2:]] == ["r1", "r2"]  # type: ignore[attr-defined]


async def test_the_same_intent_is_queued_once(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1), status(1, desk.shop, key=1))
    await queue(desk, status(1, desk.shop, key=1))

    assert len(await desk.messages("push_status")) == 1


async def test_every_try_of_a_message_carries_the_same_key(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1))
    book = desk.book("paper_shop", "shop")
    book.answer = said(Retry("busy"), Unknown("lost"), OK)
    for _ in range(3):
        await desk.send(desk.shop)
        desk.world.clock.advance(timedelta(hours=1))

    keys = {key for _, _, key in book.done}
    assert len(keys) == 1


# ---------------------------------------------------------------- failures


async def test_words_that_no_column_can_hold_do_not_stop_the_lane(desk: Desk) -> None:
    """NUL and half a character, as a broken channel writes them into its answers."""
    await queue(desk, *(status(n, desk.shop, key=n) for n in range(4)))
    desk.book("paper_shop", "shop").answer = said(
        Reject("no\x00pe \ud83d"), Reconnect("a\x00b"), Receipt(external_id="o\x00k", details={"a\x00": "b\x00"}), OK
    )

    await desk.lane(desk.shop).work()

    rows = sorted(await desk.messages("push_status"), key=lambda row: row["intent"])
    assert [row["state"] for row in rows] == [Outbox.REFUSED, Outbox.PENDING, Outbox.SENT, Outbox.SENT]
    assert [row["error"] for row in rows[:2]] == ["nope ?", "ab"]
    assert '"external_id": "ok"' in rows[2]["receipt"]
    assert await desk.world.value("SELECT health->>'reconnect' FROM accounts WHERE id = $1", desk.shop) == "ab"


async def test_the_ladder_and_its_end(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1))
    book = desk.book("paper_shop", "shop")
    book.answer = said(Retry("busy"))

    for failures, step in enumerate(LADDER, start=1):
        await desk.send(desk.shop)
        (row,) = await desk.messages("push_status")
        assert (row["state"], row["attempts"], row["error"]) == (Outbox.PENDING, failures, "busy")
        assert 0.89 * step <= await seconds_until(desk, row) <= 1.11 * step
        desk.world.clock.advance(timedelta(seconds=1.11 * step))
    await desk.send(desk.shop)

    (row,) = await desk.messages("push_status")
    assert row["state"] is Outbox.DEAD
    assert len(book.done) == len(LADDER) + 1
    desk.world.clock.advance(timedelta(days=30))
    await desk.send(desk.shop)
    assert len(book.done) == len(LADDER) + 1, "dead is dead"


async def test_what_the_other_side_asks_for_is_obeyed(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1))
    desk.book("paper_shop", "shop").answer = said(Retry("slow down", after=47))

    await desk.send(desk.shop)

    (row,) = await desk.messages("push_status")
    assert await seconds_until(desk, row) == 47


async def test_a_refusal_is_kept_in_the_other_sides_words(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1), status(2, desk.shop, key=1))
    book = desk.book("paper_shop", "shop")
    book.answer = said(Reject("no such order"), OK)

    await desk.send(desk.shop)

    one, two = await desk.messages("push_status")
    assert (one["state"], one["error"]) == (Outbox.REFUSED, "no such order")
    assert two["state"] is Outbox.SENT, "what comes after it goes on"


async def test_credentials_that_no_longer_work_mark_the_account_and_cost_no_try(desk: Desk) -> None:
    await queue(desk, status(1, desk.shop, key=1))
    book = desk.book("paper_shop", "shop")
    book.answer = said(Reconnect("the token was revoked"))

    for _ in range(20):
        await desk.send(desk.shop)
        desk.world.clock.advance(timedelta(seconds=RECONNECT_SECONDS + 1))

    (row,) = await desk.messages("push_status")
    assert (row["state"], row["attempts"]) == (Outbox.PENDING, 0)
    (account,) = await desk.world.rows("SELECT state, health FROM accounts WHERE id = $1", desk.shop)
    assert account["state"] == "reconnect"
    assert "the token was revoked" in account["health"]
    book.answer = said(Retry("busy"), OK)
    await desk.send(desk.shop)
    (row,) = await desk.messages("push_status")
    assert (row["state"], row["attempts"]) == (Outbox.PENDING, 1), "the ladder begins only now"


async def test_a_kind_that_the_channel_does_not_take_is_refused(desk: Desk) -> None:
    await queue(desk, capture(1, desk.shop))

    await desk.send(desk.shop)

    (row,) = await desk.messages("capture_payment")
    assert row["state"] is Outbox.REFUSED
    assert "cannot take capture_payment" in row["error"]


async def test_a_defect_of_a_sender_may_have_had_its_effect(desk: Desk) -> None:
    provider = await desk.world.account("paper_pay", "pay", {})
    await queue(desk, capture(1, provider))
    desk.book("paper_pay", "pay").answer = said(ZeroDivisionError("oops"))

    await desk.send(provider)

    (row,) = await desk.messages("capture_payment")
    assert (row["state"], row["unsure"]) == (Outbox.PENDING, True)
    assert row["error"] == "ZeroDivisionError: oops"


# ---------------------------------------------------------------- lost answers


async def labels(desk: Desk, connector: str = "paper_carrier") -> tuple[int, Any]:
    """An order whose label is asked for and not yet sent for; its carrier's account and book."""
    if connector != "paper_carrier":
        await desk.world.database.plain.execute("UPDATE accounts SET state = 'removed' WHERE id = $1", desk.carrier)
        desk.carrier = await desk.world.account(connector, "carrier", {})
        desk.directory.forget()
    await desk.take(an_order())
    await desk.works()
    return desk.carrier, desk.book(connector, "carrier")


async def test_a_lost_answer_is_looked_up_before_it_is_repeated(desk: Desk) -> None:
    carrier, book = await labels(desk)
    book.answer = said(Unknown("the connection was reset"))
    await desk.send(carrier)
    (row,) = await desk.messages("buy_label")
    assert row["unsure"]
    found = book._usual(Kind.BUY_LABEL, book.done[0][1])
    book.remembers = {f"crossdock-{row['id']}": found}
    desk.world.clock.advance(timedelta(seconds=10))

    await desk.send(carrier)

    (row,) = await desk.messages("buy_label")
    assert (row["state"], row["unsure"]) == (Outbox.SENT, False)
    assert len(book.done) == 1, "bought once"
    assert "TN-" in row["receipt"]


async def test_what_never_arrived_is_repeated(desk: Desk) -> None:
    carrier, book = await labels(desk)
    book.answer = said(Unknown("the connection was reset"))
    await desk.send(carrier)
    book.answer = None
    desk.world.clock.advance(timedelta(seconds=10))

    await desk.send(carrier)

    assert len(book.asked) == 1
    assert len(book.done) == 2
    assert (await desk.messages("buy_label"))[0]["state"] is Outbox.SENT


async def test_it_stays_in_doubt_until_somebody_could_be_asked(desk: Desk) -> None:
    carrier, book = await labels(desk)
    book.answer = said(Unknown("the connection was reset"))
    await desk.send(carrier)
    for failure in (Retry("busy"), Reconnect("who are you"), Unknown("reset again")):
        book.remembers = failure
        desk.world.clock.advance(timedelta(hours=1))
        await desk.send(carrier)

    assert len(book.done) == 1, "never bought again from unknown"
    assert len(book.asked) == 3
    (row,) = await desk.messages("buy_label")
    assert row["unsure"]


async def test_where_keys_are_honoured_it_is_simply_repeated(desk: Desk) -> None:
    carrier, book = await labels(desk, "paper_keyed")
    book.answer = said(Unknown("reset"), Unknown("reset"))
    await desk.send(carrier)
    desk.world.clock.advance(timedelta(seconds=10))
    await desk.send(carrier)

    assert book.asked == []
    assert len({key for _, _, key in book.done}) == 1


async def test_where_nobody_can_be_asked_a_person_must_look(desk: Desk) -> None:
    provider = await desk.world.account("paper_pay", "pay", {})
    await queue(desk, capture(1, provider))
    book = desk.book("paper_pay", "pay")
    book.answer = said(Unknown("reset"))
    await desk.send(provider)
    desk.world.clock.advance(timedelta(hours=1))

    await desk.send(provider)

    (row,) = await desk.messages("capture_payment")
    assert (row["state"], row["unsure"]) == (Outbox.DEAD, True)
    assert "check at the channel" in row["error"]
    assert len(book.done) == 1, "not charged a second time"


async def test_what_a_dead_holder_of_the_lane_had_leased_is_in_doubt(desk: Desk) -> None:
    carrier, book = await labels(desk)
    await desk.world.database.plain.execute("UPDATE outbox SET leased = true, attempts = 1")
    lane = desk.lane(carrier)
    assert await lane.work() == 0, "leased is not claimed"

    await lane.take_over()
    assert await lane.work() == 0, "the dead one's call may still be on its way"
    desk.world.clock.advance(timedelta(seconds=ASK_SECONDS))
    await lane.work()

    assert len(book.asked) == 1, "looked up"
    assert len(book.done) == 1, "and, since nobody had seen it, bought"
    (row,) = await desk.messages("buy_label")
    assert (row["state"], row["attempts"]) == (Outbox.SENT, 2)


# ---------------------------------------------------------------- who waits is woken


async def test_a_lane_that_lost_its_lock_frees_nothing_that_its_successor_sends(desk: Desk) -> None:
    """Its answers are kept all the same; that it got none says nothing about who asks again by now."""
    await queue(desk, status(1, desk.shop, key=1), status(2, desk.shop, key=2))
    old, new = desk.lane(desk.shop), desk.lane(desk.shop)
    book = desk.book("paper_shop", "shop")
    book.answer = lambda kind, payload: Retry("busy", 0.0) if payload.reference == "r1" else OK  # type: ignore[attr-defined]
    late = await old.call()
    await new.take_over()
    desk.world.clock.advance(timedelta(seconds=ASK_SECONDS))
    book.answer = None
    calls = await new.call()
    assert len(calls) == 2

    await old.keep(late)

    first, second = sorted(await desk.messages("push_status"), key=lambda row: row["intent"])
    assert (first["state"], first["leased"], first["attempts"]) == (Outbox.PENDING, True, 2)
    assert second["state"] == Outbox.SENT
    assert await desk.lane(desk.shop).work() == 0
    await new.keep(calls)
    first, second = sorted(await desk.messages("push_status"), key=lambda row: row["intent"])
    assert "check at the channel" in first["error"], "this shop cannot be asked"
    assert second["state"] == Outbox.SENT, "it has been answered, whoever cannot be asked"


@pytest.mark.parametrize("refusal", [Reject("not served"), BadPayload("$.postcode", "is wrong")])
async def test_a_refused_label_wakes_its_fulfillment_order_which_is_held(desk: Desk, refusal: Exception) -> None:
    carrier, book = await labels(desk)
    book.answer = said(refusal)
    await desk.send(carrier)
    await desk.works()

    order_id = await desk.world.value("SELECT id FROM orders")
    assert (await desk.holds(order_id))["manual"]["why"] == str(refusal)
    assert await desk.works_of(order_id) == [Work.PACKED]


async def test_a_label_that_died_on_the_ladder_is_held_too(desk: Desk) -> None:
    carrier, book = await labels(desk)
    book.answer = said(Retry("out of paper"))
    for _ in range(len(LADDER) + 1):
        await desk.send(carrier)
        desk.world.clock.advance(timedelta(hours=12))
    await desk.works()

    order_id = await desk.world.value("SELECT id FROM orders")
    assert (await desk.holds(order_id))["manual"]["why"] == "out of paper"


async def test_two_refusals_of_one_order_in_one_batch_are_one_hold(desk: Desk) -> None:
    await desk.count(location="munich", MUG=1)
    await desk.count(location="berlin", MUG=1)
    order_id = await desk.take(an_order())
    assert len(await desk.works_of(order_id)) == 2
    await desk.works()
    desk.book("paper_carrier", "carrier").answer = said(Reject("closed today"))
    await desk.send(desk.carrier)

    await desk.works()

    assert set(await desk.holds(order_id)) == {"manual"}
