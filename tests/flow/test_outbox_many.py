"""What leaves, many at once: one call for many messages, lanes that stop, and how much a lane claims."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract import Answer
from hub.domain.lifecycle import Outbox
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt
from hub.flow.outbox import CLAIM
from tests.flow.desk import Desk
from tests.flow.queued import OK, queue, status


async def test_many_in_one_call_are_answered_one_by_one(desk: Desk) -> None:
    many = await desk.world.account("paper_many", "many", {})
    await queue(desk, *(status(n, many, key=n, kind=Kind.PUSH_SHIPMENT) for n in range(45)))
    await desk.world.database.plain.execute(
        """UPDATE outbox SET payload = jsonb_build_object('reference', intent, 'order_id', 'X', 'order_number', '1',
           'lines', '[]'::jsonb, 'carrier', 'c', 'tracking_number', 't', 'shipped_at', '2026-03-02T09:00:00Z')"""
    )

    def one(shipment: Value) -> Answer:
        number = int(shipment.reference.removeprefix("test:"))  # type: ignore[attr-defined]
        return [
            Answer(receipt=Receipt(external_id=f"s{number}")),
            Answer(failure="retry", why="later", after=9),
            Answer(failure="reject", why="gone"),
            Answer(failure="unknown", why="who knows"),
            Answer(failure="nonsense", why="what"),
        ][number % 5]

    book = desk.book("paper_many", "many")
    book.answer = lambda kind, payload: lambda payloads: [one(p) for p in payloads]  # type: ignore[assignment,return-value]

    await desk.lane(many).work()

    assert book.asked == ["push_shipment:20", "push_shipment:20", "push_shipment:5"]
    rows = await desk.messages("push_shipment")
    states = [(row["state"], row["unsure"]) for row in rows[:5]]
    pending, sent, refused = Outbox.PENDING, Outbox.SENT, Outbox.REFUSED
    assert states == [(sent, False), (pending, False), (refused, False), (pending, True), (pending, True)]
    assert all('"s' in row["receipt"] for row in rows[::5])


async def test_too_few_answers_leave_the_whole_call_in_doubt(desk: Desk) -> None:
    many = await desk.world.account("paper_many", "many", {})
    await queue(desk, *(status(n, many, key=n, kind=Kind.PUSH_SHIPMENT) for n in range(3)))
    await desk.world.database.plain.execute(
        """UPDATE outbox SET payload = jsonb_build_object('reference', intent, 'order_id', 'X', 'order_number', '1',
           'lines', '[]'::jsonb, 'carrier', 'c', 'tracking_number', 't', 'shipped_at', '2026-03-02T09:00:00Z')"""
    )
    answers: Sequence[Answer] = [Answer(receipt=OK)]
    desk.book("paper_many", "many").answer = lambda kind, payload: lambda payloads: answers  # type: ignore[assignment,return-value]

    await desk.lane(many).work()

    assert {(row["state"], row["unsure"]) for row in await desk.messages("push_shipment")} == {(Outbox.PENDING, True)}


async def test_a_lane_claims_no_more_than_its_rate_settles_in_seconds(desk: Desk) -> None:
    """After a crash whatever was claimed is unsure: of a slow system that must not be hundreds."""
    slow = await desk.world.account("paper_many", "slow", {"rate": "1"})
    fast = await desk.world.account("paper_many", "fast", {"rate": "500"})
    lanes = [desk.lane(slow), desk.lane(fast)]

    for lane in lanes:
        await lane.take_over()

    assert [lane.most for lane in lanes] == [100, CLAIM]
