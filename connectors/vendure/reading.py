"""Pulling orders and products, page by page to the end.

`Order.updatedAt` moves when an order is edited or cancelled, and stays when its state, payments, refunds or
fulfillments change, and no list can be filtered by those. So a poll looks at the heads of every order that was placed
or edited since, and of every one that is still open, whenever it was placed; orders that are closed are looked at once
an hour, for `WATCHED` after they were placed: refunds come late. Only those that changed are then read whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from connectors.vendure import answers, wire, words
from connectors.vendure.client import Client
from connectors.vendure.hearing import CHANGED
from connectors.vendure.purse import Purse
from connectors.vendure.revision import changed_at, revised_at
from connectors.wire import decode
from hub.contract import Cursor, Delivery, Page, Product, ProductPage
from hub.errors import BadPayload

PAGE = 100
WHOLE = 25
"""Orders read whole in one call."""

SWEEP_EVERY = 3600.0
"""Seconds between looks at closed orders."""

WATCHED = timedelta(days=90)
LOOK_BACK = timedelta(seconds=2 * SWEEP_EVERY)
"""A closed order may have changed this long before a poll sees it."""

EVER, NEVER = "1970-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z"


class Mark(Struct, frozen=True, omit_defaults=True):
    """Where a pull has got to: behind the orders `seen` of those placed at `placed`. `latest`: the newest change so
    far; `sweep`: closed orders are looked at too. Skipping by number would lose what leaves the list meanwhile."""

    placed: str = EVER
    seen: tuple[str, ...] = ()
    latest: datetime | None = None
    sweep: bool = False


class Sweeps:
    """When closed orders of an account were last looked at, in seconds of a clock that only runs."""

    def __init__(self) -> None:
        self._done: float | None = None

    def due(self, now: float) -> bool:
        return self._done is None or now - self._done >= SWEEP_EVERY

    def done(self, now: float) -> None:
        self._done = now


async def pull_orders(client: Client, cursor: Cursor, sweeps: Sweeps, now: float) -> Page:
    """One page of orders that were placed or changed since `cursor.at`, oldest first. `now` as `Sweeps` counts."""
    mark = read_mark(cursor.token) if cursor.token else Mark(sweep=cursor.at is not None and sweeps.due(now))
    options = {"take": PAGE, "sort": {"orderPlacedAt": "ASC", "id": "ASC"}, "filter": wanted(cursor.at, mark)}
    heads = (await client.ask("orders.Heads", answers.Heads, options=options)).orders.items
    due = [head.id for head in heads if is_due(head, cursor.at, mark.sweep)]
    deliveries = tuple([delivery async for delivery in _whole(client, due)])
    mark = beyond(mark, heads)
    if len(heads) == PAGE:
        return Page(deliveries, Cursor(at=cursor.at, token=msgspec.json.encode(mark).decode()), more=True)
    if mark.sweep:
        sweeps.done(now)
    times = [moment for moment in (cursor.at, mark.latest) if moment is not None]
    return Page(deliveries, Cursor(at=max(times, default=None)), more=False)


def wanted(since: datetime | None, mark: Mark) -> dict[str, Any]:
    """The filter of a page: no carts, no drafts, and of several sellers' orders those of the sellers."""
    found: dict[str, Any] = {
        "active": {"eq": False},
        "type": {"notEq": "Aggregate"},
        "orderPlacedAt": {"between": {"start": mark.placed, "end": NEVER}},
    }
    if mark.seen:
        found["id"] = {"notIn": list(mark.seen)}
    if since is not None:
        later = {"between": {"start": _moment(since), "end": NEVER}}
        found["_or"] = [{"orderPlacedAt": later}, {"updatedAt": later}, {"state": {"notIn": list(words.CLOSED)}}]
        if mark.sweep:
            found["_or"].append({"orderPlacedAt": {"between": {"start": _moment(since - WATCHED), "end": NEVER}}})
    return found


def is_due(head: wire.Head, since: datetime | None, sweep: bool) -> bool:
    """Whether an order is to be read whole: anything about it may have changed since it was last looked at."""
    return since is None or changed_at(head) >= (since - LOOK_BACK if sweep else since)


def beyond(mark: Mark, heads: Sequence[wire.Head]) -> Mark:
    """The mark behind a page."""
    if not heads:
        return mark
    last = heads[-1].order_placed_at or EVER
    same = tuple(head.id for head in heads if head.order_placed_at == last)
    latest = max(filter(None, (mark.latest, *(changed_at(head) for head in heads))))
    return replace(mark, placed=last, seen=(mark.seen if mark.placed == last else ()) + same, latest=latest)


def read_mark(token: str) -> Mark:
    """The mark that a cursor carries. Raises `BadPayload` for a token that is none of ours."""
    return decode(token.encode(), Mark)


async def _whole(client: Client, ids: Sequence[str]) -> AsyncIterator[Delivery]:
    for start in range(0, len(ids), WHOLE):
        some = list(ids[start : start + WHOLE])
        options = {"take": WHOLE, "sort": {"orderPlacedAt": "ASC", "id": "ASC"}, "filter": {"id": {"in": some}}}
        told = await client.ask("orders.Orders", answers.Orders, options=options)
        for delivery in _deliveries(told):
            yield delivery


def _deliveries(told: answers.Orders) -> Iterator[Delivery]:
    for order in told.orders.items:
        data = wire.RawTold(
            channel=told.active_channel, precision=told.global_settings.server_config.money_strategy_precision,
            order=Raw(order),
        )  # fmt: skip
        body = msgspec.json.encode(wire.RawChanged(type=CHANGED, data=data))
        yield _delivery(bytes(order), body)


def _delivery(order: bytes, body: bytes) -> Delivery:
    """One pulled order. One whose head cannot be read goes on as it is: reading it will set it aside, and only it."""
    with suppress(BadPayload):
        head = decode(order, wire.Head)
        revised = revised_at(head)
        return Delivery(id=f"order:{head.id}:{revised.isoformat()}", topic=CHANGED, body=body, occurred_at=revised)
    return Delivery(id=f"order:{sha256(order).hexdigest()}", topic=CHANGED, body=body)


def _moment(at: datetime) -> str:
    """Milliseconds, rounded down, as Vendure writes them."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---------------------------------------------------------------- products


async def list_products(client: Client, after: str) -> ProductPage:
    """One page of variants in the order of their ids; `after` is how many came before. Prices are those of the channel,
    with tax where its prices include it."""
    start = int(after) if after.isdigit() else 0
    options = {"take": PAGE, "skip": start, "sort": {"id": "ASC"}}
    told = await client.ask("products.Products", answers.Products, options=options)
    found = told.product_variants.items
    precision, with_tax = (
        told.global_settings.server_config.money_strategy_precision,
        told.active_channel.prices_include_tax,
    )
    products = tuple(_product(variant, precision, with_tax) for variant in found)
    return ProductPage(products, str(start + PAGE) if len(found) == PAGE else "")


def _product(variant: answers.SoldVariant, precision: int, with_tax: bool) -> Product:
    """One with a price that its currency cannot pay is listed without: it must not hold up the others."""
    purse, price = Purse(variant.currency_code, precision, with_tax), 0
    with suppress(BadPayload):
        price = purse.price(variant.price, variant.price_with_tax, "$.price")
    return Product(
        listing_id=variant.id, sku=variant.sku.strip(), title=variant.name, price=price, currency=variant.currency_code
    )
