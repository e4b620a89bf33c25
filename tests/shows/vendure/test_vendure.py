"""A real Vendure 3: an order placed in its shop is here within one poll, leaves from here, and is shown there as
shipped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.demo_carrier.server import Options
from hub.actions.add_location import add_location
from hub.actions.import_products import import_products
from hub.actions.pull_orders import pull_orders
from hub.actions.verify_store import verify_store
from hub.contract import Cursor
from hub.domain.order import ChannelOrder, News, RefundNotice
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, StatusUpdate, StockLevel
from hub.errors import Reject
from tests.shows.shops import Shops, open_holds
from tests.shows.vendure.running import HUB, SECRET, Between, Vendure, between
from tests.support.world import PLACES

TEA = "Tea house"
STOCK = (
    "sku,location,on_hand,title\nPOT-S,berlin,50,Teapot small\nPOT-L,berlin,50,Teapot large\nCUP-1,berlin,50,Tea cup\n"
)
SETTLE_REFUND = """mutation($id: ID!) { settleRefund(input: { id: $id, transactionId: "by-hand" }) { __typename } }"""


@pytest.fixture
async def way(vendure: Vendure) -> AsyncIterator[Between]:
    async with between(vendure.url) as made:
        yield made


@pytest.fixture
async def hub(shops: Shops, way: Between) -> Shops:
    """The hub with the shop's account, its products, a warehouse that has them, and a carrier that is slow."""
    world = shops.world
    values = {"base_url": way.url, "username": HUB[0], "password": HUB[1], "webhook_secret": SECRET}
    await world.account("vendure", TEA, values)
    await add_location(world.services, world.merchant_id, PLACES[0])
    await world.carrier(options=Options(day=3600, troubled=0, late=0))
    await shops.import_csv(STOCK)
    await import_products(world.services, world.ids[TEA])
    return shops


async def poll(hub: Shops) -> None:
    """What the scheduler does every five minutes, once."""
    await pull_orders(hub.world.services, hub.world.inbox, hub.world.ids[TEA], None)


async def test_an_order_is_here_within_one_poll_and_shows_there_as_shipped(hub: Shops, vendure: Vendure) -> None:
    await poll(hub)
    bought = await vendure.buy(("1", 2), ("3", 1))
    await poll(hub)
    await hub.world.drain()
    order = await hub.order(TEA, bought)
    assert (order.phase, order.currency, order.total) == ("shipped", "USD", 7311)
    assert not [hold for hold in order.holds if hold.is_open]
    tracking = await hub.world.value("SELECT tracking_number FROM parcels")
    there = await vendure.order(bought)
    assert there["state"] == "Shipped"
    (sent,) = there["fulfillments"]
    assert (sent["state"], sent["trackingCode"]) == ("Shipped", tracking) and len(tracking) > 8
    assert sorted(line["quantity"] for line in sent["lines"]) == [1, 2]
    await poll(hub)
    await hub.world.drain()
    again = await hub.order(TEA, bought)
    assert again.phase == "shipped" and len((await vendure.order(bought))["fulfillments"]) == 1
    assert (await verify_store(hub.world.database)).violations == ()


async def test_a_crash_between_adding_and_shipping_heals_by_itself(hub: Shops, vendure: Vendure, way: Between) -> None:
    bought = await vendure.buy(("2", 1))
    way.catch = "MoveFulfillment"
    await poll(hub)
    working = asyncio.create_task(hub.world.drain())
    await asyncio.wait_for(way.caught.wait(), 30)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    (half,) = (await vendure.order(bought))["fulfillments"]
    assert half["state"] == "Pending"
    way.catch = ""

    async def shipped() -> bool:
        return bool((await vendure.order(bought))["state"] == "Shipped")

    async with hub.world.worker():
        await hub.world.until(shipped)
    there = await vendure.order(bought)
    assert [(made["id"], made["state"]) for made in there["fulfillments"]] == [(half["id"], "Shipped")]
    assert way.passed.count("AddFulfillment") == 1 and way.passed.count("MoveFulfillment") == 1
    assert await hub.world.value("SELECT count(*) FROM outbox WHERE kind = 'push_shipment' AND state <> 9") == 0


async def test_the_plugin_tells_at_once_what_polling_tells(hub: Shops, vendure: Vendure) -> None:
    vendure.relay.to = await hub.world.door(TEA)
    channel: Any = await hub.world.accounts.open(hub.world.ids[TEA])

    async def told(order_id: str, state: str) -> tuple[News, ...]:
        """What the plugin posted of an order in that state, once it has; proven by its signature."""
        found: list[tuple[News, ...]] = []

        async def posted() -> bool:
            came = [channel.read(channel.verify(headers, body)) for headers, body in vendure.relay.came]
            found[:] = [news for news in came if (news[0].external_id, news[0].words) == (order_id, {"state": state})]
            return bool(found)

        await hub.world.until(posted)
        return found[-1]

    try:
        bought = await vendure.buy(("3", 3), method="invoice")
        await told(bought, "PaymentAuthorized")
        await hub.world.drain()
        assert open_holds(await hub.order(TEA, bought)) == {"channel_pending": {"what": "channel_pending"}}
        payment = (await vendure.order(bought))["payments"][0]["id"]
        await vendure.admin("mutation($id: ID!) { settlePayment(id: $id) { __typename } }", id=payment)
        posted = await told(bought, "PaymentSettled")
        page = await channel.pull_orders(Cursor())
        await hub.world.drain()
        (shipped, *_) = await told(bought, "Shipped")
    finally:
        vendure.relay.to = ""
    polled = [news for delivery in page.deliveries for news in channel.read(delivery)]
    assert list(posted) == [news for news in polled if news.external_id == bought]
    assert set(vendure.relay.answers) == {200}
    assert [line.fulfilled for line in shipped.lines] == [3] and (await vendure.order(bought))["state"] == "Shipped"


async def test_an_api_key_does_instead_of_a_password(shops: Shops, vendure: Vendure) -> None:
    bought = await vendure.buy(("3", 1))
    values = {"base_url": vendure.url, "api_key": await vendure.api_key()}
    await shops.world.account("vendure", TEA, values)
    channel: Any = await shops.world.accounts.open(shops.world.ids[TEA])
    assert await channel.check() == "__default_channel__ as an API key"
    page = await channel.pull_orders(Cursor())
    assert bought in {news.external_id for delivery in page.deliveries for news in channel.read(delivery)}


async def test_everything_else_it_takes(hub: Shops, vendure: Vendure) -> None:
    channel = await hub.world.accounts.open(hub.world.ids[TEA])
    assert await channel.check() == f"__default_channel__ as {HUB[0]}"
    bought, other = await vendure.buy(("2", 2)), await vendure.buy(("2", 1))
    level = StockLevel(sku="POT-L", listing_id="2", available=17, version=1)
    await channel.push_stock(level, "k1")
    assert await channel.read_stock(["2"]) == {"2": 17}
    back = RefundRequest(reference="refund-1", order_id=bought, amount=1234, currency="USD", reason="broken")
    receipts = [await channel.push_refund(back, "k2") for _ in range(2)]
    assert receipts[0] == receipts[1] == await channel.look_up(Kind.PUSH_REFUND, back, "k2")
    (refund,) = (await vendure.order(bought))["payments"][0]["refunds"]
    assert (refund["total"], refund["state"]) == (1234, "Pending")
    await vendure.admin(SETTLE_REFUND, id=refund["id"])
    gone = CancellationRequest(reference="cancel-1", order_id=other, reason="customer")
    assert await channel.look_up(Kind.PUSH_CANCELLATION, gone, "k3") is None
    await channel.push_cancellation(gone, "k3")
    cancelled = await vendure.order(other)
    assert (cancelled["state"], cancelled["totalWithTax"]) == ("Cancelled", 0)
    page = await channel.pull_orders(Cursor())
    news = [told for delivery in page.deliveries for told in channel.read(delivery)]
    (told,) = [it for it in news if isinstance(it, ChannelOrder) and it.external_id == other]
    assert told.cancelled_at is not None and told.cancel_reason == "customer [cancel-1]"
    refunds = [it for it in news if isinstance(it, RefundNotice) and it.order_id == bought]
    assert [(it.amount, it.currency, it.reason) for it in refunds] == [(1234, "USD", "broken [refund-1]")]
    await poll(hub)
    await hub.world.drain()
    assert (await hub.order(TEA, bought)).phase == "shipped"
    with pytest.raises(Reject, match="too late"):
        await channel.push_cancellation(CancellationRequest(reference="c2", order_id=bought, reason="customer"), "k4")
    number = (await vendure.order(bought))["fulfillments"][0]["trackingCode"]
    arrived = StatusUpdate(
        reference="s1", order_id=bought, status="delivered", at=hub.world.clock.now(), tracking_number=number
    )
    await channel.push_status(arrived, "k5")
    assert (await vendure.order(bought))["state"] == "Delivered"
