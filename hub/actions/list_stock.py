"""Stock by SKU, with what each location holds, and how many all channels together may sell."""

from __future__ import annotations

import json

from hub.actions import cursors
from hub.actions.order_view import View
from hub.domain.order import Value
from hub.domain.promising import Supply, makeable, offer
from hub.flow import supply
from hub.store.database import Database, Row


class StockQuery(Value, frozen=True):
    """Which SKUs, in their order. `search` is a part of a SKU or title; `after` the last SKU of the page before."""

    search: str = ""
    after: str = ""
    limit: int = 50


class Held(View, frozen=True):
    """Units at one location."""

    location: str
    on_hand: int
    reserved: int


class Part(View, frozen=True):
    """So many units of a SKU go into one of the bundle."""

    sku: str
    quantity: int


class StockView(View, frozen=True):
    """Units of one SKU over all locations; `reserved` are promised, or among the `quarantined` ones that are not for
    sale; `available` are the others, of a bundle as many as its parts make. `sellable`: what is left for channels after
    `safety` and what buyers wait for; None where nobody counted."""

    sku: str
    title: str
    gtin: str
    on_hand: int
    reserved: int
    quarantined: int
    available: int
    safety: int
    sellable: int | None
    parts: tuple[Part, ...]
    locations: tuple[Held, ...]


class StockPage(View, frozen=True):
    """One page; an empty `next` ends the list."""

    stock: tuple[StockView, ...]
    next: str


_STOCK = """
    SELECT p.sku, p.title, p.gtin, p.safety, coalesce(sum(s.on_hand), 0)::bigint AS on_hand,
           coalesce(sum(s.reserved), 0)::bigint AS reserved,
           (SELECT coalesce(sum(r.units), 0)::bigint FROM reservations r
            WHERE r.merchant_id = p.merchant_id AND r.kind = 'quarantine' AND r.sku = p.sku) AS quarantined,
           coalesce(jsonb_agg(jsonb_build_object('location', l.code, 'on_hand', s.on_hand, 'reserved', s.reserved)
                    ORDER BY l.code) FILTER (WHERE s.id IS NOT NULL), '[]') AS locations
    FROM products p LEFT JOIN stock s ON s.merchant_id = p.merchant_id AND s.sku = p.sku
         LEFT JOIN locations l ON l.id = s.location_id
    WHERE p.merchant_id = $1 AND p.sku > $2
      AND ($3 = '' OR strpos(lower(p.sku), lower($3)) > 0 OR strpos(lower(p.title), lower($3)) > 0)
    GROUP BY p.id ORDER BY p.sku LIMIT $4"""


async def list_stock(database: Database, merchant_id: int, query: StockQuery) -> StockPage:
    """One page. Raises `Invalid` for a silly limit."""
    limit = cursors.page_size(query.limit)
    rows = await database.plain.fetch(
        _STOCK, merchant_id, query.after.replace("\0", ""), query.search.replace("\0", "").strip(), limit + 1
    )
    there = await supply.of(database.plain, merchant_id, [row["sku"] for row in rows[:limit]])
    found = tuple(_view(row, there) for row in rows[:limit])
    return StockPage(stock=found, next=found[-1].sku if len(rows) > limit else "")


def _view(row: Row, there: Supply) -> StockView:
    parts = there.bundles.get(row["sku"], {})
    made = makeable(parts, there) if parts else None
    units = offer(row["sku"], there)
    return StockView(
        sku=row["sku"],
        title=row["title"],
        gtin=row["gtin"],
        on_hand=row["on_hand"],
        reserved=row["reserved"],
        quarantined=row["quarantined"],
        available=row["on_hand"] - row["reserved"] if made is None else made,
        safety=row["safety"],
        sellable=units,
        parts=tuple(Part(sku=sku, quantity=quantity) for sku, quantity in parts.items()),
        locations=tuple(
            Held(location=held["location"] or "", on_hand=held["on_hand"], reserved=held["reserved"])
            for held in json.loads(row["locations"])
        ),
    )
