"""The command line and the composition root: the only file that knows every part.

`python main.py --help` lists the commands. Messages go to standard error, with `--json` one JSON document to standard
output; the exit code is 0 fine, 1 the check failed or the thing was not found, 2 wrong usage, 4 needs credentials.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hub.accounts import Accounts, Tools
from hub.actions.services import Services
from hub.errors import Invalid
from hub.flow.inbox import Inbox
from hub.flow.worker import Worker
from hub.ports import Ports, SystemClock, SystemRng
from hub.settings import Settings
from hub.store import embedded, nodes
from hub.store.database import Database
from hub.vault import Vault, key_of


@dataclass(frozen=True, slots=True)
class Parts:
    """One running process, before any role is started."""

    settings: Settings
    services: Services
    ports: Ports
    node: nodes.Node

    def worker(self) -> Worker:
        """Hands on the line of orders; an async context manager."""
        return Worker(self.services.database, self.services.accounts, self.ports, self.node)

    def inbox(self) -> Inbox:
        """The door's way into the store; an async context manager."""
        return Inbox(self.services.database, self.ports.ids, self.ports.clock)


def vault_of(settings: Settings) -> Vault:
    """Opens with the keys of the settings; in embedded mode with a key file made on first start."""
    given = [key.strip() for key in settings.secret_key.get_secret_value().split(",") if key.strip()]
    if not given and not settings.database_url:
        given = [key_of(settings.data_dir)]
    return Vault(given)


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, pool: int = 12, migrate: bool | None = None) -> AsyncIterator[Parts]:
    """The parts of one process: database (embedded unless the settings name one), accounts, ports.

    `migrate` None: an embedded database is brought up to date, an external one must be already.
    """
    from bot import transports
    from bot.transcript import Transcript
    from connectors import CONNECTORS
    from connectors.http import AioHttp

    own = not settings.database_url
    vault = vault_of(settings)
    database = Database(embedded.start(settings.data_dir) if own else settings.database_url, pool)
    async with contextlib.AsyncExitStack() as stack:
        if own:
            stack.push_async_callback(embedded.stop_if_alone, settings.data_dir)
        await stack.enter_async_context(database)
        if migrate or (migrate is None and own):
            await database.migrate()
        elif pending := await database.pending_migrations():
            raise Invalid("database", f"lacks {', '.join(pending)}; run `python main.py migrate`")
        node = await nodes.join(database)
        stack.push_async_callback(node.close)
        http = await stack.enter_async_context(
            AioHttp(allow_private_hosts=settings.allow_private_hosts or settings.demo)
        )
        ports = Ports(SystemClock(), node.ids, SystemRng())
        transcript = Transcript(database, vault, ports.ids, ports.clock)
        tools = Tools({**CONNECTORS, **transports(transcript)}, http, vault, allow_demo=settings.demo)
        accounts = Accounts(database, tools, ports.clock, ports.ids)
        services = Services(database, accounts, settings, vault, ports.clock, ports.ids, ports.rng)
        yield Parts(settings, services, ports, node)
