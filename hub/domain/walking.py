"""The way of a picker between bins: parallel aisles that are walked up and down by turns.

The model of the floor is the usual one of picking research (a block of parallel aisles, one cross aisle at each end):
racks of an aisle lie `RACK_M` apart, aisles `AISLE_M`; whoever changes the aisle does so at the nearer sum of both
ends. Levels cost no way. The walk begins and ends at the front of the first aisle, where the pack station is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from msgspec import Struct

RACK_M = 1.0
AISLE_M = 3.0
"""Metres between two racks of one aisle, and between two aisles."""


class Spot(Struct, frozen=True, order=True):
    """A bin's place on the floor. What has no bin lies at `NOWHERE`, which is visited last."""

    aisle: int
    rack: int
    level: int = 0


NOWHERE = Spot(2**31 - 1, 0)
DOOR = Spot(0, 0)

S = TypeVar("S")


def serpentine(spots: Sequence[Spot]) -> list[int]:
    """The places of `spots` in the order of an S-shaped walk: up the first aisle that has a stop, down the next.

    Aisles without a stop are passed by and do not turn the direction.
    """
    aisles = sorted({spot.aisle for spot in spots})
    down = {aisle: bool(turn % 2) for turn, aisle in enumerate(aisles)}

    def along(place: int) -> tuple[int, int, int, int]:
        spot = spots[place]
        return spot.aisle, -spot.rack if down[spot.aisle] else spot.rack, spot.level, place

    return sorted(range(len(spots)), key=along)


def comb(spots: Sequence[Spot]) -> list[int]:
    """The places of `spots` aisle by aisle, each entered and left at its front: better where stops lie near the
    front."""
    return sorted(range(len(spots)), key=lambda place: (spots[place], place))


def walk_order(spots: Sequence[Spot]) -> list[int]:
    """The places of `spots` in the order in which they are visited: serpentine, unless another is shorter on this
    floor. Never longer than the list as it is."""
    known = [place for place, spot in enumerate(spots) if spot != NOWHERE]
    there = [spots[place] for place in known]
    ways = (serpentine(there), comb(there), list(range(len(there))))
    best = min(ways, key=lambda way: metres([there[place] for place in way]))
    return [known[place] for place in best] + [place for place, spot in enumerate(spots) if spot == NOWHERE]


def walked(things: Sequence[S], spots: Sequence[Spot]) -> list[S]:
    """`things`, each at the spot of the same place, in walk order."""
    return [things[place] for place in walk_order(spots)]


def metres(spots: Sequence[Spot]) -> float:
    """How far it is from the door over `spots` in this order and back to the door; NOWHERE costs nothing."""
    known = [spot for spot in spots if spot != NOWHERE]
    if not known:
        return 0.0
    first, deepest = min(s.aisle for s in known), max(s.rack for s in known)
    door = Spot(first, DOOR.rack)
    way = [door, *known, door]
    return sum(_leg(here, there, deepest) for here, there in pairwise(way))


def _leg(here: Spot, there: Spot, deepest: int) -> float:
    if here.aisle == there.aisle:
        return abs(here.rack - there.rack) * RACK_M
    around = min(here.rack + there.rack, 2 * (deepest + 1) - here.rack - there.rack)
    return abs(here.aisle - there.aisle) * AISLE_M + around * RACK_M
