"""Shopify shops as real servers, connected to one running process, with a carrier, a warehouse and a mailbox.

async with shops_of(database, node, mailbox) as shops:
    double = await shops.open("Main street")           # the server that plays Shopify; an account of that name
    await shops.replay("Main street", samples.files)   # through the real door, signed as Shopify signs
    async with shops.world.worker():
        await shops.until_phase("Main street", "5182437124", "delivered")
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.replay import Replayed, replay
from bot import transports
from bot.transcript import Transcript
from connectors.demo_carrier.server import Options
from hub.actions.add_location import add_location
from hub.actions.import_stock import Imported, import_stock, read_csv
from hub.actions.order_view import OrderView
from hub.actions.release_hold import Release, release_hold
from hub.actions.show_order import show_order
from hub.domain.order import Address
from hub.store.database import Database
from hub.store.nodes import Node
from hub.vault import Vault
from tests.connectors.shopify.server import CLIENT_ID, CLIENT_SECRET, SHOP, TOKEN, ShopifyDouble, serve
from tests.support.clock import Ahead
from tests.support.world import KEY, PLACES, World, world_of

FAST = Options(day=0.2, troubled=0, late=0, record=True)
"""A carrier whose days take a fifth of a second, and whose parcels meet no trouble."""

SLOW = Options(day=3600, troubled=0, late=0, record=True)
"""A carrier that a parcel stays with while a test looks at what was shipped."""

BUSY = """SELECT (SELECT count(*) FROM inbox WHERE state = 0 AND due_at <= now())
    + (SELECT count(*) FROM outbox WHERE state < 9)
    + (SELECT count(*) FROM orders WHERE state < 9 AND due_at <= now())
    + (SELECT count(*) FROM fulfillment_orders WHERE state < 9 AND due_at <= now())"""


@dataclass
class Shops:
    """What a show works with."""

    world: World
    mailbox: Path
    _stack: AsyncExitStack
    doubles: dict[str, ShopifyDouble] = field(default_factory=dict)

    async def open(self, name: str, *, official: bool = True) -> ShopifyDouble:
        """A shop of its own server, connected under `name`; `official` holds its answers to the official schema."""
        double = await self._stack.enter_async_context(serve("official" if official else None))
        await self.world.account("shopify", name, credentials(double))
        self.doubles[name] = double
        return double

    async def warehouse(self, options: Options = FAST) -> None:
        """An automatic warehouse in Berlin, a carrier that sends its scans to our door, and a mailbox."""
        await add_location(self.world.services, self.world.merchant_id, PLACES[0])
        await self.world.carrier(options=options)
        assert self.world.carriers is not None
        self.world.carriers.to = await self.world.door("carrier")
        await self.world.account("email", "mail", {"sender": "Shop <shop@example.org>", "mailbox": str(self.mailbox)})

    # ------------------------------------------------------------ coming in

    async def replay(self, name: str, files: Sequence[Path], topic: str = "") -> tuple[Replayed, ...]:
        """Recorded files through the door of a shop's account, as `python main.py replay` sends them."""
        address, _, account = (await self.world.door(name)).rpartition("/webhooks/")
        return (await replay(self.world.services, files, account, (topic, address))).replayed

    async def import_csv(self, text: str) -> Imported:
        """`python main.py stock import`."""
        return await import_stock(self.world.services, self.world.merchant_id, read_csv(text))

    async def release(self, hold_id: str, resolution: str, address: Address | None = None) -> None:
        """What an agent does in the console."""
        chosen = Release(
            merchant_id=self.world.merchant_id, hold_id=int(hold_id), resolution=resolution, actor="user:7",
            address=address,
        )  # fmt: skip
        await release_hold(self.world.services, chosen)

    # ------------------------------------------------------------ reading back

    async def order(self, name: str, external_id: str) -> OrderView:
        """The order that a shop calls so; fails unless there is exactly one."""
        rows = await self.world.rows(
            "SELECT id FROM orders WHERE account_id = $1 AND external_id = $2", self.world.ids[name], external_id
        )
        assert len(rows) == 1, f"{len(rows)} orders {external_id} of {name}"
        return await show_order(self.world.database, self.world.merchant_id, rows[0]["id"])

    async def ledger(self, order: OrderView) -> dict[str, int]:
        """What each account of the ledger holds of an order, in minor units."""
        rows = await self.world.rows(
            "SELECT account, sum(amount)::bigint AS amount FROM ledger WHERE order_id = $1 GROUP BY 1", int(order.id)
        )
        return {row["account"]: row["amount"] for row in rows if row["amount"]}

    async def until_phase(self, name: str, external_id: str, phase: str) -> OrderView:
        """Waits until an order is here and has come that far."""
        seen: list[OrderView] = []

        async def there() -> bool:
            known = "SELECT 1 FROM orders WHERE account_id = $1 AND external_id = $2"
            if await self.world.value(known, self.world.ids[name], external_id):
                seen.append(await self.order(name, external_id))
            return bool(seen) and seen[-1].phase == phase

        try:
            await self.world.until(there)
        except TimeoutError:
            said = f"{seen[-1].phase}: {seen[-1].holds} {seen[-1].messages}" if seen else "not here"
            raise AssertionError(f"{external_id} is {said}") from None
        return seen[-1]

    async def until_quiet(self) -> None:
        """Waits until the carrier has told everything, and we have told everybody. A scan that came before its label
        was committed is put off for some seconds and says nothing new by then: it is not waited for."""
        assert self.world.carriers is not None
        await self.world.carriers.settle()

        async def quiet() -> bool:
            return not await self.world.value(BUSY)

        await self.world.until(quiet)


def credentials(double: ShopifyDouble) -> dict[str, str]:
    """What `channel add shopify` is given for a double."""
    return {
        "base_url": double.url, "shop": SHOP, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "access_token": TOKEN,
    }  # fmt: skip


def open_holds(order: OrderView) -> dict[str, dict[str, Any]]:
    """Reason → detail of the holds that are open."""
    return {hold.reason: dict(hold.detail) for hold in order.holds if hold.is_open}


def body(file: Path) -> dict[str, Any]:
    """The order (or whatever it is) of a recorded file, out of its REST wrapping."""
    told: dict[str, Any] = json.loads(file.read_bytes())
    return told[next(iter(told))] if len(told) == 1 else told


@asynccontextmanager
async def shops_of(database: Database, node: Node, mailbox: Path) -> AsyncIterator[Shops]:
    """One running process on a database, with the bot's transports besides the connectors."""
    transcript = Transcript(database, Vault([KEY]), node.ids, Ahead())
    async with world_of(database, node, transports(transcript)) as world, AsyncExitStack() as stack:
        yield Shops(world, mailbox, stack)
