"""What channels list, which SKU of ours each is, and, for those that are none yet, which they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from hub.actions import cursors
from hub.actions.order_view import View, view
from hub.domain.matching import Catalog, Suggestion, Thing
from hub.domain.order import Value
from hub.errors import Invalid
from hub.store.database import Database, Row


class ListingQuery(Value, frozen=True):
    """Which listings, newest first. `unmapped`: those nobody has said anything of. `search` is a part of a title or
    SKU, or a whole id; `after` what the page before called `next`."""

    unmapped: bool = False
    account: str = ""
    search: str = ""
    after: str = ""
    limit: int = 50


class SuggestionView(View, frozen=True):
    """A product it may be. `reason`: same_gtin, same_sku, alike_sku or close_name; `score` out of 100."""

    sku: str
    title: str
    reason: str
    score: int


class ListingView(View, frozen=True):
    """One listing. `sku` is ours, empty while nobody knows; `channel_sku` is the channel's own. `price` in minor units
    of `currency`; `offered`: the level it was told last, None before the first."""

    id: str
    account: str
    listing_id: str
    title: str
    channel_sku: str
    gtin: str
    price: int
    currency: str
    sku: str
    mapped_by: str
    offered: int | None
    seen_at: datetime | None
    suggestions: tuple[SuggestionView, ...]


class ListingPage(View, frozen=True):
    """One page; an empty `next` ends the list. `unmapped` counts all that wait for a person."""

    listings: tuple[ListingView, ...]
    unmapped: int
    next: str


_LISTINGS = """
    SELECT l.*, a.name AS account FROM listings l JOIN accounts a ON a.id = l.account_id AND a.state <> 'removed'
    WHERE l.merchant_id = $1 AND l.id < $2 AND ($3 = '' OR a.name = $3 OR a.id::text = $3)
      AND (NOT $4 OR (l.sku = '' AND l.mapped_by = ''))
      AND ($5 = '' OR strpos(lower(l.title), lower($5)) > 0 OR strpos(lower(l.sku), lower($5)) > 0
           OR strpos(lower(l.channel_sku), lower($5)) > 0 OR l.listing_id = $5)
    ORDER BY l.id DESC LIMIT $6"""
_UNMAPPED = """SELECT count(*) FROM listings l JOIN accounts a ON a.id = l.account_id AND a.state <> 'removed'
    WHERE l.merchant_id = $1 AND l.sku = '' AND l.mapped_by = ''"""
_PRODUCTS = "SELECT sku, title, gtin FROM products WHERE merchant_id = $1 ORDER BY sku"


async def list_listings(database: Database, merchant_id: int, query: ListingQuery) -> ListingPage:
    """One page. Raises `Invalid` for a silly limit or mark."""
    limit = cursors.page_size(query.limit)
    search, account = (text.replace("\0", "").strip() for text in (query.search, query.account))
    rows = await database.plain.fetch(
        _LISTINGS, merchant_id, _mark(query.after), account, query.unmapped, search, limit + 1
    )
    shown = rows[:limit]
    suggested = await _suggested(database, merchant_id, [row for row in shown if not (row["sku"] or row["mapped_by"])])
    return ListingPage(
        listings=tuple(_view(row, suggested.get(row["id"], ())) for row in shown),
        unmapped=await database.plain.fetchval(_UNMAPPED, merchant_id),
        next=str(shown[-1]["id"]) if len(rows) > limit else "",
    )


async def _suggested(database: Database, merchant_id: int, rows: Sequence[Row]) -> dict[int, tuple[Suggestion, ...]]:
    """Comparing names takes a while where there are many, so it is done beside the loop."""
    if not rows:
        return {}
    products = await database.plain.fetch(_PRODUCTS, merchant_id)

    def compare() -> dict[int, tuple[Suggestion, ...]]:
        catalog = Catalog(Thing(row["sku"], row["title"], row["gtin"]) for row in products)
        return {row["id"]: catalog.suggest(Thing(row["channel_sku"], row["title"], row["gtin"])) for row in rows}

    return await asyncio.to_thread(compare)


def _view(row: Row, suggestions: Sequence[Suggestion]) -> ListingView:
    said = tuple(SuggestionView(sku=s.sku, title=s.title, reason=s.reason, score=s.score) for s in suggestions)
    return view(ListingView, row, {"suggestions": said})


def _mark(after: str) -> int:
    if not after:
        return 2**63 - 1
    if not after.isascii() or not after.isdigit() or int(after) >= 2**63:
        raise Invalid("after", "is not a page mark of ours; leave it out to start from the first page")
    return int(after)
