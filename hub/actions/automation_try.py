"""Rules tried on past orders: which would have acted on what, and why. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.domain import automation_outcome as outcomes
from hub.domain.automation import USUAL_SERVICE, Moment, Rule, RuleSet, Trigger
from hub.domain.automation_firing import fire
from hub.domain.automation_overdue import Happened, longest_stay
from hub.domain.automation_reading import parse
from hub.domain.order import Value
from hub.domain.outcome import Event
from hub.errors import Invalid
from hub.flow import automation_facts
from hub.flow.automation_facts import Seen
from hub.ports import Clock
from hub.store.database import Database, Row

MOST = 10_000
PAGE = 500
EXAMPLES = 10

LAST = """SELECT id FROM orders WHERE merchant_id = $1 AND created_at <= $2 ORDER BY created_at DESC, id DESC
    LIMIT $3"""
EVENTS = """SELECT order_id, subject_id, kind, details, recorded_at FROM events
    WHERE merchant_id = $1 AND order_id = ANY($2::bigint[]) ORDER BY order_id, recorded_at, subject_id, seq"""


class WouldFire(Value, frozen=True, omit_defaults=False):
    """One rule on one order."""

    order_id: str
    number: str
    rule: str
    trigger: str
    why: tuple[str, ...]
    would: tuple[str, ...]


class RuleTally(Value, frozen=True, omit_defaults=False):
    """How many of the orders one rule would have acted on."""

    rule: str
    when: str
    orders: int


class Tried(Value, frozen=True, omit_defaults=False):
    """What came of it: `orders` were looked at, `matched` of them by some rule; the firings, newest order first."""

    orders: int
    matched: int
    by_rule: tuple[RuleTally, ...]
    firings: tuple[WouldFire, ...]


async def try_rules(database: Database, clock: Clock, merchant_id: int, text: str, last: int = 100) -> Tried:
    """Goes through the merchant's `last` orders as they happened, holds that other rules opened left aside.

    An order's facts are those of today; tags are only those that these rules would have added by then. Raises
    `Invalid` for rules that cannot be read and for a number out of range.
    """
    if not 0 < last <= MOST:
        raise Invalid("last", f"is 1 to {MOST}")
    rules, now = RuleSet(0, parse(text)), clock.now()
    ids = [row["id"] for row in await database.plain.fetch(LAST, merchant_id, now, last)]
    firings: list[WouldFire] = []
    for place in range(0, len(ids), PAGE):
        firings += await _page(database, (merchant_id, now), rules, ids[place : place + PAGE])
    return Tried(
        orders=len(ids),
        matched=len({firing.order_id for firing in firings}),
        by_rule=tuple(_tally(rule, firings) for rule in rules.rules if not rule.off),
        firings=tuple(firings),
    )


async def _page(database: Database, of: tuple[int, datetime], rules: RuleSet, ids: Sequence[int]) -> list[WouldFire]:
    merchant_id, now = of
    seen = await automation_facts.orders(database.plain, ids)
    past: dict[int, list[Row]] = {}
    for row in await database.plain.fetch(EVENTS, merchant_id, list(ids)):
        past.setdefault(row["order_id"], []).append(row)
    return [
        firing for order_id in ids for firing in _one(order_id, seen[order_id], rules, (past.get(order_id, []), now))
    ]


def _one(order_id: int, seen: Seen, rules: RuleSet, past: tuple[Sequence[Row], datetime]) -> list[WouldFire]:
    """One order, moment by moment; each moment sees what rules did at earlier ones."""
    events, now = past
    seen.fired.clear()
    seen.service = ""
    seen.facts = msgspec.structs.replace(seen.facts, tags=frozenset(), service=USUAL_SERVICE)
    found: list[WouldFire] = []
    for moment in (*_moments(events), *_overdue(rules.waiting_for(Trigger.OVERDUE), events, now)):
        plan = fire(rules, (moment,), seen.facts, seen.fired)
        seen.take(plan)
        found += [
            WouldFire(str(order_id), seen.number, f.rule.name, f.trigger.value, f.why, (*f.did, *f.not_done))
            for f in plan.firings
        ]
    return found


def _moments(events: Sequence[Row]) -> list[Moment]:
    told = (Event(row["kind"], msgspec.json.decode(row["details"])) for row in events)
    return [moment for event in told if (moment := outcomes.moment_of(event)) is not None]


def _overdue(rules: Sequence[Rule], events: Sequence[Row], now: datetime) -> list[Moment]:
    """The longest stay in each state that a rule asks for."""
    past = [Happened(row["kind"], row["subject_id"], row["recorded_at"]) for row in events]
    states = dict.fromkeys(rule.state for rule in rules)
    return [Moment(Trigger.OVERDUE, state=state, hours=longest_stay(state, past, now)) for state in states]


def _tally(rule: Rule, firings: Sequence[WouldFire]) -> RuleTally:
    orders = {firing.order_id for firing in firings if firing.rule == rule.name}
    return RuleTally(rule.name, rule.when.value, len(orders))
