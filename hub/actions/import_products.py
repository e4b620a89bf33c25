"""Import products: what a channel sells becomes products and listings of ours; orders that waited are woken."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.import_stock import PRODUCTS, WAKE
from hub.actions.services import Services
from hub.contract import Account, ListsProducts, Product
from hub.errors import CrossdockError, Retry
from hub.store import sets
from hub.store.database import announce

MAPPED = "SELECT 1 FROM stock s WHERE s.merchant_id = listings.merchant_id AND s.sku = "
LISTINGS = f"""ON CONFLICT (merchant_id, account_id, listing_id) DO UPDATE SET title = excluded.title,
    sku = CASE WHEN EXISTS ({MAPPED} listings.sku) AND NOT EXISTS ({MAPPED} excluded.sku)
               THEN listings.sku ELSE excluded.sku END"""
"""Somebody may have said which of our SKUs a listing is: that stays, unless the channel's own SKU is one we stock."""


class ImportedProducts(Struct, frozen=True):
    """Products and listings written, what had no SKU and was left out, and orders that are looked at again."""

    products: int
    listings: int
    without_sku: int
    pages: int
    woken: int


async def import_products(services: Services, account_id: int) -> ImportedProducts:
    """Reads every page and writes each at once, so that a failure keeps what came before it.

    Raises `Invalid` for an account that lists no products, and the channel's own failures.
    """
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, ListsProducts):
        raise cannot(channel.account.connector, "lists no products")
    products = listings = without = pages = 0
    after, seen = "", {""}
    try:
        while True:
            page = await channel.list_products(after)
            pages += 1
            known = [product for product in page.products if product.sku.strip()]
            without += len(page.products) - len(known)
            written = await _write(services, channel.account, known)
            products, listings = products + written[0], listings + written[1]
            if not page.next:
                break
            if page.next in seen:
                raise Retry("the channel gave the same page mark twice: its list does not end")
            after = page.next
            seen.add(after)
    except CrossdockError as error:
        await account_health.failed(services, account_id, "products", error)
        raise
    finally:
        woken = await _wake(services, channel.account.merchant_id) if products else 0
    await account_health.succeeded(services, account_id, "products")
    return ImportedProducts(products, listings, without, pages, woken)


async def _write(services: Services, account: Account, products: Sequence[Product]) -> tuple[int, int]:
    """One page, in two statements; the last of equal SKUs or listings counts."""
    base = {"merchant_id": account.merchant_id}
    goods = {
        product.sku[:128]: base | {
            "id": services.ids.next(), "sku": product.sku[:128], "title": _text(product.title or product.sku, 500),
            "gtin": _text(product.gtin, 14), "grams": product.grams, "created_at": services.clock.now(),
        }
        for product in products
    }  # fmt: skip
    listed = {
        product.listing_id[:128]: base | {
            "id": services.ids.next(), "account_id": account.id, "listing_id": product.listing_id[:128],
            "sku": product.sku[:128], "title": _text(product.title, 500),
        }
        for product in products if product.listing_id
    }  # fmt: skip
    async with services.database.transaction() as tx:
        written = await sets.insert(tx, "products", [goods[sku] for sku in sorted(goods)], PRODUCTS)
        told = await sets.insert(tx, "listings", [listed[key] for key in sorted(listed)], LISTINGS)
    return written, told


async def _wake(services: Services, merchant_id: int) -> int:
    async with services.database.transaction() as tx:
        woken = await tx.execute(WAKE, merchant_id, services.clock.now())
        await announce(tx, "orders")
    return woken


def _text(value: str, most: int) -> str:
    """What PostgreSQL can keep."""
    return value.replace("\0", "")[:most]
