"""Cancel a whole order before hand-over: stock goes back, labels are void, money is returned, the channel is told."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.services import Services
from hub.domain.lifecycle import Lifecycle
from hub.domain.outgoing import Kind
from hub.errors import Conflict, NotFound
from hub.flow import cancelling, senders
from hub.flow.batch import Batch
from hub.flow.directory import Directory
from hub.store import audit, whole_orders
from hub.store.database import announce


class Cancel(Struct, frozen=True, kw_only=True):
    """Who cancels which order, and why."""

    merchant_id: int
    order_id: int
    actor: str
    reason: str


async def cancel_order(services: Services, cancel: Cancel) -> None:
    """Raises `NotFound` for another merchant's order, `Conflict` when it is over already or goods have left: then only
    units that come back can be undone."""
    async with services.database.transaction() as tx:
        works, orders = await whole_orders.hold(tx, [cancel.order_id])
        order = next((row for row in orders if row["merchant_id"] == cancel.merchant_id), None)
        if order is None:
            raise NotFound(f"no order {cancel.order_id}")
        if any(work["state"] in {6, 9} for work in works):
            raise Conflict("goods of this order have left already; ask for a return instead")
        channel = await services.accounts.open(order["account_id"])
        takes = Kind.PUSH_CANCELLATION in senders.kinds_of(channel)
        known = await Directory(services.database, services.accounts).known(tx)
        asked = cancelling.Asked(cancel.reason, cancel.actor, takes_cancellations=takes, listeners=known.listeners())
        batch = Batch(services.ids, services.clock.now())
        target = cancelling.Target(order, order["version"], Lifecycle(order["state"]))
        await cancelling.cancel(tx, batch, target, asked)
        await batch.flush(tx)
        entry = audit.Entry(
            merchant_id=cancel.merchant_id,
            at=services.clock.now(),
            actor=cancel.actor,
            action="cancel_order",
            subject=f"order:{cancel.order_id}",
            details={"reason": cancel.reason},
        )
        await audit.append(tx, services.ids, entry)
        await announce(tx, "outbox")
