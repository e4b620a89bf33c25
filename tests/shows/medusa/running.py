"""A Medusa started from its npm packages, and the ways into it that a buyer, a merchant and a crash have.

The packages are looked for in `node_modules` of the folder that CROSSDOCK_MEDUSA names; it becomes the show's shop.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import asyncpg
from aiohttp import web

from connectors.playing.manners import listening

HERE = Path(__file__).parent
SUBSCRIBER = HERE.parents[2] / "connectors" / "medusa" / "subscriber.ts"
SECRET = "only-for-the-show-1234567890"
PATIENCE = 600.0
"""Seconds for Medusa to make its tables, or to start; both take a minute or two."""

ADDRESS = {
    "first_name": "Zoë", "last_name": "Brandt", "address_1": "Amselweg 4", "city": "Lübeck", "postal_code": "23552",
    "country_code": "de", "phone": "+4945112345",
}  # fmt: skip


def packages() -> Path | None:
    """The folder with the packages; None where there is no node, or they were not installed."""
    folder = Path(os.environ.get("CROSSDOCK_MEDUSA") or HERE / "shop").resolve()
    return folder if shutil.which("node") and (folder / "node_modules" / "@medusajs" / "medusa").is_dir() else None


@dataclass
class Relay:
    """Where the subscriber posts to: passes what comes on to `to` as it is, once there is one, then keeps it."""

    url: str = ""
    to: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        wanted = ("x-crossdock-", "content-type")
        headers = {name.lower(): text for name, text in request.headers.items() if name.lower().startswith(wanted)}
        status = 200
        if self.to:
            session = aiohttp.ClientSession(headers=headers)
            async with session, session.post(self.to, data=body) as answer:
                self.answers.append(status := answer.status)
        self.came.append((headers, body))
        return web.Response(status=status)


@dataclass
class Between:
    """A way to the admin API on which a call of the hub, known by how its path ends, can be caught: it never arrives,
    nor does an answer."""

    target: str
    url: str = ""
    catch: str = ""
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    passed: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        if self.catch and request.method == "POST" and request.path.endswith(self.catch):
            self.caught.set()
            await asyncio.Event().wait()
        self.passed.append(f"{request.method} {request.path.rpartition('/')[2]}")
        headers = {name: text for name, text in request.headers.items() if name.lower() not in {"host", "connection"}}
        session = aiohttp.ClientSession(auto_decompress=False)
        url, body = self.target + request.raw_path, await request.read()
        async with session, session.request(request.method, url, data=body, headers=headers) as answer:
            kept = {n: t for n, t in answer.headers.items() if n.lower() in {"content-type", "content-encoding"}}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@dataclass
class Medusa:
    """The running server. `relay` is where its subscriber posts to; `variants`: ids by SKU."""

    url: str
    key: str
    publishable: str
    region: str
    variants: dict[str, str]
    relay: Relay

    async def store(self, method: str, path: str, **body: object) -> Any:
        """The store API's answer to a buyer."""
        return await self._ask(method, f"/store{path}", {"x-publishable-api-key": self.publishable}, body)

    async def admin(self, method: str, path: str, **body: object) -> Any:
        """The admin API's answer to a merchant."""
        key = base64.b64encode(f"{self.key}:".encode()).decode()
        return await self._ask(method, f"/admin{path}", {"Authorization": f"Basic {key}"}, body)

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: dict[str, object]) -> Any:
        session = aiohttp.ClientSession(headers=headers)
        async with session, session.request(method, self.url + path, json=body if method == "POST" else None) as answer:
            told = await answer.json()
            assert answer.status == 200, (path, told)
            return told

    async def buy(self, sku: str, quantity: int) -> str:
        """A buyer orders through the store API; the payment is authorized, not captured. Gives the order's id."""
        items = [{"variant_id": self.variants[sku], "quantity": quantity}]
        told = await self.store("POST", "/carts", region_id=self.region, email="zoe@example.com", items=items)
        cart = told["cart"]["id"]
        await self.store("POST", f"/carts/{cart}", shipping_address=ADDRESS, billing_address=ADDRESS)
        ways = (await self.store("GET", f"/shipping-options?cart_id={cart}"))["shipping_options"]
        await self.store("POST", f"/carts/{cart}/shipping-methods", option_id=ways[0]["id"])
        paying = (await self.store("POST", "/payment-collections", cart_id=cart))["payment_collection"]["id"]
        await self.store("POST", f"/payment-collections/{paying}/payment-sessions", provider_id="pp_system_default")
        return str((await self.store("POST", f"/carts/{cart}/complete"))["order"]["id"])

    async def order(self, order_id: str) -> Any:
        """An order in the admin API, with its goods and its money."""
        wanted = (
            "id,status,payment_status,fulfillment_status,updated_at,total,*fulfillments,*fulfillments.labels,"
            "*fulfillments.items,*payment_collections.payments,*payment_collections.payments.refunds"
        )
        return (await self.admin("GET", f"/orders/{order_id}?fields={wanted}"))["order"]

    async def capture(self, order_id: str) -> None:
        """A merchant takes the money."""
        payment = (await self.order(order_id))["payment_collections"][0]["payments"][0]["id"]
        await self.admin("POST", f"/payments/{payment}/capture")


# ---------------------------------------------------------------- starting it


@asynccontextmanager
async def running(folder: Path, database_url: str) -> AsyncIterator[Medusa]:
    """Makes the shop in a database of its own, starts the server, and ends it. `folder` has the packages."""
    _project(folder)
    relay, database = Relay(), await _database(database_url)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/webhooks", relay.handle)
    async with listening(app, "127.0.0.1", 0) as base:
        relay.url = f"{base}/webhooks"
        environment = os.environ | {
            "DATABASE_URL": database, "MEDUSA_DISABLE_TELEMETRY": "1", "MEDUSA_FF_ANALYTICS": "false",
            "CROSSDOCK_URL": relay.url, "CROSSDOCK_SECRET": SECRET, "NODE_ENV": "development",
        }  # fmt: skip
        await _run(folder, environment, "db:migrate", "--skip-links")
        await _run(folder, environment, "db:sync-links", "--execute-all")
        said = await _run(folder, environment, "exec", "./src/scripts/seed.ts")
        made = json.loads(said.partition("SEEDED ")[2].splitlines()[0])
        async with _serving(folder, environment) as url:
            yield Medusa(url, made["key"], made["publishable"], made["region"], made["variants"], relay)


def _project(folder: Path) -> None:
    """The shop's own files, and the subscriber as the how-to has merchants copy it."""
    if folder != HERE / "shop":
        for name in ("medusa-config.ts", "tsconfig.json", "src/scripts/seed.ts"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / "shop" / name, folder / name)
    (folder / "src" / "subscribers").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SUBSCRIBER, folder / "src" / "subscribers" / "crossdock.ts")


async def _database(url: str) -> str:
    """A database of its own beside the hub's; its address as node knows it."""
    connection = await asyncpg.connect(dsn=url)
    await connection.execute("DROP DATABASE IF EXISTS medusa_show")
    await connection.execute("CREATE DATABASE medusa_show")
    await connection.close()
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    # node reads a socket's folder as a host that is percent-encoded, and wants the port that its name ends with.
    host = f"{quote(folder, safe='')}:5432" if folder else f"{parts.hostname}:{parts.port or 5432}"
    return f"postgres://{parts.username or 'postgres'}:{parts.password or ''}@{host}/medusa_show"


async def _run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """One command of Medusa's, to its end; what it printed."""
    process = await asyncio.create_subprocess_exec(
        *_medusa(folder), *arguments, cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    finally:
        _end(process)
    text = said.decode(errors="replace")
    assert process.returncode == 0, f"medusa {' '.join(arguments)}: {text[-3000:]}"
    return text


def _medusa(folder: Path) -> tuple[str, ...]:
    return "node", str(folder / "node_modules" / ".bin" / "medusa")


@asynccontextmanager
async def _serving(folder: Path, environment: dict[str, str]) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *_medusa(folder), "develop", "--host", "127.0.0.1", "--port", str(port), cwd=folder, env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await _until_healthy(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)
        await process.wait()


async def _until_healthy(process: asyncio.subprocess.Process, url: str) -> None:
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        while True:
            assert process.returncode is None, f"Medusa ended with {process.returncode}"
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.5)


def _end(process: asyncio.subprocess.Process) -> None:
    """`develop` has children: the whole group of this process, which is its own, goes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Between]:
    """A way to a server."""
    way = Between(target)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", way.handle)
    async with listening(app, "127.0.0.1", 0) as way.url:
        yield way
