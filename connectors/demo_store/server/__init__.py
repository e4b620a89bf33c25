"""The other side of the connector: several stores behind real HTTP, and the buyers who order from them.

async with serve(STORES, port=0) as stores:                      # stores.url, stores.sell(Rush(...)), stores.effects()
    ...
python -m connectors.demo_store.server --port 8090               # the same, as a process of its own

stores.py    each store's words, currency and habits        selling.py   buyers, orders, webhooks
people.py    names and addresses by country                 books.py     what a store knows and records
goods.py     the range and its prices                       api.py       the endpoints that the connector calls
orders.py    makes an order                                 control.py   endpoints for whoever plays with it
returning.py returns, asked for and moved on

What every such server has - failures on request, idempotency keys, sending webhooks - is in connectors/playing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from connectors.demo_store.server.api import api_routes
from connectors.demo_store.server.control import control_routes
from connectors.demo_store.server.selling import Options, Rush, StoreServer
from connectors.demo_store.server.stores import STORES, Store
from connectors.playing.manners import application, listening

__all__ = ["STORES", "Options", "Rush", "Store", "StoreServer", "serve"]


@asynccontextmanager
async def serve(
    stores: Sequence[Store] = STORES, *, host: str = "127.0.0.1", port: int = 0, options: Options | None = None
) -> AsyncIterator[StoreServer]:
    """The stores, listening; port 0 picks a free one. `url/<store key>` is the base_url of an account."""
    async with StoreServer(stores, options) as server:
        app = application(server.mischief)
        app.add_routes([*api_routes(server.books), *control_routes(server)])
        async with listening(app, host, port) as server.url:
            yield server
