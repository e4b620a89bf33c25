"""Map a listing: a person says which product of ours a channel's listing is; every order that waited for it goes on."""

from __future__ import annotations

from msgspec import Struct

from hub.actions.gather_listings import gather_listings
from hub.actions.services import Services
from hub.errors import Invalid, NotFound
from hub.flow import listings, marks
from hub.store import audit, sets
from hub.store.database import Row, Tx, announce

LOCK = """SELECT l.id, l.account_id, l.listing_id, l.title, l.gtin, l.sku, a.name AS account
    FROM listings l JOIN accounts a ON a.id = l.account_id WHERE l.merchant_id = $1 AND l.id = $2 FOR UPDATE OF l"""
NAMED = "SELECT account_id, listing_id FROM listings WHERE merchant_id = $1 AND id = $2"
FIND = "SELECT id FROM listings WHERE merchant_id = $1 AND account_id = $2 AND listing_id = $3"
KNOWN = "SELECT 1 FROM products WHERE merchant_id = $1 AND sku = $2"
MAP = "UPDATE listings SET sku = $2, mapped_by = $3 WHERE id = $1"
WAKE_WAITING = """UPDATE orders SET due_at = $5 WHERE id IN (
    SELECT o.id FROM orders o JOIN holds h ON h.merchant_id = o.merchant_id AND h.order_id = o.id
        AND h.reason = 'mapping' AND h.state IN ('open', 'escalated')
    WHERE o.merchant_id = $1 AND o.state < 9 AND EXISTS (
        SELECT 1 FROM order_lines l WHERE l.order_id = o.id
        AND ((o.account_id = $2 AND l.listing_id = $3) OR (l.sku = $4 AND $4 <> '')))
    ORDER BY o.id FOR UPDATE OF o)"""


class Mapping(Struct, frozen=True, kw_only=True):
    """Who says that which listing (our id of it) is which SKU. An empty `sku`: none of ours, and none is to be guessed.
    `create`: a SKU that is new becomes a product with the listing's title and GTIN."""

    merchant_id: int
    listing: int
    sku: str
    actor: str
    create: bool = False


class Mapped(Struct, frozen=True):
    """What came of it: how many orders that waited are looked at again."""

    listing: str
    sku: str
    woken: int


async def map_listing(services: Services, asked: Mapping) -> Mapped:
    """Raises `NotFound` for another merchant's listing, `Invalid` for a SKU that is no product of ours."""
    merchant_id, sku = asked.merchant_id, asked.sku.replace("\0", "").strip()[:128]
    now = services.clock.now()
    async with services.database.transaction() as tx:
        if asked.create and (named := await tx.fetchrow(NAMED, merchant_id, asked.listing)):
            await listings.hold(tx, merchant_id, [(named["account_id"], named["listing_id"])], [sku])
        listing = await tx.fetchrow(LOCK, merchant_id, asked.listing)
        if listing is None:
            raise NotFound("no such listing")
        if sku and not await tx.fetchval(KNOWN, merchant_id, sku):
            if not asked.create:
                raise Invalid("sku", f"{sku!r} is no product of ours: import it first, or make it one")
            await _create(services, tx, asked, (sku, listing))
        await tx.execute(MAP, listing["id"], sku, asked.actor[:128])
        waits = (merchant_id, listing["account_id"], listing["listing_id"], sku)
        woken = await tx.execute(WAKE_WAITING, *waits, now)
        await marks.mark(tx, services.ids, [(merchant_id, sku)])
        await audit.append(tx, services.ids, audit.Entry(
            merchant_id=merchant_id, at=now, actor=asked.actor, action="map_listing",
            subject=f"listing:{listing['id']}",
            details={
                "account": listing["account"], "listing": listing["listing_id"], "sku": sku, "before": listing["sku"],
                "woken": woken,
            },
        ))  # fmt: skip
        await announce(tx, "orders")
    return Mapped(listing["listing_id"], sku, woken)


async def _create(services: Services, tx: Tx, asked: Mapping, new: tuple[str, Row]) -> None:
    sku, listing = new
    row = {
        "id": services.ids.next(), "merchant_id": asked.merchant_id, "sku": sku, "title": listing["title"] or sku,
        "gtin": listing["gtin"], "grams": 0, "created_at": services.clock.now(),
    }  # fmt: skip
    await sets.insert(tx, "products", [row], "ON CONFLICT (merchant_id, sku) DO NOTHING")
    await listings.recognize(tx, asked.merchant_id, [sku])


async def find_listing(services: Services, merchant_id: int, account_id: int, listing_id: str) -> int:
    """Our id of an account's listing, pulled or named by an order that is held. Raises `NotFound`."""
    wanted = (merchant_id, account_id, listing_id)
    found = await services.database.plain.fetchval(FIND, *wanted)
    if found is None and await gather_listings(services, merchant_id):
        found = await services.database.plain.fetchval(FIND, *wanted)
    if found is None:
        raise NotFound(f"the account lists no {listing_id!r}; `python main.py catalog listings` shows what it does")
    return int(found)
