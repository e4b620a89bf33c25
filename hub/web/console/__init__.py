"""The console: orders by phase, one order with everything that belongs to it, holds, deliveries set aside, accounts."""

from __future__ import annotations

from aiohttp import web

from hub.web.auth import signed_in_only, with_session
from hub.web.console import (
    accounts,
    automation,
    catalog,
    deliveries,
    floor,
    floor_scan,
    healing,
    holds,
    labels,
    messages,
    orders,
    phone,
    review_rules,
    routing,
    sign_in,
    stock_counts,
    stock_moves,
    terms,
)


def create_console() -> web.Application:
    """The console as an application below /console/."""
    app = web.Application(middlewares=[with_session, signed_in_only])
    app[orders.COUNTS] = orders.Counts()
    for room in (orders, holds, deliveries, catalog, automation, floor, floor_scan, stock_moves, stock_counts):
        app.add_routes(room.ROUTES)
    for room in (accounts, healing, labels, messages, phone, review_rules, routing, sign_in, terms):
        app.add_routes(room.ROUTES)
    return app
