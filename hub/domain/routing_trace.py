"""The trace of a decision: who was considered and how ranked, why the winner won, what was missing where nobody did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.domain.routing_choice import Attempt
from hub.domain.routing_rank import Case, Ranked

MOST_TOLD = 12
"""Locations that a reason names; of more it says how many."""

FIRST: Mapping[str, str] = {
    "proximity": "nearest", "stock": "best stocked", "cost": "cheapest", "promise": "earliest", "priority": "first",
}  # fmt: skip
"""How the winner of a sort is called."""


def considered(case: Case, ranked: Ranked) -> Iterator[object]:
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


def because(attempt: Attempt, works: int, partly: bool) -> str:
    """Why the winner won, in words. `works`: how many fulfillment orders; `partly`: something waits."""
    if partly:
        return "what is there leaves at once, the rest waits"
    if works == 1:
        return f"{FIRST[attempt.rule.sort[0]]} with everything"
    return f"split over {works}: no location has everything"
