"""Pulling orders and listings, page by page to the end.

A search names exactly one date; the moment up to which it reached comes with its answer (`lastUpdatedBefore`, two
minutes before now unless told otherwise, for data may be that late), so the next one begins there and needs no clock of
ours. All parameters but the token stay the same from page to page; a token is good for 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from connectors.amazon import wire, wire_calls
from connectors.amazon.client import Call, Client
from connectors.amazon.mapper import delivery_of
from connectors.wire import amount, instant
from hub.contract import Cursor, Page, Product, ProductPage
from hub.errors import BadPayload, Reject, Retry

ORDERS = "/orders/2026-01-01/orders"
INCLUDED = ("BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES")
"""Data sets of an order. TAX and PAYMENT are left out: tax numbers and card data of buyers are nothing we need."""

PAGE = "100"
LISTINGS = "20"
PARTED = "|"
"""Between the two parts of a page mark."""

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""A search must begin somewhere."""


async def pull_orders(client: Client, cursor: Cursor) -> Page:
    """One page of orders changed since `cursor.at`; `at` moves on with the last page, to where the search reached."""
    before, token = _opened(cursor.token)
    page = await search(client, {"lastUpdatedAfter": iso(cursor.at or BEGINNING)}, token)
    deliveries = tuple(delivery_of(bytes(order)) for order in page.orders)
    told = [_moment(page.last_updated_before)] if page.last_updated_before is not None else []
    before = min((*told, before) if before else told, default=None)
    following = page.pagination.next_token if page.pagination else None
    if following:
        if following == token:
            raise Retry("searchOrders: the same page mark came twice: its list does not end")
        mark = f"{before.isoformat() if before else ''}{PARTED}{following}"
        return Page(deliveries, Cursor(at=cursor.at, token=mark), more=True)
    seen = max((d.occurred_at for d in deliveries if d.occurred_at), default=cursor.at or BEGINNING)
    reached = before or seen
    at = reached if cursor.at is None else max(reached, cursor.at)
    return Page(deliveries, Cursor(at=at), more=False)


def _opened(mark: str) -> tuple[datetime | None, str]:
    """What a cursor's token holds: the moment that the pages before it reached, if told, and Amazon's own token."""
    told, parted, token = mark.partition(PARTED)
    try:
        return (datetime.fromisoformat(told) if told else None, token) if parted else (None, mark)
    except ValueError:
        return None, mark


async def search(
    client: Client, dates: dict[str, str], token: str = "", marketplaces: Sequence[str] = ()
) -> wire.OrderPage:
    """One page of searchOrders. `dates` names exactly one of createdAfter and lastUpdatedAfter, and may name its
    "before"; without `marketplaces` those of the account are meant."""
    query = {
        **dates,
        "marketplaceIds": tuple(marketplaces) or client.settings.marketplaces,
        "includedData": INCLUDED,
        "maxResultsPerPage": PAGE,
        "paginationToken": token,
    }
    return await client.ask(Call("searchOrders", "GET", ORDERS, query), wire.OrderPage)


async def order_body(client: Client, order_id: str) -> bytes | None:
    """One order, verbatim; None for one that Amazon does not know."""
    call = Call("getOrder", "GET", f"{ORDERS}/{segment(order_id)}", {"includedData": INCLUDED})
    found = await client.find(call, wire.OneOrder)
    return None if found is None else bytes(found.order)


async def list_products(client: Client, after: str) -> ProductPage:
    """One page of the seller's listings, each once, with its name and price in the first of our marketplaces that has
    it. Amazon pages through 1,000 of them at most."""
    query = {
        "marketplaceIds": client.settings.marketplaces,
        "includedData": ("summaries", "offers"),
        "pageSize": LISTINGS,
        "pageToken": after,
        "sortBy": "sku",
        "sortOrder": "ASC",
    }
    call = Call("searchListingsItems", "GET", listings(client), query)
    page = await client.ask(call, wire_calls.ItemPage)
    try:
        products = tuple(product(item, client.settings.marketplaces) for item in page.items)
    except BadPayload as error:
        raise Retry(f"searchListingsItems: {error}") from None
    return ProductPage(products, (page.pagination.next_token if page.pagination else None) or "")


def product(item: wire_calls.ListedItem, marketplaces: Sequence[str]) -> Product:
    """A listing, known by the seller's SKU."""
    summaries = {summary.marketplace_id: summary for summary in item.summaries or ()}
    offers = {offer.marketplace_id: offer for offer in item.offers or () if offer.offer_type == "B2C"}
    summary = next((summaries[it] for it in marketplaces if it in summaries), None)
    price = next((offers[it].price for it in marketplaces if it in offers), None)
    return Product(
        listing_id=item.sku,
        sku=item.sku,
        title=(summary.item_name if summary else None) or item.sku,
        price=amount(str(price.amount), price.currency_code, "$.offers.price") if price else 0,
        currency=price.currency_code if price else "",
    )


def listings(client: Client, sku: str = "") -> str:
    """The path of the seller's listings, or of one of them. Raises `Reject` without a seller id."""
    if not client.settings.seller_id:
        raise Reject("listings are asked for by merchant token: set the account's seller_id")
    path = f"/listings/2021-08-01/items/{segment(client.settings.seller_id)}"
    return f"{path}/{segment(sku)}" if sku else path


def segment(text: str) -> str:
    """`text` as one piece of a path."""
    return quote(text, safe="") or "-"


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, whole seconds rounded down, so that nothing of that second is left out."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime:
    try:
        return instant(text, "$.lastUpdatedBefore")
    except BadPayload as error:
        raise Retry(f"searchOrders: {error}") from None
