"""What the store sells: products, and the variations of those that have any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import msgspec
from msgspec import Struct

from connectors.wire import decode
from connectors.woocommerce import wire_store, words
from connectors.woocommerce.client import Client
from connectors.woocommerce.lines import text
from connectors.woocommerce.purse import Purse
from hub.contract import Product, ProductPage
from hub.errors import BadPayload, Reject

PAGE = 50
"""Products a page: each may have variations, which are asked for one product at a time."""


class Mark(Struct, frozen=True):
    """Where a listing is, and in what the store counts."""

    offset: int
    currency: str
    unit: str


async def list_products(client: Client, after: str) -> ProductPage:
    """One page. What is sold as its variations is listed as those; what the store does not sell itself is left out."""
    mark = _read(after) if after else await _begin(client)
    query = {"orderby": "id", "order": "asc", "per_page": str(PAGE), "offset": str(mark.offset)}
    listing = await client.part("/products", wire_store.Product, query)
    found: list[Product] = []
    for product in listing.items:
        if product.type in words.VARIABLE:
            variations = await client.whole(f"/products/{product.id}/variations", wire_store.Product)
            found += [
                _product(it, mark, (variation_title(product, it), _own_sku(product, it)), product) for it in variations
            ]
        elif product.type not in words.CONTAINERS_UNSOLD:
            found.append(_product(product, mark, (text(product.name), product.sku), product))
    if listing.ends(mark.offset, PAGE):
        return ProductPage(tuple(found))
    further = Mark(mark.offset + PAGE, mark.currency, mark.unit)
    return ProductPage(tuple(found), next=msgspec.json.encode(further).decode())


async def _begin(client: Client) -> Mark:
    currency = (await client.get("/data/currencies/current", wire_store.Currency)).code
    try:
        unit = (await client.get("/settings/products/woocommerce_weight_unit", wire_store.Setting)).value
    except Reject:  # the key's user may not see settings: products then have no weight
        unit = ""
    return Mark(0, currency, str(unit))


def _read(after: str) -> Mark:
    try:
        return decode(after.encode(), Mark)
    except BadPayload as error:
        raise Reject(f"the mark of this list cannot be read: {error}") from None


def _product(
    given: wire_store.Product, mark: Mark, named: tuple[str, str | None], whole: wire_store.Product
) -> Product:
    """`named`: title and SKU; `whole`: the product that a variation is one of, which has its brand and tags."""
    title, sku = named
    try:
        price = Purse.of(mark.currency, gross=False).near(given.price, "$.price")
    except BadPayload:  # a price is for information only: plugins hide it behind words
        price = 0
    return Product(
        listing_id=str(given.id),
        sku=(sku or "").strip(),
        title=title,
        gtin=(given.global_unique_id or "").strip(),
        grams=grams(given.weight, mark.unit),
        price=price,
        currency=mark.currency,
        brand=next((name for brand in whole.brands if (name := text(brand.name))), ""),
        tags=tuple(name for tag in whole.tags if (name := text(tag.name))),
    )


def variation_title(product: wire_store.Product, variation: wire_store.Product) -> str:
    """Product and options: Wool scarf – red, 180 cm."""
    options = ", ".join(filter(None, (text(it.option) for it in variation.attributes)))
    return " – ".join(filter(None, (text(product.name), options)))


def _own_sku(product: wire_store.Product, variation: wire_store.Product) -> str:
    """A variation without a SKU is told with its product's, which would make all of them the same thing."""
    return "" if variation.sku == product.sku else variation.sku or ""


def grams(weight: str | None, unit: str) -> int:
    """A weight in the store's unit, 0 where it cannot be read."""
    try:
        found = Decimal(weight or 0) * Decimal(words.GRAMS.get(unit, "0"))
        return max(0, min(int(found.quantize(Decimal(1), ROUND_HALF_UP)), 2**31 - 1))
    except (InvalidOperation, ValueError):
        return 0


def exact(found: Sequence[wire_store.Product], sku: str) -> Iterator[wire_store.Product]:
    """Of what a search by SKU found, that which has it; a variation that merely inherits its product's has not."""
    owners = {it.id for it in found if (it.sku or "").strip() == sku}
    for product in found:
        if product.id in owners and not (product.type == "variation" and product.parent_id in owners):
            yield product
