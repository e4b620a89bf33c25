"""`bench fraud`: rules of review on a labelled set of orders; how many of the held are fraud, and of the fraud held."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.fraud_orders import Labelled, labelled
from hub.domain.fraud import Score, Sightings, score
from hub.domain.fraud_rules import RuleSet

Judged = tuple[Labelled, Score]


def judge(orders: Sequence[Labelled], rules: RuleSet) -> list[Judged]:
    """Each order with its score, by what was known when it was placed."""
    seen = Sightings()
    judged = []
    for order in orders:
        judged.append((order, score(order.bought, rules, seen)))
        seen.add(order.bought)
    return judged


def measure(rules: RuleSet, orders: int, seed: int, show: int) -> dict[str, Any]:
    """The figures, and the first `show` orders that were held with their reasons."""
    made = labelled(orders, seed)
    started = time.perf_counter()
    judged = judge(made, rules)
    seconds = time.perf_counter() - started
    held = [(order, found) for order, found in judged if found.points >= rules.hold_at]
    right = sum(order.fraud for order, _ in held)
    frauds = sum(order.fraud for order in made)
    return {
        "rules": rules.name,
        "orders": len(made),
        "fraud": frauds,
        "held": len(held),
        "precision": round(right / len(held), 3) if held else None,
        "recall": round(right / frauds, 3) if frauds else None,
        "held_wrongly": len(held) - right,
        "by_kind": _by_kind(judged, rules),
        "microseconds_per_order": round(seconds / len(made) * 1e6, 1),
        "shown": [_shown(order, found) for order, found in held[:show]],
    }


def _by_kind(judged: Sequence[Judged], rules: RuleSet) -> dict[str, str]:
    """Kind of buyer → held of all."""
    every = Counter(order.kind for order, _ in judged)
    held = Counter(order.kind for order, found in judged if found.points >= rules.hold_at)
    return {kind: f"{held[kind]} of {count}" for kind, count in sorted(every.items())}


def _shown(order: Labelled, found: Score) -> dict[str, Any]:
    return {"order": order.bought.id, "kind": order.kind, "score": found.points, "rules": list(found.rules)}
