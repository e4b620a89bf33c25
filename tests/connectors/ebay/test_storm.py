"""A storm: pages fail, limits strike, an HTML page comes with 200, notifications repeat out of order."""

from __future__ import annotations

import random

import pytest

from connectors.ebay import ABOUT, Ebay, EbayChannel
from connectors.http import AioHttp
from hub.contract import Cursor, Delivery
from hub.domain.order import ChannelOrder
from hub.errors import Forbidden, Retry
from tests.connectors.ebay.harness import account
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.test_pulling import SINCE

HTML = b"<!doctype html><html><body>Pardon our interruption</body></html>"


class Hub:
    """What an inbox would keep: deliveries by id, and the newest revision of each order."""

    def __init__(self, channel: EbayChannel) -> None:
        self.channel = channel
        self.kept: dict[str, Delivery] = {}
        self.cursor = SINCE

    def keep(self, delivery: Delivery) -> None:
        self.kept.setdefault(delivery.id, delivery)

    def orders(self) -> dict[str, ChannelOrder]:
        newest: dict[str, ChannelOrder] = {}
        for delivery in self.kept.values():
            for news in self.channel.read(delivery):
                if isinstance(news, ChannelOrder):
                    known = newest.get(news.external_id)
                    newest[news.external_id] = news if known is None or news.revised_at > known.revised_at else known
        return newest


async def poll(hub: Hub, double: EbayDouble, chance: random.Random) -> None:
    """One poll to its end, with trouble on the way; the cursor moves only with a page that came."""
    troubles = [(500, b""), (502, HTML), (429, b"{}"), (200, HTML), (503, b"")]
    while True:
        if chance.random() < 0.4:
            status, body = chance.choice(troubles)
            double.fail(status, body=body, times=chance.randint(1, 2))
        try:
            page = await hub.channel.pull_orders(hub.cursor)
        except Retry:
            double.mischief.failures.clear()
            continue
        double.mischief.failures.clear()
        for delivery in page.deliveries:
            for _ in range(chance.randint(1, 3)):
                hub.keep(delivery)
        hub.cursor = page.cursor
        if not page.more:
            return


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_two_polls_the_orders_are_ebays(double: EbayDouble, http: AioHttp, seed: int) -> None:
    chance = random.Random(seed)
    hub = Hub(Ebay().open(account(double.url), http))
    names = list(double.seed_orders(chance.randint(120, 320)))
    await poll(hub, double, chance)
    names += double.seed_orders(chance.randint(1, 40))
    for name in chance.sample(names, 12):
        double.state.ask_cancellation(name)
    assert hub.cursor.at is not None
    hub.cursor = Cursor(at=hub.cursor.at - ABOUT.overlap)
    await poll(hub, double, chance)
    found = hub.orders()
    assert found.keys() == double.state.orders.keys()
    for name, order in found.items():
        told = double.state.orders[name]
        assert order.words["cancel"] == told["cancelStatus"]["cancelState"]
        assert order.revised_at.isoformat(timespec="milliseconds").replace("+00:00", "Z") == told["lastModifiedDate"]


@pytest.mark.parametrize("seed", [4, 5])
async def test_notifications_in_any_number_and_order(double: EbayDouble, http: AioHttp, seed: int) -> None:
    chance = random.Random(seed)
    hub = Hub(Ebay().open(account(double.url), http))
    sent = [double.notification("MARKETPLACE_ACCOUNT_DELETION", {"username": f"b{n}"}) for n in range(40)]
    deliveries = [it for it in sent for _ in range(chance.randint(1, 5)) if chance.random() > 0.1]
    forged = [({**headers}, body.replace(b"b1", b"c1")) for headers, body in sent[10:15]]
    chance.shuffle(deliveries)
    for headers, body in deliveries + forged:
        if chance.random() < 0.1:
            double.fail(chance.choice([500, 429]), times=2)
        try:
            await hub.channel.fetch_keys(headers)
            hub.keep(hub.channel.verify(headers, body))
        except Retry:
            assert len(hub.kept) == 0, "a key that is known needs nobody"
        except Forbidden:
            assert (headers, body) in forged
        double.mischief.failures.clear()
    for headers, body in sent:  # eBay repeats what was not answered with 2xx
        await hub.channel.fetch_keys(headers)
        hub.keep(hub.channel.verify(headers, body))
    people = [news for delivery in hub.kept.values() for news in hub.channel.read(delivery)]
    assert sorted(it.external_id for it in people) == sorted(f"b{n}" for n in range(40))  # type: ignore[union-attr]
    assert double.asked_keys.count(double.asked_keys[0]) <= 2
