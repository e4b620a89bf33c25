"""A location rejects what it was to ship: the units leave it, and the order is routed again without it."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.services import Services
from hub.domain.lifecycle import Lifecycle, Work, move_order, move_work
from hub.domain.outcome import Event
from hub.errors import Conflict, NotFound
from hub.flow import cancelling
from hub.flow.batch import Batch
from hub.flow.route import REJECTED
from hub.store import audit, whole_orders
from hub.store.database import Row, Tx, announce

FIND = "SELECT id, order_id FROM fulfillment_orders WHERE merchant_id = $1 AND (number = $2 OR id::text = $2)"
LINES = """SELECT l.*, EXISTS (
        SELECT 1 FROM pick_lines p WHERE p.fulfillment_line_id = l.id AND p.picked > 0) AS in_tote
    FROM fulfillment_lines l WHERE l.fulfillment_id = $1 ORDER BY l.id"""
MARK = "UPDATE fulfillment_orders SET partner_state = $2, problem = $3 WHERE id = $1"
MOVE = "UPDATE orders SET state = $2, version = $3, due_at = $4 WHERE id = $1"
PLACE = "SELECT code FROM locations WHERE id = $1"

MAY = frozenset({Work.PLANNED, Work.OPEN, Work.SCHEDULED, Work.PICKING})
"""Until something of it was picked; afterwards a short pick or a cancellation says what is where."""


class Rejection(Struct, frozen=True, kw_only=True):
    """`fulfillment`: number or id; `reason`: for people."""

    merchant_id: int
    fulfillment: str
    reason: str
    actor: str


class Rejected(Struct, frozen=True):
    """What became of it: the order waits to be routed again, without `location`."""

    order_id: str
    order: str
    fulfillment: str
    location: str


async def reject_fulfillment(services: Services, asked: Rejection) -> Rejected:
    """Raises `NotFound` for another merchant's, `Conflict` once something was picked or the order is over."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        found = await tx.fetch(FIND, asked.merchant_id, asked.fulfillment.replace("\0", ""))
        if not found:
            raise NotFound(f"no fulfillment order {asked.fulfillment}")
        if len(found) > 1:
            which = ", ".join(str(row["id"]) for row in found)
            raise Conflict(
                f"{len(found)} fulfillment orders are called {asked.fulfillment}; name one by its id: {which}"
            )
        works, (order,) = await whole_orders.hold(tx, [found[0]["order_id"]])
        work = next(row for row in works if row["id"] == found[0]["id"])
        batch = Batch(services.ids, now)
        place = await _reject(tx, batch, (work, order), asked)
        await batch.flush(tx)
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=asked.merchant_id, at=now, actor=asked.actor, action="reject_fulfillment",
            subject=f"order:{order['id']}", details={"fulfillment": work["number"], "reason": asked.reason[:200]},
        ))  # fmt: skip
        await announce(tx, "orders")
    return Rejected(str(order["id"]), order["number"], work["number"], place)


async def _reject(tx: Tx, batch: Batch, rows: tuple[Row, Row], asked: Rejection) -> str:
    work, order = rows
    lines = await tx.fetch(LINES, work["id"])
    state = Work(work["state"])
    if state not in MAY or any(line["picked"] or line["in_tote"] for line in lines):
        raise Conflict(f"{work['number']} is {state.name.lower()}: a location rejects before it picks")
    move_work(state, "cancel")
    to = move_order(Lifecycle(order["state"]), "reroute")
    cancelling.undo(batch, work, lines, ())
    place = str(await tx.fetchval(PLACE, work["location_id"]))
    details: dict[str, object] = {"fulfillment": work["number"], "location": place, "why": asked.reason[:200]}
    version = order["version"] + 1
    event = Event("rejected_by_location", details, actor=asked.actor)
    batch.event(order["merchant_id"], order["id"], (order["id"], version), event)
    await tx.execute(MARK, work["id"], REJECTED, asked.reason[:500])
    await tx.execute(MOVE, order["id"], int(to), version, batch.at)
    return place
