"""Label: asks the carrier through the outbox, waits, and decides on what came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.domain import credit_leaving
from hub.domain.credit_leaving import NO_TERMS, Standing
from hub.domain.lifecycle import LabelState, Outbox, Work
from hub.domain.order import Address
from hub.domain.outcome import Changes, Event, HoldNeed, Message, Outcome, ParcelRow, WorkRow
from hub.domain.outgoing import Kind, Label, LabelRequest

LABEL_HOLDS = frozenset({"manual"})


class Answered(Struct, frozen=True):
    """What became of a label request: its outbox state, the label if bought, else the carrier's words."""

    state: Outbox
    label: Label | None
    why: str


class LabelFacts(Struct, frozen=True):
    """`answers`: by intent; `senders`: address of each location; `standing`: accounts on terms as they are now."""

    answers: Mapping[str, Answered]
    senders: Mapping[int, Address]
    standing: Standing = NO_TERMS


def intent(parcel: ParcelRow) -> str:
    """The label of a parcel is bought once per attempt: repeating the intent finds the first one."""
    return f"label:{parcel.id}:{parcel.label_attempt}"


def label(work: WorkRow, facts: LabelFacts, now: datetime) -> Outcome:
    """Labels every parcel, or waits, or says what the carrier would not do. Nothing is bought for an order whose
    account is over its limit."""
    if work.carrier_account_id is None:
        detail: dict[str, object] = {"what": "no_carrier", "fulfillment": work.number}
        return Outcome(holds=(HoldNeed("manual", detail, ("retry", "cancel")),))
    wanted = [parcel for parcel in work.parcels if parcel.label is not LabelState.BOUGHT]
    answers = {parcel.id: facts.answers.get(intent(parcel)) for parcel in wanted}
    refused = [(p, a) for p in wanted if (a := answers[p.id]) and a.state in {Outbox.REFUSED, Outbox.DEAD}]
    if refused:
        return _refused(work, *refused[0])
    bought = [_bought(p, a.label) for p in wanted if (a := answers[p.id]) and a.label]
    over = credit_leaving.holds(work, facts.standing)
    missing = [p for p in wanted if answers[p.id] is None and not over]
    changed = tuple(bought) + tuple(replace(p, label=LabelState.BUYING) for p in missing)
    parcels = tuple({**{p.id: p for p in work.parcels}, **{p.id: p for p in changed}}.values())
    done = all(parcel.label is LabelState.BOUGHT for parcel in parcels)
    return Outcome(
        to=Work.LABELED if done else None,
        events=tuple(_labeled(work, parcel) for parcel in bought),
        changes=Changes(parcels=changed),
        messages=tuple(_ask(work, parcel, facts) for parcel in missing),
        holds=over,
        wake_at=now + credit_leaving.LOOK_AGAIN if over else None,
        row=replace(work, parcels=parcels),
    )


def _ask(work: WorkRow, parcel: ParcelRow, facts: LabelFacts) -> Message:
    assert work.carrier_account_id is not None
    return Message(
        kind=Kind.BUY_LABEL,
        intent=intent(parcel),
        account_id=work.carrier_account_id,
        key=parcel.id,
        payload=LabelRequest(
            reference=f"{parcel.number}-{parcel.label_attempt}",
            order_number=work.order_number,
            service=work.service,
            sender=_named(facts.senders.get(work.location_id, Address())),
            recipient=_named(work.ship_to or Address()),
            weight_grams=parcel.weight_grams,
            value=work.total,
            currency=work.currency,
        ),
        subject="fulfillment",
        subject_id=work.id,
    )


def _named(address: Address) -> Address:
    """Carriers want a name; a company's will do."""
    return address if address.name else replace(address, name=address.company, company="")


def _bought(parcel: ParcelRow, label: Label) -> ParcelRow:
    return replace(
        parcel,
        label=LabelState.BOUGHT,
        carrier=label.carrier,
        service=label.service,
        tracking_number=label.tracking_number,
        tracking_url=label.tracking_url,
        label_id=label.external_id,
        label_url=label.document_url,
        label_cost=label.cost,
        label_currency=label.currency,
    )


def _labeled(work: WorkRow, parcel: ParcelRow) -> Event:
    return Event("labeled", {
        "fulfillment": work.number, "parcel": parcel.number, "carrier": parcel.carrier, "service": parcel.service,
        "tracking_number": parcel.tracking_number, "cost": parcel.label_cost, "currency": parcel.label_currency,
    })  # fmt: skip


def _refused(work: WorkRow, parcel: ParcelRow, answer: Answered) -> Outcome:
    detail: dict[str, object] = {
        "what": "carrier",
        "fulfillment": work.number,
        "parcel": parcel.number,
        "why": answer.why,
    }
    return Outcome(holds=(HoldNeed("manual", detail, ("retry", "use_address", "cancel")),))
