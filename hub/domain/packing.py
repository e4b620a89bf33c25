"""Release, pick and pack: what a warehouse does with a fulfillment order, by itself at automatic locations.

Where people work, pick and pack wait for an action; the next stage then finds the counters already moved.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.bundling import units_by_line
from hub.domain.lifecycle import Custody, LabelState, Work, move_work
from hub.domain.outcome import (
    Changes,
    Event,
    LineDelta,
    Outcome,
    ParcelRow,
    WorkLineDelta,
    WorkRow,
)

UNKNOWN_GRAMS = 500
"""Weight taken for a unit whose product tells none."""

PACKAGING_GRAMS = 100


class PackFacts(Struct, frozen=True):
    """`ids`: a fresh parcel id by fulfillment order."""

    ids: dict[int, int]


def release(work: WorkRow, facts: None, now: datetime) -> Outcome:
    """Hands a fulfillment order to an automatic location, unless a hold on its order keeps it back; elsewhere it waits
    for a wave."""
    if work.open_holds or not work.automatic:
        return Outcome()
    return released(work, "automatic location", "hub")


def released(work: WorkRow, to: str, actor: str) -> Outcome:
    """The floor has it. Raises `Conflict` for one that is not open."""
    state = move_work(work.state, "release")
    return Outcome(to=state, events=(Event("released", {"fulfillment": work.number, "to": to}, actor=actor),))


def pick(work: WorkRow, facts: None, now: datetime) -> Outcome:
    """At an automatic location everything is picked at once; elsewhere a person's scans say so."""
    if not work.automatic:
        return Outcome()
    return picked(work, "hub")


def picked(work: WorkRow, actor: str) -> Outcome:
    """Every unit of `work` was taken from its place."""
    return Outcome(
        to=Work.PICKED,
        events=(Event("picked", {"fulfillment": work.number, "units": units(work)}, actor=actor),),
        changes=Changes(
            lines=tuple(LineDelta(line_id, picked=units) for line_id, units in units_by_line(work.lines).items()),
            work_lines=tuple(WorkLineDelta(line.id, picked=line.quantity) for line in work.lines),
        ),
    )


def pack(work: WorkRow, facts: PackFacts, now: datetime) -> Outcome:
    """At an automatic location everything goes into one parcel; elsewhere a person's packing says how many."""
    if not work.automatic:
        return Outcome()
    return packed(work, facts.ids[work.id], "hub")


def packed(work: WorkRow, parcel_id: int, actor: str) -> Outcome:
    """Every unit of `work` lies in one new parcel."""
    parcel = ParcelRow(
        id=parcel_id,
        number=reference(parcel_id),
        label=LabelState.NONE,
        custody=Custody.PACKED,
        contents=units_by_line(work.lines),
        weight_grams=weight(work),
    )
    event = Event("packed", {"fulfillment": work.number, "parcel": parcel.number, "grams": parcel.weight_grams}, actor)
    return Outcome(
        to=Work.PACKED,
        events=(event,),
        changes=Changes(
            lines=tuple(LineDelta(line_id, packed=units) for line_id, units in units_by_line(work.lines).items()),
            work_lines=tuple(WorkLineDelta(line.id, packed=line.quantity) for line in work.lines),
            new_parcels=(parcel,),
        ),
        row=replace(work, parcels=(*work.parcels, parcel)),
    )


def units(work: WorkRow) -> int:
    """What is taken from the shelves: of a bundle, each of its parts."""
    return sum(line.quantity for line in work.lines)


def weight(work: WorkRow) -> int:
    """Grams of everything in one box, packaging included: as the channel tells them, else as the products do."""
    return PACKAGING_GRAMS + sum(grams * units_by_line(work.lines)[line] for line, grams in unit_grams(work).items())


def unit_grams(work: WorkRow) -> dict[int, int]:
    """Order line → what one unit of it weighs: as the channel tells, else its parts as the products do."""
    told = {line.order_line_id: line.grams for line in work.lines if line.grams}
    parts: dict[int, int] = {}
    for line in work.lines:
        if line.order_line_id not in told:
            grams = (line.part_grams or UNKNOWN_GRAMS) * line.per_unit
            parts[line.order_line_id] = parts.get(line.order_line_id, 0) + grams
    return told | parts


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def reference(parcel_id: int) -> str:
    """What a carrier knows the parcel by: P and the id in Crockford's base 32, unique over all merchants and hosts."""
    digits = []
    while parcel_id:
        parcel_id, rest = divmod(parcel_id, 32)
        digits.append(_DIGITS[rest])
    return "P" + "".join(reversed(digits))
