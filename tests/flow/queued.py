"""Messages in the outbox, and what the other side says to them."""

from __future__ import annotations

from typing import Any

from hub.domain.outcome import Message
from hub.domain.outgoing import Kind, PaymentAction, Receipt, StatusUpdate
from hub.flow.batch import Batch
from tests.flow.desk import Desk, at
from tests.support.world import MERCHANT


def status(number: int, account: int, key: int, kind: Kind = Kind.PUSH_STATUS) -> Message:
    update = StatusUpdate(reference=f"r{number}", order_id="X", status="delivered", at=at(0))
    return Message(kind=kind, intent=f"test:{number}", account_id=account, key=key, payload=update)


def capture(number: int, account: int) -> Message:
    action = PaymentAction(reference=f"c{number}", payment_id="P", amount=100, currency="EUR")
    return Message(
        kind=Kind.CAPTURE_PAYMENT, intent=f"capture:{number}", account_id=account, key=number, payload=action
    )


async def queue(desk: Desk, *messages: Message) -> None:
    batch = Batch(desk.world.ports.ids, desk.world.clock.now())
    for message in messages:
        batch.message(MERCHANT, message)
    async with desk.world.database.transaction() as tx:
        await batch.flush(tx)


async def seconds_until(desk: Desk, row: dict[str, Any]) -> float:
    return (row["due_at"] - desk.world.clock.now()).total_seconds()


def said(*answers: Receipt | Exception) -> Any:
    """An answer for each call in turn; the last for all that follow."""
    left = list(answers)
    return lambda kind, payload: left.pop(0) if len(left) > 1 else left[0]


OK = Receipt(external_id="ok")
