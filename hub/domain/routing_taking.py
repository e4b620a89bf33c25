"""What an order wants, and what a location hands out of it: a bundle leaves whole from one location."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from hub.domain.bundling import Bundles, Parts, parts_of, whole
from hub.domain.outcome import LineRow, OrderRow, WorkLine
from hub.domain.routing_rank import Availability, Case, Place, Shelves

Want = dict[str, int]


class Need(Struct, frozen=True):
    """A line that wants a location, and what one unit of it is taken from."""

    line: LineRow
    parts: Parts

    @property
    def is_bundle(self) -> bool:
        """Whether its units must be kept together."""
        return self.parts != {self.line.sku: 1}


def needed(order: OrderRow, bundles: Bundles) -> tuple[Need, ...]:
    """The lines with units to ship; bundles first, for they have fewer places to choose from."""
    needs = [Need(ln, parts_of(bundles, order.merchant_id, ln.sku)) for ln in order.lines if ln.to_ship]
    return tuple(sorted(needs, key=lambda need: not need.is_bundle)) if bundles else tuple(needs)


def wanted(needs: Sequence[Need]) -> Want:
    """What must be taken from the shelves, by SKU."""
    want: Want = {}
    for need in needs:
        for sku, quantity in need.parts.items():
            want[sku] = want.get(sku, 0) + need.line.to_ship * quantity
    return want


def share_parts(needs: Sequence[Need]) -> bool:
    """Whether bundles compete with other lines for what they are made of."""
    parts = [sku for need in needs for sku in need.parts]
    return len(set(parts)) < len(parts) and any(need.is_bundle for need in needs)


def left_over(case: Case, needs: Sequence[Need], places: Sequence[Place]) -> dict[str, int]:
    """Units by the lines' own SKUs that `places` together cannot hand out."""
    trial = Availability({(sku, p.id): case.shelves.of(sku, p.id) for sku in case.want for p in places})
    left = {need.line.id: need.line.to_ship for need in needs}
    for place in places:
        take(needs, place, Shelves(trial), left)
    short: dict[str, int] = {}
    for need in needs:
        if left[need.line.id]:
            short[need.line.sku] = short.get(need.line.sku, 0) + left[need.line.id]
    return short


def take(needs: Sequence[Need], place: Place, shelves: Shelves, left: dict[int, int]) -> tuple[WorkLine, ...]:
    """Takes as much of every line as a place has from the shelves and off `left` (units by line id)."""
    taken: list[WorkLine] = []
    for need in needs:
        line = need.line
        units = min(left[line.id], whole_units(need, place, shelves))
        if not units:
            continue
        left[line.id] -= units
        for sku, per_unit in need.parts.items():
            shelves.free.take(sku, place.id, units * per_unit)
            taken.append(WorkLine(
                id=0, order_line_id=line.id, sku=sku, quantity=units * per_unit, per_unit=per_unit,
                grams=line.grams, title=line.title, external_id=line.external_id,
            ))  # fmt: skip
    return tuple(taken)


def whole_units(need: Need, place: Place, shelves: Shelves) -> int:
    """Units of the line that can be made whole at a place."""
    return whole(need.parts, lambda sku: shelves.of(sku, place.id))
