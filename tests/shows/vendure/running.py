"""A Vendure started from its npm packages, and the ways into it that a buyer, a merchant and a crash have.

The packages are looked for in `node_modules` of the folder that CROSSDOCK_VENDURE names, else of this one.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from connectors.playing.manners import listening

HERE = Path(__file__).parent
SUPERADMIN = "superadmin", "only-for-the-show-1"
HUB = "hub@example.com", "only-for-the-show-2"
SECRET = "whsec_c2VjcmV0LW9mLXRoZS1zaG93LW9ubHk="
PERMISSIONS = [
    "ReadOrder", "UpdateOrder", "ReadCatalog", "UpdateCatalog", "ReadStockLocation", "ReadSettings", "ReadChannel",
]  # fmt: skip
"""What docs/how-to/connect-vendure.md asks for, and nothing else."""
BOOT = 180.0


def packages() -> Path | None:
    """The folder with the packages; None where there is no node, or they were not installed."""
    folder = Path(os.environ.get("CROSSDOCK_VENDURE") or HERE) / "node_modules"
    return folder if shutil.which("node") and (folder / "@vendure" / "core").is_dir() else None


class Api:
    """One of Vendure's two APIs, for one visitor."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    async def __call__(self, query: str, **variables: object) -> Any:
        """The data of an answer; fails on errors."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = {"query": query, "variables": variables}
        session = aiohttp.ClientSession(headers=headers)
        async with session, session.post(self.url, json=body) as answer:
            told = await answer.json()
            assert not told.get("errors"), told["errors"]
            self._token = answer.headers.get("vendure-auth-token") or self._token
            return told["data"]


@dataclass
class Relay:
    """Where the plugin posts to: keeps what came, and passes it on to `to` as it is, once there is one."""

    url: str = ""
    to: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        kept = ("webhook-", "content-type")
        headers = {k.lower(): v for k, v in request.headers.items() if k.lower().startswith(kept)}
        status = 200
        if self.to:
            session = aiohttp.ClientSession(headers=headers)
            async with session, session.post(self.to, data=body) as answer:
                status = answer.status
            self.answers.append(status)
        self.came.append((headers, body))
        return web.Response(status=status)


@dataclass
class Between:
    """A way to the Admin API on which a call of the hub can be caught: it never arrives, nor does an answer."""

    target: str
    url: str = ""
    catch: str = ""
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    passed: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        name = json.loads(body)["operationName"]
        if name == self.catch:
            self.caught.set()
            await asyncio.Event().wait()
        self.passed.append(name)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in {"host", "content-length"}}
        session = aiohttp.ClientSession(headers=headers)
        async with session, session.post(self.target, data=body) as answer:
            token = answer.headers.get("vendure-auth-token")
            more = {"vendure-auth-token": token} if token else {}
            return web.Response(
                status=answer.status, body=await answer.read(), headers=more, content_type="application/json"
            )


class Vendure:
    """The running server. `relay` is where its plugin posts to."""

    def __init__(self, url: str, relay: Relay) -> None:
        self.url = url
        self.relay = relay
        self.admin = Api(f"{url}/admin-api")
        self.role = ""

    async def buy(self, *items: tuple[str, int], method: str = "dummy") -> str:
        """A buyer orders variants by id through the shop API and pays; gives the order's id."""
        shop = Api(f"{self.url}/shop-api")
        for variant, count in items:
            await _made(shop, ADD, variant=variant, count=count)
        await _made(shop, CUSTOMER)
        await _made(shop, ADDRESS)
        ways = (await shop("{ eligibleShippingMethods { id } }"))["eligibleShippingMethods"]
        await _made(shop, METHOD, ids=[ways[0]["id"]])
        await _made(shop, MOVE)
        return str((await _made(shop, PAY, method=method))["id"])

    async def order(self, order_id: str) -> Any:
        """The order as a merchant sees it in the admin."""
        return (await self.admin(ORDER, id=order_id))["order"]

    async def api_key(self) -> str:
        """A key with the hub's permissions."""
        wanted = {"roleIds": [self.role], "translations": [{"languageCode": "en", "name": "Hub"}]}
        made = await self.admin("mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey } }", i=wanted)
        return str(made["createApiKey"]["apiKey"])

    async def prepare(self) -> None:
        """Signs in, and makes the hub's administrator with no more permissions than the how-to names."""
        name, password = SUPERADMIN
        await self.admin(LOGIN, name=name, password=password)
        channel = (await self.admin("{ activeChannel { id } }"))["activeChannel"]["id"]
        role = {"code": "hub", "description": "Hub", "permissions": PERMISSIONS, "channelIds": [channel]}
        made = await self.admin("mutation($i: CreateRoleInput!) { createRole(input: $i) { id } }", i=role)
        self.role = made["createRole"]["id"]
        hub = {
            "firstName": "The", "lastName": "Hub", "emailAddress": HUB[0], "password": HUB[1],
            "roleIds": [self.role],
        }  # fmt: skip
        await self.admin("mutation($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }", i=hub)


async def _made(shop: Api, query: str, **variables: object) -> Any:
    made = next(iter((await shop(query, **variables)).values()))
    assert "message" not in made, made
    return made


ERROR = "... on ErrorResult { message }"
LOGIN = "mutation($name: String!, $password: String!) { login(username: $name, password: $password) { __typename } }"
ADD = f"""mutation($variant: ID!, $count: Int!) {{ addItemToOrder(productVariantId: $variant, quantity: $count)
    {{ {ERROR} }} }}"""
CUSTOMER = f"""mutation {{ setCustomerForOrder(input: {{ firstName: "Ada", lastName: "Byron",
    emailAddress: "ada@example.com" }}) {{ {ERROR} }} }}"""
ADDRESS = f"""mutation {{ setOrderShippingAddress(input: {{ fullName: "Ada Byron", streetLine1: "Hauptstr. 1",
    city: "Berlin", postalCode: "10115", countryCode: "DE" }}) {{ {ERROR} }} }}"""
METHOD = f"mutation($ids: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $ids) {{ {ERROR} }} }}"
MOVE = f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {{ {ERROR} }} }}'
PAY = f"""mutation($method: String!) {{ addPaymentToOrder(input: {{ method: $method, metadata: {{}} }})
    {{ ... on Order {{ id }} {ERROR} }} }}"""
ORDER = """query($id: ID!) { order(id: $id) { code state totalWithTax fulfillments { id state method trackingCode
    lines { quantity } } history { items { type data } } payments { id refunds { id total state } } } }"""


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Vendure]:
    """Starts the server with its plugin, and ends it. `folder` is that of the packages."""
    relay = Relay()
    app = web.Application()
    app.router.add_post("/webhooks", relay.handle)
    async with listening(app, "127.0.0.1", 0) as base:
        relay.url = f"{base}/webhooks"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment: Mapping[str, str] = os.environ | {
            "PORT": str(port), "NODE_PATH": str(folder), "HUB_URL": relay.url, "HUB_SECRET": SECRET,
            "SUPERADMIN_PASSWORD": SUPERADMIN[1],
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            "node", str(HERE / "server.js"), env=environment, cwd=folder.parent, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(BOOT):
                await _ready(process)
            vendure = Vendure(f"http://127.0.0.1:{port}", relay)
            await vendure.prepare()
            yield vendure
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if b'"ready":true' in line:
            return
    raise AssertionError(f"Vendure did not start: node ended with {await process.wait()}")


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Between]:
    """A way to a server's Admin API."""
    way = Between(f"{target}/admin-api")
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/admin-api", way.handle)
    async with listening(app, "127.0.0.1", 0) as way.url:
        yield way
