"""Available to promise: how many units of a SKU each channel may offer.

What lies at active locations and is promised to nobody, less what buyers already wait for, less the safety stock of the
SKU: that is sellable. Of this an account offers its share. A bundle is worth as many whole ones as its parts make, and
their safety stock is kept from it too. Nothing is ever below 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hub.domain.bundling import Parts, whole

MOST = 2**31 - 1
"""The largest level that is kept and told."""


class Allotment(Struct, frozen=True):
    """An account's share: what is sellable less `buffer` units, of that `percent` (rounded down), at most `most`."""

    buffer: int = 0
    percent: int = 100
    most: int | None = None


EVERYTHING = Allotment()


class Supply(Struct, frozen=True, kw_only=True):
    """What one merchant has of some SKUs. A SKU that is not in `free` was never counted anywhere."""

    free: Mapping[str, Mapping[int, int]]
    """SKU → location → units on hand that are not reserved; 0 where a location is not active."""
    waiting: Mapping[str, int] = {}
    """SKU as ordered → units of orders that no location has promised yet."""
    safety: Mapping[str, int] = {}
    bundles: Mapping[str, Parts] = {}
    """Every bundle that has one of the SKUs among its parts, or is one of them."""


def offer(sku: str, supply: Supply, allotment: Allotment = EVERYTHING) -> int | None:
    """Units of `sku` that an account may offer; None where somebody has to count first."""
    units = sellable(sku, supply)
    if units is None:
        return None
    share = max(0, units - allotment.buffer) * allotment.percent // 100
    return min(share, MOST if allotment.most is None else allotment.most, MOST)


def sellable(sku: str, supply: Supply) -> int | None:
    """Units of `sku` that all channels together may sell; less than 0 where more is wanted than there is. None where
    it, or a part of it, was never counted."""
    parts = supply.bundles.get(sku)
    if parts is None:
        return _left(sku, supply)
    if any(part not in supply.free for part in parts):
        return None
    made = makeable(parts, supply)
    left = min((_left(part, supply) or 0) // quantity for part, quantity in parts.items())
    return min(made, left) - supply.safety.get(sku, 0)


def makeable(parts: Parts, supply: Supply) -> int:
    """Whole bundles that lie at one location each, whoever waits for them."""
    places = {place for part in parts for place in supply.free.get(part, {})}
    return sum(_whole_at(place, parts, supply) for place in places)


def _left(sku: str, supply: Supply) -> int | None:
    """Units of a SKU that lies on shelves, after everything that has a claim on it."""
    if sku not in supply.free:
        return None
    return sum(supply.free[sku].values()) - _queued(sku, supply) - supply.safety.get(sku, 0)


def _queued(sku: str, supply: Supply) -> int:
    """Units that buyers wait for, those in bundles included."""
    in_bundles = sum(
        supply.waiting.get(bundle, 0) * parts[sku] for bundle, parts in supply.bundles.items() if sku in parts
    )
    return supply.waiting.get(sku, 0) + in_bundles


def _whole_at(place: int, parts: Parts, supply: Supply) -> int:
    return whole(parts, lambda part: supply.free.get(part, {}).get(place, 0))
