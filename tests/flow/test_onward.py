"""What a batch makes and what an answer is for goes on in the same transaction, and ends as it would step by step."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace as with_

from hub.domain.lifecycle import Outbox, Work
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, Label
from hub.errors import Conflict
from hub.flow import gathering
from hub.flow.batch import Batch
from hub.flow.stages import FULFILLMENTS, ORDERS
from hub.flow.worker import Worker
from tests.flow.desk import Desk, an_order, mug
from tests.flow.queued import queue
from tests.flow.test_floor_ends import blocked, held
from tests.flow.test_review import on_terms, terms

STORY = """SELECT e.kind, e.seq, e.subject_id = e.order_id AS own, e.details - 'parcel' - 'fulfillment' AS details
    FROM events e WHERE e.order_id = $1 AND e.kind <> 'received' ORDER BY e.recorded_at, e.subject_id, e.seq"""
UNITS = """SELECT l.external_id, l.reserved, l.assigned, l.picked, l.packed, l.shipped, f.quantity, f.reserved AS held,
        f.picked AS f_picked, f.packed AS f_packed, w.state, w.version, w.due_at > '9000-01-01' AS waits
    FROM order_lines l JOIN fulfillment_lines f ON f.order_line_id = l.id
    JOIN fulfillment_orders w ON w.id = f.fulfillment_id WHERE l.order_id = $1 ORDER BY 1"""


async def told(desk: Desk, sql: str, order_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await desk.world.rows(sql, order_id)]


async def arrived(desk: Desk, **given: Any) -> int:
    """An order that has come in, not looked at yet."""
    order = an_order(**given)
    await desk.tell(order)
    await desk.take_in()
    return await desk.order_id(order.external_id)


@pytest.mark.parametrize("paid", [True, False])
async def test_in_one_batch_or_in_two_an_order_ends_the_same(desk: Desk, paid: bool) -> None:
    """A batch of one row at most goes no further than its own line. Without a weight from the channel the product's
    counts; without money of its own the order waits for none here: the shop has taken it."""
    await desk.world.database.plain.execute("UPDATE products SET grams = 321 WHERE sku = 'MUG'")
    lines = (mug(), mug(external_id="L2", sku="CUP", listing_id="", grams=45))
    one, two = await arrived(desk, lines=lines, paid=paid), await arrived(desk, lines=lines, paid=paid)

    assert await desk.runner.work(ORDERS, 1) == 1
    assert await desk.works_of(one) == [Work.OPEN]
    assert await desk.runner.work(FULFILLMENTS) == 1
    assert await desk.runner.work(ORDERS) == 1

    assert await desk.works_of(two) == [Work.PACKED]
    assert await told(desk, STORY, one) == await told(desk, STORY, two)
    assert await told(desk, UNITS, one) == await told(desk, UNITS, two)
    (first,), (second,) = await desk.parcels(one), await desk.parcels(two)
    assert first["weight_grams"] == second["weight_grams"] == 100 + 2 * 321 + 2 * 45
    asked = [msgspec.json.decode(row["payload"]) for row in await desk.messages(Kind.BUY_LABEL)]
    assert [{**it, "reference": "", "order_number": ""} for it in asked[:1]] == [
        {**it, "reference": "", "order_number": ""} for it in asked[1:]
    ]
    assert not await desk.runner.work(FULFILLMENTS), "nothing is left to be claimed"
    await desk.sound()


async def test_an_order_on_terms_is_left_to_the_next_claim(desk: Desk) -> None:
    """What its account owes is reckoned from what is stored, this order among it."""
    await terms(desk, 10_000)
    order = on_terms(2)
    await desk.tell(order)
    await desk.take_in()

    assert await desk.runner.work(ORDERS) == 1
    order_id = await desk.order_id(order.external_id)
    assert await desk.works_of(order_id) == [Work.OPEN]

    await desk.works()
    assert await desk.works_of(order_id) == [Work.PACKED]


async def test_an_order_with_a_hold_is_left_to_the_next_claim(desk: Desk) -> None:
    """There were no mugs: the hold heals when there are, and whether it keeps anything back the store says."""
    await desk.count(MUG=0)
    order_id = await arrived(desk)
    await desk.orders()
    assert "stock" in await desk.holds(order_id)

    await desk.count(MUG=5)
    assert await desk.runner.work(ORDERS) == 1

    assert await desk.works_of(order_id) == [Work.OPEN], "it has had a hold"
    await desk.works()
    assert await desk.works_of(order_id) == [Work.PACKED]
    await desk.sound()


async def test_an_order_whose_sku_was_only_just_found_is_left_to_the_next_claim(desk: Desk) -> None:
    """Rules that act on the fulfillment order read its order's SKUs in the store."""
    await desk.world.database.plain.execute(
        "INSERT INTO listings (id, merchant_id, account_id, listing_id, sku) VALUES (1, 1, $1, 'V9', 'MUG')", desk.shop
    )
    order_id = await arrived(desk, lines=(mug(sku="", listing_id="V9"),))

    assert await desk.runner.work(ORDERS) == 1
    assert await desk.works_of(order_id) == [Work.OPEN]
    assert [line["sku"] for line in await desk.lines(order_id)] == ["MUG"]

    await desk.works()
    assert await desk.works_of(order_id) == [Work.PACKED]
    await desk.sound()


async def test_the_answer_and_what_it_is_for_are_one_transaction(desk: Desk) -> None:
    order_id = await arrived(desk)
    await desk.runner.work(ORDERS)

    assert await desk.lane(desk.carrier).work() == 1

    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    (message,) = await desk.messages(Kind.BUY_LABEL)
    assert message["state"] is Outbox.SENT
    assert len(await desk.messages(Kind.PUSH_SHIPMENT)) == 1
    assert not await desk.runner.work(FULFILLMENTS), "nobody had to wake it"


async def test_an_answer_is_kept_although_what_waits_for_it_cannot_go_on(desk: Desk) -> None:
    """Somebody has queued the shipment already: the batch that would queue it meets it, and is done again with care."""
    order_id = await arrived(desk)
    await desk.runner.work(ORDERS)
    (parcel,) = await desk.parcels(order_id)
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    shipment = {"reference": "R", "order_id": "X", "lines": ()}
    batch.message(1, Message(Kind.PUSH_SHIPMENT, f"shipment:{parcel['id']}", desk.shop, order_id, shipment))
    async with desk.world.database.transaction() as tx:
        await batch.flush(tx)

    assert await desk.lane(desk.carrier).work() == 1

    (message,) = await desk.messages(Kind.BUY_LABEL)
    assert message["state"] is Outbox.SENT, "an answer comes only once"
    assert await desk.works_of(order_id) == [Work.PACKED]
    with pytest.raises(Conflict, match="already exists"):
        await desk.runner.work(FULFILLMENTS)
    assert await desk.runner.work(FULFILLMENTS) == 1, "it was woken, and takes the way of the lines, with care"
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    assert len(await desk.messages(Kind.PUSH_SHIPMENT)) == 1


async def test_calls_go_out_while_answers_are_kept_and_a_key_stays_in_order(desk: Desk) -> None:
    """Somebody holds the row that an answer is for. What is queued for another key meanwhile is sent although the lane
    had nothing more to send by then; the same key waits."""
    order_id = await arrived(desk)
    await desk.runner.work(ORDERS)
    (parcel,) = await desk.parcels(order_id)
    book = desk.book("paper_carrier", "carrier")
    label = Label("lbl-0", "paper", "standard", "T0", 0, "EUR")

    def void(name: str, key: int) -> Message:
        return Message(Kind.VOID_LABEL, f"void:{name}", desk.carrier, key, with_(label, external_id=name))

    async def done(count: int) -> None:
        await desk.world.until(lambda: _true(len(book.done) >= count))

    world = desk.world
    async with AsyncExitStack() as running:
        async with held(desk, "SELECT id FROM fulfillment_orders FOR UPDATE"):  # before anybody can call
            await running.enter_async_context(Worker(world.database, world.accounts, world.ports, world.node, {"post"}))
            await done(1)
            await blocked(desk, 1)
            await asyncio.sleep(2 * gathering.LONGEST)  # it has looked again, and found nothing
            await queue(desk, void("same", parcel["id"]), void("other", 7))
            await done(2)
            assert [payload.external_id for kind, payload, _ in book.done if kind is Kind.VOID_LABEL] == ["other"]
        await done(3)

    assert book.kinds == [Kind.BUY_LABEL, Kind.VOID_LABEL, Kind.VOID_LABEL]
    assert await desk.works_of(order_id) == [Work.DISPATCHED]
    states = {row["state"] for kind in (Kind.BUY_LABEL, Kind.VOID_LABEL) for row in await desk.messages(kind)}
    assert states == {Outbox.SENT}


async def _true(value: bool) -> bool:
    return value
