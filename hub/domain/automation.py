"""Rules of a merchant: when something happened to an order, and the order is such and such, then do so and so.

Triggers, conditions and actions are closed lists. Nothing loops: what a rule does is no trigger, all rules of a moment
see the order as it was before any of them acted, and each acts at most once for an order and trigger.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from hub.domain.order import Value

RULE_HOLD = "rule"
"""Reason of the holds that rules open. Only a person releases them."""

USUAL_SERVICE = "standard"


class Trigger(StrEnum):
    """What happens to an order that rules may wait for."""

    ACCEPTED = "accepted"
    HELD = "held"
    ROUTED = "routed"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    CAPTURED = "captured"
    OVERDUE = "overdue"


class Action(StrEnum):
    """What a rule may do."""

    TAG = "tag"
    SERVICE = "service"
    PRIORITY = "priority"
    HOLD = "hold"
    NOTIFY = "notify"
    NOTE = "note"


EVERYWHERE = frozenset({Action.TAG, Action.PRIORITY, Action.NOTIFY, Action.NOTE})
FITS = {
    Trigger.ACCEPTED: EVERYWHERE | {Action.SERVICE, Action.HOLD},
    Trigger.HELD: EVERYWHERE | {Action.HOLD},
    Trigger.ROUTED: EVERYWHERE | {Action.SERVICE, Action.HOLD},
    Trigger.DISPATCHED: EVERYWHERE,
    Trigger.DELIVERED: EVERYWHERE,
    Trigger.EXCEPTION: EVERYWHERE | {Action.HOLD},
    Trigger.CAPTURED: EVERYWHERE,
    Trigger.OVERDUE: EVERYWHERE | {Action.HOLD},
}
"""What can still be done about an order when each trigger comes: nobody holds back what has left."""


class Range(Value, frozen=True):
    """`at_least` ≤ value < `below`; None is open. Of money: minor units of `currency`."""

    at_least: int | None = None
    below: int | None = None
    currency: str = ""

    def holds(self, value: int) -> bool:
        """Whether `value` lies in it."""
        return (self.at_least is None or value >= self.at_least) and (self.below is None or value < self.below)


class If(Value, frozen=True):
    """Conditions, all of which must hold; None and empty ones are not asked. Lists: one of them is enough."""

    channel: tuple[str, ...] = ()
    """Names of accounts or kinds of connector, in any case."""
    country: tuple[str, ...] = ()
    country_not: tuple[str, ...] = ()
    total: Range | None = None
    weight: Range | None = None
    """Grams."""
    units: Range | None = None
    sku: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    tag_not: tuple[str, ...] = ()
    first_order: bool | None = None
    note: tuple[str, ...] = ()
    """The buyer's note holds one of these, in any case."""


class Then(Value, frozen=True):
    """What to do; empty ones are not done."""

    tag: tuple[str, ...] = ()
    service: str = ""
    priority: int | None = None
    hold: str = ""
    notify: str = ""
    """An e-mail address."""
    note: str = ""

    def actions(self) -> frozenset[Action]:
        """Which of the closed list these are."""
        return frozenset(action for action in Action if getattr(self, action) not in ((), "", None))


class Rule(Value, frozen=True):
    """One rule; its name is who it is. `reason`: only holds of these; `state`, `hours`: only when overdue."""

    name: str
    when: Trigger
    then: Then
    if_: If = If()
    reason: tuple[str, ...] = ()
    state: str = ""
    hours: int = 0
    off: bool = False


class RuleSet(Struct, frozen=True):
    """A merchant's rules in their order, of one version. `since`: from when they count."""

    version: int
    rules: tuple[Rule, ...]
    since: datetime | None = None

    def waiting_for(self, trigger: Trigger) -> tuple[Rule, ...]:
        """Rules that are on and wait for `trigger`."""
        return tuple(rule for rule in self.rules if rule.when is trigger and not rule.off)


class Facts(Struct, frozen=True, kw_only=True):
    """What conditions may ask about an order. `channels`: its account's name and connector, case-folded."""

    channels: frozenset[str] = frozenset()
    country: str = ""
    currency: str = ""
    total: int = 0
    skus: frozenset[str] = frozenset()
    grams: int = 0
    units: int = 0
    service: str = USUAL_SERVICE
    first_order: bool = False
    note: str = ""
    tags: frozenset[str] = frozenset()


class Moment(Struct, frozen=True):
    """Something that happened. `reason` of a hold; `state` and `hours` of an order that is overdue in it."""

    trigger: Trigger
    reason: str = ""
    state: str = ""
    hours: float = 0.0


class Firing(Struct, frozen=True):
    """One rule that acted: why it matched, what it did, and what it could not do with the reason."""

    rule: Rule
    trigger: Trigger
    why: tuple[str, ...]
    did: tuple[str, ...]
    not_done: tuple[str, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """What the rules of one pass want of one order."""

    firings: tuple[Firing, ...] = ()
    tags: frozenset[str] = frozenset()
    """New ones only."""
    service: str = ""
    priority: int | None = None
