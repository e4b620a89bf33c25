"""The other side of the connector: a payment provider behind real HTTP.

async with serve(Options()) as payments:                         # payments.url, payments.to, payments.effects()
    ...
python -m connectors.demo_payments.server --port 8092            # the same, as a process of its own

till.py      payments and what may happen to them           api.py       endpoints and webhooks

What every such server has - failures on request, idempotency keys, sending webhooks - is in connectors/playing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.demo_payments.server.api import Options, PaymentServer
from connectors.playing.manners import application, listening

__all__ = ["Options", "PaymentServer", "serve"]


@asynccontextmanager
async def serve(
    options: Options | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[PaymentServer]:
    """The provider, listening; port 0 picks a free one."""
    async with PaymentServer(options) as server:
        app = application(server.mischief)
        app.add_routes(server.routes())
        async with listening(app, host, port) as server.url:
            yield server
