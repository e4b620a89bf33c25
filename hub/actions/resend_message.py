"""Send a dead or refused message again, once a person has looked at why it failed."""

from __future__ import annotations

from hub.actions.services import Services
from hub.domain.lifecycle import Outbox
from hub.errors import Conflict, NotFound
from hub.store import audit
from hub.store.database import announce

AGAIN = """UPDATE outbox SET state = 0, attempts = 0, due_at = $3 WHERE merchant_id = $1 AND id = $2
    AND state IN (10, 11)"""


async def resend_message(services: Services, merchant_id: int, message_id: int, actor: str) -> None:
    """A message whose answer was lost is looked up first, or, where nobody can tell, sent because a person decided so.

    Raises `NotFound`, or `Conflict` for one that is neither dead nor refused.
    """
    now = services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT state, intent FROM outbox WHERE merchant_id = $1 AND id = $2", merchant_id, message_id
        )
        if row is None:
            raise NotFound(f"no message {message_id}")
        if not await tx.execute(AGAIN, merchant_id, message_id, now):
            raise Conflict(f"the message is {Outbox(row['state']).name.lower()}; only dead and refused ones are resent")
        entry = audit.Entry(
            merchant_id=merchant_id, at=now, actor=actor, action="resend_message", subject=f"message:{message_id}",
            details={"intent": row["intent"]},
        )  # fmt: skip
        await audit.append(tx, services.ids, entry)
        await announce(tx, "outbox")
