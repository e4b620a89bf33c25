"""Send a dead or refused message again, once a person has looked at why it failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.actions.services import Services
from hub.contract import LooksUp
from hub.domain.lifecycle import Outbox
from hub.domain.outgoing import Kind
from hub.errors import Conflict, CrossdockError, NotFound
from hub.store import audit
from hub.store.database import Row, Tx, announce

MESSAGE = "SELECT id, account_id, state, intent, unsure FROM outbox WHERE merchant_id = $1 AND id = $2 FOR UPDATE"
AGAIN = f"""UPDATE outbox o SET state = 0, attempts = 0, due_at = $2, unsure = $3, error = '' WHERE id = $1
    AND state IN (10, 11) AND NOT (kind = '{Kind.PUSH_STOCK}' AND EXISTS (
        SELECT 1 FROM outbox n WHERE n.key = o.key AND n.lane = o.lane AND n.kind = o.kind AND n.id > o.id))"""  # noqa: S608 - constants only
"""A stock level that a newer one followed stays as it is: it would turn the channel back."""


async def resend_message(services: Services, merchant_id: int, message_id: int, actor: str) -> None:
    """A message whose answer was lost is looked up first, or, where nobody can tell, sent because a person decided so.

    Raises `NotFound`, or `Conflict` for one that is neither dead nor refused.
    """
    now = services.clock.now()
    async with services.database.transaction() as tx:
        row = await tx.fetchrow(MESSAGE, merchant_id, message_id)
        if row is None:
            raise NotFound(f"no message {message_id}")
        if not await send_again(services, tx, [row], now):
            if Outbox(row["state"]) in {Outbox.DEAD, Outbox.REFUSED}:
                raise Conflict("a newer stock level was told since; it stands")
            raise Conflict(f"the message is {Outbox(row['state']).name.lower()}; only dead and refused ones are resent")
        entry = audit.Entry(
            merchant_id=merchant_id, at=now, actor=actor, action="resend_message", subject=f"message:{message_id}",
            details={"intent": row["intent"]},
        )  # fmt: skip
        await audit.append(tx, services.ids, entry)
        await announce(tx, "outbox")


async def send_again(services: Services, tx: Tx, rows: Sequence[Row], now: datetime) -> int:
    """Queues dead and refused messages (locked rows of the outbox) again; returns how many. Stock levels that newer
    ones followed are left.

    One whose answer was lost stays in doubt only where it can be looked up: elsewhere a person has just looked.
    """
    count = 0
    for row in rows:
        in_doubt = row["unsure"] and await can_look_up(services, row["account_id"])
        count += await tx.execute(AGAIN, row["id"], now, in_doubt)
    return count


async def can_look_up(services: Services, account_id: int) -> bool:
    """Whether the account's channel can say what became of a call whose answer was lost."""
    try:
        return isinstance(await services.accounts.open(account_id), LooksUp)
    except CrossdockError:
        return True
