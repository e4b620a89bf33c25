"""A storm: deliveries repeated, shuffled and lost, pages failing in every way. After two polls nothing is missing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

import pytest

from connectors.medusa import MedusaChannel
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder
from hub.errors import Retry
from tests.connectors.medusa.documents import item, order
from tests.connectors.medusa.server import MedusaDouble
from tests.connectors.medusa.test_subscriber import post

FAULTS = (
    (429, {"Retry-After": "3"}, b'{"message":"Too Many Requests"}'),
    (500, {}, b'{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}'),
    (502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>"),
    (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Just a moment...</title>"),
)


class Hub:
    """What a hub keeps: each delivery once, of each order the latest revision."""

    def __init__(self, channel: MedusaChannel) -> None:
        self.channel = channel
        self.kept: set[str] = set()
        self.orders: dict[str, ChannelOrder] = {}
        self.went_back: list[str] = []

    def take(self, delivery: Delivery) -> None:
        if delivery.id in self.kept:
            return
        self.kept.add(delivery.id)
        for news in self.channel.read(delivery):
            if isinstance(news, ChannelOrder):
                known = self.orders.get(news.external_id)
                if known is None or news.revised_at > known.revised_at:
                    self.orders[news.external_id] = news

    async def poll(self, double: MedusaDouble, chance: random.Random, at: datetime | None) -> datetime | None:
        """One whole pull; every third page or so fails once or twice before it comes."""
        cursor = Cursor(at=at)
        while True:
            for status, headers, body in chance.sample(FAULTS, chance.choice((0, 0, 1, 2))):
                double.fail(status, headers=headers, body=body)
                with pytest.raises(Retry):
                    await self.channel.pull_orders(cursor)
            page = await self.channel.pull_orders(cursor)
            for delivery in page.deliveries:
                self.take(delivery)
            cursor = page.cursor
            if not page.more:
                return cursor.at


async def heard(channel: MedusaChannel, order_id: str) -> Delivery:
    """What the subscriber posts of an order as it stands."""
    body = b'{"order":' + await _raw(channel, order_id) + b"}"
    return channel.verify(post("order.updated", body), body)


async def _raw(channel: MedusaChannel, order_id: str) -> bytes:
    from connectors.medusa import fields
    from connectors.medusa.answers import Orders
    from connectors.medusa.client import asking

    page = await channel._client.get("/orders", Orders, [*asking(fields.ORDER), ("id[]", order_id)])
    return bytes(page.orders[0])


def battered(chance: random.Random, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Each one to five times, shuffled, one in ten lost."""
    found = [each for each in deliveries if chance.random() > 0.1 for _ in range(chance.randint(1, 5))]
    chance.shuffle(found)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_storm(channel: MedusaChannel, double: MedusaDouble, seed: int) -> None:
    chance, hub, posts = random.Random(seed), Hub(channel), []
    made = list(double.seed_orders(130))
    for number in range(20, 30):
        made.append(double.shop.add(order(number, [item(str(number), 25, 1)], double.shop.now(), paid=False)))
    for order_id in chance.sample(made, 40):
        posts.append(await heard(channel, order_id))
        move(double, chance, order_id)
        posts.append(await heard(channel, order_id))
    for delivery in battered(chance, posts):
        hub.take(delivery)
    at = await hub.poll(double, chance, None)
    for order_id in chance.sample(made, 20):
        move(double, chance, order_id)
    await hub.poll(double, chance, at)
    assert hub.orders.keys() == double.shop.orders.keys(), "the hub's orders are the shop's"
    for order_id, document in double.shop.orders.items():
        told = hub.orders[order_id].words
        assert {name: document[name] for name in ("status", "payment_status", "fulfillment_status")} == told


def move(double: MedusaDouble, chance: random.Random, order_id: str) -> None:
    """Something happens to an order at the shop."""
    document = double.shop.orders[order_id]
    if document["status"] == "canceled" or document["fulfillments"]:
        return
    match chance.choice(("capture", "pack", "cancel")):
        case "capture" if document["payment_status"] == "authorized":
            double.shop.capture(order_id)
        case "pack":
            double.shop.pack(order_id, {"items": [{"id": document["items"][0]["id"], "quantity": 1}]})
        case _:
            double.shop.cancel(order_id)
