"""How many units Medusa may sell.

Medusa counts stock of inventory items at stock locations; a variant takes one or more units of one or more of them.
What it may sell is what is stocked less what it has reserved for orders, so a level is set as what we allow plus what
is reserved there. Source: Admin API reference, Inventory Items; `inventory` module of Medusa 2.21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.medusa import answers, fields
from connectors.medusa.answers import Level, Part, StockedVariant
from connectors.medusa.client import Client, Query, asking, segment
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject

VARIANTS = 50
"""Ids asked for in one call: they stand in its address."""


async def push_stock(client: Client, level: StockLevel, location_id: str, key: str) -> Receipt:
    """Sets the level at `location_id`; when that is empty at the shop's default location, or the only one.

    Raises `Reject` when the variant is unknown or a kit of several things, or the location cannot be told."""
    variant = await _variant(client, level)
    if not variant.manage_inventory:
        return Receipt(details={"not_sent": "Medusa does not count the stock of this variant"})
    part = _only_part(variant)
    where = await _location(client, part, location_id)
    there = _at(part, where)
    stocked = level.available * max(1, part.required_quantity) + (there.reserved_quantity if there else 0)
    path = f"/inventory-items/{segment(part.inventory_item_id)}/location-levels"
    body: dict[str, object] = {"stocked_quantity": stocked}
    if there is None:
        body["location_id"] = where
    else:
        path += f"/{segment(where)}"
    await client.post(path, answers.Leveled, body, reference=key)
    return Receipt(details={"inventory_item_id": part.inventory_item_id, "location_id": where})


async def find_stock(client: Client, level: StockLevel, location_id: str) -> Receipt | None:
    """A receipt when the shop's level is already the one to set, whoever set it; else None."""
    variant = await _variant(client, level)
    if not variant.manage_inventory:
        return None
    part = _only_part(variant)
    there = _at(part, await _location(client, part, location_id))
    if there is None or _units(part, there) != level.available:
        return None
    return Receipt(details={"inventory_item_id": part.inventory_item_id, "location_id": there.location_id})


async def read_stock(client: Client, listing_ids: Sequence[str], location_id: str) -> Mapping[str, int]:
    """Units on offer by variant id at the location; variants that Medusa does not count are left out."""
    found: dict[str, int] = {}
    for place in range(0, len(listing_ids), VARIANTS):
        wanted = [("id[]", listing_id) for listing_id in listing_ids[place : place + VARIANTS]]
        for variant in await _variants(client, wanted):
            parts = variant.inventory_items or []
            if variant.manage_inventory and parts:
                offers = [await _offer(client, part, location_id) for part in parts]
                found[variant.id] = min(offers)
    return found


async def _offer(client: Client, part: Part, location_id: str) -> int:
    if not _levels(part):
        return 0
    there = _at(part, await _location(client, part, location_id))
    return _units(part, there) if there else 0


def _units(part: Part, level: Level) -> int:
    return max(0, level.stocked_quantity - level.reserved_quantity) // max(1, part.required_quantity)


async def _variant(client: Client, level: StockLevel) -> StockedVariant:
    """By its id, else by an SKU that only one variant has."""
    if level.listing_id:
        for variant in await _variants(client, [("id[]", level.listing_id)]):
            return variant
    found = await _variants(client, [("sku", level.sku)]) if level.sku else []
    if len(found) > 1:
        raise Reject(f"Medusa has several variants with SKU {level.sku!r}: which one is meant cannot be told")
    if not found:
        raise Reject(f"Medusa has no variant with id {level.listing_id!r} or SKU {level.sku!r}")
    return found[0]


async def _variants(client: Client, wanted: Query) -> list[StockedVariant]:
    query = [*asking(fields.STOCK, limit=str(VARIANTS)), *wanted]
    return (await client.get("/product-variants", answers.StockedVariants, query)).variants


def _only_part(variant: StockedVariant) -> Part:
    parts = variant.inventory_items or []
    if len(parts) != 1:
        raise Reject(
            f"variant {variant.id} is made of {len(parts)} inventory items: map what it is made of as a bundle, "
            "and set the stock of its parts"
        )
    return parts[0]


def _levels(part: Part) -> list[Level]:
    return (part.inventory.location_levels if part.inventory else None) or []


def _at(part: Part, location_id: str) -> Level | None:
    return next((level for level in _levels(part) if level.location_id == location_id), None)


async def _location(client: Client, part: Part, location_id: str) -> str:
    """The account's location, the only one that has the item, or the shop's default. Raises `Reject` for none."""
    if location_id:
        return location_id
    places = [level.location_id for level in _levels(part)]
    if len(places) == 1:
        return places[0]
    stores = (await client.get("/stores", answers.Stores, asking(fields.STORE))).stores
    default = next((store.default_location_id for store in stores if store.default_location_id), None)
    if default is None:
        raise Reject("Medusa has several stock locations and no default: give the account a location_id")
    return default
