"""The API: JSON for programs with a bearer token. Orders, holds, accounts and stock; /api/openapi.json describes it."""

from __future__ import annotations

from aiohttp import web

from hub.web.api import v1
from hub.web.api.describe import describe_routes
from hub.web.auth import with_bearer


def create_api() -> web.Application:
    """The API as an application below /api/."""
    app = web.Application(middlewares=[with_bearer])
    app.add_routes([endpoint.route() for endpoint in v1.ENDPOINTS])
    app.add_routes(describe_routes(v1.ENDPOINTS))
    return app
