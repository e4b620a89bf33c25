"""A merchant's routing as data: locations with their calendars and limits, lanes, and the rules in their sequence.

Written as TOML, read strictly: an unknown name is an error that names the near one. Money is minor units, weights of no
currency conversion: amounts of a rule are compared with the order's own. Without a plan everything ships from the
nearest location that has it, else from at most three.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from hub.domain.promise import Calendar, Transit, Weekday, zone_of
from hub.errors import Invalid

Sort = Literal["proximity", "stock", "cost", "promise", "priority"]
SORTS: tuple[str, ...] = get_args(Sort)

MOST_LOCATIONS = 3
"""An order is split over at most so many locations, unless a rule says otherwise."""

MOST_EVER = 8
MOST_RULES = 50
MOST_UNITS = 2**31 - 1


class Site(Calendar, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What routing must know of a location.

    `orders_per_day`: fulfillment orders it takes on one of its own days; `safety`: units of each SKU it keeps; `least`:
    it ships no order of a smaller total; `channels`, `skus` and `brands`: it ships only those (account names; patterns
    such as `ACME-*`; brands of products, patterns too). Empty: all.
    """

    orders_per_day: int | None = None
    safety: int = 0
    least: int = 0
    channels: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


class Lane(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """From a location (`*`: any) to a country (`*`: any): delivery days, cost of a shipment and of each unit."""

    days: int
    origin: str = "*"
    to: str = "*"
    cost: int = 0
    unit_cost: int = 0
    off: tuple[Weekday, ...] = ("sun",)
    dates: tuple[date, ...] = ()

    @property
    def transit(self) -> Transit:
        """Its days, as promises read them."""
        return Transit(days=self.days, off=self.off, dates=self.dates)


class Filter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which orders a rule is for. `skus`, `brands` and `tags`: patterns, one of which some line (its product's brand,
    one of its tags) must fit; `services`: patterns for the title of what the buyer chose as shipping; totals in minor
    units, both ends included."""

    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    total_from: int = 0
    total_to: int | None = None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `locations`: codes or groups, in order of priority (empty: all); `sort`: what ranks them, the first
    first; `most_locations`: 1 is no split; `split_from`: orders of a smaller total are not split; `partial`: what is
    there leaves at once, the rest waits; `otherwise`: what happens when it cannot; `cancel_after_days`: how long an
    order that waits by this rule waits at most."""

    name: str
    when: Filter = Filter()
    locations: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ("proximity",)
    most_locations: int = MOST_LOCATIONS
    split_from: int = 0
    partial: bool = False
    otherwise: Literal["next", "queue"] = "next"
    cancel_after_days: int | None = None


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything. `version` 0 is the house's own."""

    version: int = 0
    groups: dict[str, tuple[str, ...]] = {}
    locations: dict[str, Site] = {}
    lanes: tuple[Lane, ...] = ()
    rules: tuple[Rule, ...] = (Rule(name="nearest"),)

    @property
    def asks_goods(self) -> bool:
        """Whether anything in it needs the brands or tags of products."""
        sites = any(site.brands for site in self.locations.values())
        return sites or any(rule.when.brands or rule.when.tags for rule in self.rules)

    def lane(self, origin: str, country: str) -> Lane | None:
        """The lane that says most: its own location before any, its own country before any."""
        fits = [lane for lane in self.lanes if lane.origin in {origin, "*"} and lane.to in {country, "*"}]
        return max(fits, key=lambda lane: (lane.origin != "*", lane.to != "*"), default=None)

    def codes(self, rule: Rule) -> tuple[str, ...]:
        """Location codes of a rule in order of priority, groups spread out; empty: all."""
        return tuple(dict.fromkeys(code for name in rule.locations for code in self.groups.get(name, (name,))))


DEFAULT = Plan()


def read_plan(text: str) -> Plan:
    """A plan from TOML. Raises `Invalid` with the place and what to write instead."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid("rules", f"this is no TOML: {error}") from None
    if "version" in given:
        raise Invalid("version", "is given by `routing set`; leave it out")
    _names(given, Plan, "")
    try:
        plan = msgspec.convert(given, Plan, strict=True)
    except msgspec.ValidationError as error:
        why, _, place = str(error).partition(" - at `$.")
        raise Invalid(place.rstrip("`") or "rules", why) from None
    for place, problem in problems(plan):
        raise Invalid(place, problem)
    return plan


def _names(given: dict[str, Any], kind: type[Struct], place: str) -> None:
    """Unknown names with the near ones; msgspec would only say that there is one."""
    known = [field.encode_name for field in msgspec.structs.fields(kind) if field.name != "version"]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise Invalid(f"{place}{name}", f"is no name here; {hint}")
    if kind is Plan:
        for code, site in _tables(given.get("locations")):
            _names(site, Site, f"locations.{code}.")
        for place_, lane in _rows(given.get("lanes"), "lanes"):
            _names(lane, Lane, place_)
        for place_, rule in _rows(given.get("rules"), "rules"):
            _names(rule, Rule, place_)
            if isinstance(rule.get("when"), dict):
                _names(rule["when"], Filter, f"{place_}when.")


def _tables(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield from ((name, table) for name, table in value.items() if isinstance(table, dict))


def _rows(value: object, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        yield from ((f"{name}[{n}].", row) for n, row in enumerate(value) if isinstance(row, dict))


def problems(plan: Plan) -> Iterator[tuple[str, str]]:
    """What a plan says that cannot be: (place, words)."""
    if not plan.rules or len(plan.rules) > MOST_RULES:
        yield "rules", f"give 1 to {MOST_RULES} rules"
    names = [rule.name for rule in plan.rules]
    for n, rule in enumerate(plan.rules):
        if not rule.name or names.index(rule.name) != n:
            yield f"rules[{n}].name", "give each rule a name of its own"
        yield from _rule_problems(rule, f"rules[{n}]")
    for code, site in plan.locations.items():
        yield from _site_problems(site, f"locations.{code}")
    for n, lane in enumerate(plan.lanes):
        if not (0 <= lane.days <= 60 and 0 <= lane.cost <= MOST_UNITS and 0 <= lane.unit_cost <= MOST_UNITS):
            yield f"lanes[{n}]", "days are 0 to 60, costs minor units of 0 or more"
        if len(lane.off) > 6:
            yield f"lanes[{n}].off", "a carrier delivers on some day of the week"
        if lane.to != "*" and not re.fullmatch("[A-Z]{2}", lane.to):
            yield f"lanes[{n}].to", f"{lane.to!r} is no country: two capital letters, or *"


def _rule_problems(rule: Rule, place: str) -> Iterator[tuple[str, str]]:
    if not 1 <= rule.most_locations <= MOST_EVER:
        yield f"{place}.most_locations", f"is 1 (no split) to {MOST_EVER}"
    if not rule.sort:
        yield f"{place}.sort", f"name at least one of {', '.join(SORTS)}"
    if rule.cancel_after_days is not None and not 1 <= rule.cancel_after_days <= 365:
        yield f"{place}.cancel_after_days", "is 1 to 365"
    if any(not re.fullmatch("[A-Z]{2}", country) for country in rule.when.countries):
        yield f"{place}.when.countries", "are two capital letters each, such as DE"
    if rule.when.total_to is not None and rule.when.total_to < rule.when.total_from:
        yield f"{place}.when.total_to", "is below total_from: no order would fit"


def _site_problems(site: Site, place: str) -> Iterator[tuple[str, str]]:
    try:
        zone_of(site.timezone)
    except (KeyError, ValueError, OSError):
        yield f"{place}.timezone", f"{site.timezone!r} is no time zone; write one such as Europe/Berlin"
    if not 0 <= site.processing_days <= 60:
        yield f"{place}.processing_days", "is 0 to 60"
    if len(set(site.closed)) > 6:
        yield f"{place}.closed", "a location works on some day of the week"
    if (site.orders_per_day is not None and not 0 <= site.orders_per_day <= MOST_UNITS) or site.safety < 0:
        yield place, "orders_per_day and safety are 0 or more"


__all__ = ["DEFAULT", "MOST_LOCATIONS", "Filter", "Lane", "Plan", "Rule", "Site", "problems", "read_plan"]
