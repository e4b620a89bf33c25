"""Version 1 of the API. Every endpoint declares itself, so that the description cannot differ from what exists."""

from __future__ import annotations

from aiohttp import web

from hub.actions.list_accounts import AccountView, list_accounts
from hub.actions.list_holds import HoldPage, HoldQuery, list_holds
from hub.actions.list_orders import OrderPage, OrderQuery, list_orders
from hub.actions.list_stock import StockPage, StockQuery, list_stock
from hub.actions.order_view import EventView, OrderView, View
from hub.actions.place_order import Placed
from hub.actions.show_order import show_events, show_order
from hub.domain.placed_order import PlacedOrder
from hub.errors import Forbidden, Invalid
from hub.web.api import floor, goods, routing, stock_counts, stock_moves, terms
from hub.web.api.body import number
from hub.web.api.endpoint import Endpoint
from hub.web.api.place import place
from hub.web.api.release import RELEASES
from hub.web.auth import WHO
from hub.web.services import services


class Events(View, frozen=True):
    """Everything that happened to an order, oldest first."""

    events: tuple[EventView, ...]


class Accounts(View, frozen=True):
    """Connected accounts."""

    accounts: tuple[AccountView, ...]


PAGED = {"after": "The `next` of the page before.", "limit": "Rows of a page, 1 to 200; 50 unless told."}


def _limit(request: web.Request) -> int:
    given = request.query.get("limit", "50")
    if not (given.isascii() and given.isdecimal() and len(given) < 5):
        raise Invalid("limit", "is a number from 1 to 200")
    return int(given)


async def orders(request: web.Request) -> OrderPage:
    """Orders, newest first."""
    query = request.query
    asked = OrderQuery(
        phase=query.get("phase", ""),
        channel=query.get("channel", ""),
        search=query.get("search", ""),
        after=query.get("after", ""),
        limit=_limit(request),
    )
    return await list_orders(services(request).database, request[WHO].merchant_id, asked)


async def order(request: web.Request) -> OrderView:
    """One order with everything that belongs to it."""
    return await show_order(services(request).database, request[WHO].merchant_id, number(request))


async def events(request: web.Request) -> Events:
    """What happened to one order."""
    found = await show_events(services(request).database, request[WHO].merchant_id, number(request))
    return Events(events=found)


async def holds(request: web.Request) -> HoldPage:
    """Open holds, oldest first."""
    query = request.query
    asked = HoldQuery(reason=query.get("reason", ""), after=query.get("after", ""), limit=_limit(request))
    return await list_holds(services(request).database, request[WHO].merchant_id, asked)


async def accounts(request: web.Request) -> Accounts:
    """Connected accounts; not for agents."""
    if request[WHO].role == "agent":
        raise Forbidden("accounts are for merchants")
    return Accounts(accounts=await list_accounts(services(request), request[WHO].merchant_id))


async def stock(request: web.Request) -> StockPage:
    """Stock by SKU."""
    query = request.query
    asked = StockQuery(search=query.get("search", ""), after=query.get("after", ""), limit=_limit(request))
    return await list_stock(services(request).database, request[WHO].merchant_id, asked)


ORDER_PARAMS = {
    "phase": "Only orders in this phase. A page may be short and still have a `next`.",
    "channel": "The name or the connector of an account.",
    "search": "A number, an e-mail address, a tracking number, or a part of a name.",
    **PAGED,
}

PLACE = Endpoint(
    "/v1/orders",
    "Place an order, or tell a newer version of one",
    Placed,
    place,
    {"account": "The name or id of the account that the order belongs to; needed only where there are several."},
    method="POST",
    takes=PlacedOrder,
    headers={
        "Idempotency-Key": "Names this order among all you send: the same key with the same body is the same order. "
        "Needed unless the order has an `id`.",
        "Prefer": "`respond-async` or `wait=N`: how many seconds to wait for the order's id; 1 unless told.",
    },
    statuses={
        201: "The order is taken in, and this is its id.",
        202: "The order is stored safely, and will have an id in a moment.",
    },
)

ENDPOINTS = (
    Endpoint("/v1/orders", "Orders, newest first", OrderPage, orders, ORDER_PARAMS),
    PLACE,
    Endpoint("/v1/orders/{id}", "One order, whole", OrderView, order, {}),
    Endpoint("/v1/orders/{id}/events", "What happened to an order", Events, events, {}),
    Endpoint("/v1/holds", "Open holds, oldest first", HoldPage, holds, {"reason": "Only this reason.", **PAGED}),
    *RELEASES,
    Endpoint("/v1/accounts", "Connected accounts", Accounts, accounts, {}),
    Endpoint("/v1/stock", "Stock by SKU", StockPage, stock, {"search": "A part of a SKU or title.", **PAGED}),
    *goods.ENDPOINTS,
    *stock_moves.ENDPOINTS,
    *stock_counts.ENDPOINTS,
    *routing.ENDPOINTS,
    *terms.ENDPOINTS,
    *floor.ENDPOINTS,
)
