"""The other side of the connector: a carrier behind real HTTP, whose parcels move while one looks.

async with serve(Options(day=2.0)) as carrier:                   # carrier.url, carrier.to, carrier.effects()
    ...
python -m connectors.demo_carrier.server --port 8091             # the same, as a process of its own

rates.py     services, zones, prices                        paper.py     the label as PDF
parcels.py   labels, and the journey of each parcel         api.py       the endpoints
moving.py    simulated time and scan callbacks

What every such server has - failures on request, idempotency keys, sending webhooks - is in connectors/playing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.demo_carrier.server.api import routes
from connectors.demo_carrier.server.moving import CarrierServer, Options
from connectors.playing.manners import application, listening

__all__ = ["CarrierServer", "Options", "serve"]


@asynccontextmanager
async def serve(
    options: Options | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[CarrierServer]:
    """The carrier, listening; port 0 picks a free one."""
    async with CarrierServer(options) as server:
        app = application(server.mischief)
        app.add_routes(routes(server))
        async with listening(app, host, port) as server.depot.url:
            yield server
