"""Who may ship an order by a rule, in which order, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from hub.domain.outcome import OrderRow
from hub.domain.places import great_circle_km, where
from hub.domain.promise import Transit, day_of, estimate, midnight_after
from hub.domain.routing_plan import Filter, Plan, Rule, Site
from hub.domain.routing_shelves import NO_GOOD, Availability, Good, Loads, Place, Shelves, fits

FAR_KM = 20_000.0
"""How far a place is that nobody knows: half around the earth."""

DISPATCH_DAYS = 1
KM_PER_DAY = 500.0
NO_SITE = Site()


class Candidate(Struct, frozen=True):
    """A location as a rule ranks it. `cost` and `each`: minor units for a shipment and for a unit; `measured`: whether
    the way is a lane of the plan."""

    place: Place
    km: float
    arrives: datetime
    cost: int = 0
    each: int = 0


class Case(Struct, frozen=True):
    """One order at one moment under one plan. `channel`: its account's name; `refused`: locations that rejected it;
    `goods`: what is told of products, by SKU."""

    order: OrderRow
    want: Mapping[str, int]
    plan: Plan
    places: tuple[Place, ...]
    shelves: Shelves
    loads: Loads
    now: datetime
    channel: str = ""
    refused: frozenset[int] = frozenset()
    goods: Mapping[str, Good] = {}

    @property
    def country(self) -> str:
        """Where the order goes; empty when nobody knows."""
        return self.order.ship_to.country if self.order.ship_to else ""


class Ranked(Struct, frozen=True):
    """Candidates, the best first; who is out, by location code, and why; when the first of those may be in again."""

    candidates: tuple[Candidate, ...]
    out: Mapping[str, str]
    again_at: datetime | None = None


def unfit(when: Filter, case: Case) -> str:
    """Why a rule is not for this order, empty when it is."""
    for why in _unfit(when, case):
        return why
    return ""


def _unfit(when: Filter, case: Case) -> Iterator[str]:
    order = case.order
    if when.countries and case.country not in when.countries:
        yield f"goes to {case.country or 'nowhere known'}, the rule is for {', '.join(when.countries)}"
    if when.channels and case.channel not in when.channels:
        yield f"comes from {case.channel or 'another channel'}, the rule is for {', '.join(when.channels)}"
    if when.skus and not any(fits(line.sku, when.skus) for line in order.lines if line.to_ship):
        yield f"has nothing of {', '.join(when.skus)}"
    if when.brands and not any(fits(good.brand, when.brands) for good in _goods(case)):
        yield f"has nothing of the brands {', '.join(when.brands)}"
    if when.tags and not any(fits(tag, when.tags) for good in _goods(case) for tag in good.tags):
        yield f"has nothing that is tagged {', '.join(when.tags)}"
    services = [charge.title for charge in order.charges if charge.kind == "shipping"]
    if when.services and not any(fits(title, when.services) for title in services):
        yield f"is not to be sent by {', '.join(when.services)}"
    if order.total < when.total_from or (when.total_to is not None and order.total > when.total_to):
        yield "its total is outside of what the rule is for"


def _goods(case: Case) -> Iterator[Good]:
    return (case.goods.get(line.sku, NO_GOOD) for line in case.order.lines if line.to_ship)


def rank(case: Case, rule: Rule) -> Ranked:
    """The locations of a rule, ranked by its sorts in their sequence; codes break ties."""
    codes = case.plan.codes(rule)
    out: dict[str, str] = {}
    again: list[datetime] = []
    found: list[Candidate] = []
    for place, km in by_distance(case.order, case.places):
        if codes and place.code not in codes:
            continue
        site = case.plan.locations.get(place.code, NO_SITE)
        why = next(_outs(case, place, site), "")
        if not why:
            found.append(candidate(case, place, km))
            continue
        out[place.code] = why
        if _full(case, place, site):
            again.append(midnight_after(case.now, site.timezone))
    if rule.sort != ("proximity",):
        found.sort(key=lambda it: _key(case, rule, codes, it))
    return Ranked(tuple(found), out, min(again, default=None))


def _outs(case: Case, place: Place, site: Site) -> Iterator[str]:
    if place.id in case.refused:
        yield "rejected this order"
    if site.channels and case.channel not in site.channels:
        yield f"ships only for {', '.join(site.channels)}"
    if (site.brands or site.skus) and not any(case.shelves.ships(sku, site) for sku in case.want):
        yield f"ships only {', '.join((*site.brands, *site.skus))}"
    if case.order.total < site.least:
        yield f"ships nothing of a total below {site.least}"
    if _full(case, place, site):
        yield f"has its {site.orders_per_day} orders of {day_of(case.now, site.timezone)}"


def _full(case: Case, place: Place, site: Site) -> bool:
    most = site.orders_per_day
    return most is not None and case.loads.of(place.id, day_of(case.now, site.timezone)) >= most


def candidate(case: Case, place: Place, km: float) -> Candidate:
    """What shipping from a location costs, and when it would arrive: by its calendar and the lane where the plan has
    them, else from distance alone."""
    lane = case.plan.lane(place.code, case.country) if case.plan.lanes else None
    site = case.plan.locations.get(place.code)
    cost, each = (lane.cost, lane.unit_cost) if lane else (0, 0)
    if lane is None and site is None:
        return Candidate(place, km, case.now + transit(km), cost, each)
    way = lane.transit if lane else Transit(days=1 + int(min(km, 5000.0) / KM_PER_DAY))
    return Candidate(place, km, estimate(case.now, site or NO_SITE, way).at, cost, each)


@lru_cache(maxsize=4096)
def transit(km: float) -> timedelta:
    """A promise from distance alone, until a plan says more: a day to dispatch, a day per 500 km."""
    return timedelta(days=DISPATCH_DAYS + 1 + int(min(km, 5000.0) / KM_PER_DAY))


def _key(case: Case, rule: Rule, codes: tuple[str, ...], it: Candidate) -> tuple[object, ...]:
    keys: list[object] = []
    for sort in rule.sort:
        if sort == "proximity":
            keys += [it.place.country != case.country, it.km]
        elif sort == "stock":
            here = [(units, case.shelves.of(sku, it.place.id)) for sku, units in case.want.items()]
            keys += [-sum(min(pair) for pair in here), -sum(free for _, free in here)]
        elif sort == "cost":
            keys.append(it.cost + it.each * sum(case.want.values()))
        elif sort == "promise":
            keys.append(it.arrives.date())
        else:
            keys.append(codes.index(it.place.code) if codes else 0)
    return (*keys, it.place.code, it.place.id)


def by_distance(order: OrderRow, places: Sequence[Place]) -> list[tuple[Place, float]]:
    """Locations with their distance in km, nearest first; the same country beats any other, the code breaks ties."""
    return _by_distance(order.ship_to.country if order.ship_to else "", tuple(places))


@lru_cache(maxsize=1024)
def _by_distance(country: str, places: tuple[Place, ...]) -> list[tuple[Place, float]]:
    target = where(country)

    def distance(place: Place) -> float:
        point = place.point or where(place.country)
        return great_circle_km(point, target) if point and target else FAR_KM

    ranked = sorted((place.country != country, distance(place), place.code, place.id, place) for place in places)
    return [(place, km) for _, km, _, _, place in ranked]


__all__ = [
    "Availability", "Candidate", "Case", "Good", "Loads", "Place", "Ranked", "Shelves", "by_distance", "candidate",
    "fits", "rank", "unfit",
]  # fmt: skip
