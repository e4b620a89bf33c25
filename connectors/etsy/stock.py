"""How many units Etsy may sell.

Etsy has no call for one quantity: a listing's whole inventory is read, changed and written back. It takes no
inventory without a unit (etsy/open-api issue 395), so a listing whose last unit is gone is taken off sale instead;
and no more than 999 of a thing. The unit that stays in such an inventory is written off with the next that comes in.
Quantities that do not differ by a variant's properties are one pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import replace

from connectors.etsy import wire_goods, words
from connectors.etsy.bench import Bench
from connectors.etsy.client import Client
from connectors.etsy.keys import listing_of, variant_key
from connectors.etsy.wire import Property
from connectors.etsy.wire_goods import Inventory, Product
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject

MOST = 999
AT_ONCE = 100
"""Listings in one question."""


async def push_stock(client: Client, shop_id: str, level: StockLevel, bench: Bench, *, put_back: bool) -> Receipt:
    """Sets the level; nothing is written where it is right already. `put_back`: put an inactive listing on sale again
    when there are units. Raises `Reject` for a listing or variant that Etsy does not have."""
    async with bench.turn(listing_of(level.listing_id)):
        return await _push(client, shop_id, level, bench, put_back=put_back)


async def _push(client: Client, shop_id: str, level: StockLevel, bench: Bench, *, put_back: bool) -> Receipt:
    number, inventory = await _inventory(client, level)
    chosen = _chosen(inventory, level, number)
    wanted = min(level.available, MOST)
    gone = [one for one in inventory.products if variant_key(number, one.property_values) in bench.zeros(number)]
    changed = _with(_with(inventory, gone, 0), chosen, wanted)
    if not _units(changed):
        bench.remember(number, (variant_key(number, one.property_values) for one in chosen))
        if _state(inventory) == words.ON_SALE:
            await _move(client, shop_id, number, words.OFF_SALE)
        return _receipt(number, words.OFF_SALE, 0)
    state = _state(inventory)
    if changed != inventory:
        await client.put("set the stock", f"/listings/{number}/inventory", Inventory, sent(changed))
    bench.forget(number)
    if put_back and wanted and state == words.OFF_SALE:
        await _move(client, shop_id, number, words.ON_SALE)
        state = words.ON_SALE
    return _receipt(number, state, wanted)


async def find_stock(client: Client, level: StockLevel, *, put_back: bool) -> Receipt | None:
    """A receipt when Etsy's level is already the one to set, whoever set it; else None."""
    number, inventory = await _inventory(client, level)
    chosen, wanted = _chosen(inventory, level, number), min(level.available, MOST)
    state, changed = _state(inventory), _with(inventory, chosen, wanted)
    if not _units(changed):
        return _receipt(number, state, 0) if state != words.ON_SALE else None
    right = changed == inventory and not (put_back and wanted and state == words.OFF_SALE)
    return _receipt(number, state, wanted) if right else None


async def read_stock(client: Client, listing_ids: Sequence[str]) -> dict[str, int]:
    """Units on offer by variant; none of a listing that is not on sale."""
    asked: dict[int, list[str]] = {}
    for key in listing_ids:
        with suppress(Reject):
            asked.setdefault(listing_of(key), []).append(key)
    numbers, found = list(asked), dict[str, int]()
    for start in range(0, len(numbers), AT_ONCE):
        ids = ",".join(map(str, numbers[start : start + AT_ONCE]))
        page = await client.get(
            "read the stock", "/listings/batch", wire_goods.ListingPage, listing_ids=ids, includes="Inventory"
        )
        for listing in page.results:
            offered = _offered(listing)
            found |= {key: offered[key] for key in asked.get(listing.listing_id, ()) if key in offered}
    return found


def _offered(listing: wire_goods.Listing) -> Mapping[str, int]:
    live = [one for one in (listing.inventory.products if listing.inventory else ()) if not one.is_deleted]
    on_sale = listing.state == words.ON_SALE
    if not live:
        return {str(listing.listing_id): listing.quantity * on_sale}
    return {
        variant_key(listing.listing_id, one.property_values): on_sale
        * sum(offer.quantity for offer in one.offerings if offer.is_enabled and not offer.is_deleted)
        for one in live
    }


async def _inventory(client: Client, level: StockLevel) -> tuple[int, Inventory]:
    number = listing_of(level.listing_id)
    return number, await client.get(
        "read the inventory", f"/listings/{number}/inventory", Inventory, includes="Listing"
    )


def _chosen(inventory: Inventory, level: StockLevel, number: int) -> list[Product]:
    """The variant by its key, else by its SKU, and all that share its quantity."""
    live = [one for one in inventory.products if not one.is_deleted]
    exact = [one for one in live if variant_key(number, one.property_values) == level.listing_id]
    found = exact or [one for one in live if level.sku and (one.sku or "").strip() == level.sku]
    if not found:
        raise Reject(f"Etsy has no variant {level.listing_id!r} any more: import the products of the account again")
    apart = set(inventory.quantity_on_property or ())
    pools = {_values(one, apart) for one in found}
    return [one for one in live if _values(one, apart) in pools]


def _values(product: Product, properties: set[int]) -> tuple[object, ...]:
    """The values by which quantities differ."""
    told: list[Property] = [one for one in product.property_values or () if one.property_id in properties]
    return tuple(sorted((one.property_id, *(one.value_ids or ())) for one in told))


def _with(inventory: Inventory, chosen: Sequence[Product], wanted: int) -> Inventory:
    """The inventory with `wanted` units of each chosen product."""
    products = [
        replace(one, offerings=[replace(offer, quantity=wanted) for offer in one.offerings]) if one in chosen else one
        for one in inventory.products
    ]
    return replace(inventory, products=products)


def _units(inventory: Inventory) -> int:
    live = [one for one in inventory.products if not one.is_deleted]
    return sum(offer.quantity for one in live for offer in one.offerings if offer.is_enabled and not offer.is_deleted)


def _state(inventory: Inventory) -> str:
    return inventory.listing.state if inventory.listing else words.ON_SALE


async def _move(client: Client, shop_id: str, number: int, state: str) -> None:
    path = f"/shops/{shop_id}/listings/{number}"
    await client.send("change the listing", "PATCH", path, wire_goods.Updated, state=state)


def _receipt(number: int, state: str, units: int) -> Receipt:
    return Receipt(external_id=str(number), details={"state": state, "quantity": str(units)})


def sent(inventory: Inventory) -> wire_goods.InventorySent:
    """An inventory in the shape that is written: prices as numbers, nothing that Etsy only tells."""
    products = [
        wire_goods.ProductSent(
            sku=one.sku or "",
            property_values=[_property(value) for value in one.property_values or ()],
            offerings=[_offering(offer) for offer in one.offerings if not offer.is_deleted],
        )
        for one in inventory.products
        if not one.is_deleted
    ]
    ready = inventory.readiness_state_on_property
    return wire_goods.InventorySent(
        products=products,
        price_on_property=inventory.price_on_property or [],
        quantity_on_property=inventory.quantity_on_property or [],
        sku_on_property=inventory.sku_on_property or [],
        readiness_state_on_property=UNSET if ready is None else ready,
    )


def _property(value: Property) -> wire_goods.PropertySent:
    return wire_goods.PropertySent(
        property_id=value.property_id,
        value_ids=value.value_ids or [],
        values=value.values or [],
        property_name=UNSET if value.property_name is None else value.property_name,
        scale_id=value.scale_id,
    )


def _offering(offer: wire_goods.Offering) -> wire_goods.OfferingSent:
    if offer.price.divisor <= 0:
        raise Reject("the listing has a price that divides by zero: correct it at Etsy")
    ready = offer.readiness_state_id
    return wire_goods.OfferingSent(
        price=Decimal(offer.price.amount) / offer.price.divisor,
        quantity=offer.quantity,
        is_enabled=offer.is_enabled,
        readiness_state_id=UNSET if ready is None else ready,
    )
