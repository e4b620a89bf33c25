"""Pulling receipts and listings, page by page to the end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from html import unescape

import msgspec
from msgspec.structs import replace

from connectors.etsy import wire, wire_goods, words
from connectors.etsy.amounts import EARLIEST, LATEST, minor
from connectors.etsy.client import Client
from connectors.etsy.hearing import RECEIPT
from connectors.etsy.keys import variant_key
from connectors.wire import decode
from hub.contract import Cursor, Delivery, Page, Product, ProductPage
from hub.errors import BadPayload, Retry

PAGE = 100
"""The most that Etsy gives at once."""

BACK = 5
"""Places that a page which is found by offset begins before the end of the last."""


async def pull_receipts(client: Client, shop_id: str, cursor: Cursor) -> Page:
    """One page of receipts that changed since `cursor.at`, oldest change first.

    Offsets count in a list that moves: a receipt that changes meanwhile goes to its end, and another one slips through
    between two pages. So each page asks anew from the last change seen, and offsets (in `cursor.token`) only serve
    within one second that fills a page, a few places back.
    """
    offset = int(cursor.token or 0)
    asked: dict[str, object] = {"limit": PAGE, "offset": offset, "sort_on": "updated", "sort_order": "asc"}
    if cursor.at is not None:
        asked["min_last_modified"] = max(EARLIEST, int(cursor.at.timestamp()))
    page = await client.get("list receipts", f"/shops/{shop_id}/receipts", wire.ReceiptPage, **asked)
    deliveries = tuple(_delivery(raw) for raw in page.results)
    if offset + len(deliveries) >= page.count:
        seen = [cursor.at, *(delivery.occurred_at for delivery in deliveries)]
        return Page(deliveries, Cursor(at=max(filter(None, seen), default=None)), more=False)
    if not deliveries:
        raise Retry(f"list receipts: Etsy has {page.count}, but gave none from {offset} on")
    return Page(deliveries, _next(cursor, deliveries, offset), more=True)


def _next(cursor: Cursor, deliveries: Sequence[Delivery], offset: int) -> Cursor:
    """Where the next page begins: at the last change of this one, or further on where that does not lead on."""
    times = [delivery.occurred_at for delivery in deliveries]
    known = [at for at in times if at is not None]
    ascending = len(known) == len(times) and known == sorted(known)
    if ascending and (cursor.at is None or int(known[-1].timestamp()) > int(cursor.at.timestamp())):
        return Cursor(at=known[-1])
    return Cursor(at=cursor.at, token=str(max(offset + len(deliveries) - BACK, offset + 1)))


def _delivery(raw: msgspec.Raw) -> Delivery:
    """One receipt as it came. Two changes within a second are told apart by their content. One of an unexpected shape
    goes on as it is: reading it will set it aside, and only it."""
    body, changed = bytes(raw), None
    stamp = wire.Stamp()
    with suppress(BadPayload):
        stamp = decode(body, wire.Stamp)
    seconds = stamp.updated_timestamp or stamp.update_timestamp
    if seconds is not None and EARLIEST <= seconds <= LATEST:
        changed = datetime.fromtimestamp(seconds, UTC)
    mark = hashlib.sha256(_canonical(body)).hexdigest()[:16]
    return Delivery(
        id=f"{RECEIPT}:{stamp.receipt_id or 0}:{seconds or 0}:{mark}", topic=RECEIPT, body=body, occurred_at=changed
    )


def _canonical(body: bytes) -> bytes:
    """The same bytes for the same content, in whatever order Etsy writes it."""
    with suppress(msgspec.MsgspecError, RecursionError, ValueError):
        return msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    return body


# ---------------------------------------------------------------- listings


async def list_products(client: Client, shop_id: str, after: str) -> ProductPage:
    """One page of products, one a variant. `after` is "state:offset"; downloads are left out, for nobody ships them."""
    state, _, offset = (after or f"{words.LISTED[0]}:0").partition(":")
    page = await client.get(
        "list products",
        f"/shops/{shop_id}/listings",
        wire_goods.ListingPage,
        state=state,
        limit=PAGE,
        offset=int(offset),
        includes="Inventory",
    )
    physical = [listing for listing in page.results if listing.listing_type != "download"]
    products = tuple(product for listing in physical for product in products_of(listing))
    reached = int(offset) + len(page.results)
    if page.results and reached < page.count:
        return ProductPage(products, f"{state}:{reached}")
    place = words.LISTED.index(state) + 1 if state in words.LISTED else len(words.LISTED)
    return ProductPage(products, f"{words.LISTED[place]}:0" if place < len(words.LISTED) else "")


def products_of(listing: wire_goods.Listing) -> tuple[Product, ...]:
    """The variants of a listing; the listing itself where it has no inventory."""
    title, weight = unescape(listing.title), grams(listing)
    tags = tuple(map(unescape, listing.tags)) if listing.tags is not None else None
    live = [one for one in (listing.inventory.products if listing.inventory else ()) if not one.is_deleted]
    if not live:
        sku = (listing.skus or [""])[0].strip()
        bare = Product(listing_id=variant_key(listing.listing_id, ()), sku=sku, title=title, grams=weight, tags=tags)
        return (_priced(bare, listing.price),)
    return tuple(
        _priced(
            Product(
                listing_id=variant_key(listing.listing_id, one.property_values),
                sku=(one.sku or "").strip(),
                title=title + _variant(one),
                grams=weight,
                tags=tags,
            ),
            one.offerings[0].price if one.offerings else listing.price,
        )
        for one in live
    )


def _priced(product: Product, price: wire.Money | None) -> Product:
    """With its price where Etsy tells one that can be paid."""
    if price is None:
        return product
    with suppress(BadPayload):
        if amount := minor(price, price.currency_code, "$.price"):
            return replace(product, price=amount, currency=price.currency_code)
    return product


def _variant(product: wire_goods.Product) -> str:
    values = [unescape(value) for one in product.property_values or () for value in one.values or ()]
    return f" ({', '.join(values)})" if values else ""


def grams(listing: wire_goods.Listing) -> int:
    """What one weighs; 0 where Etsy does not say."""
    unit = words.GRAMS.get(listing.item_weight_unit or "")
    if unit is None or listing.item_weight is None or not 0 <= listing.item_weight < 10**6:
        return 0
    return int((listing.item_weight * Decimal(unit)).quantize(Decimal(1), ROUND_HALF_UP))
