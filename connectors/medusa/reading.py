"""Pulling orders and products, page by page to the end.

Orders are read twice over. First those that changed, by `updated_at`; several may bear the same millisecond, so once a
whole page does, they are read by id. Then a glance at open orders, newest first: taking money does not move an order's
`updated_at`, only that of its payment collection, and no list of Medusa's can be asked for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from msgspec import Raw

from connectors.medusa import answers, fields, words
from connectors.medusa.client import Client, asking
from connectors.medusa.hearing import occurred_at
from connectors.medusa.sums import Purse
from connectors.wire import decode
from hub.contract import Cursor, Delivery, Page, Product, ProductPage
from hub.errors import BadPayload, Reject, Retry

POLLED = "order.polled"
"""Topic of a pulled order."""

SIZE = 50
"""Whole orders a page."""

GLANCES = 200
"""Open orders a glance."""

MOST_GLANCES = 10
"""Glances a pull: the newest 2,000 open orders. What is older is seen when it changes, or heard from the subscriber."""

LOOK_BACK = timedelta(days=30)
"""How old an open order may be whose payments are looked at; card authorizations end sooner."""

PRODUCTS = 100
MILLISECOND = timedelta(milliseconds=1)


async def pull_orders(client: Client, cursor: Cursor) -> Page:
    """One page. The token says which part of the reading it belongs to: "" or "changed <since>", "tied <since> <id>",
    "open <since> <offset>"; `since` is where the whole pull began, "-" for the beginning of time."""
    match cursor.token.split():
        case []:
            return await _changed(client, cursor, _stamp(cursor.at))
        case ["changed", since]:
            return await _changed(client, cursor, since)
        case ["tied", since, *after]:
            return await _tied(client, cursor, since, after[0] if after else "")
        case ["open", since, offset] if offset.isdigit():
            return await _open(client, cursor, since, int(offset))
    raise Reject(f"{cursor.token[:40]!r} is no page of ours: begin anew")


async def _changed(client: Client, cursor: Cursor, since: str) -> Page:
    begin = [("updated_at[$gte]", _stamp(cursor.at))] if cursor.at else []
    page = await _orders(client, [*begin, ("order", "updated_at"), ("limit", str(SIZE))])
    last = max([head.updated_at for head in _heads(page)], default=cursor.at)
    if len(page) < SIZE:
        return _end_of_changed(page, max(filter(None, (last, cursor.at)), default=None), since)
    if last is None:
        raise Retry("a whole page of orders says nothing of when they changed")
    if cursor.at and _stamp(last) <= _stamp(cursor.at):
        return Page((), Cursor(at=cursor.at, token=f"tied {since}"), more=True)
    return Page(_deliveries(page), Cursor(at=last, token=f"changed {since}"), more=True)


def _end_of_changed(page: Sequence[Raw], at: datetime | None, since: str) -> Page:
    if since == "-":
        return Page(_deliveries(page), Cursor(at=at), more=False)
    return Page(_deliveries(page), Cursor(at=at, token=f"open {since} 0"), more=True)


async def _tied(client: Client, cursor: Cursor, since: str, after: str) -> Page:
    """Orders of one millisecond, by id."""
    assert cursor.at is not None, "only _changed begins this, with a time"
    begin = _millisecond(cursor.at)
    query = [("updated_at[$gte]", _stamp(begin)), ("updated_at[$lt]", _stamp(begin + MILLISECOND))]
    if after:
        query.append(("id[$gt]", after))
    page = await _orders(client, [*query, ("order", "id"), ("limit", str(SIZE))])
    if len(page) < SIZE:
        return Page(_deliveries(page), Cursor(at=begin + MILLISECOND, token=f"changed {since}"), more=True)
    last = max((head.id for head in _heads(page)), default="")
    if not last:
        raise Retry("a whole page of orders says nothing of their ids")
    return Page(_deliveries(page), Cursor(at=cursor.at, token=f"tied {since} {last}"), more=True)


async def _open(client: Client, cursor: Cursor, since: str, offset: int) -> Page:
    """Open orders whose money moved since the pull began, though they themselves did not change."""
    began = datetime.fromisoformat(since)
    query = [("status[]", word) for word in words.OPEN]
    query += asking(
        fields.GLANCE, order="-created_at", limit=str(GLANCES), offset=str(offset),
        **{"created_at[$gte]": _stamp(began - LOOK_BACK)},
    )  # fmt: skip
    seen = (await client.get("/orders", answers.Glances, query)).orders
    moved = [glance.id for glance in seen if glance.updated_at < began and _money_moved(glance) >= began]
    found: list[Delivery] = []
    for place in range(0, len(moved), SIZE):
        ids = [("id[]", order_id) for order_id in moved[place : place + SIZE]]
        found += _deliveries(await _orders(client, [*ids, ("limit", str(SIZE))]))
    after = offset + GLANCES
    if len(seen) == GLANCES and after < GLANCES * MOST_GLANCES:
        return Page(tuple(found), Cursor(at=cursor.at, token=f"open {since} {after}"), more=True)
    return Page(tuple(found), Cursor(at=cursor.at), more=False)


def _money_moved(glance: answers.Glance) -> datetime:
    moments = [collection.updated_at for collection in glance.payment_collections or () if collection.updated_at]
    return max(moments, default=glance.updated_at)


async def _orders(client: Client, query: list[tuple[str, str]]) -> list[Raw]:
    return (await client.get("/orders", answers.Orders, [*asking(fields.ORDER), *query])).orders


def _heads(page: Sequence[Raw]) -> list[answers.Head]:
    """Of the orders that can be read that far."""
    found = []
    for order in page:
        with suppress(BadPayload):
            found.append(decode(bytes(order), answers.Head))
    return found


def _deliveries(page: Sequence[Raw]) -> tuple[Delivery, ...]:
    return tuple({delivery.id: delivery for delivery in map(_delivery, page)}.values())


def _delivery(order: Raw) -> Delivery:
    """One order of a page, verbatim, in the shape that the subscriber posts. One that cannot be read still becomes a
    delivery, to be set aside later."""
    body = b'{"order":' + bytes(order) + b"}"
    changed = occurred_at(body)
    if changed is None:
        return Delivery(id=f"poll:{sha256(body).hexdigest()}", topic=POLLED, body=body)
    head = decode(bytes(order), answers.Head)
    return Delivery(id=f"poll:{head.id}:{changed.isoformat()}", topic=POLLED, body=body, occurred_at=changed)


async def list_products(client: Client, after: str) -> ProductPage:
    """One page of variants with their price in the shop's default currency; `after` is an offset."""
    store = (await client.get("/stores", answers.Stores, asking(fields.STORE))).stores
    currencies = [each for shop in store for each in shop.supported_currencies or ()]
    default = next((each.currency_code for each in currencies if each.is_default), "")
    offset = int(after) if after.isdigit() else 0
    query = asking(fields.PRODUCT, order="id", limit=str(PRODUCTS), offset=str(offset))
    page = (await client.get("/product-variants", answers.Products, query)).variants
    products = tuple(product(variant, default) for variant in page)
    return ProductPage(products, str(offset + PRODUCTS) if len(page) == PRODUCTS else "")


def product(variant: answers.Product, default: str) -> Product:
    """A variant as a thing for sale. Prices that hold only for a region or a group are left out."""
    prices = [p for p in variant.prices or () if not p.price_rules and p.currency_code.lower() == default.lower()]
    purse = Purse(default) if prices else None
    name, own = variant.product.title if variant.product else "", variant.title or ""
    weight = variant.weight if variant.weight is not None and variant.weight.is_finite() else 0
    return Product(
        listing_id=variant.id,
        sku=(variant.sku or "").strip(),
        title=", ".join(dict.fromkeys(part for part in (name, own) if part)),
        gtin=(variant.ean or variant.upc or variant.barcode or "").strip(),
        grams=max(0, round(weight)),
        price=purse.read(prices[0].amount, "$.prices[0].amount") if purse else 0,
        currency=purse.currency if purse else "",
    )


def _millisecond(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _stamp(at: datetime | None) -> str:
    """A time as Medusa writes it, milliseconds in UTC, rounded down so that nothing is left out; "-" for none."""
    return _millisecond(at).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else "-"
