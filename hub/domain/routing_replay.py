"""What past orders would have come to under a plan: routed one after the other against the stock there was.

Time is the orders' own. Stock begins as it was, receipts come when they came, and an order that finds too little waits,
in the order of arrival, for the next receipt of a SKU it wants or for a location's next day. Nothing is written.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.domain.bundling import parts_of
from hub.domain.outcome import OrderRow, Outcome
from hub.domain.promise import kept
from hub.domain.routing import RouteFacts, route
from hub.domain.routing_plan import Plan
from hub.domain.routing_rank import Loads, Place


class Receipt(Struct, frozen=True):
    """Units that came to a shelf (or, below 0, were found missing) for no order's sake."""

    at: datetime
    sku: str
    location_id: int
    units: int


class Past(Struct, frozen=True):
    """What is replayed, of one merchant. `facts` are those of route with the stock at the beginning; `orders` as they
    came in, with the promise that was given; `receipts` of the time."""

    facts: RouteFacts
    orders: Sequence[OrderRow]
    receipts: Sequence[Receipt] = ()


class Result(Struct, frozen=True, kw_only=True):
    """What a plan comes to. `cost`: minor units by its lanes; `promise_kept` and `promise_broken`: orders that would
    arrive by the day that was promised, or later; `stock_left`: units free in the end, by location."""

    orders: int
    routed: int
    waiting: int
    shipments: int
    split_orders: int
    cost: int
    promise_kept: int
    promise_broken: int
    stock_left: dict[str, int]
    by_rule: dict[str, int]


class _Tally:
    """Counts while a replay runs."""

    def __init__(self) -> None:
        self.routed = self.shipments = self.split = self.cost = self.kept = self.broken = 0
        self.by_rule: dict[str, int] = {}


def replay(past: Past, plan: Plan) -> Result:
    """Routes everything again under `plan`. `past.facts.free` is used up: hand in a fresh one each time."""
    merchant = next(iter(past.facts.places), 0)
    facts = replace(past.facts, plans={merchant: plan}, loads=Loads())
    places = {place.id: place for place in facts.places.get(merchant, ())}
    tally, waiting = _Tally(), dict[int, OrderRow]()
    later: list[tuple[datetime, int]] = []
    for at, what in _in_time(past):
        while later and later[0][0] <= at:
            when, order_id = heapq.heappop(later)
            if order_id in waiting:
                _try(waiting[order_id], (facts, when), (waiting, later), tally, places)
        if isinstance(what, OrderRow):
            _try(what, (facts, at), (waiting, later), tally, places)
            continue
        facts.free.put(what.sku, what.location_id, max(what.units, -facts.free.of(what.sku, what.location_id)))
        for order in [o for o in waiting.values() if what.units > 0 and _wants(o, what.sku, facts)]:
            _try(order, (facts, at), (waiting, later), tally, places)
    return Result(
        orders=len(past.orders), routed=tally.routed, waiting=len(waiting), shipments=tally.shipments,
        split_orders=tally.split, cost=tally.cost, promise_kept=tally.kept, promise_broken=tally.broken,
        stock_left=left(facts, places), by_rule=tally.by_rule,
    )  # fmt: skip


def _in_time(past: Past) -> Iterator[tuple[datetime, OrderRow | Receipt]]:
    """Receipts before orders of the same moment."""
    receipts = sorted(past.receipts, key=lambda it: it.at)
    orders = sorted(past.orders, key=lambda it: (it.created_at, it.id))
    n = 0
    for order in orders:
        while n < len(receipts) and receipts[n].at <= order.created_at:
            yield receipts[n].at, receipts[n]
            n += 1
        yield order.created_at, order
    yield from ((it.at, it) for it in receipts[n:])


def _try(
    order: OrderRow, now: tuple[RouteFacts, datetime],
    queues: tuple[dict[int, OrderRow], list[tuple[datetime, int]]], tally: _Tally, places: Mapping[int, Place],
) -> None:  # fmt: skip
    facts, at = now
    waiting, later = queues
    outcome = route(replace(order, promised_at=None), facts, at)
    if outcome.changes.works:
        _count(order, outcome, tally, (facts, places))
    if outcome.to is not None:
        waiting.pop(order.id, None)
        return
    waiting[order.id] = _rest(order, outcome)
    if outcome.wake_at is not None:
        heapq.heappush(later, (outcome.wake_at, order.id))


def _count(order: OrderRow, outcome: Outcome, tally: _Tally, rest: tuple[RouteFacts, Mapping[int, Place]]) -> None:
    facts, places = rest
    works = outcome.changes.works
    plan = facts.plans[order.merchant_id]
    tally.routed += outcome.to is not None
    tally.shipments += len(works)
    tally.split += len(works) > 1
    country = order.ship_to.country if order.ship_to else ""
    for work in works:
        lane = plan.lane(places[work.location_id].code, country)
        if lane is not None:
            tally.cost += lane.cost + lane.unit_cost * sum(line.quantity for line in work.lines)
    for event in outcome.events:
        rule = str(event.details.get("name", ""))
        tally.by_rule[rule] = tally.by_rule.get(rule, 0) + 1
    arrives = outcome.changes.promised_at
    if order.promised_at is not None and arrives is not None and outcome.to is not None:
        in_time = kept(order.promised_at, arrives)
        tally.kept += in_time
        tally.broken += not in_time


def _rest(order: OrderRow, outcome: Outcome) -> OrderRow:
    """The order with what was routed of it taken off."""
    taken: dict[int, int] = {}
    for work in outcome.changes.works:
        for line_id, units in {line.order_line_id: line.units for line in work.lines}.items():
            taken[line_id] = taken.get(line_id, 0) + units
    if not taken:
        return order
    lines = tuple(replace(line, assigned=line.assigned + taken.get(line.id, 0)) for line in order.lines)
    return replace(order, lines=lines)


def _wants(order: OrderRow, sku: str, facts: RouteFacts) -> bool:
    return any(line.to_ship and sku in parts_of(facts.bundles, order.merchant_id, line.sku) for line in order.lines)


def left(facts: RouteFacts, places: Mapping[int, Place]) -> dict[str, int]:
    """Units free by location code."""
    units = facts.free.by_location()
    return {place.code: units.get(place.id, 0) for place in sorted(places.values(), key=lambda it: it.code)}
