"""The other side of the product in a process of its own: demo stores, a demo carrier and a demo payment provider.

`python -m bench.world` starts all three, prints one line of JSON with their addresses, and runs until its standard
input is closed. `World` starts such a process and speaks with it over HTTP, as the control routes of the servers offer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from hub.actions.add_location import NewLocation, add_location
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.services import Services
from hub.domain.order import Address

LOCATIONS = (
    NewLocation(
        code="BER", automatic=True,
        address=Address(
            company="Lager Berlin", line1="Köpenicker Str. 10", city="Berlin", postcode="10997", country="DE"
        ),
    ),
    NewLocation(
        code="NJ", automatic=True,
        address=Address(
            company="New Jersey DC", line1="200 Broad St", city="Newark", region="NJ", postcode="07102", country="US"
        ),
    ),
    NewLocation(
        code="TYO", automatic=True,
        address=Address(
            company="Tokyo DC", line1="1-2-3 Konan", city="Minato-ku", region="東京都", postcode="108-0075",
            country="JP",
        ),
    ),
)  # fmt: skip
"""Where the demo merchant ships from; all pick and pack by themselves."""


@dataclass(frozen=True, slots=True)
class Share:
    """Orders of one store, as `connectors.demo_store.server.Rush` has them."""

    store: str
    count: int
    pace: float = 0.0
    concurrency: int = 16
    ahead: int = 0


class World:
    """A running world, seen from the hub's side."""

    def __init__(self, addresses: Mapping[str, Any], session: aiohttp.ClientSession, pid: int) -> None:
        self.pid = pid
        self.stores: str = addresses["stores"]
        self.carrier: str = addresses["carrier"]
        self.payments: str = addresses["payments"]
        self._session = session

    async def store_rows(self) -> list[dict[str, Any]]:
        """Every store: key, title, currency, base_url, token, webhook_secret."""
        async with self._session.get(f"{self.stores}/_/stores") as answer:
            return list((await answer.json())["stores"])

    async def sell(self, share: Share, to: str) -> dict[str, Any]:
        """Places orders, and returns the tally of their webhooks once all are answered."""
        body = {**asdict(share), "to": to}
        async with self._session.post(f"{self.stores}/_/orders", json=body) as answer:
            answer.raise_for_status()
            return dict(await answer.json())

    async def effects(self) -> list[dict[str, Any]]:
        """What took effect at the stores."""
        async with self._session.get(f"{self.stores}/_/effects") as answer:
            return list((await answer.json())["effects"])


@contextlib.asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[World]:
    """A world in a process of its own, ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.world", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if not line:
            raise RuntimeError("the demo world did not start")
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield World(json.loads(line), session, process.pid)
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 10)
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class Connected:
    """Ids of the accounts that were connected."""

    stores: dict[str, int]
    carrier: int
    payments: int


async def connect(services: Services, world: World, merchant_id: int, stores: list[str]) -> Connected:
    """Connects the world's stores, carrier and payment provider as accounts of a merchant."""
    rows = {row["key"]: row for row in await world.store_rows()}
    found = {}
    for key in stores:
        row = rows[key]
        values = {name: row[name] for name in ("base_url", "token", "webhook_secret")}
        found[key] = await services.accounts.add(merchant_id, "demo_store", row["title"], values)
    carrier = await services.accounts.add(
        merchant_id, "demo_carrier", "Demo Carrier",
        {"base_url": world.carrier, "token": "demo-token-carrier", "webhook_secret": "demo-secret-carrier"},
    )  # fmt: skip
    payments = await services.accounts.add(
        merchant_id, "demo_payments", "Demo Payments",
        {"base_url": world.payments, "api_key": "demo-key-payments", "webhook_secret": "demo-secret-payments"},
    )  # fmt: skip
    return Connected(found, carrier, payments)


async def stock_up(services: Services, merchant_id: int, units: int) -> None:
    """Opens the demo merchant's locations and puts `units` of everything into each."""
    from connectors.demo_store.server.goods import GOODS

    for location in LOCATIONS:
        await add_location(services, merchant_id, location)
    lines = [
        StockLine(sku=good.sku, location=place.code, on_hand=units, title=good.title, gtin=good.gtin, grams=good.grams)
        for good in GOODS
        for place in LOCATIONS
    ]
    await import_stock(services, merchant_id, lines)


async def tell_carrier(world: World, hub: str, connected: Connected) -> None:
    """Lets the carrier send its scans to the hub."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.carrier}/_/listen", json={"url": f"{hub}/webhooks/{connected.carrier}"}) as answer,
    ):
        answer.raise_for_status()


async def _serve(day: float, flawed: float) -> None:
    """All three servers until standard input ends."""
    from connectors.demo_carrier.server import Options as CarrierOptions
    from connectors.demo_carrier.server import serve as serve_carrier
    from connectors.demo_payments.server import serve as serve_payments
    from connectors.demo_store.server import Options as StoreOptions
    from connectors.demo_store.server import serve as serve_stores
    from connectors.demo_store.server.selling import register_at

    async with contextlib.AsyncExitStack() as stack:
        first = int(time.time()) % 100_000 * 1000 + 1
        payments = await stack.enter_async_context(serve_payments())
        carrier = await stack.enter_async_context(serve_carrier(CarrierOptions(day=day, first=first)))
        options = StoreOptions(flawed=flawed, register=register_at(payments.url))
        stores = await stack.enter_async_context(serve_stores(options=options))
        addresses = {"stores": stores.url, "carrier": carrier.url, "payments": payments.url}
        print(json.dumps(addresses), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    """The world as a process: `python -m bench.world [--day SECONDS] [--flawed SHARE]`."""
    import argparse
    import gc

    import uvloop

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--day", type=float, default=2.0, help="seconds that a simulated day takes")
    parser.add_argument("--flawed", type=float, default=0.0, help="share of orders with something wrong")
    given = parser.parse_args()
    gc.freeze()
    uvloop.run(_serve(given.day, given.flawed))


if __name__ == "__main__":
    main()
