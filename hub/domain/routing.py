"""Routing: which location ships which units. The nearest that has everything, else the fewest that together do.

A bundle leaves whole from one location; several of them may be split. Every decision keeps its reason: who was
considered, how far each is, and what each lacked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations

from msgspec import Struct

from hub.domain import notices
from hub.domain.bundling import Bundles, Parts, parts_of, whole
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import Changes, Contact, Event, HoldNeed, LineRow, NewWork, OrderRow, Outcome, WorkLine
from hub.domain.places import Point, great_circle_km, where

ROUTE_HOLDS = frozenset({"stock"})
"""Reasons that route opens and, once healed, closes."""

MOST_LOCATIONS = 3
"""An order is split over at most so many locations."""

FAR_KM = 20_000.0
"""How far a place is that nobody knows: half around the earth."""

DISPATCH_DAYS = 1
KM_PER_DAY = 500.0


class Place(Struct, frozen=True):
    """A location that may ship."""

    id: int
    code: str
    country: str
    point: Point | None
    automatic: bool


class Availability:
    """Units that may still be promised by (SKU, location): locked in this transaction, used up as orders take them."""

    def __init__(self, free: Mapping[tuple[str, int], int]) -> None:
        self._free = dict(free)

    def of(self, sku: str, location_id: int) -> int:
        """Units free of `sku` at a location."""
        return self._free.get((sku, location_id), 0)

    def take(self, sku: str, location_id: int, quantity: int) -> None:
        """Promises units. Raises ValueError when they are not there: a decision must look first."""
        left = self.of(sku, location_id) - quantity
        if left < 0:
            raise ValueError(f"{sku} at {location_id}: {quantity} wanted, {left + quantity} free")
        self._free[sku, location_id] = left


class RouteFacts(Struct, frozen=True):
    """What routing reads: the merchant's active locations, what is free there, and who carries for it."""

    places: Mapping[int, tuple[Place, ...]]
    """By merchant."""
    free: Availability
    carriers: Mapping[int, int]
    """Merchant → account of the carrier it ships with."""
    contacts: Mapping[int, tuple[Contact, ...]]
    """By order: who hears that it is confirmed."""
    bundles: Bundles = {}
    made: Mapping[int, int] = {}
    """Fulfillment orders that an order has already, for those that come here again."""


Want = dict[str, int]


class Need(Struct, frozen=True):
    """A line that wants a location, and what one unit of it is taken from."""

    line: LineRow
    parts: Parts

    @property
    def is_bundle(self) -> bool:
        """Whether its units must be kept together."""
        return self.parts != {self.line.sku: 1}


def route(order: OrderRow, facts: RouteFacts, now: datetime) -> Outcome:
    """Promises stock and makes fulfillment orders, or holds the order for stock and says what is short."""
    if not order.units_to_ship:
        nothing = Event("nothing_to_ship", {"why": "every unit is digital, cancelled or already shipped"})
        return Outcome(to=Lifecycle.IN_PROGRESS, events=(nothing,), wake_at=now)
    needs = needed(order, facts.bundles)
    want = wanted(needs)
    places = by_distance(order, facts.places.get(order.merchant_id, ()))
    chosen = _chosen(needs, want, [place for place, _ in places], facts.free)
    considered = [_considered(place, km, want, facts.free) for place, km in places]
    if chosen is None:
        detail: dict[str, object] = {"what": "stock", "short": _short(needs, want, [p for p, _ in places], facts.free)}
        return Outcome(holds=(HoldNeed("stock", detail, ("wait", "cancel"), hours=24 * 14),))
    works = _works(order, needs, chosen, facts, considered)
    promised = now + transit(max(km for place, km in places if place in chosen))
    rule = "nearest with everything" if len(works) == 1 else f"split over {len(works)}: no location has everything"
    routed = Event("routed", {"rule": rule, "locations": [p.code for p in chosen], "considered": considered})
    return Outcome(
        to=Lifecycle.IN_PROGRESS,
        events=(routed,),
        changes=Changes(works=works, promised_at=promised),
        messages=notices.confirmed(order, facts.contacts.get(order.id, ()), promised),
    )


def transit(km: float) -> timedelta:
    """A promise from distance alone, until carriers' own times are known: a day to dispatch, a day per 500 km."""
    return timedelta(days=DISPATCH_DAYS + 1 + int(min(km, 5000.0) / KM_PER_DAY))


def needed(order: OrderRow, bundles: Bundles) -> tuple[Need, ...]:
    """The lines with units to ship; bundles first, for they have fewer places to choose from."""
    needs = [Need(ln, parts_of(bundles, order.merchant_id, ln.sku)) for ln in order.lines if ln.to_ship]
    return tuple(sorted(needs, key=lambda need: not need.is_bundle)) if bundles else tuple(needs)


def wanted(needs: Sequence[Need]) -> Want:
    """What must be taken from the shelves, by SKU."""
    want: Want = {}
    for need in needs:
        for sku, quantity in need.parts.items():
            want[sku] = want.get(sku, 0) + need.line.to_ship * quantity
    return want


def by_distance(order: OrderRow, places: Sequence[Place]) -> list[tuple[Place, float]]:
    """Locations with their distance in km, nearest first; the same country beats any other, the code breaks ties."""
    return _ranked(order.ship_to.country if order.ship_to else "", tuple(places))


@lru_cache(maxsize=1024)
def _ranked(country: str, places: tuple[Place, ...]) -> list[tuple[Place, float]]:
    target = where(country)

    def distance(place: Place) -> float:
        point = place.point or where(place.country)
        return great_circle_km(point, target) if point and target else FAR_KM

    ranked = sorted((place.country != country, distance(place), place.code, place.id, place) for place in places)
    return [(place, km) for _, km, _, _, place in ranked]


def choose(want: Want, places: Sequence[Place], free: Availability) -> tuple[Place, ...] | None:
    """The fewest, then nearest locations that together have everything (`places`: nearest first); None if none do."""
    useful = [place for place in places if any(free.of(sku, place.id) for sku in want)]
    for count in range(1, min(MOST_LOCATIONS, len(useful)) + 1):
        for group in combinations(useful, count):
            if all(sum(free.of(sku, place.id) for place in group) >= units for sku, units in want.items()):
                return group
    return None


def _chosen(needs: Sequence[Need], want: Want, places: Sequence[Place], free: Availability) -> tuple[Place, ...] | None:
    """As `choose`; where there are bundles, a group has everything if it can hand out every one of them whole. Of lines
    that share parts the earlier is served first: an order that only another sequence could serve waits for stock."""
    if not any(need.is_bundle for need in needs):
        return choose(want, places, free)
    useful = [place for place in places if any(_whole(need, place, free) for need in needs)]
    for count in range(1, min(MOST_LOCATIONS, len(useful)) + 1):
        for group in combinations(useful, count):
            if not _left(needs, want, group, free):
                return group
    return None


def _left(needs: Sequence[Need], want: Want, places: Sequence[Place], free: Availability) -> dict[str, int]:
    """Units by the lines' own SKUs that `places` together cannot hand out."""
    trial = Availability({(sku, place.id): free.of(sku, place.id) for sku in want for place in places})
    left = {need.line.id: need.line.to_ship for need in needs}
    for place in places:
        _take(needs, place, trial, left)
    short: dict[str, int] = {}
    for need in needs:
        if left[need.line.id]:
            short[need.line.sku] = short.get(need.line.sku, 0) + left[need.line.id]
    return short


def _works(
    order: OrderRow, needs: Sequence[Need], chosen: Sequence[Place], facts: RouteFacts, considered: list[object]
) -> tuple[NewWork, ...]:
    """One fulfillment order per location; each takes as much of every line as it can, nearest first."""
    left = {need.line.id: need.line.to_ship for need in needs}
    carrier = facts.carriers.get(order.merchant_id)
    works: list[NewWork] = []
    for place in chosen:
        lines = _take(needs, place, facts.free, left)
        if lines:
            number = f"{order.number}-F{facts.made.get(order.id, 0) + len(works) + 1}"
            why: dict[str, object] = {"location": place.code, "considered": considered}
            works.append(NewWork(
                location_id=place.id, number=number, automatic=place.automatic, service="standard",
                carrier_account_id=carrier, why=why, lines=lines,
            ))  # fmt: skip
    return tuple(works)


def _take(needs: Sequence[Need], place: Place, free: Availability, left: dict[int, int]) -> tuple[WorkLine, ...]:
    taken: list[WorkLine] = []
    for need in needs:
        line = need.line
        units = min(left[line.id], _whole(need, place, free))
        if not units:
            continue
        left[line.id] -= units
        for sku, per_unit in need.parts.items():
            free.take(sku, place.id, units * per_unit)
            taken.append(WorkLine(
                id=0, order_line_id=line.id, sku=sku, quantity=units * per_unit, per_unit=per_unit,
                grams=line.grams, title=line.title, external_id=line.external_id,
            ))  # fmt: skip
    return tuple(taken)


def _whole(need: Need, place: Place, free: Availability) -> int:
    return whole(need.parts, lambda sku: free.of(sku, place.id))


def _considered(place: Place, km: float, want: Want, free: Availability) -> object:
    lacks = {sku: units - free.of(sku, place.id) for sku, units in want.items() if free.of(sku, place.id) < units}
    return {"location": place.code, "km": round(km), "lacks": lacks}


def _short(needs: Sequence[Need], want: Want, places: Sequence[Place], free: Availability) -> dict[str, object]:
    """What is missing altogether; else the bundles whose parts lie apart; else it takes too many locations."""
    missing = {sku: units - sum(free.of(sku, place.id) for place in places) for sku, units in want.items()}
    short = {sku: units for sku, units in missing.items() if units > 0} or _left(needs, want, places, free)
    return {**short} or {"locations": f"more than {MOST_LOCATIONS}"}
