"""Send every dead or refused message of an account again, once a person has put right what was wrong there."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.resend_message import can_look_up, send_again
from hub.actions.services import Services
from hub.store import audit
from hub.store.database import announce

AT_ONCE = 500
DEAD = f"""SELECT id, account_id, state, intent, unsure FROM outbox
    WHERE merchant_id = $1 AND account_id = $2 AND state IN (10, 11) AND id > $3
    ORDER BY id LIMIT {AT_ONCE} FOR UPDATE"""  # noqa: S608 - constants only


class Resent(Struct, frozen=True):
    """Messages that are on their way again, and those that a person has to decide on one by one: nobody can tell
    whether they have taken effect."""

    resent: int
    left: int

    @property
    def failed(self) -> bool:
        """Whether there were some, and none is on its way."""
        return self.left > 0 and not self.resent


async def resend_dead(services: Services, merchant_id: int, account_id: int, actor: str) -> Resent:
    """Messages whose answer was lost are looked up first where the channel can be asked, and left where it cannot."""
    sure = await can_look_up(services, account_id)
    resent = left = last = 0
    while True:
        async with services.database.transaction() as tx:
            rows = await tx.fetch(DEAD, merchant_id, account_id, last)
            chosen = [row for row in rows if sure or not row["unsure"]]
            resent += await send_again(services, tx, chosen, services.clock.now())
            left += len(rows) - len(chosen)
            if chosen:
                entry = audit.Entry(
                    merchant_id=merchant_id, at=services.clock.now(), actor=actor, action="resend_dead",
                    subject=f"account:{account_id}", details={"messages": len(chosen)},
                )  # fmt: skip
                await audit.append(tx, services.ids, entry)
                await announce(tx, "outbox")
        if len(rows) < AT_ONCE:
            return Resent(resent, left)
        last = rows[-1]["id"]
