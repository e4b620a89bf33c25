"""Routing: which location ships which units, by the rules of the merchant's plan in their sequence.

The first rule that is for the order and can ship it decides: the fewest locations that together have everything, of
those the cheapest where the rule sorts by cost first, else the first as the rule ranks them. A bundle leaves whole from
one location; several of them may be split. Every decision keeps its reason: which rules were not for the order, who was
considered and how each was ranked, what each lacked, and why others were out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from msgspec import Struct

from hub.domain import notices
from hub.domain.bundling import Bundles, Parts, parts_of, whole
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import (
    Changes,
    Contact,
    DayLoad,
    Event,
    HoldNeed,
    LineRow,
    NewWork,
    OrderRow,
    Outcome,
    WorkLine,
)
from hub.domain.promise import day_of
from hub.domain.routing_plan import DEFAULT, MOST_LOCATIONS, Plan, Rule
from hub.domain.routing_rank import Availability, Candidate, Case, Loads, Place, Ranked, Shelves, rank, unfit
from hub.domain.routing_splits import Source, split

ROUTE_HOLDS = frozenset({"stock"})
"""Reasons that route opens and, once healed, closes."""

WAIT_DAYS = 14
MOST_TOLD = 12
"""Locations that a reason names; of more it says how many."""

FIRST: Mapping[str, str] = {
    "proximity": "nearest", "stock": "best stocked", "cost": "cheapest", "promise": "earliest", "priority": "first",
}  # fmt: skip
"""How the winner of a sort is called."""


class Before(Struct, frozen=True):
    """What was routed of an order before: how many fulfillment orders, and who rejected one."""

    works: int = 0
    refused: frozenset[int] = frozenset()


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
    plans: Mapping[int, Plan] = {}
    """By merchant; one without is routed by `DEFAULT`."""
    channels: Mapping[int, str] = {}
    """Account → its name."""
    loads: Loads | None = None
    before: Mapping[int, Before] = {}
    """By order, where anything was routed before."""


Want = dict[str, int]


class Need(Struct, frozen=True):
    """A line that wants a location, and what one unit of it is taken from."""

    line: LineRow
    parts: Parts

    @property
    def is_bundle(self) -> bool:
        """Whether its units must be kept together."""
        return self.parts != {self.line.sku: 1}


class Attempt(Struct, frozen=True):
    """What came of one rule: who was ranked, and who ships; `short`: what is missing where nobody does."""

    rule: Rule
    ranked: Ranked
    chosen: tuple[Candidate, ...] = ()
    exact: bool = True
    short: Mapping[str, object] = {}


def route(order: OrderRow, facts: RouteFacts, now: datetime) -> Outcome:
    """Promises stock and makes fulfillment orders, or holds the order for stock and says what is short."""
    if not order.units_to_ship:
        nothing = Event("nothing_to_ship", {"why": "every unit is digital, cancelled or already shipped"})
        return Outcome(to=Lifecycle.IN_PROGRESS, events=(nothing,), wake_at=now)
    needs = needed(order, facts.bundles)
    case = _case(order, facts, now, needs)
    tried: list[object] = []
    attempt: Attempt | None = None
    for rule in case.plan.rules:
        why = unfit(rule.when, case)
        if why:
            tried.append({"rule": rule.name, "skipped": why})
            continue
        attempt = _attempt(case, rule, needs)
        if attempt.chosen:
            return _routed(case, attempt, needs, (facts, tried))
        tried.append({"rule": rule.name, "short": attempt.short, "considered": list(_considered(case, attempt.ranked))})
        if rule.otherwise == "queue":
            break
    return _waits(case, attempt, tried)


def _case(order: OrderRow, facts: RouteFacts, now: datetime, needs: Sequence[Need]) -> Case:
    plan = facts.plans.get(order.merchant_id, DEFAULT)
    places = facts.places.get(order.merchant_id, ())
    sites = {place.id: plan.locations[place.code] for place in places if place.code in plan.locations}
    return Case(
        order, wanted(needs), plan, places, Shelves(facts.free, sites), facts.loads or Loads(), now,
        facts.channels.get(order.account_id, ""), facts.before.get(order.id, Before()).refused,
    )  # fmt: skip


def _attempt(case: Case, rule: Rule, needs: Sequence[Need]) -> Attempt:
    ranked = rank(case, rule)
    most = rule.most_locations if case.order.total >= rule.split_from else 1
    exact = True
    if rule.sort[0] != "cost" and (first := _first_of_all(case, ranked.candidates)) is not None:
        chosen: tuple[Candidate, ...] | None = (first,)
    elif _share_parts(needs):
        chosen = _of_shared(case, ranked.candidates, needs, most)
    else:
        chosen, exact = _of_items(case, rule, ranked.candidates, (needs, most))
    if chosen is None and rule.partial:
        chosen = _of_some(case, ranked.candidates, needs, most)
    if chosen:
        return Attempt(rule, ranked, chosen, exact)
    return Attempt(rule, ranked, short=_short(case, ranked, needs, most))


def _first_of_all(case: Case, candidates: Sequence[Candidate]) -> Candidate | None:
    """Nearly every order: the first in rank that has everything, whatever it would cost."""
    of, want = case.shelves.of, case.want.items()
    return next((it for it in candidates if all(of(sku, it.place.id) >= units for sku, units in want)), None)


def _share_parts(needs: Sequence[Need]) -> bool:
    """Whether bundles compete with other lines for what they are made of."""
    parts = [sku for need in needs for sku in need.parts]
    return len(set(parts)) < len(parts) and any(need.is_bundle for need in needs)


def _of_items(
    case: Case, rule: Rule, candidates: Sequence[Candidate], asked: tuple[Sequence[Need], int]
) -> tuple[tuple[Candidate, ...] | None, bool]:
    """Each line (or lines of one SKU) is an item of its own: the exact search."""
    needs, most = asked
    items: dict[str, int] = {}
    for need in needs:
        items[need.line.sku] = items.get(need.line.sku, 0) + need.line.to_ship
    priced = rule.sort[0] == "cost"
    sources = [
        Source(
            {need.line.sku: _whole(need, it.place, case.shelves) for need in needs},
            it.cost if priced else 0, it.each if priced else 0,
        )
        for it in candidates
    ]  # fmt: skip
    found = split(items, sources, most)
    if found is None:
        return None, True
    return tuple(candidates[n] for n in found.chosen), found.exact


def _of_shared(
    case: Case, candidates: Sequence[Candidate], needs: Sequence[Need], most: int
) -> tuple[Candidate, ...] | None:
    """Bundles that share parts with other lines: a group has everything if it can hand out every line whole. The
    earlier line is served first: an order that only another sequence could serve waits for stock."""
    useful = [it for it in candidates if any(_whole(need, it.place, case.shelves) for need in needs)][:MOST_TOLD]
    for count in range(1, min(most, len(useful)) + 1):
        for group in combinations(useful, count):
            if not _left(case, needs, [it.place for it in group]):
                return group
    return None


def _of_some(
    case: Case, candidates: Sequence[Candidate], needs: Sequence[Need], most: int
) -> tuple[Candidate, ...] | None:
    """Where not everything is there: who has anything, as ranked."""
    some = [it for it in candidates if any(_whole(need, it.place, case.shelves) for need in needs)]
    return tuple(some[:most]) or None


def _routed(case: Case, attempt: Attempt, needs: Sequence[Need], rest: tuple[RouteFacts, Sequence[object]]) -> Outcome:
    facts, tried = rest
    considered = list(_considered(case, attempt.ranked))
    left = {need.line.id: need.line.to_ship for need in needs}
    works = _works(case, attempt, needs, (facts, considered, left))
    ships = {work.location_id for work in works}
    loads = tuple(_load(case, it) for it in attempt.chosen if it.place.id in ships and _limit(case, it) is not None)
    for load in loads:
        case.loads.add(load.location_id, load.day)
    promised = case.order.promised_at or max(it.arrives for it in attempt.chosen)
    details: dict[str, object] = {
        "rule": _because(attempt, len(works), any(left.values())), "locations": [i.place.code for i in attempt.chosen],
        "considered": considered, "plan": case.plan.version, "name": attempt.rule.name, "sort": list(attempt.rule.sort),
        **({"tried": list(tried)} if tried else {}), **({} if attempt.exact else {"exact": False}),
    }  # fmt: skip
    missing = {need.line.sku: left[need.line.id] for need in needs if left[need.line.id]}
    hold = _hold({"what": "stock", "short": missing}, attempt.rule) if missing else None
    return Outcome(
        to=None if hold else Lifecycle.IN_PROGRESS,
        events=(Event("routed", details),),
        holds=(hold,) if hold else (),
        changes=Changes(works=works, promised_at=promised, loads=loads),
        messages=notices.confirmed(case.order, facts.contacts.get(case.order.id, ()), promised),
        wake_at=attempt.ranked.again_at if hold else None,
    )


def _because(attempt: Attempt, works: int, partly: bool) -> str:
    if partly:
        return "what is there leaves at once, the rest waits"
    if works == 1:
        return f"{FIRST[attempt.rule.sort[0]]} with everything"
    return f"split over {works}: no location has everything"


def _limit(case: Case, it: Candidate) -> int | None:
    site = case.plan.locations.get(it.place.code)
    return site.orders_per_day if site else None


def _load(case: Case, it: Candidate) -> DayLoad:
    day = day_of(case.now, case.plan.locations[it.place.code].timezone)
    return DayLoad(it.place.id, day, _limit(case, it) or 0)


def _waits(case: Case, attempt: Attempt | None, tried: Sequence[object]) -> Outcome:
    """Nobody ships it now. `tried` is told where a plan of the merchant's own decided."""
    detail: dict[str, object] = {"what": "stock", "short": dict(attempt.short)} if attempt else {
        "what": "routing", "why": "no rule is for this order",
    }  # fmt: skip
    if attempt is not None and not attempt.short:
        detail = {"what": "routing", "why": "; ".join(f"{code} {why}" for code, why in attempt.ranked.out.items())}
    if case.plan.version:
        detail["tried"] = list(tried)
    wake_at = attempt.ranked.again_at if attempt else None
    return Outcome(holds=(_hold(detail, attempt.rule if attempt else None),), wake_at=wake_at)


def _hold(detail: dict[str, object], rule: Rule | None) -> HoldNeed:
    days = rule.cancel_after_days if rule else None
    if days is not None:
        detail["cancel_after_days"] = days
    if days is None:
        return HoldNeed("stock", detail, ("wait", "cancel"), hours=24 * WAIT_DAYS)
    return HoldNeed("stock", detail, ("wait", "cancel"), hours=24 * days, then="cancel")


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


def _left(case: Case, needs: Sequence[Need], places: Sequence[Place]) -> dict[str, int]:
    """Units by the lines' own SKUs that `places` together cannot hand out."""
    trial = Availability({(sku, p.id): case.shelves.of(sku, p.id) for sku in case.want for p in places})
    left = {need.line.id: need.line.to_ship for need in needs}
    for place in places:
        _take(needs, place, Shelves(trial), left)
    short: dict[str, int] = {}
    for need in needs:
        if left[need.line.id]:
            short[need.line.sku] = short.get(need.line.sku, 0) + left[need.line.id]
    return short


def _works(
    case: Case, attempt: Attempt, needs: Sequence[Need], rest: tuple[RouteFacts, list[object], dict[int, int]]
) -> tuple[NewWork, ...]:
    """One fulfillment order per location; each takes as much of every line as it can, in the order chosen. `left` is
    used up."""
    facts, considered, left = rest
    order = case.order
    first = facts.before.get(order.id, Before()).works + 1
    works: list[NewWork] = []
    for it in attempt.chosen:
        lines = _take(needs, it.place, case.shelves, left)
        if lines:
            why: dict[str, object] = {"location": it.place.code, "rule": attempt.rule.name, "considered": considered}
            works.append(NewWork(
                location_id=it.place.id, number=f"{order.number}-F{first + len(works)}", automatic=it.place.automatic,
                service="standard", carrier_account_id=facts.carriers.get(order.merchant_id), why=why, lines=lines,
            ))  # fmt: skip
    return tuple(works)


def _take(needs: Sequence[Need], place: Place, shelves: Shelves, left: dict[int, int]) -> tuple[WorkLine, ...]:
    taken: list[WorkLine] = []
    for need in needs:
        line = need.line
        units = min(left[line.id], _whole(need, place, shelves))
        if not units:
            continue
        left[line.id] -= units
        for sku, per_unit in need.parts.items():
            shelves.free.take(sku, place.id, units * per_unit)
            taken.append(WorkLine(
                id=0, order_line_id=line.id, sku=sku, quantity=units * per_unit, per_unit=per_unit,
                grams=line.grams, title=line.title, external_id=line.external_id,
            ))  # fmt: skip
    return tuple(taken)


def _whole(need: Need, place: Place, shelves: Shelves) -> int:
    return whole(need.parts, lambda sku: shelves.of(sku, place.id))


def _considered(case: Case, ranked: Ranked) -> Iterator[object]:
    """Who was ranked, the first first, with what the sorts saw; then who was out, and why."""
    for it in ranked.candidates[:MOST_TOLD]:
        here = {sku: case.shelves.of(sku, it.place.id) for sku in case.want}
        lacks = {sku: units - here[sku] for sku, units in case.want.items() if here[sku] < units}
        told: dict[str, object] = {"location": it.place.code, "km": round(it.km), "lacks": lacks}
        if case.plan.version:
            told |= {"arrives": it.arrives.date().isoformat(), "cost": it.cost + it.each * sum(case.want.values())}
        yield told
    if len(ranked.candidates) > MOST_TOLD:
        yield {"location": f"{len(ranked.candidates) - MOST_TOLD} more", "km": "?", "lacks": {}}
    yield from ({"location": code, "out": why} for code, why in ranked.out.items())


def _short(case: Case, ranked: Ranked, needs: Sequence[Need], most: int) -> dict[str, object]:
    """What is missing altogether; else the bundles whose parts lie apart; else it takes too many locations. Nothing
    where nobody may ship at all."""
    places = [it.place for it in ranked.candidates]
    if not places and ranked.out:
        return {}
    missing = {sku: units - sum(case.shelves.of(sku, p.id) for p in places) for sku, units in case.want.items()}
    short = {sku: units for sku, units in missing.items() if units > 0} or _left(case, needs, places)
    return {**short} or {"locations": f"more than {most}"}


__all__ = ["MOST_LOCATIONS", "Availability", "Before", "Loads", "Place", "RouteFacts", "route"]
