"""What lies where and may be taken: locations, free units, the orders of a day, and which goods a location ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase

from msgspec import Struct

from hub.domain.places import Point
from hub.domain.routing_plan import Site


class Place(Struct, frozen=True):
    """A location that may ship."""

    id: int
    code: str
    country: str
    point: Point | None
    automatic: bool


class Good(Struct, frozen=True):
    """What is told of a product: its brand, empty where nobody told one, and its tags."""

    brand: str = ""
    tags: tuple[str, ...] = ()


NO_GOOD = Good()


class Availability:
    """Units that may still be promised by (SKU, location): locked in this transaction, used up as orders take them."""

    def __init__(self, free: Mapping[tuple[str, int], int]) -> None:
        self._free = dict(free)

    def of(self, sku: str, location_id: int) -> int:
        """Units free of `sku` at a location."""
        return self._free.get((sku, location_id), 0)

    def take(self, sku: str, location_id: int, quantity: int) -> None:
        """Promises units. Raises ValueError when they are not there: a decision must look first."""
        left = self.of(sku, location_id) - quantity
        if left < 0:
            raise ValueError(f"{sku} at {location_id}: {quantity} wanted, {left + quantity} free")
        self._free[sku, location_id] = left

    def put(self, sku: str, location_id: int, quantity: int) -> None:
        """Adds units that came in."""
        self._free[sku, location_id] = self.of(sku, location_id) + quantity

    def by_location(self) -> dict[int, int]:
        """Units of everything, by location."""
        units: dict[int, int] = {}
        for (_, location_id), free in self._free.items():
            units[location_id] = units.get(location_id, 0) + free
        return units


class Loads:
    """Fulfillment orders that each location was given on one of its own days; used up as `Availability` is."""

    def __init__(self, taken: Mapping[tuple[int, date], int] | None = None) -> None:
        self._taken = dict(taken or {})

    def of(self, location_id: int, day: date) -> int:
        """Fulfillment orders of that day."""
        return self._taken.get((location_id, day), 0)

    def add(self, location_id: int, day: date) -> None:
        """One more."""
        self._taken[location_id, day] = self.of(location_id, day) + 1


class Shelves(Struct, frozen=True):
    """What an order may take: what is free, less what a location keeps, of the SKUs and brands that it ships."""

    free: Availability
    sites: Mapping[int, Site] = {}
    """By location id."""
    goods: Mapping[str, Good] = {}
    """By SKU, where the plan asks for brands or tags."""

    def of(self, sku: str, location_id: int) -> int:
        """Units that may be taken."""
        site = self.sites.get(location_id)
        if site is None:
            return self.free.of(sku, location_id)
        if not self.ships(sku, site):
            return 0
        return max(0, self.free.of(sku, location_id) - site.safety)

    def ships(self, sku: str, site: Site) -> bool:
        """Whether a location ships a SKU at all; of a brand that nobody told only where it ships all."""
        if site.skus and not fits(sku, site.skus):
            return False
        return not site.brands or fits(self.goods.get(sku, NO_GOOD).brand, site.brands)


def fits(text: str, patterns: Sequence[str]) -> bool:
    """Whether a text is like one of the patterns (`*` and `?`), whatever its case."""
    return any(fnmatchcase(text.casefold(), pattern.casefold()) for pattern in patterns)
