"""One running process on a real database, with the demo's other sides as real servers beside it.

async def test_something(world: World) -> None:
    store = await world.store("nordlicht")            # account id of a demo store; its server is world.stores
    await world.carrier()                             # account id of a demo carrier
    await world.stock()                               # the whole range, at automatic locations
    await world.order("nordlicht", 3)                 # three orders through the real door
    await world.drain()                               # everything that can happen now has happened
    async with world.worker():                        # or: the real worker, in the background …
        await world.until(lambda: …)                  # … and a condition to wait for
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp.test_utils import TestServer

from connectors import CONNECTORS
from connectors.demo_carrier import server as carrier_side
from connectors.demo_store import server as store_side
from connectors.demo_store.server.goods import GOODS
from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.actions.add_location import NewLocation, add_location
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.services import Services
from hub.contract import Connector
from hub.domain.order import Address
from hub.flow.directory import Directory
from hub.flow.inbox import Inbox
from hub.flow.intake import Intaker
from hub.flow.levels import Leveler
from hub.flow.outbox import Lane
from hub.flow.runner import Runner
from hub.flow.stages import LINES
from hub.flow.worker import Worker
from hub.ports import Ports, SystemRng
from hub.settings import Settings
from hub.store.database import Database, Row
from hub.store.nodes import Node
from hub.vault import Vault
from hub.web.app import create_app
from hub.web.services import Services as Doors
from tests.support.clock import Ahead

KEY = base64.b64encode(b"k" * 32).decode()
MERCHANT = 1

PLACES = (
    NewLocation(
        code="berlin",
        automatic=True,
        address=Address(name="Lager Berlin", line1="Hauptstr. 1", city="Berlin", postcode="10115", country="DE"),
    ),
    NewLocation(
        code="tokyo",
        automatic=True,
        address=Address(
            name="Tokyo DC", line1="1-2-3 Kita", city="Minato-ku", region="東京都", postcode="108-0075", country="JP"
        ),
    ),
)


@dataclass
class World:
    """What a test works with. Everything that was opened is closed with the world."""

    services: Services
    ports: Ports
    node: Node
    inbox: Inbox
    clock: Ahead
    http: AioHttp
    _stack: AsyncExitStack
    merchant_id: int = MERCHANT
    ids: dict[str, int] = field(default_factory=dict)
    """Account ids by name."""
    stores: store_side.StoreServer | None = None
    carriers: carrier_side.CarrierServer | None = None
    _door: str = ""

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def accounts(self) -> Accounts:
        return self.services.accounts

    async def rows(self, sql: str, *args: object) -> list[Row]:
        """All rows of a statement."""
        return await self.database.plain.fetch(sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        """The first column of a statement's first row."""
        return await self.database.plain.fetchval(sql, *args)

    # ------------------------------------------------------------ accounts and what they stand on

    async def store(self, key: str = "nordlicht", *, options: store_side.Options | None = None) -> int:
        """Connects a demo store; the first call starts the server of all of them, with `options`."""
        if self.stores is None:
            self.stores = await self._stack.enter_async_context(
                store_side.serve(options=options or store_side.Options(record=True))
            )
        values = {
            "base_url": f"{self.stores.url}/{key}",
            "token": f"demo-token-{key}",
            "webhook_secret": f"demo-secret-{key}",
        }
        return await self.account("demo_store", key, values)

    async def carrier(self, *, options: carrier_side.Options | None = None) -> int:
        """Connects the demo carrier. By default its parcels have no trouble and its scans are asked for, not sent."""
        chosen = options or carrier_side.Options(day=0.05, troubled=0, late=0, record=True)
        self.carriers = await self._stack.enter_async_context(carrier_side.serve(chosen))
        values = {
            "base_url": self.carriers.url,
            "token": self.carriers.options.token,
            "webhook_secret": self.carriers.options.webhook_secret,
        }
        return await self.account("demo_carrier", "carrier", values)

    async def account(self, kind: str, name: str, values: dict[str, str]) -> int:
        """Connects any account."""
        self.ids[name] = await self.accounts.add(self.merchant_id, kind, name, values)
        return self.ids[name]

    async def connected_at(self, account_id: int, moment: datetime) -> None:
        """The account as if it had been connected then: the first poll goes back from there, not from today."""
        await self.database.plain.execute("UPDATE accounts SET created_at = $2 WHERE id = $1", account_id, moment)

    async def stock(self, on_hand: int = 1000, skus: Sequence[str] = ()) -> None:
        """So many of everything the demo stores sell (or of `skus`), at each of two automatic locations."""
        for place in PLACES:
            await add_location(self.services, self.merchant_id, place)
        lines = [
            StockLine(sku=good.sku, location=place.code, on_hand=on_hand, title=good.title, grams=good.grams)
            for good in GOODS
            if not skus or good.sku in skus
            for place in PLACES
        ]
        await import_stock(self.services, self.merchant_id, lines)

    # ------------------------------------------------------------ coming in

    async def door(self, name: str) -> str:
        """The address where deliveries of an account are taken, on the real application."""
        if not self._door:
            parts = {name: getattr(self.services, name) for name in Services.__dataclass_fields__}
            server = TestServer(create_app(Doors(**parts, inbox=self.inbox)))
            await server.start_server()
            self._stack.push_async_callback(server.close)
            self._door = str(server.make_url("")).rstrip("/")
        return f"{self._door}/webhooks/{self.ids[name]}"

    async def order(self, name: str = "nordlicht", count: int = 1) -> list[str]:
        """Buyers place orders at a demo store, and its webhooks come through the door; gives the store's order ids."""
        if name not in self.ids:
            await self.store(name)
        assert self.stores is not None
        ids, tally = await self.stores.sell(store_side.Rush(name, count, to=await self.door(name)))
        assert not tally.given_up and not tally.refusals, tally.summary()
        return ids

    # ------------------------------------------------------------ moving on

    def worker(self) -> Worker:
        """The real worker, an async context manager."""
        return Worker(self.database, self.accounts, self.ports, self.node)

    async def drain(self, most: int = 100) -> None:
        """Works off, in this task, everything that is due now: deliveries, both lines, stock levels and the outbox."""
        directory = Directory(self.database, self.accounts)
        intaker, runner, leveler = (kind(self.database, directory, self.ports) for kind in (Intaker, Runner, Leveler))
        for _ in range(most):
            done = await intaker.work()
            for line in LINES:
                done += await runner.work(line)
            done += await leveler.work()
            for row in await self.rows(
                "SELECT DISTINCT account_id FROM outbox WHERE state < 9 AND lane LIKE 'account:%'"
            ):
                done += await Lane(self.database, self.accounts, self.ports, row["account_id"], runner).work()
            if not done:
                return
        raise AssertionError(f"still at work after {most} rounds")

    async def until(self, condition: Callable[[], Awaitable[object]], seconds: float = 30.0) -> None:
        """Waits for a condition; fails with the clock, never by luck."""
        async with asyncio.timeout(seconds):
            while True:
                if await condition():
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def world_of(
    database: Database, node: Node, connectors: dict[str, Connector] | None = None
) -> AsyncIterator[World]:
    """A process with its inbox running. `connectors` are added to the product's own."""
    clock = Ahead()
    ports = Ports(clock, node.ids, SystemRng())
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(AioHttp(allow_private_hosts=True))
        vault = Vault([KEY])
        tools = Tools({**CONNECTORS, **(connectors or {})}, http, vault, allow_demo=True)
        accounts = Accounts(database, tools, clock, ports.ids)
        inbox = await stack.enter_async_context(Inbox(database, ports.ids, clock))
        settings = Settings.model_construct(**Settings.model_construct().model_dump())
        services = Services(database, accounts, settings, vault, clock, ports.ids, ports.rng)
        yield World(services, ports, node, inbox, clock, http, stack)
