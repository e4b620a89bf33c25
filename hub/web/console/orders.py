"""Orders by phase, and one order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from hub.actions.count_orders import count_orders
from hub.actions.list_accounts import list_channels
from hub.actions.list_orders import OrderQuery, list_orders
from hub.actions.order_view import OrderView
from hub.actions.show_order import show_order
from hub.domain.lifecycle import PHASES
from hub.web.auth import WHO
from hub.web.console import view
from hub.web.console.vocabulary import PHASE_WORDS
from hub.web.services import Services, services

PAGE = 40
FRESH_SECONDS = 1.5
SHARE = 20
"""Counting may take a twentieth of the time at most: a count that took long is kept twenty times as long."""

STEPS = ("Received", "Reviewed", "Routed", "Packed", "Shipped", "Delivered")
NO_STEPS = frozenset({"cancelled", "rejected", "draft"})


class Counts:
    """Orders per phase, kept for as long as counting them is worth."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], tuple[float, dict[str, int]]] = {}

    async def of(self, hub: Services, merchant_id: int, channel: str) -> dict[str, int]:
        """Phase → orders, a moment old at most."""
        kept = self._kept.get((merchant_id, channel))
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        started = time.monotonic()
        counts = await count_orders(hub.database, merchant_id, channel)
        now = time.monotonic()
        if len(self._kept) > 1000:
            self._kept.clear()
        self._kept[merchant_id, channel] = (now + max(FRESH_SECONDS, SHARE * (now - started)), counts)
        return counts


COUNTS = web.AppKey("counts", Counts)


async def index(request: web.Request) -> web.Response:
    """The list."""
    return view.show(request, "orders.html", await _list(request))


async def index_part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_orders.html", await _list(request))


async def _list(request: web.Request) -> dict[str, object]:
    hub, merchant = services(request), request[WHO].merchant_id
    phase = request.query.get("phase", "")
    query = OrderQuery(
        phase=phase if phase in PHASES else "",
        channel=request.query.get("channel", "")[:200],
        search=request.query.get("q", "").strip()[:200],
        after=request.query.get("after", ""),
        limit=PAGE,
    )
    page = await list_orders(hub.database, merchant, query)
    counts = await request.config_dict[COUNTS].of(hub, merchant, query.channel)
    return {
        "query": query,
        "orders": page.orders,
        "tabs": [(name, counts.get(name, 0)) for name in PHASE_WORDS if counts.get(name) or name == query.phase],
        "total": sum(counts.values()),
        "channels": await list_channels(hub.database, merchant),
        "next": link(query, after=page.next) if page.next else "",
        "first": link(query, after="") if query.after else "",
        "part": "/console/orders/part?" + urlencode({k: v for k, v in request.query.items() if k != "tag"}),
        "link": link,
    }


def link(query: OrderQuery, **changes: str) -> str:
    """The address of the list with some of its filters changed."""
    fields = {"phase": query.phase, "channel": query.channel, "q": query.search, "after": query.after, **changes}
    given = urlencode({name: value for name, value in fields.items() if value})
    return f"/console/orders?{given}" if given else "/console/orders"


async def order(request: web.Request) -> web.Response:
    """One order."""
    return view.show(request, "order.html", await _order(request))


async def order_part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_order.html", await _order(request))


async def _order(request: web.Request) -> Mapping[str, object]:
    found = await show_order(services(request).database, request[WHO].merchant_id, view.number(request, "order_id"))
    return {
        "order": found,
        "open_holds": [hold for hold in found.holds if hold.is_open],
        "past_holds": [hold for hold in found.holds if not hold.is_open],
        "steps": _steps(found),
        "cancellable": found.lifecycle in {"draft", "received", "accepted", "in_progress"},
        "part": f"/console/orders/{found.id}/part",
    }


def _steps(found: OrderView) -> list[tuple[str, str]]:
    """The way of an order as (name, done | now | ahead); none for orders that go nowhere any more."""
    if found.phase in NO_STEPS:
        return []
    reached = _reached(found)
    return [
        (name, "done" if i < reached or reached == len(STEPS) - 1 else "now" if i == reached else "ahead")
        for i, name in enumerate(STEPS)
    ]


def _reached(found: OrderView) -> int:
    """The last step that the order has come to, by its units."""
    lines = [line for line in found.lines if line.requires_shipping]
    units = sum(line.ordered - line.cancelled for line in lines)
    if found.lifecycle == "completed" or (units and sum(line.delivered for line in lines) >= units):
        return 5
    if any(line.shipped for line in lines):
        return 4
    if any(line.packed for line in lines):
        return 3
    if any(work.state != "cancelled" for work in found.fulfillments):
        return 2
    return 0 if found.lifecycle == "received" else 1


ROUTES = (
    web.get("/", index),
    web.get("/orders", index),
    web.get("/orders/part", index_part),
    web.get(r"/orders/{order_id:\d{1,19}}", order),
    web.get(r"/orders/{order_id:\d{1,19}}/part", order_part),
)
