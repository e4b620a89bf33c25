"""A real Medusa 2: an order placed in its shop is here within one poll, leaves from here, and shows there with its
tracking number."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.demo_carrier.server import Options
from hub.actions.add_location import add_location
from hub.actions.import_products import import_products
from hub.actions.pull_orders import pull_orders
from hub.actions.verify_store import verify_store
from hub.contract import Cursor
from hub.domain.order import ChannelOrder, RefundNotice
from hub.domain.outgoing import CancellationRequest, Kind, RefundRequest, StatusUpdate, StockLevel
from hub.errors import Reject
from tests.shows.medusa.running import SECRET, Between, Medusa, between
from tests.shows.shops import Shops
from tests.support.world import PLACES

LINEN = "Nordlicht Linen"
STOCK = "sku,location,on_hand,title\nSHIRT-M,berlin,50,Linen shirt M\nSHIRT-L,berlin,50,Linen shirt L\n"


@pytest.fixture
async def way(medusa: Medusa) -> AsyncIterator[Between]:
    async with between(medusa.url) as made:
        yield made


@pytest.fixture
async def hub(shops: Shops, medusa: Medusa, way: Between) -> Shops:
    """The hub with the shop's account, its products, a warehouse that has them, and a carrier that is slow."""
    world = shops.world
    values = {"base_url": way.url, "api_key": medusa.key, "webhook_secret": SECRET}
    await world.account("medusa", LINEN, values)
    await add_location(world.services, world.merchant_id, PLACES[0])
    await world.carrier(options=Options(day=3600, troubled=0, late=0))
    await shops.import_csv(STOCK)
    await import_products(world.services, world.ids[LINEN])
    return shops


@pytest.fixture
def begun() -> datetime:
    """When the test began: what others ordered before is none of its business."""
    return datetime.now(UTC)


async def poll(hub: Shops, begun: datetime) -> None:
    """What the scheduler does every five minutes, once."""
    await pull_orders(hub.world.services, hub.world.inbox, hub.world.ids[LINEN], begun)


async def test_an_order_is_here_within_one_poll_and_shows_there_with_its_tracking(
    hub: Shops, medusa: Medusa, begun: datetime
) -> None:
    bought = await medusa.buy("SHIRT-M", 3)
    await poll(hub, begun)
    await hub.world.drain()
    order = await hub.order(LINEN, bought)
    # 3 x 19.99 + 4.90 and 19 % of it: Medusa says 77.1953
    assert (order.phase, order.currency, order.total) == ("shipped", "EUR", 7720)
    assert not [hold for hold in order.holds if hold.is_open]
    tracking = await hub.world.value("SELECT tracking_number FROM parcels WHERE tracking_number <> ''")
    there = await medusa.order(bought)
    assert (there["fulfillment_status"], there["status"]) == ("shipped", "pending")
    (sent,) = there["fulfillments"]
    assert sent["shipped_at"] and [label["tracking_number"] for label in sent["labels"]] == [tracking]
    assert [packed["quantity"] for packed in sent["items"]] == [3] and len(tracking) > 8
    await poll(hub, begun)
    await hub.world.drain()
    assert (await hub.order(LINEN, bought)).phase == "shipped", "our own shipment comes back as an echo"
    assert len((await medusa.order(bought))["fulfillments"]) == 1
    assert (await verify_store(hub.world.database)).violations == ()


async def test_a_crash_between_packing_and_shipping_heals_by_itself(
    hub: Shops, medusa: Medusa, way: Between, begun: datetime
) -> None:
    bought = await medusa.buy("SHIRT-L", 1)
    way.catch = "/shipments"
    await poll(hub, begun)
    working = asyncio.create_task(hub.world.drain())
    await asyncio.wait_for(way.caught.wait(), 60)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    (half,) = [each for each in (await medusa.order(bought))["fulfillments"] if not each["canceled_at"]]
    assert half["shipped_at"] is None, "packed there, and no more"
    way.catch = ""

    async def shipped() -> bool:
        return bool((await medusa.order(bought))["fulfillment_status"] == "shipped")

    async with hub.world.worker():
        await hub.world.until(shipped, 120)
    assert [each["id"] for each in (await medusa.order(bought))["fulfillments"]] == [half["id"]]


async def test_money_that_moves_is_seen_though_the_order_does_not_change(
    hub: Shops, medusa: Medusa, begun: datetime
) -> None:
    channel: Any = await hub.world.accounts.open(hub.world.ids[LINEN])
    bought = await medusa.buy("SHIRT-M", 1)
    before = await medusa.order(bought)
    later = await medusa.buy("SHIRT-M", 1)
    first = await pulled(channel, Cursor(at=begun))
    await medusa.capture(bought)
    after = await medusa.order(bought)
    assert before["updated_at"] == after["updated_at"], "that is the trap"
    since = next(news.revised_at for news in first if news.external_id == later)
    told = {news.external_id: news for news in await pulled(channel, Cursor(at=since))}
    assert told[bought].paid and told[bought].words["payment_status"] == "captured"


async def pulled(channel: Any, cursor: Cursor) -> list[ChannelOrder]:
    """The orders of a whole pull."""
    found: list[ChannelOrder] = []
    while True:
        page = await channel.pull_orders(cursor)
        for delivery in page.deliveries:
            found += [news for news in channel.read(delivery) if isinstance(news, ChannelOrder)]
        cursor = page.cursor
        if not page.more:
            return found


async def test_the_subscriber_tells_at_once_what_polling_tells(hub: Shops, medusa: Medusa, begun: datetime) -> None:
    medusa.relay.to = await hub.world.door(LINEN)
    channel: Any = await hub.world.accounts.open(hub.world.ids[LINEN])
    try:
        bought = await medusa.buy("SHIRT-L", 2)
        await until_told(hub, medusa, bought, "order.placed")
        await hub.world.drain()
        assert (await hub.order(LINEN, bought)).phase == "shipped", "without a poll"
        await until_told(hub, medusa, bought, "shipment.created")
        await medusa.capture(bought)
        body = await until_told(hub, medusa, bought, "payment.captured")
    finally:
        medusa.relay.to = ""
    assert set(medusa.relay.answers) == {200}
    (heard, *_) = channel.read(channel.verify(*body))
    polled = [news for news in await pulled(channel, Cursor(at=begun)) if news.external_id == bought]
    assert [heard] == polled and heard.paid


async def until_told(hub: Shops, medusa: Medusa, order_id: str, event: str) -> tuple[dict[str, str], bytes]:
    """What the subscriber posted of an order on an event, once it has."""
    found: list[tuple[dict[str, str], bytes]] = []

    async def came() -> bool:
        found[:] = [
            (headers, body)
            for headers, body in medusa.relay.came
            if headers["x-crossdock-event"] == event and order_id.encode() in body
        ]
        return bool(found)

    await hub.world.until(came, 60)
    return found[-1]


async def test_everything_else_it_takes(hub: Shops, medusa: Medusa) -> None:
    channel: Any = await hub.world.accounts.open(hub.world.ids[LINEN])
    assert await channel.check() == LINEN
    listing = medusa.variants["SHIRT-L"]
    level = StockLevel(sku="SHIRT-L", listing_id=listing, available=17, version=1)
    await channel.push_stock(level, "k1")
    assert await channel.read_stock([listing]) == {listing: 17}
    assert await channel.look_up(Kind.PUSH_STOCK, level, "k1") is not None
    bought, other = await medusa.buy("SHIRT-L", 2), await medusa.buy("SHIRT-L", 1)
    assert await channel.read_stock([listing]) == {listing: 14}, "what was sold meanwhile is reserved"
    await channel.push_stock(level, "k1")
    assert await channel.read_stock([listing]) == {listing: 17}
    await medusa.capture(bought)
    back = RefundRequest(reference="refund-1", order_id=bought, amount=1234, currency="EUR", reason="broken")
    receipts = [await channel.push_refund(back, "k2") for _ in range(2)]
    assert receipts[0] == receipts[1] == await channel.look_up(Kind.PUSH_REFUND, back, "k2")
    (payment,) = (await medusa.order(bought))["payment_collections"][0]["payments"]
    assert [(refund["amount"], refund["note"]) for refund in payment["refunds"]] == [(12.34, "broken [refund-1]")]
    with pytest.raises(Reject, match="do not hold"):
        await channel.push_refund(RefundRequest(reference="r-2", order_id=bought, amount=5000, currency="EUR"), "k3")
    gone = CancellationRequest(reference="cancel-1", order_id=other, reason="customer")
    assert await channel.look_up(Kind.PUSH_CANCELLATION, gone, "k4") is None
    await channel.push_cancellation(gone, "k4")
    assert (await medusa.order(other))["status"] == "canceled"
    assert await channel.look_up(Kind.PUSH_CANCELLATION, gone, "k4") is not None


async def test_refunds_and_cancellations_made_there_are_read(hub: Shops, medusa: Medusa, begun: datetime) -> None:
    channel: Any = await hub.world.accounts.open(hub.world.ids[LINEN])
    bought = await medusa.buy("SHIRT-M", 2)
    await medusa.capture(bought)
    payment = (await medusa.order(bought))["payment_collections"][0]["payments"][0]["id"]
    await medusa.admin("POST", f"/payments/{payment}/refund", amount=10, note="goodwill")
    order, refund = await read(channel, bought, begun)
    # 2 x 19.99 + 4.90 and 19 % of it; Medusa's own total is 10 less now
    assert (order.total, refund.amount, refund.reason) == (5341, 1000, "goodwill")
    assert order.words["payment_status"] == "partially_refunded" and order.paid
    await medusa.admin("POST", f"/orders/{bought}/cancel")
    order, *refunds = await read(channel, bought, begun)
    assert order.cancelled_at is not None and order.total == 5341
    assert sum(each.amount for each in refunds) == 5341, "Medusa pays back what is left by itself"


async def read(channel: Any, order_id: str, begun: datetime) -> list[Any]:
    """What a poll says of one order."""
    page = await channel.pull_orders(Cursor(at=begun))
    for delivery in page.deliveries:
        news = channel.read(delivery)
        if news[0].external_id == order_id:
            assert all(isinstance(each, ChannelOrder | RefundNotice) for each in news)
            return list(news)
    raise AssertionError(f"{order_id} is not there")


async def test_a_delivery_is_marked_and_nothing_else_is_sent(hub: Shops, medusa: Medusa, begun: datetime) -> None:
    channel: Any = await hub.world.accounts.open(hub.world.ids[LINEN])
    bought = await medusa.buy("SHIRT-M", 1)
    await poll(hub, begun)
    await hub.world.drain()
    tracking = (await medusa.order(bought))["fulfillments"][0]["labels"][0]["tracking_number"]
    at = hub.world.clock.now()
    told = StatusUpdate(reference="p", order_id=bought, status="delivered", at=at, tracking_number=tracking)
    assert await channel.look_up(Kind.PUSH_STATUS, told, "k") is None
    assert await channel.push_status(told, "k") == await channel.push_status(told, "k")
    assert (await medusa.order(bought))["fulfillment_status"] == "delivered"
