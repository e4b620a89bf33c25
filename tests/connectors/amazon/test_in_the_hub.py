"""Amazon and the whole hub: pulled, heard from the queue, held while pending, shipped, confirmed, refunded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hub.actions.import_stock import StockLine, import_stock
from hub.actions.pull_notices import pull_notices
from hub.actions.pull_orders import pull_orders
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Lifecycle
from tests.connectors.amazon.books import GERMANY, NOW, iso, order_change, plain_order
from tests.connectors.amazon.finances import transaction_update
from tests.connectors.amazon.harness import HARNESS, stocked, with_queue
from tests.connectors.amazon.server import AmazonDouble
from tests.support.world import PLACES, World

PENDING, READY = "404-1000000-0000001", "404-1000000-0000002"


@pytest.fixture
async def seller() -> AsyncIterator[AmazonDouble]:
    """A seller without orders, whose quotas refill at once."""
    async with stocked() as double:
        double.books.orders.clear()
        double.left = dict.fromkeys(double.left, 1000)
        double.rates = dict.fromkeys(double.rates, "1000.0")
        yield double


async def connected(world: World, double: AmazonDouble) -> int:
    """The account in the hub, with kettles on the shelf."""
    account = with_queue(HARNESS.account(double.url), double.queue_url)
    account_id = await world.account("amazon", "Amazon", {**account.settings, **account.secrets})
    made = NOW - timedelta(hours=1)
    await world.database.plain.execute("UPDATE accounts SET created_at = $2 WHERE id = $1", account_id, made)
    await world.carrier()
    await world.stock(on_hand=0, skus=("TEA-BLACK",))
    shelf = [StockLine(sku="KETTLE", location=place.code, on_hand=50, title="Kettle", grams=900) for place in PLACES]
    await import_stock(world.services, world.merchant_id, shelf)
    return account_id


async def state(world: World, order_id: str) -> Lifecycle:
    return Lifecycle(await world.value("SELECT state FROM orders WHERE external_id = $1", order_id))


async def holds(world: World, order_id: str) -> set[str]:
    rows = await world.rows(
        """SELECT h.reason FROM holds h JOIN orders o ON o.id = h.order_id
           WHERE o.external_id = $1 AND h.state IN ('open', 'escalated')""", order_id
    )  # fmt: skip
    return {row["reason"] for row in rows}


async def test_an_order_is_pulled_shipped_and_confirmed_once(world: World, seller: AmazonDouble) -> None:
    account_id = await connected(world, seller)
    seller.books.add(plain_order(READY, iso(NOW - timedelta(minutes=10)), units=2))
    assert (await pull_orders(world.services, world.inbox, account_id)).new == 1
    await world.drain()
    (package,) = seller.books.orders[READY]["packages"]
    tracking = await world.value("SELECT tracking_number FROM parcels WHERE tracking_number <> ''")
    assert package["trackingNumber"] == tracking and package["packageItems"][0]["quantity"] == 2
    assert seller.books.orders[READY]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    seller.books.now += timedelta(minutes=30)
    assert (await pull_orders(world.services, world.inbox, account_id)).new == 1, "our own package comes back"
    await world.drain()
    assert await holds(world, READY) == set() and len(seller.effects()) == 1
    assert (await verify_store(world.database)).violations == ()


async def test_a_pending_order_waits_and_goes_when_the_queue_tells_of_its_payment(
    world: World, seller: AmazonDouble
) -> None:
    account_id = await connected(world, seller)
    order = plain_order(PENDING, iso(NOW - timedelta(minutes=10)), GERMANY)
    address, order["fulfillment"]["fulfillmentStatus"] = order.pop("recipient"), "PENDING"
    seller.books.add(order)
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()
    assert await state(world, PENDING) is Lifecycle.RECEIVED and "channel_pending" in await holds(world, PENDING)
    assert seller.effects() == [], "nothing is shipped"
    ready = seller.books.orders[PENDING] | {"recipient": address}
    ready["fulfillment"] = {**ready["fulfillment"], "fulfillmentStatus": "UNSHIPPED"}
    seller.books.orders[PENDING] = ready
    seller.books.touch(PENDING)
    seller.sqs.put(order_change(PENDING, 1), order_change(PENDING, 2))
    told = await pull_notices(world.services, world.inbox, account_id)
    assert (told.deliveries, told.new) == (1, 1) and seller.sqs.messages == {}
    await world.drain()
    assert await holds(world, PENDING) == set() and len(seller.effects()) == 1
    assert (await verify_store(world.database)).violations == ()


async def test_a_cancellation_at_amazon_cancels_here(world: World, seller: AmazonDouble) -> None:
    account_id = await connected(world, seller)
    seller.books.add(plain_order(READY, iso(NOW - timedelta(minutes=10))))
    await pull_orders(world.services, world.inbox, account_id)
    item = seller.books.orders[READY]["orderItems"][0]["orderItemId"]
    seller.books.cancel(READY, {item: "BuyerCanceled"})
    seller.sqs.put(order_change(READY))
    await pull_notices(world.services, world.inbox, account_id)
    await world.drain()
    assert await state(world, READY) is Lifecycle.CANCELLED
    assert [kind for kind, _ in seller.effects()] == ["push_cancellation"], "the one that was made at Amazon"


async def test_a_return_that_a_buyer_opens_is_followed_and_one_ahead_of_its_order_waits(
    world: World, seller: AmazonDouble
) -> None:
    account_id = await connected(world, seller)
    kept = world.accounts.connector("amazon")._kept  # type: ignore[attr-defined]

    async def pull() -> None:
        """A pull, as soon as the report of returns may be looked at; what came is taken in."""
        if account_id in kept:
            kept[account_id].reports.next = 0.0
        await pull_orders(world.services, world.inbox, account_id)
        await world.drain()

    seller.books.add(plain_order(READY, iso(NOW - timedelta(minutes=10)), units=2))
    row = seller.reports.back(READY, Return_quantity="2", Amazon_RMA_ID="DReady")
    seller.reports.back(PENDING, Amazon_RMA_ID="DEarly")
    for _ in range(3):
        await pull()
    orders = "SELECT o.external_id, r.number, r.state FROM returns r JOIN orders o ON o.id = r.order_id ORDER BY 1"
    assert [tuple(it) for it in await world.rows(orders)] == [(READY, "DReady", "approved")]
    assert await world.value("SELECT return_requested FROM order_lines") == 2
    assert await world.value("SELECT count(*) FROM inbox WHERE state = 1 AND about = $1", PENDING) == 1

    seller.books.now += timedelta(hours=7)
    seller.books.add(plain_order(PENDING, iso(seller.books.now - timedelta(minutes=10))))
    row |= {"Return request status": "Closed", "Return delivery date": "20-Nov-2026"}
    for _ in range(3):
        await pull()
    assert [tuple(it) for it in await world.rows(orders)] == [
        (PENDING, "DEarly", "approved"), (READY, "DReady", "closed")
    ]  # fmt: skip
    assert await world.value("SELECT received_back FROM order_lines WHERE received_back > 0") == 2
    assert (await verify_store(world.database)).violations == ()


async def test_a_refund_made_at_amazon_is_booked_once_by_whichever_door_it_came(
    world: World, seller: AmazonDouble
) -> None:
    account_id = await connected(world, seller)
    seller.books.add(plain_order(READY, iso(NOW - timedelta(minutes=10)), units=2))
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()
    back = {"OurPricePrincipal": -15.0, "Commission": 2.25, "RefundCommission": -0.45}
    deferred = seller.finances.post(READY, back, transactionStatus="DEFERRED")
    seller.finances.post(READY, {"OurPricePrincipal": -2.5})
    seller.sqs.put(*(transaction_update(deferred, number) for number in range(3)))
    await pull_notices(world.services, world.inbox, account_id)
    seller.books.now += timedelta(minutes=30)
    seller.finances.release(deferred)
    seller.books.now += timedelta(minutes=30)
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()
    rows = await world.rows("SELECT amount, currency, idempotency_key FROM refunds ORDER BY amount")
    assert [tuple(row) for row in rows] == [
        (250, "EUR", "channel:transaction-2"), (1500, "EUR", "channel:transaction-1")
    ]  # fmt: skip
    assert await world.value("SELECT refunded FROM payments") == 1750
    assert (await verify_store(world.database)).violations == ()
