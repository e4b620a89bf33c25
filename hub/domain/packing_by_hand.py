"""Packing by people: which parcels a fulfillment order was put into, and taking it out again.

A scanner counts SKUs; a parcel lists units of order lines. A bundle lies whole in one parcel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.boxing import Thing, sizes
from hub.domain.bundling import units_by_line
from hub.domain.lifecycle import Custody, LabelState, move_work
from hub.domain.outcome import Changes, Event, LineDelta, Outcome, ParcelRow, WorkLine, WorkLineDelta, WorkRow
from hub.domain.packing import PACKAGING_GRAMS, reference, unit_grams
from hub.errors import Invalid


class Boxed(Struct, frozen=True):
    """One parcel as it was packed: the box's code ('' for another one), what it weighs empty, units by SKU."""

    box: str
    own_grams: int
    units: Mapping[str, int]


def packed_by_hand(work: WorkRow, boxed: Sequence[Boxed], ids: Sequence[int], actor: str) -> Outcome:
    """Every unit of `work` lies in one of `boxed`; `ids`: a fresh parcel id for each.

    Raises `Conflict` for one that is not picked, `Invalid` when something is missing, too much or torn apart.
    """
    state = move_work(work.state, "pack")
    grams = unit_grams(work)
    parcels = tuple(
        ParcelRow(
            id=made, number=reference(made), label=LabelState.NONE, custody=Custody.PACKED, contents=inside,
            weight_grams=(box.own_grams or PACKAGING_GRAMS) + sum(grams[line] * n for line, n in inside.items()),
            box=box.box,
        )
        for made, box, inside in zip(ids, boxed, contents(work.lines, [box.units for box in boxed]), strict=True)
    )  # fmt: skip
    said = {"fulfillment": work.number}
    return Outcome(
        to=state,
        events=tuple(
            Event("packed", {**said, "parcel": p.number, "grams": p.weight_grams, "box": p.box}, actor) for p in parcels
        ),
        changes=Changes(
            lines=tuple(LineDelta(line, packed=units) for line, units in units_by_line(work.lines).items()),
            work_lines=tuple(WorkLineDelta(line.id, packed=line.quantity) for line in work.lines),
            new_parcels=parcels,
        ),
        row=replace(work, parcels=(*work.parcels, *parcels)),
    )


def contents(lines: Sequence[WorkLine], boxed: Sequence[Mapping[str, int]]) -> list[dict[int, int]]:
    """Order line → units, for each parcel. Raises `Invalid` unless the parcels hold `lines` exactly, bundles whole."""
    _check_sums(lines, boxed)
    left = units_by_line(lines)
    made: list[dict[int, int]] = []
    for units in boxed:
        here, inside = dict(units), {}
        for line in sorted(left, key=lambda line_id: -len(_parts(lines, line_id))):
            parts = _parts(lines, line)
            whole = min(left[line], *(here.get(sku, 0) // count for sku, count in parts.items()))
            if whole:
                inside[line] = whole
                left[line] -= whole
                for sku, count in parts.items():
                    here[sku] -= whole * count
        torn = sorted(sku for sku, count in here.items() if count)
        if torn:
            raise Invalid("parcels", f"{', '.join(torn)}: the parts of a bundle go into one parcel; put them together")
        made.append(inside)
    return made


def _check_sums(lines: Sequence[WorkLine], boxed: Sequence[Mapping[str, int]]) -> None:
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    there: dict[str, int] = {}
    for units in boxed:
        if not any(units.values()):
            raise Invalid("parcels", "a parcel is empty; put something into it or leave it out")
        for sku, count in units.items():
            there[sku] = there.get(sku, 0) + count
    for sku in sorted({*wanted, *there}):
        have, want = there.get(sku, 0), wanted.get(sku, 0)
        if have != want:
            why = (
                f"{want - have} of {want} × {sku} are not packed yet"
                if have < want
                else f"{have - want} × {sku} too many"
            )
            raise Invalid("parcels", why)


def _parts(lines: Sequence[WorkLine], order_line_id: int) -> dict[str, int]:
    return {line.sku: line.per_unit for line in lines if line.order_line_id == order_line_id}


def unpacked(work: WorkRow, actor: str) -> Outcome:
    """Everything is taken out of its parcels again. Raises `Conflict` for one that is not packed, or has left."""
    state = move_work(work.state, "unpack")
    return Outcome(
        to=state,
        events=(Event("unpacked", {"fulfillment": work.number, "parcels": [p.number for p in work.parcels]}, actor),),
        changes=Changes(
            lines=tuple(LineDelta(line, packed=-units) for line, units in units_by_line(work.lines).items()),
            work_lines=tuple(WorkLineDelta(line.id, packed=-line.quantity) for line in work.lines),
            parcels=tuple(replace(parcel, custody=Custody.CANCELLED) for parcel in work.parcels),
        ),
        row=replace(work, parcels=()),
    )


def things(work: WorkRow, measured: Mapping[str, tuple[int, int, int]]) -> list[Thing]:
    """The units of `work` as they go into boxes. A bundle is one thing: as long and wide as its largest part, as high
    as its parts on each other; without a size when nobody told one of theirs (`measured`: mm by SKU)."""
    made: list[Thing] = []
    grams = unit_grams(work)
    for line_id, units in units_by_line(work.lines).items():
        parts = _parts(work.lines, line_id)
        known = [(sizes(*measured.get(sku, (0, 0, 0))), count) for sku, count in parts.items()]
        if all(size for size, _ in known):
            size = sizes(max(s[0] for s, _ in known), max(s[1] for s, _ in known), sum(s[2] * n for s, n in known))
        else:
            size = ()
        made.extend([Thing(str(line_id), size, grams[line_id])] * units)
    return made
