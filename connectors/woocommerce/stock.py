"""How many units the store may sell: absolute, read before it is written, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.woocommerce import wire_store, words
from connectors.woocommerce.client import PAGE, Client
from connectors.woocommerce.selling import exact
from hub.domain.outgoing import Receipt, StockLevel
from hub.errors import Reject


async def push_stock(client: Client, level: StockLevel, key: str) -> Receipt:
    """Sets the level, and has the store count units where it did not. Raises `Reject` for what the store does not
    sell, or cannot tell apart by SKU."""
    product = await _find(client, level)
    if _same(product, level):
        return _receipt(product)
    body = wire_store.SetStock(stock_quantity=level.available)
    return _receipt(await client.send("PUT", _path(product), body, wire_store.Product, key))


async def find_stock(client: Client, level: StockLevel) -> Receipt | None:
    """A receipt when the store's level is already the one to set, whoever set it; else None."""
    product = await _find(client, level)
    return _receipt(product) if _same(product, level) else None


async def read_stock(client: Client, listing_ids: Sequence[str]) -> Mapping[str, int]:
    """Units by listing; those that are unknown, or whose units nobody counts, are left out."""
    wanted = [name for name in dict.fromkeys(listing_ids) if name.isascii() and name.isdigit()]
    found: dict[str, wire_store.Product] = {}
    for begin in range(0, len(wanted), PAGE):
        some = wanted[begin : begin + PAGE]
        listed = await client.whole("/products", wire_store.Product, {"include": ",".join(some)})
        found |= {str(product.id): product for product in listed}
    for name in wanted:
        # The list leaves out variations, which can be asked for only one at a time.
        if name not in found and (product := await client.find(f"/products/{name}", wire_store.Product)):
            found[name] = product
    return {name: int(product.stock_quantity) for name, product in found.items() if product.stock_quantity is not None}


async def _find(client: Client, level: StockLevel) -> wire_store.Product:
    if level.listing_id.isascii() and level.listing_id.isdigit():
        product = await client.find(f"/products/{level.listing_id}", wire_store.Product)
        if product is not None:
            return product
    by_sku = await client.whole("/products", wire_store.Product, {"sku": level.sku}) if level.sku else []
    found = [product for product in exact(by_sku, level.sku) if product.type not in words.CONTAINERS_UNSOLD]
    if len(found) > 1:
        raise Reject(f"the store has several products with SKU {level.sku!r}: which one is meant cannot be told")
    if not found:
        raise Reject(f"the store has no product with number {level.listing_id!r} or SKU {level.sku!r}")
    return found[0]


def _path(product: wire_store.Product) -> str:
    if product.type == "variation":
        return f"/products/{product.parent_id}/variations/{product.id}"
    return f"/products/{product.id}"


def _same(product: wire_store.Product, level: StockLevel) -> bool:
    return product.manage_stock is True and product.stock_quantity == level.available


def _receipt(product: wire_store.Product) -> Receipt:
    kept = "" if product.stock_quantity is None else str(product.stock_quantity)
    return Receipt(external_id=str(product.id), details={"stock_quantity": kept})
