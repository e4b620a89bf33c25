"""How many units Vendure may sell.

Vendure sells what is on hand less what is allocated: to orders placed there whose fulfillment is not added yet. Those
are reserved here too and not in our level any more, so they are put on top of it: on hand = level + allocated. An
out-of-stock threshold that the merchant set there goes off it once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.vendure import answers
from connectors.vendure.client import Client
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject

PAGE = 100


async def push_stock(client: Client, level: StockLevel, location_id: str) -> Receipt:
    """Sets the level at `location_id`, or at the shop's oldest location when that is empty.

    Raises `Reject` when the variant or the location is unknown.
    """
    variant, location = await _variant(client, level, location_id)
    on_hand = level.available + _at(variant, location).stock_allocated
    change = {"id": variant.id, "stockLevels": [{"stockLocationId": location, "stockOnHand": on_hand}]}
    await client.change("stock.SetStock", input=[change])
    return _receipt(variant, location)


async def find_stock(client: Client, level: StockLevel, location_id: str) -> Receipt | None:
    """A receipt when the shop's level is already the one to set, whoever set it; else None."""
    variant, location = await _variant(client, level, location_id)
    return _receipt(variant, location) if offered(variant, location) == level.available else None


async def read_stock(client: Client, listing_ids: Sequence[str], location_id: str) -> dict[str, int]:
    """Units on offer by variant, at the location that is set."""
    found: dict[str, int] = {}
    for start in range(0, len(listing_ids), PAGE):
        some = list(listing_ids[start : start + PAGE])
        told = await _ask(client, {"id": {"in": some}})
        location = _location(told, location_id)
        found |= {variant.id: offered(variant, location) for variant in told.product_variants.items}
    return found


def offered(variant: answers.Stocked, location: str) -> int:
    """Units that can still be ordered."""
    level = _at(variant, location)
    return level.stock_on_hand - level.stock_allocated


async def _variant(client: Client, level: StockLevel, location_id: str) -> tuple[answers.Stocked, str]:
    wanted: dict[str, Any] = {"id": {"eq": level.listing_id}} if level.listing_id else {"sku": {"eq": level.sku}}
    told = await _ask(client, wanted)
    found = told.product_variants.items
    if level.listing_id and not found and level.sku:
        told = await _ask(client, {"sku": {"eq": level.sku}})
        found = told.product_variants.items
    if len(found) != 1:
        how = "several variants" if found else "no variant"
        raise Reject(f"Vendure has {how} with id {level.listing_id!r} or SKU {level.sku!r}")
    return found[0], _location(told, location_id)


async def _ask(client: Client, wanted: dict[str, Any]) -> answers.Stock:
    return await client.ask("stock.Stock", answers.Stock, options={"take": PAGE, "filter": wanted})


def _location(told: answers.Stock, location_id: str) -> str:
    known = [location.get("id", "") for location in told.stock_locations.items]
    if location_id and location_id not in known:
        raise Reject(f"Vendure has no stock location {location_id!r}: correct the account's stock_location_id")
    if not known:
        raise Reject("Vendure shows no stock location: the administrator lacks the permission ReadStockLocation")
    return location_id or known[0]


def _at(variant: answers.Stocked, location: str) -> answers.Level:
    none = answers.Level(stock_location_id=location, stock_on_hand=0, stock_allocated=0)
    return next((level for level in variant.stock_levels if level.stock_location_id == location), none)


def _receipt(variant: answers.Stocked, location: str) -> Receipt:
    return Receipt(external_id=variant.id, details={"stock_location_id": location})
