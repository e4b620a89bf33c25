"""A person sends a dead or refused message again."""

from __future__ import annotations

from typing import Any

import pytest

from hub.actions.resend_message import resend_message
from hub.domain.lifecycle import Outbox
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, PaymentAction, Receipt
from hub.errors import Conflict, NotFound, Reject, Unknown
from hub.flow.batch import Batch
from tests.flow.desk import Desk
from tests.support.world import MERCHANT

OK = Receipt(external_id="ok")


async def sent(desk: Desk, failure: Exception) -> tuple[int, Any]:
    """A capture whose first call ended in `failure`: the provider's account and its book."""
    provider = await desk.world.account("paper_pay", "pay", {})
    book = desk.book("paper_pay", "pay")
    book.answer = lambda kind, payload: failure
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    action = PaymentAction(reference="c1", payment_id="P", amount=100, currency="EUR")
    batch.message(MERCHANT, Message(Kind.CAPTURE_PAYMENT, "capture:1", provider, 1, action))
    async with desk.world.database.transaction() as tx:
        await batch.flush(tx)
    await desk.send(provider)
    book.answer = lambda kind, payload: OK
    return provider, book


async def message(desk: Desk) -> Any:
    (row,) = await desk.messages("capture_payment")
    return row


async def test_a_refused_message_goes_out_again_under_its_key(desk: Desk) -> None:
    provider, book = await sent(desk, Reject("the card has expired"))

    await resend_message(desk.world.services, MERCHANT, (await message(desk))["id"], "user:1")
    assert (await message(desk))["error"] == ""
    await desk.send(provider)

    assert (await message(desk))["state"] is Outbox.SENT
    assert len(book.done) == 2
    assert len({key for _, _, key in book.done}) == 1


async def test_what_nobody_can_look_up_is_sent_because_a_person_decided_so(desk: Desk) -> None:
    provider, book = await sent(desk, Unknown("the connection was reset"))
    await desk.world.database.plain.execute("UPDATE outbox SET due_at = $1", desk.world.clock.now())
    await desk.send(provider)
    dead = await message(desk)
    assert (dead["state"], len(book.done)) == (Outbox.DEAD, 1), "never repeated by itself"

    await resend_message(desk.world.services, MERCHANT, dead["id"], "user:1")
    await desk.send(provider)

    assert (await message(desk))["state"] is Outbox.SENT
    assert len(book.done) == 2


async def test_only_what_is_over_is_sent_again(desk: Desk) -> None:
    provider, _ = await sent(desk, Reject("no"))
    number = (await message(desk))["id"]
    await resend_message(desk.world.services, MERCHANT, number, "user:1")

    with pytest.raises(Conflict, match="pending"):
        await resend_message(desk.world.services, MERCHANT, number, "user:1")
    with pytest.raises(NotFound):
        await resend_message(desk.world.services, MERCHANT + 1, number, "user:1")
    await desk.send(provider)
    with pytest.raises(Conflict, match="sent"):
        await resend_message(desk.world.services, MERCHANT, number, "user:1")
