"""Cancelling a whole order before hand-over, with everything that must be undone: stock released, fulfillment orders
cancelled, labels voided, payments voided or refunded. Used by the action and by what channels say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.domain.bundling import whole_units
from hub.domain.lifecycle import FOREVER, LabelState, Lifecycle, PaymentState, Work, move_order
from hub.domain.listening import NOBODY, Listeners, tellings
from hub.domain.outcome import Event, HoldNeed, LineDelta, Message, ParcelRow, StockDelta, WorkLineDelta
from hub.domain.outgoing import CancellationRequest, Kind, Label, PaymentAction
from hub.flow import orphans
from hub.flow.batch import Batch, postings_rows
from hub.flow.intake_rows import placed
from hub.flow.loading import PARCELS, grouped, parcel_row
from hub.store.database import Row, Tx

WORKS = "SELECT * FROM fulfillment_orders WHERE order_id = $1 ORDER BY id"
WORK_LINES = "SELECT * FROM fulfillment_lines WHERE order_id = $1 ORDER BY id"
LINES = "SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position"
PAYMENTS = "SELECT * FROM payments WHERE order_id = $1 ORDER BY id"
OPEN_HOLDS = """UPDATE holds SET state = 'released', resolution = 'cancel', closed_at = $2, closed_by = $3
    WHERE order_id = $1 AND state IN ('open', 'escalated')"""
CANCEL_PARCELS = "UPDATE parcels SET custody = 'cancelled' WHERE order_id = $1 AND custody IN ('packed', 'manifested')"
DROP_MESSAGES = """UPDATE outbox SET state = 12, error = 'the order was cancelled' WHERE state = 0 AND NOT unsure
    AND NOT leased AND kind = 'buy_label' AND key = ANY($1::bigint[])"""

BEFORE_HAND_OVER = frozenset({
    Work.PLANNED, Work.OPEN, Work.PICKING, Work.PICKED, Work.PACKED, Work.LABELED, Work.SCHEDULED, Work.SHORT,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """The locked order: its row, and the version and state it has by now in this transaction."""

    row: Mapping[str, Any] | Row
    version: int
    state: Lifecycle


@dataclass(frozen=True, slots=True)
class Asked:
    """Why and by whom. `pushed`: the channel knows already, since it said so itself; `listeners` hear of it anyway."""

    reason: str
    actor: str
    pushed: bool = False
    takes_cancellations: bool = False
    listeners: Listeners = NOBODY


async def cancel(tx: Tx, batch: Batch, target: Target, asked: Asked) -> tuple[Lifecycle, int]:
    """Cancels, or holds the order when goods are already on their way; returns its state and version afterwards.

    The caller has locked fulfillment orders, then the order. Raises `Conflict` where cancelling makes no sense.
    """
    order_id, merchant_id = target.row["id"], target.row["merchant_id"]
    works = await tx.fetch(WORKS, order_id)
    if any(Work(row["state"]) in {Work.DISPATCHED, Work.DONE} for row in works):
        return _too_late(batch, target, asked)
    to = move_order(target.state, "cancel")
    lines = grouped(await tx.fetch(WORK_LINES, order_id), "fulfillment_id")
    parcels = grouped(await tx.fetch(PARCELS, [row["id"] for row in works]), "fulfillment_id")
    for work in works:
        if Work(work["state"]) in BEFORE_HAND_OVER:
            undo(batch, work, lines.get(work["id"], ()), [parcel_row(p) for p in parcels.get(work["id"], ())])
    await orphans.void_answered(tx, batch, {work["id"]: work for work in works})
    for line in await tx.fetch(LINES, order_id):
        open_units = line["ordered"] - line["cancelled"] - line["shipped"]
        batch.line(LineDelta(line["id"], cancelled=open_units))
        batch.stale.add((merchant_id, line["sku"]))
    _undo_money(batch, target, await tx.fetch(PAYMENTS, order_id))
    await tx.execute(OPEN_HOLDS, order_id, batch.at, asked.actor)
    await tx.execute(CANCEL_PARCELS, order_id)
    await tx.execute(DROP_MESSAGES, [parcel["id"] for rows in parcels.values() for parcel in rows])
    _tell_channel(batch, target, asked)
    version = target.version + 1
    event = Event("cancelled", {"reason": asked.reason}, actor=asked.actor)
    batch.event(merchant_id, order_id, (order_id, version), event)
    _move(batch, target, to, version)
    return to, version


def _move(batch: Batch, target: Target, to: Lifecycle, version: int) -> None:
    batch.orders[:] = [change for change in batch.orders if change["id"] != target.row["id"]]
    batch.orders.append({
        "id": target.row["id"], "was": target.row["version"], "version": version, "state": int(to),
        "due_at": FOREVER, "promised_at": None, "completed_at": None,
    })  # fmt: skip


def _too_late(batch: Batch, target: Target, asked: Asked) -> tuple[Lifecycle, int]:
    """Goods are with the carrier: only units that come back can be undone, so a person decides."""
    order_id, merchant_id = target.row["id"], target.row["merchant_id"]
    detail: dict[str, object] = {"what": "cancelled_after_dispatch", "why": asked.reason}
    batch.hold(merchant_id, order_id, HoldNeed("manual", detail, ("accept",)))
    version = target.version + 1
    event = Event("held", {"reason": "manual", **detail}, actor=asked.actor)
    batch.event(merchant_id, order_id, (order_id, version), event)
    _move(batch, target, target.state, version)
    return target.state, version


def undo(batch: Batch, work: Row, lines: Sequence[Row], parcels: Sequence[ParcelRow]) -> None:
    """Gives back what one fulfillment order holds: stock, counters, its place in the day of its location, labels."""
    version = work["version"] + 1
    event = Event("fulfillment_cancelled", {"fulfillment": work["number"]})
    batch.event(work["merchant_id"], work["order_id"], (work["id"], version), event)
    batch.works.append({
        "id": work["id"], "was": work["version"], "version": version, "state": int(Work.CANCELLED), "due_at": FOREVER,
    })  # fmt: skip
    batch.unload(work)
    for line_id, parts in grouped(lines, "order_line_id").items():
        batch.line(LineDelta(
            line_id, reserved=-whole_units(parts, "reserved"), assigned=-whole_units(parts, "quantity"),
            picked=-whole_units(parts, "picked"), packed=-whole_units(parts, "packed"),
        ))  # fmt: skip
    for line in lines:
        batch.work_line(WorkLineDelta(line["id"], reserved=-line["reserved"]))
        back = StockDelta(line["sku"], work["location_id"], 0, -line["reserved"], "cancelled", work["id"])
        batch.stock_change(work["merchant_id"], back)
    for parcel in parcels:
        if parcel.label is LabelState.BOUGHT and work["carrier_account_id"]:
            batch.message(work["merchant_id"], _void(work, parcel))


def _void(work: Row, parcel: ParcelRow) -> Message:
    label = Label(
        external_id=parcel.label_id,
        carrier=parcel.carrier,
        service=parcel.service,
        tracking_number=parcel.tracking_number,
        cost=parcel.label_cost,
        currency=parcel.label_currency,
    )
    return orphans.void(parcel.id, label, work["carrier_account_id"])


def _undo_money(batch: Batch, target: Target, payments: Sequence[Row]) -> None:
    """Voids what was only authorized with a provider of ours, refunds what was captured there, books the debt away."""
    row, order_id = target.row, target.row["id"]
    owed = placed(order_id, row["currency"], -row["total"], -row["tax_total"], "cancelled")
    batch.postings.extend(map(dict, postings_rows(batch.ids, batch.at, row["merchant_id"], owed)))
    for payment in payments:
        if payment["account_id"] is None:
            continue
        captured = payment["captured"] - payment["refunded"]
        authorized = payment["state"] == PaymentState.AUTHORIZED
        if not captured and not authorized:
            continue
        kind = Kind.REFUND_PAYMENT if captured else Kind.VOID_PAYMENT
        action = PaymentAction(
            reference=f"{kind.value}-{payment['id']}",
            payment_id=payment["external_id"],
            amount=captured or payment["amount"],
            currency=payment["currency"],
        )
        intent = f"{kind.value}:{payment['id']}"
        message = Message(kind, intent, payment["account_id"], payment["id"], action, "order", order_id)
        batch.message(row["merchant_id"], message)


def _tell_channel(batch: Batch, target: Target, asked: Asked) -> None:
    row = target.row
    request = CancellationRequest(
        reference=f"cancel-{row['id']}", order_id=row["external_id"], reason=asked.reason[:200]
    )
    intent = f"cancellation:{row['id']}"
    push = Message(Kind.PUSH_CANCELLATION, intent, row["account_id"], row["id"], request, "order", row["id"])
    taken = asked.takes_cancellations and not asked.pushed
    for message in tellings(push, (row["merchant_id"], row["number"]), asked.listeners, taken):
        batch.message(row["merchant_id"], message)
