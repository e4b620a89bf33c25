"""Routing: which location ships which units, by the rules of the merchant's plan in their sequence.

The first rule that is for the order and can ship it decides: the fewest locations that together have everything, of
those the cheapest where the rule sorts by cost first, else the first as the rule ranks them. A bundle leaves whole from
one location; several of them may be split. Every decision keeps its reason: which rules were not for the order, who was
considered and how each was ranked, what each lacked, and why others were out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from hub.domain import backorders, notices
from hub.domain.backorders import Turn
from hub.domain.bundling import Bundles
from hub.domain.lifecycle import Lifecycle
from hub.domain.outcome import Changes, Contact, DayLoad, Event, HoldNeed, NewWork, OrderRow, Outcome
from hub.domain.promise import day_of
from hub.domain.routing_choice import Attempt, attempt_by
from hub.domain.routing_plan import DEFAULT, MOST_LOCATIONS, Plan, Rule
from hub.domain.routing_rank import Availability, Candidate, Case, Good, Loads, Place, Shelves, unfit
from hub.domain.routing_taking import Need, needed, take, wanted
from hub.domain.routing_trace import because, considered

ROUTE_HOLDS = frozenset({"stock"})
"""Reasons that route opens and, once healed, closes."""

WAIT_DAYS = 14


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
    goods: Mapping[int, Mapping[str, Good]] = {}
    """Merchant → SKU → its brand and tags, where its plan asks for any."""
    turns: Mapping[int, Turn] = {}
    """By order, of those that waited for stock."""


def in_turn(order: OrderRow, facts: RouteFacts) -> tuple[int, datetime, int]:
    """What the orders of a batch are sorted by before they are routed."""
    turn = facts.turns.get(order.id)
    return backorders.key(order, turn.priority if turn else 0)


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
        attempt = attempt_by(case, rule, needs)
        if attempt.chosen:
            return _routed(case, attempt, needs, (facts, tried))
        tried.append({"rule": rule.name, "short": attempt.short, "considered": list(considered(case, attempt.ranked))})
        if rule.otherwise == "queue":
            break
    return _waits(case, attempt, tried)


def _case(order: OrderRow, facts: RouteFacts, now: datetime, needs: Sequence[Need]) -> Case:
    plan = facts.plans.get(order.merchant_id, DEFAULT)
    places = facts.places.get(order.merchant_id, ())
    sites = {place.id: plan.locations[place.code] for place in places if place.code in plan.locations}
    goods = facts.goods.get(order.merchant_id, {})
    return Case(
        order, wanted(needs), plan, places, Shelves(facts.free, sites, goods), facts.loads or Loads(), now,
        facts.channels.get(order.account_id, ""), facts.before.get(order.id, Before()).refused, goods,
    )  # fmt: skip


def _routed(case: Case, attempt: Attempt, needs: Sequence[Need], rest: tuple[RouteFacts, Sequence[object]]) -> Outcome:
    facts, tried = rest
    ranking = list(considered(case, attempt.ranked))
    left = {need.line.id: need.line.to_ship for need in needs}
    works = _works(case, attempt, needs, (facts, ranking, left))
    ships = {work.location_id for work in works}
    loads = tuple(_load(case, it) for it in attempt.chosen if it.place.id in ships and _limit(case, it) is not None)
    for load in loads:
        case.loads.add(load.location_id, load.day)
    promised = case.order.promised_at or max(it.arrives for it in attempt.chosen)
    details: dict[str, object] = {
        "rule": because(attempt, len(works), any(left.values())), "locations": [i.place.code for i in attempt.chosen],
        "considered": ranking, "plan": case.plan.version, "name": attempt.rule.name, "sort": list(attempt.rule.sort),
        **({"tried": list(tried)} if tried else {}), **({} if attempt.exact else {"exact": False}),
    }  # fmt: skip
    if (turn := facts.turns.get(case.order.id)) is not None:
        details["turn"] = turn.told()
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


def _works(
    case: Case, attempt: Attempt, needs: Sequence[Need], rest: tuple[RouteFacts, list[object], dict[int, int]]
) -> tuple[NewWork, ...]:
    """One fulfillment order per location; each takes as much of every line as it can, in the order chosen. `left` is
    used up."""
    facts, ranking, left = rest
    order = case.order
    first = facts.before.get(order.id, Before()).works + 1
    works: list[NewWork] = []
    for it in attempt.chosen:
        lines = take(needs, it.place, case.shelves, left)
        if lines:
            why: dict[str, object] = {"location": it.place.code, "rule": attempt.rule.name, "considered": ranking}
            works.append(NewWork(
                location_id=it.place.id, number=f"{order.number}-F{first + len(works)}", automatic=it.place.automatic,
                service="standard", carrier_account_id=facts.carriers.get(order.merchant_id), why=why, lines=lines,
                counted_on=_load(case, it).day if _limit(case, it) is not None else None,
            ))  # fmt: skip
    return tuple(works)


__all__ = ["MOST_LOCATIONS", "Availability", "Before", "Loads", "Place", "RouteFacts", "route"]
