"""Find goods to sell by hand: by a part of their SKU or title, with how many there are and what they usually cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.actions.list_stock import StockQuery, StockView, list_stock
from hub.actions.order_view import View
from hub.store.database import Database

MOST = 8
RECENT = 2000
"""Orders that are looked through for what a thing was last sold for."""

LISTED = """SELECT DISTINCT ON (sku) sku, price FROM listings
    WHERE merchant_id = $1 AND sku = ANY($2::text[]) AND currency = $3 AND price > 0 ORDER BY sku, id DESC"""
SOLD = f"""SELECT DISTINCT ON (l.sku) l.sku, l.unit_price AS price FROM (
        SELECT id, placed_at, currency FROM orders WHERE merchant_id = $1 ORDER BY created_at DESC LIMIT {RECENT}
    ) o JOIN order_lines l ON l.order_id = o.id
    WHERE o.currency = $3 AND l.sku = ANY($2::text[]) AND l.unit_price > 0 ORDER BY l.sku, o.placed_at DESC"""  # noqa: S608
CURRENCY = """SELECT currency FROM (
        SELECT currency FROM orders WHERE merchant_id = $1 ORDER BY created_at DESC LIMIT 200
    ) o GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1"""


class Good(View, frozen=True):
    """A thing with its SKU. `price` is in minor units: what a channel lists it for, else what it was last sold for;
    None where nobody knows. `available`: units that are promised to nobody."""

    sku: str
    title: str
    available: int
    price: int | None


async def find_goods(database: Database, merchant_id: int, search: str, currency: str) -> tuple[Good, ...]:
    """The first few that fit, by SKU."""
    page = await list_stock(database, merchant_id, StockQuery(search=search, limit=MOST))
    return await _priced(database, merchant_id, page.stock, currency)


async def goods_of(database: Database, merchant_id: int, skus: Iterable[str], currency: str) -> dict[str, Good]:
    """These very SKUs, those that exist."""
    found: list[StockView] = []
    for sku in dict.fromkeys(skus):
        page = await list_stock(database, merchant_id, StockQuery(search=sku, limit=50))
        found += [view for view in page.stock if view.sku == sku]
    return {good.sku: good for good in await _priced(database, merchant_id, found, currency)}


async def usual_currency(database: Database, merchant_id: int) -> str:
    """The currency of most of the last orders; euros before the first."""
    return str(await database.plain.fetchval(CURRENCY, merchant_id) or "EUR")


async def _priced(database: Database, merchant_id: int, stock: Sequence[StockView], currency: str) -> tuple[Good, ...]:
    skus = [view.sku for view in stock]
    prices: dict[str, int] = {}
    for statement in (SOLD, LISTED) if skus else ():
        prices |= {
            row["sku"]: row["price"] for row in await database.plain.fetch(statement, merchant_id, skus, currency)
        }
    return tuple(
        Good(sku=view.sku, title=view.title, available=view.available, price=prices.get(view.sku)) for view in stock
    )
