"""A worker process for the chaos test: the real door, the real inbox and the real worker, until it is killed.

Started by a fork server that has imported everything already, so that being killed costs the test little time.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from aiohttp import web

from connectors import CONNECTORS
from connectors.http import AioHttp
from hub.accounts import Accounts, Tools
from hub.actions.services import Services
from hub.flow.inbox import Inbox
from hub.flow.worker import Worker
from hub.ports import Ports, SystemClock, SystemRng
from hub.settings import Settings
from hub.store.database import Database
from hub.store.nodes import join
from hub.vault import Vault
from hub.web.app import create_app
from hub.web.services import Services as Doors
from tests.flow.forgetful import FORGETFUL
from tests.support.world import KEY


@dataclass(frozen=True)
class Place:
    """Which store to work on, and where to listen."""

    url: str
    port: int
    log: str


def run(place: Place) -> None:
    """Works until it is killed; what it logs goes to a file."""
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    asyncio.run(_work(place))


async def _work(place: Place) -> None:
    async with Database(place.url, pool=8) as database, AioHttp(allow_private_hosts=True) as http:
        node = await join(database)
        ports = Ports(SystemClock(), node.ids, SystemRng())
        vault = Vault([KEY])
        tools = Tools({**CONNECTORS, **FORGETFUL}, http, vault, allow_demo=True)
        accounts = Accounts(database, tools, ports.clock, ports.ids)
        settings = Settings.model_construct(**Settings.model_construct().model_dump())
        parts = Services(database, accounts, settings, vault, ports.clock, ports.ids, ports.rng)
        async with Inbox(database, ports.ids, ports.clock) as inbox, Worker(database, accounts, ports, node):
            given = {name: getattr(parts, name) for name in Services.__dataclass_fields__}
            runner = web.AppRunner(create_app(Doors(**given, inbox=inbox)), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", place.port, reuse_port=True).start()  # the test keeps it for us
            await asyncio.Event().wait()
