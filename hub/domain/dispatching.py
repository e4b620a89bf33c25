"""Dispatch: the parcel leaves; stock goes down, the channel and the customer are told, the money is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.domain import credit_leaving, notices
from hub.domain.bundling import units_by_line
from hub.domain.credit_leaving import NO_TERMS, Standing
from hub.domain.lifecycle import Custody, PaymentState, Work
from hub.domain.listening import NOBODY, Listeners, tellings
from hub.domain.outcome import (
    Changes,
    Contact,
    Event,
    LineDelta,
    Message,
    Outcome,
    ParcelRow,
    PaymentRow,
    StockDelta,
    WorkLineDelta,
    WorkRow,
)
from hub.domain.outgoing import Kind, PaymentAction, Shipment, ShipmentLine


class DispatchFacts(Struct, frozen=True):
    """`kinds`: what each account takes; `contacts` and `payments`: by order; `locations`: code by id; `listeners`: who
    hears of every order; `standing`: accounts on terms as they are now."""

    kinds: Mapping[int, frozenset[Kind]]
    contacts: Mapping[int, tuple[Contact, ...]]
    payments: Mapping[int, tuple[PaymentRow, ...]]
    locations: Mapping[int, str]
    listeners: Listeners = NOBODY
    standing: Standing = NO_TERMS


def dispatch(work: WorkRow, facts: DispatchFacts, now: datetime) -> Outcome:
    """Hands every parcel over at an automatic location, unless a hold of its order keeps it back; elsewhere a person
    hands over."""
    return kept_back(work, facts, now) or (dispatched(work, facts, now, "hub") if work.automatic else Outcome())


def kept_back(work: WorkRow, facts: DispatchFacts, now: datetime) -> Outcome | None:
    """What keeps labeled goods in the house: an account that is over its limit by now, or a doubt that came up after
    they were packed. None when they may leave. Looked at again from time to time, since a doubt may heal elsewhere."""
    over = credit_leaving.holds(work, facts.standing)
    if over or work.open_holds - credit_leaving.CREDIT_HOLDS:
        return Outcome(holds=over, wake_at=now + credit_leaving.LOOK_AGAIN)
    return None


def dispatched(work: WorkRow, facts: DispatchFacts, now: datetime, actor: str) -> Outcome:
    """The carrier has every parcel of `work`."""
    parcels = tuple(replace(p, custody=Custody.HANDED_OVER, handed_over_at=now) for p in work.parcels)
    work = replace(work, parcels=parcels)
    messages: list[Message] = []
    for parcel in parcels:
        messages.extend(_tell_channel(work, parcel, facts, now))
        messages.extend(notices.about_parcel("shipped", work, parcel, facts.contacts.get(work.order_id, ())))
    messages.extend(_capture(work, facts.payments.get(work.order_id, ())))
    return Outcome(
        to=Work.DISPATCHED,
        events=(Event("dispatched", {"fulfillment": work.number, "parcels": [p.number for p in parcels]}, actor),),
        changes=_counters(work, parcels),
        messages=tuple(messages),
        row=work,
    )


def _counters(work: WorkRow, parcels: tuple[ParcelRow, ...]) -> Changes:
    return Changes(
        parcels=parcels,
        lines=tuple(
            LineDelta(line_id, shipped=units, reserved=-units) for line_id, units in units_by_line(work.lines).items()
        ),
        work_lines=tuple(WorkLineDelta(line.id, reserved=-line.quantity) for line in work.lines),
        stock=tuple(
            StockDelta(line.sku, work.location_id, -line.quantity, -line.quantity, "dispatched", work.id)
            for line in work.lines
        ),
    )


def _tell_channel(work: WorkRow, parcel: ParcelRow, facts: DispatchFacts, now: datetime) -> tuple[Message, ...]:
    taken = Kind.PUSH_SHIPMENT in facts.kinds.get(work.account_id, frozenset())
    if not taken and not facts.listeners.of(work.merchant_id):
        return ()
    external = {line.order_line_id: line.external_id for line in work.lines}
    shipment = Shipment(
        reference=parcel.number,
        order_id=work.external_order_id,
        order_number=work.order_number,
        lines=tuple(ShipmentLine(external[line_id], units) for line_id, units in parcel.contents.items()),
        carrier=parcel.carrier,
        service=parcel.service,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        shipped_at=now,
        location=facts.locations.get(work.location_id, ""),
    )
    message = Message(
        kind=Kind.PUSH_SHIPMENT,
        intent=f"shipment:{parcel.id}",
        account_id=work.account_id,
        key=work.order_id,
        payload=shipment,
        subject="parcel",
        subject_id=parcel.id,
    )
    return tellings(message, (work.merchant_id, work.order_number), facts.listeners, taken)


def _capture(work: WorkRow, payments: tuple[PaymentRow, ...]) -> tuple[Message, ...]:
    """Takes what was authorized, whole, with the first dispatch; the intent makes a second one find the first."""
    return tuple(
        Message(
            kind=Kind.CAPTURE_PAYMENT,
            intent=f"capture:{payment.id}",
            account_id=payment.account_id,
            key=payment.id,
            payload=PaymentAction(
                reference=f"capture-{payment.id}",
                payment_id=payment.external_id,
                amount=payment.amount,
                currency=payment.currency,
            ),
            subject="order",
            subject_id=work.order_id,
        )
        for payment in payments
        if payment.account_id is not None and payment.state == PaymentState.AUTHORIZED
    )
