"""Waves: which fulfillment orders are picked together, cut into walks of one person each.

`orders`: one walk an order · `single`: orders of one unit, picked as a heap and told apart at the pack station ·
`cluster`: a cart of totes, one an order · `zones`: a walk for each zone, an order's totes meet at the pack station.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from hub.domain.walking import NOWHERE, Spot, walk_order

STRATEGIES = ("orders", "single", "cluster", "zones")
HEAP = 50
"""Units on one walk of single-item orders."""


class Pick(Struct, frozen=True):
    """One line of one fulfillment order, and where it lies."""

    line_id: int
    fulfillment_id: int
    sku: str
    quantity: int
    bin: str = ""
    zone: str = ""
    spot: Spot = NOWHERE


class Walk(Struct, frozen=True):
    """What one person picks in one go: `picks` in walk order; fulfillment order → slot of its tote on the cart."""

    zone: str
    picks: tuple[Pick, ...]
    slots: dict[int, int]


class Rule(Struct, frozen=True):
    """When a wave comes by itself: `least` orders wait (0: never by count), or at `cut_off` minutes of the day in
    UTC (None: never by time). `cut_at`: when it was last asked by time."""

    least: int
    cut_off: int | None
    cut_at: datetime | None


def single(picks: Sequence[Pick]) -> bool:
    """Whether a fulfillment order is one unit of one thing."""
    return len(picks) == 1 and picks[0].quantity == 1


def walks(strategy: str, orders: Sequence[Sequence[Pick]], cart: int) -> list[Walk]:
    """The walks of a wave. `orders`: the picks of each fulfillment order, the most urgent first; `cart`: totes on one
    cart. Every pick is on exactly one walk."""
    if strategy == "orders":
        return [_walk("", [order]) for order in orders]
    if strategy == "cluster":
        return [_walk("", orders[start : start + cart]) for start in range(0, len(orders), cart)]
    if strategy == "single":
        return [_walk("", orders[start : start + HEAP]) for start in range(0, len(orders), HEAP)]
    made: list[Walk] = []
    for zone in sorted({pick.zone for order in orders for pick in order}):
        here = [[pick for pick in order if pick.zone == zone] for order in orders]
        parts = [part for part in here if part]
        made.extend(_walk(zone, parts[start : start + cart]) for start in range(0, len(parts), cart))
    return made


def _walk(zone: str, orders: Sequence[Sequence[Pick]]) -> Walk:
    picks = [pick for order in orders for pick in order]
    way = walk_order([pick.spot for pick in picks])
    slots = {order[0].fulfillment_id: slot for slot, order in enumerate(orders, 1)}
    return Walk(zone, tuple(picks[place] for place in way), slots)


def due(rule: Rule, waiting: int, now: datetime) -> str:
    """Why a wave is to be released now, or '' when it is not."""
    if not waiting:
        return ""
    if rule.least and waiting >= rule.least:
        return f"{waiting} orders wait, {rule.least} make a wave"
    if rule.cut_off is not None:
        cut = last_cut(rule.cut_off, now)
        if rule.cut_at is None or rule.cut_at < cut:
            return f"cut-off at {rule.cut_off // 60:02}:{rule.cut_off % 60:02} UTC"
    return ""


def last_cut(minutes: int, now: datetime) -> datetime:
    """The latest moment, not after `now`, at which the clock showed `minutes` of the day in UTC."""
    today = now.astimezone(UTC).replace(hour=minutes // 60, minute=minutes % 60, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
