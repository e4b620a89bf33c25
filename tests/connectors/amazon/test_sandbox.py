"""The official sandbox cases of Amazon's models, played by the shared tool: orders read, shipment confirmed, throttled
and resumed."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.amazon import Amazon, AmazonChannel, mapper, reading, shipping, wire
from connectors.amazon.client import Call, Client
from connectors.amazon.wire_calls import Confirmation
from connectors.http import AioHttp
from hub.contract import Http, Reply
from hub.domain.order import ChannelOrder
from hub.errors import Reject, Retry
from tests.connectors.amazon.harness import HARNESS
from tests.connectors.amazon.test_samples import EXACT

SEARCH, GET = "/orders/2026-01-01/orders", "/orders/2026-01-01/orders/{orderId}"
CONFIRM = "/orders/v0/orders/{orderId}/shipmentConfirmation"


@pytest.fixture(scope="module")
async def sandbox(shared: Path) -> AsyncIterator[str]:
    """The shared tool as its own process; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tool = shared / "tools" / "spapi_sandbox.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(tool), str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert b"operations" in await process.stdout.readline()
            await _listens(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> None:
    """Returns once a connection is taken."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return await writer.wait_closed()


class Throttling:
    """The real way out, asking the sandbox for a throttle while `on`."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.on = False
        self.calls = 0

    async def call(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **rest: Any) -> Reply:
        self.calls += 1
        more = {"x-mock-429": "1"} if self.on and "/auth/" not in url else {}
        return await self._http.call(method, url, headers={**(headers or {}), **more}, **rest)


@pytest.fixture
def throttling(http: AioHttp) -> Throttling:
    return Throttling(http)


@pytest.fixture
def channel(sandbox: str, throttling: Throttling) -> AmazonChannel:
    return Amazon().open(HARNESS.account(sandbox), throttling)


@pytest.fixture
def client(channel: AmazonChannel) -> Client:
    return channel._client


def cases(shared: Path, model: str, path: str, method: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """(status, parameters, response) of an operation's official cases."""
    told = json.loads((shared / "contracts" / "amazon" / f"{model}.json").read_text(encoding="utf-8"))
    for status, answer in told["paths"][path][method]["responses"].items():
        for case in (answer.get("x-amzn-api-sandbox") or {}).get("static", ()):
            given = {name: it["value"] for name, it in case["request"]["parameters"].items()}
            yield int(status), given, case["response"]


def exact(channel: AmazonChannel, bodies: list[bytes]) -> list[str]:
    """Reads orders and holds them against what was worked out by hand; their ids."""
    found = []
    for body in bodies:
        (order,) = channel.read(mapper.delivery_of(body))
        assert isinstance(order, ChannelOrder)
        assert (order.currency, order.total, order.tax_total) == EXACT[order.external_id][:3]
        found.append(order.external_id)
    return found


async def test_the_official_searches_are_read(channel: AmazonChannel, client: Client, shared: Path) -> None:
    read = []
    for status, given, _ in cases(shared, "orders_2026-01-01", SEARCH, "get"):
        call = Call("searchOrders", "GET", SEARCH, given)
        if status == 200:
            page = await client.ask(call, wire.OrderPage)
            read += exact(channel, [bytes(order) for order in page.orders])
        else:
            with pytest.raises(Reject):
                await client.ask(call, wire.OrderPage)
    assert read == ["250-1234567-8901234", "202-7654321-1098765", "171-2345678-9012345"]


async def test_our_own_search_is_the_official_one(channel: AmazonChannel, client: Client) -> None:
    """With the parameters we always send: data sets, page size, one date, and a token to go on with."""
    first = await reading.search(client, {"createdAfter": "2024-12-25T00:00:00Z"}, marketplaces=["A1VC38T7YXB528"])
    assert exact(channel, [bytes(order) for order in first.orders]) == ["250-1234567-8901234"]
    assert first.pagination is not None and first.pagination.next_token == "2YgYW55IGNhcm5hbCBwbGVhc3VyZS4"
    last = await reading.search(
        client, {"createdAfter": "2024-12-23T00:00:00Z"}, "9ZhB4RmVyc2lvbiAxLjAgb2YgdGhl", ["A1F83G8C2ARO7P"]
    )
    assert exact(channel, [bytes(order) for order in last.orders]) == ["202-7654321-1098765"]
    assert last.pagination is None


async def test_the_official_orders_are_read(channel: AmazonChannel, client: Client, shared: Path) -> None:
    read = []
    for status, given, _ in cases(shared, "orders_2026-01-01", GET, "get"):
        call = Call("getOrder", "GET", GET.format(**given), {"includedData": given.get("includedData", "")})
        if status == 200:
            read += exact(channel, [bytes((await client.ask(call, wire.OneOrder)).order)])
        else:
            with pytest.raises(Reject):
                await client.ask(call, wire.OneOrder)
    assert read == ["171-9876543-2109876", "028-1234567-8901234", "114-9876543-1234567"]
    ours = await reading.order_body(client, "171-9876543-2109876")
    assert ours is not None and exact(channel, [ours]) == ["171-9876543-2109876"]


async def test_the_official_shipment_is_confirmed_and_the_wrong_one_refused(client: Client, shared: Path) -> None:
    seen = []
    for status, given, _ in cases(shared, "ordersV0", CONFIRM, "post"):
        body = msgspec.convert(given["body"], Confirmation)
        assert json.loads(msgspec.json.encode(body)) == given["body"], (
            "what we send is what the case has, word for word"
        )
        if status == 204:
            await shipping.confirm(client, given["orderId"], body)
        else:
            with pytest.raises(Reject, match="Invalid Input"):
                await shipping.confirm(client, given["orderId"], body)
        seen.append(status)
    assert seen == [204, 400]


async def test_a_throttled_search_waits_as_long_as_its_rate_says(client: Client, throttling: Throttling) -> None:
    throttling.on = True
    with pytest.raises(Retry) as told:
        await reading.search(client, {"createdAfter": "2024-12-25T00:00:00Z"}, marketplaces=["A1VC38T7YXB528"])
    assert told.value.after == pytest.approx(1 / 0.0056)
    throttling.on, before = False, throttling.calls
    with pytest.raises(Retry, match="no room") as again:
        await reading.search(client, {"createdAfter": "2024-12-25T00:00:00Z"}, marketplaces=["A1VC38T7YXB528"])
    assert throttling.calls == before, "until then nothing is even sent"
    assert again.value.after == pytest.approx(1 / 0.0056, abs=2)


async def test_throttled_calls_resume_when_there_is_room(
    channel: AmazonChannel, client: Client, throttling: Throttling, shared: Path
) -> None:
    _, given, _ = next(cases(shared, "ordersV0", CONFIRM, "post"))
    body = msgspec.convert(given["body"], Confirmation)
    throttling.on, begun = True, time.monotonic()
    with pytest.raises(Retry) as told:
        await shipping.confirm(client, given["orderId"], body)
    assert told.value.after == pytest.approx(0.5), "two a second"
    throttling.on = False
    await shipping.confirm(client, given["orderId"], body)
    assert time.monotonic() - begun > 0.4, "it waited for its turn by itself"
