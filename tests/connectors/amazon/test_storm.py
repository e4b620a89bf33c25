"""A storm: notifications 1–5 times, shuffled, one in ten lost; pages that fail, 429s, HTML with 200, lost answers.
After two polls everything the channel has is here, once, in its latest state."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from connectors.amazon import Amazon, AmazonQueueChannel
from connectors.http import AioHttp
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder, RefundNotice
from hub.errors import CrossdockError, Reconnect, Retry
from tests.connectors.amazon.books import NOW, order_change
from tests.connectors.amazon.finances import transaction_update
from tests.connectors.amazon.harness import HARNESS, stocked, with_queue
from tests.connectors.amazon.server import AmazonDouble

HTML = b"<!doctype html><html><body>We will be back soon</body></html>"


@dataclass
class Hub:
    """What the hub does with deliveries: keeps each id once, and of each order the latest revision."""

    channel: AmazonQueueChannel
    ids: set[str] = field(default_factory=set)
    orders: dict[str, ChannelOrder] = field(default_factory=dict)
    refunds: dict[str, RefundNotice] = field(default_factory=dict)
    cursor: Cursor = field(default_factory=lambda: Cursor(at=NOW - timedelta(days=7)))

    def keep(self, deliveries: tuple[Delivery, ...]) -> None:
        for delivery in deliveries:
            if delivery.id in self.ids:
                continue
            self.ids.add(delivery.id)
            for news in self.channel.read(delivery):
                if isinstance(news, RefundNotice):
                    assert self.refunds.setdefault(news.external_id, news) is news, "a refund under two ids"
                    continue
                assert isinstance(news, ChannelOrder)
                known = self.orders.get(news.external_id)
                if known is None or news.revised_at >= known.revised_at:
                    self.orders[news.external_id] = news

    async def poll(self, storm: Storm) -> None:
        """One poll to its end: it begins a little behind the cursor, which moves with the last page only."""
        overlap = Amazon.about.overlap
        page_at = Cursor(at=self.cursor.at - overlap) if self.cursor.at else self.cursor
        for _ in range(200):
            storm.strike()
            try:
                page = await self.channel.pull_orders(page_at)
            except Retry:
                continue
            self.keep(page.deliveries)
            page_at = page.cursor
            if not page.more:
                self.cursor = page.cursor
                return
        raise AssertionError("the poll did not come to its end")

    async def listen(self, storm: Storm) -> None:
        """Empties the queue, however often it or Amazon fails meanwhile."""
        for _ in range(400):
            storm.strike()
            try:
                notices = await self.channel.pull_notices()
                self.keep(notices)
                await self.channel.drop_notices(notices)
            except Retry:
                storm.double.sqs.show()
                continue
            if not notices and not storm.double.sqs.messages:
                return
            storm.double.sqs.show()
        raise AssertionError("the queue did not get empty")


@dataclass
class Storm:
    """What goes wrong, by a seed."""

    double: AmazonDouble
    rng: random.Random

    def strike(self) -> None:
        """The next calls may fail."""
        self.double.left = dict.fromkeys(self.double.left, 50)
        match self.rng.randrange(9):
            case 0:
                self.double.fail(500)
            case 1:
                self.double.fail(503, headers={"Retry-After": "0"})
            case 2:
                self.double.fail(200, headers={"Content-Type": "text/html"}, body=HTML)
            case 3:
                self.double.fail(429, body=b'{"errors":[{"code":"QuotaExceeded","message":"no","details":""}]}')
            case 4:
                self.double.drop_replies()
            case 5:
                self.double.good.clear()  # the token has ended
            case _:
                pass

    def tell(self, order_ids: list[str]) -> None:
        """Notifications of changes: each 1 to 5 times, in any order, one in ten never."""
        told = [order_id for order_id in order_ids for _ in range(self.rng.randint(1, 5)) if self.rng.random() > 0.1]
        self.rng.shuffle(told)
        self.double.sqs.put(*(order_change(order_id, number) for number, order_id in enumerate(told)))

    def refund(self, order_ids: list[str]) -> None:
        """Some buyers get money back, in one part or two, some of it deferred and released; some of it is told."""
        for order_id in order_ids:
            for _ in range(self.rng.randint(1, 2)):
                status = self.rng.choice(("RELEASED", "DEFERRED"))
                amount = -self.rng.randint(1, 900) / 100
                told = self.double.finances.post(
                    order_id, {"OurPricePrincipal": amount, "Commission": 0.1}, transactionStatus=status
                )
                if self.rng.random() < 0.5:
                    self.double.sqs.put(*[transaction_update(told)] * self.rng.randint(1, 5))
                if status == "DEFERRED" and self.rng.random() < 0.5:
                    self.double.finances.release(told)

    def change(self, order_ids: list[str]) -> None:
        """Some orders are shipped by somebody else, some cancelled."""
        for order_id in order_ids:
            order = self.double.books.orders[order_id]
            item = order["orderItems"][0]
            if self.rng.random() < 0.5:
                detail = {"packageReferenceId": "9", "trackingNumber": f"X{order_id}", "carrierCode": "DPD",
                          "shipDate": "2026-11-20T12:00:00.000Z"}  # fmt: skip
                self.double.books.ship(order, {item["orderItemId"]: 1}, detail)
            else:
                self.double.books.cancel(order_id, {item["orderItemId"]: "NoInventory"})


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_two_polls_everything_is_here_once_and_nothing_went_back(seed: int, http: AioHttp) -> None:
    async with stocked() as double:
        double.rates, double.finances.page = dict.fromkeys(double.rates, "1000000.0"), 7
        channel = Amazon().open(with_queue(HARNESS.account(double.url), double.queue_url), http)
        assert isinstance(channel, AmazonQueueChannel)
        storm, hub = Storm(double, random.Random(seed)), Hub(channel)
        await channel.check()
        first = list(double.seed_orders(150))
        storm.tell(first)
        await hub.listen(storm)
        await hub.poll(storm)
        second = list(double.seed_orders(60))
        changed = storm.rng.sample(first, 12)
        storm.change(changed)
        storm.tell([*second, *changed])
        await hub.listen(storm)
        storm.refund(storm.rng.sample(first, 20))
        double.books.now += timedelta(minutes=30)
        channel._kept.watch.next = 0.0  # a quarter of an hour has passed since refunds were asked for
        await hub.listen(storm)
        await hub.poll(storm)
        assert hub.orders.keys() == double.books.orders.keys(), "all, and none that is not there"
        for order_id, told in double.books.orders.items():
            here = hub.orders[order_id]
            assert here.words["fulfillmentStatus"] == told["fulfillment"]["fulfillmentStatus"], order_id
            assert here.total == 100 * int(told["proceeds"]["grandTotal"]["amount"].partition(".")[0])
            assert (here.cancelled_at is not None) is (told["fulfillment"]["fulfillmentStatus"] == "CANCELLED")
        there = {
            it["transactionId"]: it for it in double.finances.posted if not it["transactionId"].endswith("-release")
        }
        assert hub.refunds.keys() == there.keys(), "each refund once, released or not"
        for name, told in there.items():
            part = told["items"][0]["breakdowns"][0]["breakdownAmount"]["currencyAmount"]
            assert hub.refunds[name].amount == round(-100 * part)


async def test_a_refusal_in_the_storm_is_no_empty_page(http: AioHttp) -> None:
    async with stocked() as double:
        channel = Amazon().open(HARNESS.account(double.url), http)
        for status, meaning in ((403, Reconnect), (400, CrossdockError), (504, Retry)):
            double.fail(status, times=2)
            with pytest.raises(meaning):
                await channel.pull_orders(Cursor(at=NOW))
            double.mischief.failures.clear()
