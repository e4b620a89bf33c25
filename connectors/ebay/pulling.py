"""Pulling orders and products.

Orders: `lastmodifieddate:[a..b]` in UTC, pages by offset. An order that changes while its list is read leaves the
window and moves the others up by one, so the window is closed at eBay's own time before further pages are read, and a
list that has become shorter is read from its beginning. An order leaves a closed window once, so that comes to an end.
eBay lists some changes late, so one may come in as another leaves and the length stay: pages overlap by a few places.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import quote

from msgspec import Raw

from connectors.ebay import order_wire, wire, words
from connectors.ebay.client import Client
from connectors.wire import decode, instant
from hub.contract import Cursor, Delivery, Page, Product, ProductPage, Reply
from hub.errors import BadPayload, Reject, Retry

ORDERS = "/sell/fulfillment/v1/order"
ITEMS = "/sell/inventory/v1/inventory_item"
PAGE = 100
"""Orders a page, of 200 that eBay allows: shipped ones cost a call each."""

BACK = 5
"""Places that a page begins before the end of the last."""

ITEM_PAGE = 200
AT_ONCE = 6
"""Calls for parcels that are on their way at a time."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a pull has got to: the window's end, how many orders are behind us and how many there were in all, the
    latest change seen, and how often the list was begun anew."""

    end: str = ""
    offset: int = 0
    total: int = -1
    seen: str = ""
    restarts: int = 0

    @classmethod
    def of(cls, token: str) -> Mark:
        """Raises `Reject` for a token that is none of ours: the pull then begins anew."""
        if not token:
            return cls()
        try:
            end, offset, total, seen, restarts = token.split("|")
            return cls(end, int(offset), int(total), seen, int(restarts))
        except ValueError:
            raise Reject("the mark of the last page cannot be read") from None

    def token(self) -> str:
        return f"{self.end}|{self.offset}|{self.total}|{self.seen}|{self.restarts}"


async def pull_orders(client: Client, cursor: Cursor) -> Page:
    """One page of orders changed since `cursor.at`; without it those of 90 days, oldest first."""
    mark = Mark.of(cursor.token)
    query = {"limit": str(PAGE), "offset": str(mark.offset)}
    if cursor.at:
        query["filter"] = f"lastmodifieddate:[{moment(cursor.at)}..{mark.end}]"
    page, reply = await client.ask(ORDERS, wire.OrderPage, query)
    if mark.offset < page.total and not page.orders:
        raise Retry(f"list orders: none of {page.total} came from {mark.offset} on")
    deliveries = await _deliveries(client, page.orders)
    times = [it.occurred_at for it in deliveries if it.occurred_at]
    if mark.seen:
        times.append(datetime.fromisoformat(mark.seen))
    seen = max(times, default=None)
    following = _next(mark, page, reply, bounded=cursor.at is not None)
    if following is None:
        return Page(deliveries, Cursor(at=max(filter(None, (seen, cursor.at)), default=None)), more=False)
    following = replace(following, seen=seen.isoformat() if seen else "")
    return Page(deliveries, Cursor(at=cursor.at, token=following.token()), more=True)


def _next(mark: Mark, page: wire.OrderPage, reply: Reply, *, bounded: bool) -> Mark | None:
    """The next page's mark; None after the last."""
    offset = mark.offset + len(page.orders)
    if mark.total < 0:
        if offset >= page.total:
            return None
        now = _server_time(reply) if bounded else None
        end = moment(now) if now else ""
        return Mark(end, 0 if end else offset, 0 if end else page.total)
    if page.total < mark.total:
        return replace(mark, offset=0, total=page.total, restarts=mark.restarts + 1)
    if offset >= page.total:
        return None
    return replace(mark, offset=max(offset - BACK, mark.offset + 1), total=page.total)


def _server_time(reply: Reply) -> datetime | None:
    """eBay's own clock, to the second: it refuses a window that ends in its future."""
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(reply.headers.get("date", ""))
    return None


async def _deliveries(client: Client, orders: tuple[Raw, ...]) -> tuple[Delivery, ...]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(order: Raw) -> Delivery:
        async with gate:
            return await _delivery(client, bytes(order).strip())

    return tuple(await asyncio.gather(*(one(order) for order in orders)))


async def _delivery(client: Client, body: bytes) -> Delivery:
    """One order, verbatim, with its parcels where it has any. One whose head cannot be read goes on as it is: reading
    it will set it aside, and only it."""
    try:
        head = decode(body, order_wire.OrderHead)
    except BadPayload:
        return Delivery(id=f"pull:{sha256(body).hexdigest()}", topic="order", body=body)
    if head.fulfillment_hrefs:
        path = f"{ORDERS}/{quote(head.order_id, safe='')}/shipping_fulfillment"
        parcels = await client.get(path, wire.FulfillmentList)
        body = body[:-1] + b',"shippingFulfillments":' + bytes(parcels.fulfillments) + b"}"
    changed: datetime | None = None
    with suppress(BadPayload):
        changed = instant(head.last_modified_date, "$.lastModifiedDate")
    # eBay does not say that everything it changes moves the date: parcels come by another call, refunds settle later.
    mark = f"pull:{head.order_id}:{head.last_modified_date}:{sha256(body).hexdigest()[:16]}"
    return Delivery(id=mark, topic="order", body=body, occurred_at=changed)


def moment(at: datetime) -> str:
    """A time as eBay wants it in queries."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


# ---------------------------------------------------------------- products


async def list_products(client: Client, after: str) -> ProductPage:
    """One page of inventory items; here, `offset` counts pages. What was listed outside of the Inventory API is not
    among them. Prices stand in offers, which would cost a call each, and are left out."""
    number = int(after) if after.isdigit() else 0
    page = await client.get(ITEMS, wire.ItemPage, {"limit": str(ITEM_PAGE), "offset": str(number)})
    more = page.inventory_items and (number + 1) * ITEM_PAGE < page.total
    products = tuple(product(item) for item in page.inventory_items if item.sku)
    return ProductPage(products, str(number + 1) if more else "")


def product(item: wire.Item) -> Product:
    """A thing for sale, known by its SKU."""
    what = item.product or wire.ItemProduct()
    return Product(
        listing_id=item.sku.strip(),
        sku=item.sku.strip(),
        title=what.title,
        gtin=next((code.strip() for code in (*what.ean, *what.upc, *what.isbn) if code.strip().isalnum()), ""),
        grams=grams(item.package_weight_and_size),
        brand=(what.brand or "").strip(),
    )


def grams(package: wire.Package | None) -> int:
    """A weight in whole grams, 0 where it is not told or makes no sense."""
    weight = package.weight if package else None
    if weight is None or weight.unit not in words.GRAMS:
        return 0
    with suppress(InvalidOperation, ValueError, OverflowError):
        exact = Decimal(bytes(weight.value).decode()) * Decimal(words.GRAMS[weight.unit])
        if exact.is_finite() and 0 <= exact < 10**8:
            return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return 0
