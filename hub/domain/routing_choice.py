"""Who ships by one rule: one location that has everything, else the best group, else whoever has anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from hub.domain.routing_plan import Rule
from hub.domain.routing_rank import Candidate, Case, Ranked, rank
from hub.domain.routing_splits import Source, split
from hub.domain.routing_taking import Need, left_over, share_parts, whole_units

MOST_IN_TURN = 12
"""Locations among which bundles that share parts are looked for; trying them is exponential."""


class Attempt(Struct, frozen=True):
    """What came of one rule: who was ranked, and who ships; `short`: what is missing where nobody does."""

    rule: Rule
    ranked: Ranked
    chosen: tuple[Candidate, ...] = ()
    exact: bool = True
    short: Mapping[str, object] = {}


def attempt_by(case: Case, rule: Rule, needs: Sequence[Need]) -> Attempt:
    """Ranks the locations of a rule and chooses among them; where nobody ships it says what is short."""
    ranked = rank(case, rule)
    most = rule.most_locations if case.order.total >= rule.split_from else 1
    exact = True
    if rule.sort[0] != "cost" and (first := _first_of_all(case, ranked.candidates)) is not None:
        chosen: tuple[Candidate, ...] | None = (first,)
    elif share_parts(needs):
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
            {need.line.sku: whole_units(need, it.place, case.shelves) for need in needs},
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
    useful = [it for it in candidates if any(whole_units(need, it.place, case.shelves) for need in needs)][
        :MOST_IN_TURN
    ]
    for count in range(1, min(most, len(useful)) + 1):
        for group in combinations(useful, count):
            if not left_over(case, needs, [it.place for it in group]):
                return group
    return None


def _of_some(
    case: Case, candidates: Sequence[Candidate], needs: Sequence[Need], most: int
) -> tuple[Candidate, ...] | None:
    """Where not everything is there: who has anything, as ranked."""
    some = [it for it in candidates if any(whole_units(need, it.place, case.shelves) for need in needs)]
    return tuple(some[:most]) or None


def _short(case: Case, ranked: Ranked, needs: Sequence[Need], most: int) -> dict[str, object]:
    """What is missing altogether; else the bundles whose parts lie apart; else it takes too many locations. Nothing
    where nobody may ship at all."""
    places = [it.place for it in ranked.candidates]
    if not places and ranked.out:
        return {}
    missing = {sku: units - sum(case.shelves.of(sku, p.id) for p in places) for sku, units in case.want.items()}
    short = {sku: units for sku, units in missing.items() if units > 0} or left_over(case, needs, places)
    return {**short} or {"locations": f"more than {most}"}
