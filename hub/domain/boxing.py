"""Which boxes an order goes into: first-fit decreasing over the merchant's boxes, by size and weight.

First-fit decreasing never needs more than 11/9 of the fewest bins, plus 6/9 (Dósa 2007) for one measure; with several
it is a rule of thumb, so what comes out is a suggestion that the packer may change. A box is taken to be full at
`FULL` of its volume: things are not water.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

FULL_PERCENT = 85
"""Of a box's volume that things may take."""

MOST_PARCELS = 99


class Thing(Struct, frozen=True):
    """One unit that stays in one piece. `size`: mm, longest first; () when nobody told. `grams` of one."""

    key: str
    size: tuple[int, ...]
    grams: int

    @property
    def volume(self) -> int:
        """Cubic millimetres; 0 when nobody told."""
        return _volume(self.size) if self.size else 0


class Crate(Struct, frozen=True):
    """A box of the merchant: inner `size` in mm, longest first; `own` grams empty; holds at most `most` grams."""

    code: str
    size: tuple[int, int, int]
    own: int
    most: int

    @property
    def volume(self) -> int:
        """Cubic millimetres."""
        return _volume(self.size)


class Filled(Struct, frozen=True):
    """One parcel of a suggestion: `units` by the things' keys; `box` None: what is in it fits none of the boxes."""

    box: Crate | None
    units: Mapping[str, int]
    grams: int
    why: str


def sizes(*millimetres: int) -> tuple[int, ...]:
    """A size as things and crates have it: longest first, () unless all three are known."""
    return tuple(sorted(millimetres, reverse=True)) if len(millimetres) == 3 and min(millimetres) > 0 else ()


def suggest(things: Sequence[Thing], crates: Sequence[Crate]) -> tuple[Filled, ...]:
    """Parcels for `things`: the largest first, each into the first parcel it still fits; at the end every parcel gets
    the smallest box that holds it. What fits no box goes alone. Without boxes everything is one parcel."""
    if not things:
        return ()
    if not crates:
        return (_filled(None, things, "no boxes are known"),)
    groups: list[list[Thing]] = []
    alone: list[Filled] = []
    for thing in sorted(things, key=lambda t: (-t.volume, -t.grams, t.key)):
        if best([thing], crates) is None:
            alone.append(_filled(None, [thing], f"{thing.key} fits no box"))
            continue
        for group in groups:
            if best([*group, thing], crates) is not None:
                group.append(thing)
                break
        else:
            groups.append([thing])
    made = [_filled(best(group, crates), group, "") for group in groups]
    return (*made, *alone)


def best(things: Sequence[Thing], crates: Sequence[Crate]) -> Crate | None:
    """The smallest box that holds `things`, or None: each must fit by its sides, all by volume and weight."""
    holding = [crate for crate in crates if fits(things, crate)]
    return min(holding, key=lambda crate: (crate.volume, crate.own, crate.code), default=None)


def fits(things: Sequence[Thing], crate: Crate) -> bool:
    """Whether a box holds `things`. Sides are compared longest with longest, so a thing may be turned; a thing alone
    may fill its box to the brim."""
    if sum(thing.grams for thing in things) > crate.most:
        return False
    if any(side > room for thing in things for side, room in zip(thing.size, crate.size, strict=False)):
        return False
    if len(things) == 1:
        return True
    return sum(thing.volume for thing in things) * 100 <= crate.volume * FULL_PERCENT


def _filled(crate: Crate | None, things: Sequence[Thing], why: str) -> Filled:
    units: dict[str, int] = {}
    for thing in things:
        units[thing.key] = units.get(thing.key, 0) + 1
    grams = sum(thing.grams for thing in things)
    if crate is not None:
        used = round(100 * sum(thing.volume for thing in things) / crate.volume)
        why = f"smallest that holds it: {used} % of its volume, {grams} of {crate.most} g"
    return Filled(crate, units, grams + (crate.own if crate else 0), why)


def _volume(size: Sequence[int]) -> int:
    return size[0] * size[1] * size[2]
