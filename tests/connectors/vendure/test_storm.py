"""A storm: posts that come 1 to 5 times, shuffled, a tenth never; pages that fail, throttle, or are HTML with 200.

After two polls the orders are those of the shop, none twice, and none has gone back.
"""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from connectors.http import AioHttp
from connectors.vendure import Vendure, VendureChannel, reading
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder
from hub.errors import Retry
from tests.connectors.checks.failures import HTML
from tests.connectors.vendure.harness import HARNESS
from tests.connectors.vendure.server import VendureDouble, serve
from tests.connectors.vendure.test_polling import pay_back, ship


class Taken:
    """What a hub has: each delivery once by its id, the newest revision of each order, as intake decides."""

    def __init__(self, channel: VendureChannel) -> None:
        self.channel = channel
        self.ids: set[str] = set()
        self.orders: dict[str, ChannelOrder] = {}
        self.refunds: dict[str, int] = {}

    def take(self, delivery: Delivery) -> None:
        if delivery.id in self.ids:
            return
        self.ids.add(delivery.id)
        for news in self.channel.read(delivery):
            if not isinstance(news, ChannelOrder):
                self.refunds[news.external_id] = news.amount  # type: ignore[union-attr]
            elif news.external_id not in self.orders or news.revised_at > self.orders[news.external_id].revised_at:
                self.orders[news.external_id] = news


class Storm:
    """A shop where things happen, and posts about them as the network brings them."""

    def __init__(self, double: VendureDouble, rng: random.Random) -> None:
        self.double = double
        self.rng = rng
        self.posts: list[tuple[dict[str, str], bytes]] = []

    def happen(self) -> None:
        """Twenty orders; ten older ones change."""
        shop, rng = self.double.shop, self.rng
        changed = list(self.double.seed_orders(20))
        known = [order for order in shop.orders.values() if order["orderPlacedAt"]]
        for order in rng.sample(known, 10):
            shop.pass_time(rng.choice((0, 0, 1, 400)))
            if order["state"] == "PaymentSettled":
                rng.choice((self._cancel, self._ship, self._pay_back))(order["id"])
                changed.append(order["id"])
        self.posts += [self.double.post(order_id) for order_id in changed]

    def _cancel(self, order_id: str) -> None:
        self.double.shop.cancel({"orderId": order_id})

    def _ship(self, order_id: str) -> None:
        ship(self.double, self.double.shop.orders[order_id])

    def _pay_back(self, order_id: str) -> None:
        pay_back(self.double, self.double.shop.orders[order_id])

    def deliver(self, taken: Taken) -> int:
        """Posts what there is, and says how many were lost."""
        heard = [post for post in self.posts if self.rng.random() >= 0.1]
        lost, self.posts = len(self.posts) - len(heard), []
        rain = [post for post in heard for _ in range(self.rng.randint(1, 5))]
        self.rng.shuffle(rain)
        for headers, body in rain:
            taken.take(taken.channel.verify(headers, body))
        return lost

    async def poll(self, taken: Taken, start: Cursor) -> Cursor:
        """One poll to its end, however often its pages fail."""
        cursor = start
        while True:
            if self.rng.random() < 0.5:
                fault = self.rng.choice(((500, b""), (503, b""), (429, b"{}"), (200, HTML), (200, b'{"data": null}')))
                self.double.fail(fault[0], body=fault[1])
            try:
                page = await taken.channel.pull_orders(cursor)
            except Retry:
                continue
            for delivery in page.deliveries:
                taken.take(delivery)
            cursor = page.cursor
            if not page.more:
                return cursor


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_two_polls_everything_is_as_at_the_shop(
    http: AioHttp, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(reading, "PAGE", 15)
    async with serve(official=False) as double:
        double.mischief.record = False
        channel = Vendure().open(HARNESS.account(double.url), http)
        storm, taken, lost = Storm(double, random.Random(seed)), Taken(channel), 0
        cursor = Cursor(at=datetime.fromisoformat("2026-11-01T00:00:00+00:00"))
        for _ in range(3):
            storm.happen()
            lost += storm.deliver(taken)
            cursor = await storm.poll(taken, cursor)
            assert cursor.at is not None
            cursor = Cursor(at=cursor.at - Vendure.about.overlap)
        await storm.poll(taken, cursor)
        there = {key: order for key, order in double.shop.orders.items() if order["orderPlacedAt"]}
        assert lost > 0 and taken.orders.keys() == there.keys() and len(there) == 60
        assert {key: told.words["state"] for key, told in taken.orders.items()} == {
            key: order["state"] for key, order in there.items()
        }
        paid_back = {r["id"]: r["total"] for o in there.values() for p in o["payments"] for r in p["refunds"]}
        assert taken.refunds == paid_back and paid_back
