"""Bundles: a SKU that is sold as one thing and shipped as several others.

An order line counts bundles; what a location takes from its shelves counts parts. A bundle never leaves from two
locations, so that every row of an order line in one fulfillment order stands for the same number of bundles, and each
counter of the order line follows exactly from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from hub.domain.outcome import WorkLine

Parts: TypeAlias = Mapping[str, int]
"""SKU → how many of it make one unit; of what is no bundle, one of itself."""

Bundles: TypeAlias = Mapping[tuple[int, str], Parts]
"""(merchant, SKU) → what it is made of; SKUs that are no bundle are left out."""


def parts_of(bundles: Bundles, merchant_id: int, sku: str) -> Parts:
    """What is taken from the shelves for one unit of `sku`."""
    return bundles.get((merchant_id, sku)) or {sku: 1}


def whole(parts: Parts, free: Callable[[str], int]) -> int:
    """How many whole units can be made of what is `free` of each part."""
    return max(0, min(free(sku) // quantity for sku, quantity in parts.items()))


def units_by_line(lines: Sequence[WorkLine]) -> dict[int, int]:
    """Order line → its units among `lines` of one fulfillment order."""
    return {line.order_line_id: line.units for line in lines}


def whole_units(parts: Sequence[Mapping[str, int]], counter: str) -> int:
    """Units of an order line that a counter of its rows in one fulfillment order stands for: those whose every part is
    counted."""
    return min((part[counter] // part["per_unit"] for part in parts), default=0)
