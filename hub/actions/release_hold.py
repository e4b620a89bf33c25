"""Release a hold, which does what was chosen in the same transaction: accept, use an address, retry, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec import json as msgjson
from msgspec.structs import replace

from hub.actions.resend_message import send_again
from hub.actions.services import Services
from hub.domain import address as rules
from hub.domain.address_told import KEPT_AS
from hub.domain.lifecycle import FOREVER, Lifecycle
from hub.domain.order import Address
from hub.domain.outcome import Event
from hub.domain.outgoing import Kind
from hub.errors import Conflict, Invalid, NotFound
from hub.flow import cancelling, senders
from hub.flow.batch import Batch
from hub.flow.directory import Directory
from hub.store import audit, whole_orders
from hub.store.database import Row, Tx, announce

HOLD = "SELECT * FROM holds WHERE merchant_id = $1 AND id = $2"
LOCK_HOLD = "SELECT state FROM holds WHERE id = $1 FOR UPDATE"
CLOSE = """UPDATE holds SET state = 'released', resolution = $2, closed_at = $3, closed_by = $4 WHERE id = $1"""
USE_ADDRESS = "UPDATE orders SET ship_to = $2 WHERE id = $1"
REMEMBER = f"""UPDATE holds SET detail = detail || jsonb_build_object('{KEPT_AS}', $2::jsonb)
    WHERE id = $1"""  # noqa: S608 - constants only
WAKE_ORDER = "UPDATE orders SET due_at = $2, version = $3 WHERE id = $1"
WAKE_WORKS = "UPDATE fulfillment_orders SET due_at = $2 WHERE order_id = $1 AND state < 6"
NEXT_LABEL = """UPDATE parcels p SET label_attempt = label_attempt + 1, label = 'none' WHERE order_id = $1
    AND label IN ('buying', 'failed', 'unknown') AND EXISTS (SELECT 1 FROM outbox o WHERE o.merchant_id = p.merchant_id
        AND o.intent = 'label:' || p.id || ':' || p.label_attempt AND o.state >= 10)"""
CAPTURES = """SELECT id, account_id, unsure FROM outbox
    WHERE subject_id = $1 AND kind = 'capture_payment' AND state IN (10, 11) ORDER BY id FOR UPDATE"""

AGAIN = frozenset({"retry", "use_address", "use_suggestion"})
"""Resolutions after which what was refused is asked for once more."""


class Release(Struct, frozen=True, kw_only=True):
    """Who releases which hold how. `address` is needed for `use_address`; `note` goes to the audit trail.
    `use_suggestion` takes the address that the hold itself suggests."""

    merchant_id: int
    hold_id: int
    resolution: str
    actor: str
    address: Address | None = None
    note: str = ""


class _Suggested(Struct, frozen=True):
    """The part of a hold's detail that says which address was probably meant."""

    suggestion: Address


async def release_hold(services: Services, release: Release) -> None:
    """Raises `NotFound` for another merchant's hold, `Conflict` when it is closed already, `Invalid` for a resolution
    that is not offered or an address that cannot be delivered to."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        hold = await tx.fetchrow(HOLD, release.merchant_id, release.hold_id)
        if hold is None:
            raise NotFound(f"no hold {release.hold_id}")
        order = await lock(tx, hold)
        release = _check(hold, release)
        batch = Batch(services.ids, now)
        if release.resolution == "cancel":
            await _cancel(services, tx, batch, order, release)
        elif release.resolution != "wait":
            await _let_go(tx, batch, (order, hold), release)
            if release.resolution in AGAIN:
                await _try_again(services, tx, order["id"], now)
        await batch.flush(tx)
        await audit.append(tx, services.ids, audited(hold, release, now))
        await announce(tx, "orders", "fulfillments", "outbox")


async def release_within(tx: Tx, batch: Batch, release: Release) -> Row:
    """Releases a hold of an order that goes on, in the caller's transaction, which flushes `batch` and records who did
    it; the hold as it was. Raises as `release_hold` does."""
    hold = await tx.fetchrow(HOLD, release.merchant_id, release.hold_id)
    if hold is None:
        raise NotFound(f"no hold {release.hold_id}")
    order = await lock(tx, hold)
    await _let_go(tx, batch, (order, hold), _check(hold, release))
    if release.resolution in AGAIN:
        await tx.execute(NEXT_LABEL, order["id"])
    return hold


async def lock(tx: Tx, hold: Row) -> Row:
    """Fulfillment orders first, then the order, then the hold: the order of locks everywhere."""
    _, orders = await whole_orders.hold(tx, [hold["order_id"]])
    if not orders:
        raise NotFound(f"no order {hold['order_id']}")
    if await tx.fetchval(LOCK_HOLD, hold["id"]) not in {"open", "escalated"}:
        raise Conflict("this hold is closed already; reload to see how")
    return orders[0]


def _check(hold: Row, release: Release) -> Release:
    """The release with the address that will be used, if any."""
    offered = msgjson.decode(hold["resolutions"], type=list[str])
    if release.resolution not in offered:
        raise Invalid("resolution", f"{release.resolution!r} is not offered; choose one of {', '.join(offered)}")
    if release.resolution == "use_suggestion":
        suggested = msgjson.decode(hold["detail"], type=_Suggested).suggestion
        return replace(release, address=suggested)
    if release.resolution != "use_address":
        return replace(release, address=None)
    if release.address is None:
        raise Invalid("address", "give the address to use")
    faults = rules.faults(release.address)
    if faults:
        raise Invalid("address", ", ".join(map(str, faults)))
    return release


async def _let_go(tx: Tx, batch: Batch, held: tuple[Row, Row], release: Release) -> None:
    """Closes the hold, does what was chosen, and lets the stages look again. `held`: the order and its hold. Which
    address was replaced is remembered, for the channel will tell it again (`hub.domain.address_told`)."""
    order, hold = held
    await tx.execute(CLOSE, hold["id"], release.resolution, batch.at, release.actor)
    if release.address is not None:
        await tx.execute(USE_ADDRESS, order["id"], msgjson.encode(release.address).decode())
        await tx.execute(REMEMBER, hold["id"], order["ship_to"])
    details: dict[str, object] = {"reason": hold["reason"], "resolution": release.resolution, "note": release.note}
    event = Event("hold_released", details, actor=release.actor)
    version = order["version"] + 1
    batch.event(order["merchant_id"], order["id"], (order["id"], version), event)
    due = batch.at if Lifecycle(order["state"]) < Lifecycle.COMPLETED else FOREVER
    await tx.execute(WAKE_ORDER, order["id"], due, version)
    await tx.execute(WAKE_WORKS, order["id"], batch.at)


async def _try_again(services: Services, tx: Tx, order_id: int, now: datetime) -> None:
    """The next try at labels that were refused, and at captures."""
    await tx.execute(NEXT_LABEL, order_id)
    await send_again(services, tx, await tx.fetch(CAPTURES, order_id), now)


async def _cancel(services: Services, tx: Tx, batch: Batch, order: Row, release: Release) -> None:
    channel = await services.accounts.open(order["account_id"])
    takes = Kind.PUSH_CANCELLATION in senders.kinds_of(channel)
    reason = release.note or f"cancelled instead of {release.resolution}"
    known = await Directory(services.database, services.accounts).known(tx)
    asked = cancelling.Asked(reason, release.actor, takes_cancellations=takes, listeners=known.listeners())
    target = cancelling.Target(order, order["version"], Lifecycle(order["state"]))
    await cancelling.cancel(tx, batch, target, asked)


def audited(hold: Row, release: Release, at: datetime) -> audit.Entry:
    """Who let go of which hold how, for the audit trail."""
    details: dict[str, Any] = {"resolution": release.resolution, "note": release.note, "reason": hold["reason"]}
    return audit.Entry(
        merchant_id=release.merchant_id,
        at=at,
        actor=release.actor,
        action="release_hold",
        subject=f"order:{hold['order_id']}",
        details=details,
    )
