"""How many units Shopify may sell."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from connectors.shopify import answers
from connectors.shopify.client import Client
from connectors.shopify.graphql_mapper import gid, number
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject


async def push_stock(client: Client, level: StockLevel, location_id: str, key: str) -> Receipt:
    """Sets the level at `location_id`, or at the shop's primary location when that is empty.

    Raises `Reject` when the variant or the location is unknown, or the item is not stocked there.
    """
    item, location = await _item(client, level, location_id)
    named = quote(level.sku or level.listing_id, safe="")
    change = {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://crossdock/StockLevel/{named}-{level.version}",
        "quantities": [
            {"inventoryItemId": item, "locationId": location, "quantity": level.available, "changeFromQuantity": None}
        ],
    }
    group = await client.change("inventory_set.InventorySet", "inventoryAdjustmentGroup", input=change, key=key)
    return Receipt(external_id=number(group), details={"inventory_item_id": number(item)})


async def find_stock(client: Client, level: StockLevel, location_id: str) -> Receipt | None:
    """A receipt when the shop's level is already the one to set, whoever set it; else None."""
    item, location = await _item(client, level, location_id)
    stocked = await client.find("stock_level.StockLevel", answers.Stocked, item=item, location=location)
    there = stocked.inventory_level.quantities if stocked and stocked.inventory_level else []
    same = [quantity.quantity for quantity in there] == [level.available]
    return Receipt(details={"inventory_item_id": number(item)}) if same else None


async def _item(client: Client, level: StockLevel, location_id: str) -> tuple[str, str]:
    """Global ids of the inventory item and the location."""
    where: dict[str, Any] = {"location": gid("Location", location_id)} if location_id else {}
    item: answers.Item | None = None
    if level.listing_id.isdigit():
        variant = gid("ProductVariant", level.listing_id)
        data = await client.ask("stock_item.StockItem", answers.StockItem, id=variant, **where)
        item = data.product_variant
    if item is None and level.sku:
        escaped = level.sku.replace("\\", "\\\\").replace('"', '\\"')
        data = await client.ask("stock_item.StockItemBySku", answers.StockItem, query=f'sku:"{escaped}"', **where)
        item = _only(data.product_variants.nodes if data.product_variants else [], level.sku)
    if item is None:
        raise Reject(f"Shopify has no variant with id {level.listing_id!r} or SKU {level.sku!r}")
    if data.location is None:
        raise Reject(f"Shopify has no location {location_id!r}: correct the account's location_id")
    return item.inventory_item.id, data.location.id


def _only(found: list[answers.Item], sku: str) -> answers.Item | None:
    """The search is a loose one: only an exact match counts, and only if there is one."""
    exact = [item for item in found if (item.sku or "").strip() == sku]
    if len(exact) > 1:
        raise Reject(f"Shopify has several variants with SKU {sku!r}: which one is meant cannot be told")
    return exact[0] if exact else None
