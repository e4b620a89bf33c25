"""Import products: what a channel sells becomes listings of ours, and products where that is asked for.

A listing is mapped by itself only where the channel's own SKU is one of ours; what a person has said of it stays. Any
other is kept without a SKU, for somebody to map (`list_listings` suggests, `map_listing` does).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from hub.actions import account_health
from hub.actions.account_health import cannot
from hub.actions.import_stock import PRODUCTS, WAKE, told_tags
from hub.actions.services import Services
from hub.actions.targets import Target, able
from hub.contract import Account, ListsProducts, Product
from hub.errors import CrossdockError, Retry
from hub.flow import listings, marks
from hub.store import sets
from hub.store.database import Tx, announce

OURS = "SELECT sku FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[])"
BY_ITSELF = "excluded.sku <> '' AND (listings.mapped_by = 'sku' OR (listings.mapped_by = '' AND listings.sku = ''))"
LISTINGS = f"""ON CONFLICT (merchant_id, account_id, listing_id) DO UPDATE SET
    title = excluded.title, channel_sku = excluded.channel_sku, gtin = excluded.gtin, price = excluded.price,
    currency = excluded.currency, seen_at = excluded.seen_at,
    sku = CASE WHEN {BY_ITSELF} THEN excluded.sku ELSE listings.sku END,
    mapped_by = CASE WHEN {BY_ITSELF} THEN 'sku' ELSE listings.mapped_by END"""
GOODS = """WITH told AS (
        SELECT p.id, d.brand, d.tags FROM products p
        JOIN json_to_recordset($1::json) AS d(merchant_id bigint, sku text, brand text, tags jsonb)
            USING (merchant_id, sku) ORDER BY p.sku FOR UPDATE OF p)
    UPDATE products p SET brand = coalesce(nullif(t.brand, ''), p.brand), tags = coalesce(t.tags, p.tags)
    FROM told t WHERE p.id = t.id"""
UNMAPPED = "SELECT count(*) FROM listings WHERE merchant_id = $1 AND account_id = $2 AND sku = '' AND mapped_by = ''"


class ImportedProducts(Struct, frozen=True):
    """Products and listings written, listings that come without a SKU, those of the account that nobody has mapped yet,
    and orders that are looked at again."""

    products: int
    listings: int
    without_sku: int
    unmapped: int
    pages: int
    woken: int


async def import_products(services: Services, account_id: int, *, create: bool = True) -> ImportedProducts:
    """Reads every page and writes each at once, so that a failure keeps what came before it. With `create`, every SKU
    of the channel becomes a product of ours.

    Raises `Invalid` for an account that lists no products, and the channel's own failures.
    """
    channel = await services.accounts.open(account_id)
    if not isinstance(channel, ListsProducts):
        raise cannot(channel.account.connector, "lists no products")
    account, writer = channel.account, _Writer(services, channel.account, create)
    after, seen = "", {""}
    try:
        while True:
            page = await channel.list_products(after)
            await writer.write(page.products)
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
        woken = await _wake(services, account.merchant_id) if writer.listings or writer.products else 0
    await account_health.succeeded(services, account_id, "products")
    unmapped = await services.database.plain.fetchval(UNMAPPED, account.merchant_id, account_id)
    return ImportedProducts(writer.products, writer.listings, writer.without, unmapped, writer.pages, woken)


class _Writer:
    """Writes pages and counts what there was."""

    def __init__(self, services: Services, account: Account, create: bool) -> None:
        self._services = services
        self._account = account
        self._create = create
        self.products = self.listings = self.without = self.pages = 0

    async def write(self, page: Sequence[Product]) -> None:
        """One page in one transaction; the last of equal SKUs or listings counts."""
        self.pages += 1
        merchant_id, ids = self._account.merchant_id, self._services.ids
        skus = sorted({_sku(product) for product in page} - {""})
        self.without += sum(not _sku(product) for product in page)
        async with self._services.database.transaction() as tx:
            mine = {(self._account.id, _text(product.listing_id, 128)) for product in page}
            await listings.hold(tx, merchant_id, mine, skus)
            if self._create:
                self.products += await self._write_products(tx, page)
                await listings.recognize(tx, merchant_id, skus)
            else:
                await self._tell_goods(tx, page)
            ours = {row["sku"] for row in await tx.fetch(OURS, merchant_id, skus)}
            self.listings += await self._write_listings(tx, page, ours)
            await marks.mark(tx, ids, [(merchant_id, sku) for sku in ours])

    async def _write_products(self, tx: Tx, page: Sequence[Product]) -> int:
        rows = {
            _sku(product): {
                "id": self._services.ids.next(), "merchant_id": self._account.merchant_id, "sku": _sku(product),
                "title": _text(product.title or product.sku, 500), "gtin": _text(product.gtin, 14),
                "grams": product.grams, "created_at": self._services.clock.now(),
                "brand": _text(product.brand, 128), "tags": told_tags(product.tags),
            }
            for product in page if _sku(product)
        }  # fmt: skip
        return await sets.insert(tx, "products", [rows[sku] for sku in sorted(rows)], PRODUCTS)

    async def _tell_goods(self, tx: Tx, page: Sequence[Product]) -> None:
        """Brands and tags of products that are ours already, where the catalogue tells them."""
        rows = {
            _sku(product): {
                "merchant_id": self._account.merchant_id, "sku": _sku(product), "brand": _text(product.brand, 128),
                "tags": told_tags(product.tags),
            }
            for product in page if product.brand or product.tags
        }  # fmt: skip
        rows.pop("", None)
        await sets.update(tx, GOODS, [rows[sku] for sku in sorted(rows)])

    async def _write_listings(self, tx: Tx, page: Sequence[Product], ours: set[str]) -> int:
        rows = {}
        for product in page:
            sku = _sku(product)
            rows[_text(product.listing_id, 128)] = {
                "id": self._services.ids.next(), "merchant_id": self._account.merchant_id,
                "account_id": self._account.id, "listing_id": _text(product.listing_id, 128),
                "sku": sku if sku in ours else "", "mapped_by": "sku" if sku in ours else "", "channel_sku": sku,
                "title": _text(product.title, 500), "gtin": _text(product.gtin, 14), "price": product.price,
                "currency": _text(product.currency, 3), "seen_at": self._services.clock.now(),
            }  # fmt: skip
        rows.pop("", None)
        return await sets.insert(tx, "listings", [rows[key] for key in sorted(rows)], LISTINGS)


async def _wake(services: Services, merchant_id: int) -> int:
    async with services.database.transaction() as tx:
        woken = await tx.execute(WAKE, merchant_id, services.clock.now())
        await announce(tx, "orders")
    return woken


def _sku(product: Product) -> str:
    """The channel's own SKU as it is kept; empty where it has none."""
    return _text(product.sku, 128) if product.sku.strip() else ""


def _text(value: str, most: int) -> str:
    """What PostgreSQL can keep."""
    return value.replace("\0", "")[:most]


async def product_listers(services: Services) -> list[Target]:
    """Active accounts whose channel lists its products."""
    return await able(services, ListsProducts)
