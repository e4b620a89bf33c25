"""What may be booked on stock, and what follows from what people find on the shelves.

Nothing may be booked that leaves fewer units than are promised: those belong to orders, buyers at a checkout, or
quarantine. A SKU that is a bundle lies nowhere itself; whatever is said of it is said of its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.domain.bundling import Parts
from hub.errors import Conflict, Invalid

ADJUSTMENTS: Mapping[str, int] = {
    "found": 1, "made": 1, "correction": 0, "damaged": -1, "lost": -1, "stolen": -1, "expired": -1, "sample": -1,
    "used": -1, "returned_to_supplier": -1,
}  # fmt: skip
"""Reasons for which a count is changed by hand → which way: 1 more, -1 fewer, 0 either."""

QUARANTINE = ("damaged", "inspection", "recall", "returned", "uncounted")
"""Reasons for which units on hand are not for sale. `uncounted`: a picker found fewer than there should be."""

MOST_UNITS = 1_000_000_000
"""Of one SKU in one booking: what an integer column holds, with room to add."""


class Level(Struct, frozen=True):
    """Units of a SKU at one location; `reserved` counts whatever is promised or quarantined."""

    on_hand: int = 0
    reserved: int = 0

    @property
    def free(self) -> int:
        """Units that may still be promised, moved or taken away."""
        return self.on_hand - self.reserved


class Change(Struct, frozen=True):
    """Units to add to a SKU at a location (negative: to take away), and the word the ledger keeps."""

    sku: str
    location_id: int
    on_hand: int
    reserved: int
    reason: str


def in_parts(lines: Mapping[str, int], bundles: Mapping[str, Parts]) -> dict[str, int]:
    """`lines` (SKU → units) with every bundle as its parts. Raises `Invalid` for none, and for silly counts."""
    if not lines:
        raise Invalid("lines", "name at least one SKU with its units")
    parts: dict[str, int] = {}
    for sku, units in lines.items():
        if not 0 < units <= MOST_UNITS:
            raise Invalid(sku, f"{units} units: give 1 to {MOST_UNITS}")
        for part, each in bundles.get(sku, {sku: 1}).items():
            parts[part] = parts.get(part, 0) + units * each
    return parts


def check_booking(changes: Sequence[Change], levels: Mapping[tuple[str, int], Level]) -> None:
    """Raises `Conflict` for changes that together take what is promised, or more than there is."""
    after = dict(levels)
    for change in changes:
        at = change.sku, change.location_id
        level = after.get(at, Level())
        after[at] = Level(level.on_hand + change.on_hand, level.reserved + change.reserved)
    for (sku, location_id), level in after.items():
        if not 0 <= level.reserved <= level.on_hand:
            before = levels.get((sku, location_id), Level())
            raise Conflict(
                f"{sku}: {before.on_hand} are there, and {before.reserved} of them are promised or in quarantine; "
                f"only {before.free} may be taken"
            )


def adjustment(units: int, reason: str) -> int:
    """The signed units of an adjustment; `units` may be given without a sign where the reason says which way.

    Raises `Invalid` for an unknown reason, for 0, and for a sign against the reason.
    """
    way = ADJUSTMENTS.get(reason)
    if way is None:
        raise Invalid("reason", f"{reason!r} is none; choose one of {', '.join(ADJUSTMENTS)}")
    if not units or abs(units) > MOST_UNITS:
        raise Invalid("units", f"give 1 to {MOST_UNITS}, with a minus for fewer")
    if way > 0 > units:
        raise Invalid("units", f"{reason} adds units; give a number above 0")
    return -abs(units) if way < 0 else units


def spread(parts: Parts, units: int, free: Mapping[tuple[str, int], int]) -> dict[int, int]:
    """Location → whole units to keep there for a buyer, the fullest location first. Raises `Conflict` when the
    locations together do not have them."""
    places = {place for _, place in free}
    whole = {place: min(free.get((sku, place), 0) // each for sku, each in parts.items()) for place in places}
    taken: dict[int, int] = {}
    left = units
    for place in sorted(whole, key=lambda place: (-whole[place], place)):
        take = min(left, whole[place])
        if take > 0:
            taken[place] = take
            left -= take
    if left:
        raise Conflict(f"only {units - left} of {units} are free")
    return taken


# ---------------------------------------------------------------- counting


class Tolerance(Struct, frozen=True):
    """A difference is small that is within `units`, or within `percent` of what was expected."""

    units: int = 0
    percent: int = 0

    def allows(self, expected: int, difference: int) -> bool:
        """Whether a difference may be booked after one count."""
        return abs(difference) <= max(self.units, expected * self.percent // 100)


class Count(Struct, frozen=True):
    """What somebody counted on the shelf, and what the counters said at that moment. `picked`: units in totes and
    parcels, on hand still but not on the shelf. `before`: the difference that the count before this one found."""

    counted: int
    on_hand: int
    picked: int = 0
    before: int | None = None


class Verdict(Struct, frozen=True):
    """`book` None: count again. Else the units to add to what is on hand."""

    expected: int
    difference: int
    book: int | None
    why: str


def judge(count: Count, tolerance: Tolerance, *, accept: bool = False) -> Verdict:
    """Books a difference that is within the tolerance, that two counts agree on, or that a person accepts.

    Raises `Invalid` for a negative count.
    """
    if not 0 <= count.counted <= MOST_UNITS:
        raise Invalid("units", f"give 0 to {MOST_UNITS}")
    expected = count.on_hand - count.picked
    difference = count.counted - expected
    if tolerance.allows(expected, difference):
        return Verdict(expected, difference, difference, "as expected" if not difference else "within the tolerance")
    if count.before == difference:
        return Verdict(expected, difference, difference, "two counts agree")
    if accept:
        return Verdict(expected, difference, difference, "accepted")
    why = "outside the tolerance" if count.before is None else f"the count before differed by {count.before}"
    return Verdict(expected, difference, None, why)


# ---------------------------------------------------------------- shortage at picking


class Taken(Struct, frozen=True):
    """A row of a fulfillment order: `quantity` of a SKU, `per_unit` of it in one unit of the order line."""

    id: int
    sku: str
    quantity: int
    per_unit: int
    reserved: int
    picked: int


class Cut(Struct, frozen=True):
    """What becomes of a row: it keeps `quantity`; `put_back` picked units return to the shelf, `freed` promises end,
    and `missing` units were never there."""

    row: Taken
    quantity: int
    put_back: int
    freed: int
    missing: int


class Shortage(Struct, frozen=True):
    """Whole units that the order line loses at this location, and what that means for each of its rows."""

    units: int
    cuts: tuple[Cut, ...]


def shortage(rows: Sequence[Taken], short_id: int, found: int) -> Shortage:
    """`rows`: those of one order line in one fulfillment order, the parts of a bundle; of the one with `short_id` only
    `found` are there. A bundle is short as a whole: the parts of it that were found stay where they are.

    Raises `Invalid` unless 0 ≤ found < what is wanted.
    """
    short = next(row for row in rows if row.id == short_id)
    if not 0 <= found < short.quantity:
        raise Invalid("found", f"{short.quantity} of {short.sku} are wanted; give 0 to {short.quantity - 1}")
    keep = found // short.per_unit
    cuts = []
    for row in rows:
        quantity = keep * row.per_unit
        cuts.append(Cut(
            row=row, quantity=quantity, put_back=max(0, row.picked - quantity),
            freed=max(0, row.reserved - quantity), missing=row.quantity - found if row is short else 0,
        ))  # fmt: skip
    return Shortage(short.quantity // short.per_unit - keep, tuple(cuts))
