"""Import products, what channels call them, and how many lie where; orders that waited for any of it are woken.

Locks are taken as `Batch.flush` says: products, listings, the waiting orders, then stock.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from msgspec import Struct

from hub.actions.services import Services
from hub.errors import Invalid
from hub.flow import bundles, listings, marks
from hub.ports import Ids
from hub.store import sets
from hub.store.database import Row, Tx, announce

COLUMNS = ("sku", "location", "on_hand", "title", "gtin", "grams", "account", "listing", "country", "brand", "tags")
REQUIRED = ("sku",)

PRODUCTS = """ON CONFLICT (merchant_id, sku) DO UPDATE SET
    title = CASE excluded.title WHEN excluded.sku THEN products.title ELSE excluded.title END,
    gtin = coalesce(nullif(excluded.gtin, ''), products.gtin),
    grams = coalesce(nullif(excluded.grams, 0), products.grams),
    brand = coalesce(nullif(excluded.brand, ''), products.brand), tags = coalesce(excluded.tags, products.tags)"""
"""What is told replaces what was known; what is not told (its SKU for a title, no brand, tags null) stays."""
MOST_TAGS = 50

LISTINGS = """ON CONFLICT (merchant_id, account_id, listing_id) DO UPDATE SET
    sku = excluded.sku, mapped_by = excluded.mapped_by"""
LOCKED = """SELECT sku, location_id, on_hand, reserved FROM stock
    WHERE merchant_id = $1 AND sku = ANY($2::text[]) ORDER BY merchant_id, sku, location_id FOR UPDATE"""
NEW_STOCK = "ON CONFLICT (merchant_id, sku, location_id) DO NOTHING"
COUNT_STOCK = """UPDATE stock s SET on_hand = d.on_hand, version = s.version + 1
    FROM json_to_recordset($1::json) AS d(merchant_id bigint, sku text, location_id bigint, on_hand integer)
    WHERE s.merchant_id = d.merchant_id AND s.sku = d.sku AND s.location_id = d.location_id"""
ACCOUNTS = "SELECT id, name FROM accounts WHERE merchant_id = $1 ORDER BY id DESC"
WAKE = """UPDATE orders SET due_at = $2 WHERE id IN (
    SELECT o.id FROM orders o WHERE o.merchant_id = $1 AND o.state < 9 AND EXISTS (
        SELECT 1 FROM holds h WHERE h.merchant_id = $1 AND h.order_id = o.id AND h.reason IN ('stock', 'mapping')
        AND h.state IN ('open', 'escalated'))
    ORDER BY o.id FOR UPDATE OF o)"""
"""Orders that are held for stock or for a product, locked in the order in which everybody locks them."""


class StockLine(Struct, frozen=True, kw_only=True):
    """One line of an import. `on_hand` None leaves the count alone; `account` and `listing` map a channel's own id;
    `tags` None leaves them as they are."""

    sku: str
    location: str = ""
    on_hand: int | None = None
    title: str = ""
    gtin: str = ""
    grams: int = 0
    account: str = ""
    listing: str = ""
    country: str = ""
    brand: str = ""
    tags: tuple[str, ...] | None = None


class Imported(Struct, frozen=True):
    """What an import came to."""

    products: int
    listings: int
    counts: int
    woken: int


def read_csv(text: str) -> list[StockLine]:
    """Lines of a CSV with a header of `COLUMNS` (at least sku). Raises `Invalid` naming line and column."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not reader.fieldnames:
        raise Invalid("file", "it is empty; its first line names the columns, such as sku,location,on_hand")
    unknown = set(reader.fieldnames) - set(COLUMNS)
    if unknown:
        raise Invalid("header", f"{', '.join(sorted(map(repr, unknown)))} is no column; there are {', '.join(COLUMNS)}")
    if "sku" not in reader.fieldnames:
        raise Invalid("header", f"a column sku is needed; there are {', '.join(COLUMNS)}")
    try:
        return [_line(row, reader.line_num) for row in reader]
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num + 1}", f"cannot be read as CSV: {error}") from None


def _line(row: dict[str, str | None], number: int) -> StockLine:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not values["sku"]:
        raise Invalid(f"line {number}", "the sku is empty")
    if values["on_hand"] and not values["location"]:
        raise Invalid(f"line {number}", "on_hand needs a location")
    if values["listing"] and not values["account"]:
        raise Invalid(f"line {number}", "listing needs the account that calls it so")
    return StockLine(
        sku=values["sku"],
        location=values["location"],
        on_hand=_count(values["on_hand"], number, "on_hand"),
        title=values["title"],
        gtin=values["gtin"],
        grams=_count(values["grams"], number, "grams") or 0,
        account=values["account"],
        listing=values["listing"],
        country=values["country"].upper(),
        brand=values["brand"],
        tags=tuple(tag for tag in map(str.strip, values["tags"].split(";")) if tag) if values["tags"] else None,
    )


def _count(text: str, number: int, name: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid(f"line {number}", f"{name} {text!r} is not a whole number of 0 or more")
    return int(text)


async def import_stock(services: Services, merchant_id: int, lines: Sequence[StockLine]) -> Imported:
    """Writes all lines or none. Raises `Invalid` for an unknown account, for a count below what is promised already,
    and for one of a bundle, which lies nowhere itself."""
    now = services.clock.now()
    skus = {(merchant_id, line.sku[:128]) for line in lines}
    async with services.database.transaction() as tx:
        products = await _products(tx, services, merchant_id, lines)
        listed = await _listings(tx, services.ids, merchant_id, lines)
        woken = await tx.execute(WAKE, merchant_id, now)
        counts = await _counts(tx, services, merchant_id, lines)
        await marks.mark(tx, services.ids, skus)
        await announce(tx, "orders")
    return Imported(products, listed, counts, woken)


def told_tags(tags: Sequence[str] | None) -> list[str] | None:
    """Tags as they are kept: each once, at most 50 of at most 128 characters; None where nobody told any."""
    if tags is None:
        return None
    clean = (tag.replace("\0", "").strip()[:128] for tag in tags)
    return list(dict.fromkeys(tag for tag in clean if tag))[:MOST_TAGS]


async def _products(tx: Tx, services: Services, merchant_id: int, lines: Sequence[StockLine]) -> int:
    rows: dict[str, dict[str, object]] = {}
    for line in lines:
        sku = line.sku[:128]
        base = {"id": 0, "merchant_id": merchant_id, "sku": sku, "title": sku, "gtin": "", "grams": 0,
                "created_at": services.clock.now(), "brand": "", "tags": None}  # fmt: skip
        told = {"title": line.title[:500], "gtin": line.gtin[:14], "grams": line.grams, "brand": line.brand[:128],
                "tags": told_tags(line.tags)}  # fmt: skip
        known = rows.setdefault(sku, base | {"id": services.ids.next()})
        known |= {name: value for name, value in told.items() if value or (name == "tags" and value is not None)}
    return await sets.insert(tx, "products", [rows[sku] for sku in sorted(rows)], PRODUCTS)


async def _listings(tx: Tx, ids: Ids, merchant_id: int, lines: Sequence[StockLine]) -> int:
    wanted = [line for line in lines if line.listing]
    accounts: dict[str, int] = {}
    for row in await tx.fetch(ACCOUNTS, merchant_id) if wanted else ():
        accounts |= {row["name"]: row["id"], str(row["id"]): row["id"]}
    rows = {}
    for line in wanted:
        if line.account not in accounts:
            raise Invalid("account", f"no account {line.account!r}; there are {', '.join(accounts)}")
        rows[accounts[line.account], line.listing] = {
            "id": ids.next(), "merchant_id": merchant_id, "account_id": accounts[line.account],
            "listing_id": line.listing[:128], "sku": line.sku[:128], "title": line.title[:500], "mapped_by": "import",
        }  # fmt: skip
    skus = {line.sku[:128] for line in lines}
    await listings.hold(tx, merchant_id, rows, skus)
    await listings.recognize(tx, merchant_id, skus)
    return await sets.insert(tx, "listings", [rows[key] for key in sorted(rows)], LISTINGS)


async def _counts(tx: Tx, services: Services, merchant_id: int, lines: Sequence[StockLine]) -> int:
    wanted = {(line.sku, line.location): line for line in lines if line.on_hand is not None}
    if not wanted:
        return 0
    for _, bundle in await bundles.of(tx, [(merchant_id, sku) for sku, _ in wanted]):
        raise Invalid(bundle, "is a bundle, which lies nowhere itself: count what it is made of")
    places = await _locations(tx, services, merchant_id, list(wanted.values()))
    rows = [
        {"id": services.ids.next(), "merchant_id": merchant_id, "sku": sku, "location_id": places[code],
         "on_hand": 0, "reserved": 0, "version": 0}
        for sku, code in wanted
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["sku"], row["location_id"]))
    await sets.insert(tx, "stock", rows, NEW_STOCK)  # before any is locked: nobody sees the new ones yet
    locked = await tx.fetch(LOCKED, merchant_id, sorted({sku for sku, _ in wanted}))
    before = {(row["sku"], row["location_id"]): row for row in locked}
    counted = [(before[sku, places[code]], line) for (sku, code), line in sorted(wanted.items())]
    movements = [_movement(services, merchant_id, row, line) for row, line in counted if row["on_hand"] != line.on_hand]
    levels = [{"merchant_id": merchant_id, "sku": row["sku"], "location_id": row["location_id"],
               "on_hand": line.on_hand} for row, line in counted]  # fmt: skip
    await sets.insert(tx, "stock_movements", movements)
    return await sets.update(tx, COUNT_STOCK, levels)


def _movement(services: Services, merchant_id: int, row: Row, line: StockLine) -> dict[str, object]:
    """What the ledger says of a count. Raises `Invalid` where fewer were counted than are promised."""
    assert line.on_hand is not None
    if line.on_hand < row["reserved"]:
        raise Invalid(
            line.sku, f"{row['reserved']} at {line.location} are promised to orders; {line.on_hand} would be too few"
        )
    return {
        "id": services.ids.next(), "merchant_id": merchant_id, "sku": row["sku"], "location_id": row["location_id"],
        "on_hand": line.on_hand - row["on_hand"], "reserved": 0, "reason": "counted", "ref_id": 0,
        "at": services.clock.now(),
    }  # fmt: skip


async def _locations(tx: Tx, services: Services, merchant_id: int, lines: Sequence[StockLine]) -> dict[str, int]:
    """Ids of locations by code. A code that is new becomes a location that picks and packs by itself."""
    rows = {
        line.location: {
            "id": services.ids.next(), "merchant_id": merchant_id, "code": line.location[:64],
            "name": line.location[:200], "address": {"country": line.country, "name": line.location},
            "automatic": True, "active": True,
        }
        for line in lines
    }  # fmt: skip
    await sets.insert(
        tx, "locations", [rows[code] for code in sorted(rows)], "ON CONFLICT (merchant_id, code) DO NOTHING"
    )
    found = await tx.fetch("SELECT id, code FROM locations WHERE merchant_id = $1", merchant_id)
    return {row["code"]: row["id"] for row in found}
