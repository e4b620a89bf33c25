"""How an order was routed, and whether its promise was kept: the trace of each decision, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, cast

from hub.domain.order import Value
from hub.domain.promise import day_of

DECISIONS = frozenset({"routed", "rejected_by_location", "rerouted", "held", "nothing_to_ship"})


class _Event(Protocol):
    """What is read of an event."""

    @property
    def kind(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def details(self) -> dict[str, object]: ...


class _Parcel(Protocol):
    """What is read of a parcel."""

    @property
    def custody(self) -> str: ...
    @property
    def delivered_at(self) -> datetime | None: ...


class ConsideredView(Value, frozen=True, omit_defaults=False):
    """A location in the rule's own ranking. `out`: why it may not ship; `lacks`: units by SKU; `cost` minor units."""

    location: str
    rank: int
    chosen: bool
    km: str = ""
    cost: int | None = None
    arrives: str = ""
    lacks: dict[str, int] = {}
    out: str = ""


class TriedView(Value, frozen=True, omit_defaults=False):
    """A rule that came before: `why` it did not decide."""

    rule: str
    why: str


class DecisionView(Value, frozen=True, omit_defaults=False):
    """One decision. `outcome`: routed, waits, rejected_by_location, …; `because`: why the winner won, or what is
    missing; `plan`: the version of the rules (0: the house's own); `turn`: of an order that waited for stock, which
    turn it had among those looked at together, and by what order."""

    at: datetime
    outcome: str
    because: str
    plan: int = 0
    rule: str = ""
    sort: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    considered: tuple[ConsideredView, ...] = ()
    tried: tuple[TriedView, ...] = ()
    turn: str = ""


class RoutingView(Value, frozen=True, omit_defaults=False):
    """`kept`: whether everything came by the promised day; None while something is under way or nothing was promised.
    `days_late` counts from the promised day, below 0 where it came before."""

    decisions: tuple[DecisionView, ...]
    promised_at: datetime | None
    delivered_at: datetime | None
    kept: bool | None
    days_late: int | None


def routing_view(
    events: Sequence[_Event], parcels: Sequence[_Parcel], promised_at: datetime | None, complete: bool, zone: str
) -> RoutingView:
    """From what the order's own history holds. `complete`: nothing of the order is under way any more; `zone`: where it
    shipped from, whose days are promised."""
    decisions = tuple(_decision(event) for event in reversed(events) if _is_decision(event))
    arrived = [p.delivered_at for p in parcels if p.custody == "delivered" and p.delivered_at is not None]
    last = max(arrived) if arrived and complete else None
    if promised_at is None or last is None:
        return RoutingView(decisions, promised_at, last, None, None)
    late = (day_of(last, zone) - day_of(promised_at, zone)).days
    return RoutingView(decisions, promised_at, last, late <= 0, late)


def _is_decision(event: _Event) -> bool:
    return event.kind in DECISIONS and (event.kind != "held" or event.details.get("reason") == "stock")


def _decision(event: _Event) -> DecisionView:
    given = cast("dict[str, Any]", event.details)
    chosen = tuple(map(str, given.get("locations", ())))
    return DecisionView(
        at=event.occurred_at,
        outcome="waits" if event.kind == "held" else event.kind,
        because=_because(given),
        plan=int(given.get("plan", 0)),
        rule=str(given.get("name", "")),
        sort=tuple(given.get("sort", ())),
        locations=chosen,
        considered=_ranking(given.get("considered", ()), chosen),
        tried=tuple(_tried(item) for item in given.get("tried", ())),
        turn=_turn(given.get("turn")),
    )


def _turn(given: Mapping[str, Any] | None) -> str:
    if not given:
        return ""
    priority = f", priority {given['priority']}" if given["priority"] else ""
    return f"turn {given['place']} of {given['of']} that waited{priority}: {given['order']}"


def _because(given: Mapping[str, Any]) -> str:
    if "rule" in given:
        return str(given["rule"])
    if given.get("short"):
        return "short of " + ", ".join(f"{units} {sku}" for sku, units in given["short"].items())
    place = f"{given['location']}: " if "location" in given else ""
    return place + str(given.get("why", ""))


def _ranking(items: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> tuple[ConsideredView, ...]:
    return tuple(
        ConsideredView(
            location=str(item.get("location", "")),
            rank=n,
            chosen=item.get("location") in chosen,
            km=str(item.get("km", "")),
            cost=item.get("cost"),
            arrives=str(item.get("arrives", "")),
            lacks=dict(item.get("lacks") or {}),
            out=str(item.get("out", "")),
        )
        for n, item in enumerate(items, 1)
    )


def _tried(item: Mapping[str, Any]) -> TriedView:
    if item.get("skipped"):
        return TriedView(str(item.get("rule", "")), "the order " + str(item["skipped"]))
    short = ", ".join(f"{units} {sku}" for sku, units in (item.get("short") or {}).items())
    return TriedView(str(item.get("rule", "")), f"short of {short}" if short else "no location of it may ship")
