"""Track: what the carrier's scans mean for a parcel's custody and for the people who wait for it. Late scans never move
custody back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.domain import notices
from hub.domain.lifecycle import CUSTODY_MOVES, Custody, Work
from hub.domain.listening import NOBODY, Listeners, tellings
from hub.domain.order import ScanStatus
from hub.domain.outcome import Changes, Contact, Event, LineDelta, Message, Outcome, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, StatusUpdate

MEANS = {
    ScanStatus.DELIVERED: Custody.DELIVERED,
    ScanStatus.RETURN_TO_SENDER: Custody.RETURNED_TO_SENDER,
    ScanStatus.LOST: Custody.LOST,
}
"""Scan → custody it proves. A return scan while under way means it is coming back; that ends the trip."""

TOLD = {
    ScanStatus.OUT_FOR_DELIVERY: "out_for_delivery",
    ScanStatus.DELIVERED: "delivered",
    ScanStatus.EXCEPTION: "exception",
}
"""Scans that a customer hears of."""

ENDS = frozenset({Custody.DELIVERED, Custody.RETURNED_TO_SENDER, Custody.LOST, Custody.DAMAGED})


class ScanRow(Struct, frozen=True):
    """A scan that nobody has acted on yet."""

    id: int
    status: ScanStatus
    at: datetime
    word: str
    place: str


class TrackFacts(Struct, frozen=True):
    """`scans`: unseen, by parcel, oldest first; `contacts`: by order; `kinds`: what each account takes;
    `listeners`: who hears of every order."""

    scans: Mapping[int, tuple[ScanRow, ...]]
    contacts: Mapping[int, tuple[Contact, ...]]
    kinds: Mapping[int, frozenset[Kind]]
    listeners: Listeners = NOBODY


def track(work: WorkRow, facts: TrackFacts, now: datetime) -> Outcome:
    """Takes in every unseen scan; done once no parcel is under way, or lost and may still turn up."""
    events: list[Event] = []
    messages: list[Message] = []
    parcels: list[ParcelRow] = []
    for before in work.parcels:
        parcel = before
        for scan in facts.scans.get(before.id, ()):
            moved = apply_scan(parcel, scan)
            if moved is not parcel:
                events.append(_event(parcel, scan))
                messages.extend(_tell(work, moved, scan, facts))
            parcel = moved
        parcels.append(parcel)
    seen = tuple(scan.id for parcel in work.parcels for scan in facts.scans.get(parcel.id, ()))
    done = all(parcel.custody in ENDS - {Custody.LOST} for parcel in parcels)
    arrived = _delivered(work, parcels)
    if done:
        events.append(Event("fulfillment_done", {"fulfillment": work.number}))
    return Outcome(
        to=Work.DONE if done else None,
        events=tuple(events),
        messages=tuple(messages),
        changes=Changes(
            parcels=tuple(after for after, before in zip(parcels, work.parcels, strict=True) if after is not before),
            lines=arrived,
            seen_scans=seen,
            wake_order=done or bool(arrived),
        ),
    )


def apply_scan(parcel: ParcelRow, scan: ScanRow) -> ParcelRow:
    """The parcel after a scan; the same object when the scan is late news or says nothing new.

    Scans are compared by the carrier's own time. A delivery or a loss counts however late it is told.
    """
    custody = MEANS.get(scan.status)
    if custody is not None and custody in CUSTODY_MOVES[parcel.custody]:
        delivered_at = scan.at if custody is Custody.DELIVERED else parcel.delivered_at
        return replace(parcel, custody=custody, tracking=scan.status, tracked_at=scan.at, delivered_at=delivered_at)
    if parcel.custody in ENDS or (parcel.tracked_at is not None and scan.at <= parcel.tracked_at):
        return parcel
    return replace(parcel, tracking=scan.status, tracked_at=scan.at)


def _delivered(work: WorkRow, after: list[ParcelRow]) -> tuple[LineDelta, ...]:
    """Units that arrived just now, by order line."""
    arrived: dict[int, int] = {}
    for before, parcel in zip(work.parcels, after, strict=True):
        if parcel.custody is Custody.DELIVERED and before.custody is not Custody.DELIVERED:
            for line_id, units in parcel.contents.items():
                arrived[line_id] = arrived.get(line_id, 0) + units
    return tuple(LineDelta(line_id, delivered=units) for line_id, units in arrived.items())


def _event(parcel: ParcelRow, scan: ScanRow) -> Event:
    details: dict[str, object] = {
        "parcel": parcel.number,
        "status": scan.status,
        "place": scan.place,
        "word": scan.word,
    }
    return Event("scanned", details, actor="carrier", source="carrier", occurred_at=scan.at)


def _tell(work: WorkRow, parcel: ParcelRow, scan: ScanRow, facts: TrackFacts) -> tuple[Message, ...]:
    what = TOLD.get(scan.status)
    if what is None:
        return ()
    people = notices.about_parcel(what, work, parcel, facts.contacts.get(work.order_id, ()))
    update = StatusUpdate(
        reference=parcel.number,
        order_id=work.external_order_id,
        status=what,
        at=scan.at,
        tracking_number=parcel.tracking_number,
    )
    push = Message(
        kind=Kind.PUSH_STATUS,
        intent=f"status:{parcel.id}:{what}",
        account_id=work.account_id,
        key=work.order_id,
        payload=update,
    )
    taken = Kind.PUSH_STATUS in facts.kinds.get(work.account_id, frozenset())
    return (*people, *tellings(push, (work.merchant_id, work.order_number), facts.listeners, taken))
