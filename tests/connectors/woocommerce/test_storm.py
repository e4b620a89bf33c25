"""A storm: each delivery one to five times, shuffled, a tenth of them dropped, pages failing in every way there is.

After two polls the orders are the store's, each once, and none has gone back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.woocommerce import ABOUT, WooCommerceChannel
from hub.contract import Cursor, Delivery
from hub.domain.order import Cancellation, ChannelOrder, RefundNotice
from hub.errors import Retry
from hub.flow.intake_orders import rank
from tests.connectors.woocommerce.orders import order_of
from tests.connectors.woocommerce.server import WooDouble
from tests.connectors.woocommerce.state import seconds

HTML = b"<!doctype html><html><body>Briefly unavailable for scheduled maintenance.</body></html>"
WEATHER: Sequence[tuple[int, dict[str, str], bytes]] = (
    (500, {}, b""),
    (502, {"Content-Type": "text/html"}, HTML),
    (429, {"Retry-After": "2"}, b'{"code":"rate_limited"}'),
    (503, {"Retry-After": "5"}, HTML),
    (200, {"Content-Type": "text/html"}, HTML),
    (200, {}, b""),
    (200, {}, b'[{"id": 1,'),
)


class Hub:
    """As much of the hub as a storm needs: each delivery once, the newest revision of each order, each refund once."""

    def __init__(self, channel: WooCommerceChannel) -> None:
        self.channel = channel
        self.seen: set[str] = set()
        self.orders: dict[str, ChannelOrder] = {}
        self.refunds: dict[str, RefundNotice] = {}
        self.gone: set[str] = set()
        self.at: Any = None
        self.failures = 0

    def take(self, delivery: Delivery) -> None:
        if delivery.id in self.seen:
            return
        self.seen.add(delivery.id)
        for news in self.channel.read(delivery):
            if isinstance(news, ChannelOrder):
                known = self.orders.get(news.external_id)
                if known is None or rank(news) > rank(known):
                    self.orders[news.external_id] = news
            elif isinstance(news, RefundNotice):
                self.refunds.setdefault(news.external_id, news)
            elif isinstance(news, Cancellation):
                self.gone.add(news.order_id)

    async def poll(self, double: WooDouble, dice: random.Random) -> None:
        """One poll; each page fails up to three times before it comes, and is asked for again from the same cursor."""
        cursor = Cursor(at=self.at - ABOUT.overlap) if self.at else Cursor(at=double.store.clock - timedelta(days=30))
        while True:
            for status, headers, body in dice.sample(WEATHER, dice.randint(1, 3)):
                double.fail(status, headers=headers, body=body)
                with pytest.raises(Retry):
                    await self.channel.pull_orders(cursor)
                self.failures += 1
            page = await self.channel.pull_orders(cursor)
            for delivery in page.deliveries:
                self.take(delivery)
            cursor = page.cursor
            if not page.more:
                self.at = cursor.at
                return


def live(double: WooDouble, dice: random.Random, events: int) -> None:
    """Orders are placed, paid, completed, refunded, cancelled and thrown away, often several in one second."""
    store = double.store
    for _ in range(events):
        store.clock += seconds(dice.choice((0, 0, 1, 3)))
        open_orders = [it["id"] for it in store.orders.values() if it["status"] in ("pending", "processing")]
        if dice.random() < 0.45 or not open_orders:
            paid = dice.random() < 0.7
            status = {"status": "processing"} if paid else {"status": "pending", "date_paid_gmt": None}
            store.add_order(order_of(store.next_id(), **status))
            continue
        order_id = dice.choice(open_orders)
        match dice.choice(("pay", "complete", "cancel", "refund", "trash", "note")):
            case "pay":
                store.change(order_id, status="processing", date_paid_gmt="2026-11-20T09:30:00")
            case "complete":
                store.change(order_id, status="completed")
            case "cancel":
                store.change(order_id, status="cancelled")
            case "refund":
                line = {"id": 1, "quantity": 1, "refund_total": "15.00"}
                store.refund(order_id, {"amount": "15.00", "line_items": [line]})
            case "trash":
                store.trash(order_id)
            case "note":
                store.change(order_id, customer_note="Please hurry")


def weather(double: WooDouble, dice: random.Random) -> list[Any]:
    """What was posted since the last time: a tenth is lost, the rest comes up to five times, in any order."""
    posted, double.store.posted = double.store.posted, []
    arriving = [it for it in posted if dice.random() >= 0.1 for _ in range(dice.randint(1, 5))]
    dice.shuffle(arriving)
    return arriving


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_two_polls_the_orders_are_the_stores(
    channel: WooCommerceChannel, double: WooDouble, seed: int
) -> None:
    dice, hub = random.Random(seed), Hub(channel)
    await channel.repair_webhooks("https://hub.example/webhooks/61")
    for _ in range(2):
        live(double, dice, 160)
        for posted in weather(double, dice):
            hub.take(channel.verify(posted.headers, posted.body))
        await hub.poll(double, dice)
    store = double.store
    assert hub.failures > 3
    assert set(hub.orders) == {str(number) for number in store.orders}
    assert {name: order.words["status"] for name, order in hub.orders.items()} == {
        str(number): order["status"] for number, order in store.orders.items()
    }
    assert {name: order.cancelled_at is not None for name, order in hub.orders.items()} == {
        str(number): order["status"] in ("cancelled", "trash") for number, order in store.orders.items()
    }
    given_back = {str(row["id"]) for order in store.orders.values() for row in order["refunds"]}
    assert set(hub.refunds) == given_back
    assert hub.gone <= {name for name, order in hub.orders.items() if order.words["status"] == "trash"}
    for name, order in hub.orders.items():
        before_it_left = order.words["status"] == "processing"
        back = sum(-it["line_items"][0]["quantity"] for it in store.refunds.get(int(name), ()))
        assert order.lines[0].cancelled == (min(back, 3) if before_it_left else order.lines[0].cancelled)
