"""One side for each channel of the storm: how its shop is opened, what happens there, and how it tells.

A `Side` stands between the storm and a connector's double. What a channel posts is made by its double, by the channel's
own rule, where it posts orders; where it posts none (eBay, Etsy), its orders are recorded and replayed through the same
door, as `python main.py replay` does, beside the nudges and queues that it really has.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.demo_store.server.stores import HARBOR
from connectors.playing.manners import Mischief
from connectors.signing import hmac_base64
from hub.actions.pull_notices import pull_notices
from hub.contract import Account, Cursor, Delivery
from hub.domain.order import ChannelOrder
from hub.errors import CrossdockError
from tests.connectors.amazon import harness as amazon
from tests.connectors.amazon.books import order_change
from tests.connectors.demo_store import harness as demo_store
from tests.connectors.ebay import harness as ebay
from tests.connectors.ebay.server import SEEDED_FROM
from tests.connectors.etsy import harness as etsy
from tests.connectors.etsy.shop import SHOP_ID, money
from tests.connectors.medusa import harness as medusa
from tests.connectors.medusa.test_subscriber import post
from tests.connectors.shopify import harness as shopify
from tests.connectors.vendure import harness as vendure
from tests.connectors.vendure.test_polling import ship
from tests.connectors.woocommerce import harness as woocommerce
from tests.support.world import World


class Sent(NamedTuple):
    """One delivery as the channel posts it."""

    headers: Mapping[str, str]
    body: bytes


class Side:
    """One channel. `since`: before everything that its double seeds; `first` and `more`: orders of the two rounds."""

    harness: Any
    since = datetime(2026, 11, 1, tzinfo=UTC)
    first, more = 120, 30
    posts = True
    """Whether it posts anything to our door."""

    def serve(self) -> AbstractAsyncContextManager[Any]:
        """Its double, with what the contract suite pushes about."""
        served: AbstractAsyncContextManager[Any] = self.harness.serve()
        return served

    def account(self, double: Any) -> Account:
        """An account with working credentials there."""
        made: Account = self.harness.account(double.url)
        return made

    async def begin(self, world: World, account_id: int, door: str, double: Any) -> None:
        """What happens before the storm: nothing."""

    def clear(self, double: Any) -> None:
        """Nothing goes wrong any more: failures that were still to come are called off."""
        mischief = self.mischief_of(double)
        mischief.failures.clear()
        mischief.drops = 0

    def mischief_of(self, double: Any) -> Mischief:
        """What the double does wrong on purpose."""
        found: Mischief = double.mischief
        return found

    def there(self, double: Any) -> set[str]:
        """The ids of every order that the channel shows."""
        raise NotImplementedError

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        """Something happens to these orders at the channel."""
        raise NotImplementedError

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        """What the channel posts now about these orders."""
        raise NotImplementedError

    async def listen(self, world: World, account_id: int, double: Any) -> None:
        """Hears what the channel tells otherwise than by posts: nothing."""

    async def _orders(self, world: World, double: Any) -> dict[str, Delivery]:
        """Every order as it stands, read by a connector of its own."""
        channel: Any = self.harness.connector.open(self.account(double), world.http)
        cursor, found = Cursor(at=self.since), {}
        while True:
            page = await channel.pull_orders(cursor)
            for delivery in page.deliveries:
                for news in channel.read(delivery):
                    if isinstance(news, ChannelOrder):
                        found[news.external_id] = delivery
            if not page.more:
                return found
            cursor = page.cursor

    async def _replayed(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        """Recordings of these orders, signed as the connector signs for `replay`."""
        channel: Any = self.harness.connector.open(self.account(double), world.http)
        orders = await self._orders(world, double)
        told = [orders[name] for name in names]
        return [Sent(channel.sign(delivery.topic, delivery.body), delivery.body) for delivery in told]


class DemoStore(Side):
    """Posts whole orders; a cancellation has a topic of its own."""

    harness = demo_store.HARNESS

    def mischief_of(self, double: Any) -> Mischief:
        return super().mischief_of(double.server)

    def there(self, double: Any) -> set[str]:
        return set(double.server.books["harbor"].orders)

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        books = double.server.books["harbor"]
        for name in names:
            books.give_up(books.orders[name], "changed their mind")

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        orders = double.server.books["harbor"].orders
        return [self._sent("order.updated", json.dumps(orders[name]).encode()) for name in names]

    def _sent(self, topic: str, body: bytes) -> Sent:
        signature = hmac_base64(HARBOR.webhook_secret, body)
        return Sent({"X-Demo-Topic": topic, "X-Demo-Delivery": uuid.uuid4().hex, "X-Demo-Signature": signature}, body)


class Shopify(Side):
    """Posts whole orders, by topics."""

    harness = shopify.HARNESS
    first, more = 70, 20

    async def begin(self, world: World, account_id: int, door: str, double: Any) -> None:
        double.dearest = 200.0  # a page holds some thirty orders then

    def clear(self, double: Any) -> None:
        double._ordered.clear()
        double._drop = 0

    def there(self, double: Any) -> set[str]:
        return set(double.state.orders)

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            order = json.loads(json.dumps(double.state.orders[name]))
            later = datetime.fromisoformat(order["updated_at"]) + timedelta(seconds=dice.randint(1, 60))
            order["updated_at"] = later.isoformat()
            if dice.random() < 0.5:
                order |= {"cancelled_at": later.isoformat(), "cancel_reason": "customer"}
            else:
                order["note"] = "please hurry"
            double.add_order_from_webhook(order)

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        bodies = [json.dumps(double.state.orders[name]).encode() for name in names]
        return [Sent(double.headers("orders/updated", body), body) for body in bodies]


class WooCommerce(Side):
    """Posts whole orders, once each, to whoever subscribed."""

    harness = woocommerce.HARNESS

    def mischief_of(self, double: Any) -> Mischief:
        found: Mischief = double._mischief
        return found

    async def begin(self, world: World, account_id: int, door: str, double: Any) -> None:
        channel: Any = await world.accounts.open(account_id)
        await channel.repair_webhooks(door)
        double.store.posted.clear()

    def there(self, double: Any) -> set[str]:
        return {str(number) for number in double.store.orders}

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            double.store.clock += timedelta(seconds=dice.choice((0, 1, 40)))
            double.store.change(int(name), status=dice.choice(("completed", "cancelled")))

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        posted, double.store.posted = double.store.posted, []
        return [Sent(one.headers, one.body) for one in posted]


class Medusa(Side):
    """Its subscriber posts whole orders, as the admin API shows them."""

    harness = medusa.HARNESS

    def there(self, double: Any) -> set[str]:
        return set(double.shop.orders)

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            if dice.random() < 0.5:
                line = {"id": double.shop.orders[name]["items"][0]["id"], "quantity": 1}
                double.shop.pack(name, {"items": [line]})
            else:
                double.shop.cancel(name)

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        orders = await self._orders(world, double)
        return [Sent(post("order.updated", orders[name].body), orders[name].body) for name in names]


class Vendure(Side):
    """Its plugin posts whole orders; carts are nobody's business."""

    harness = vendure.HARNESS
    first, more = 105, 20

    def serve(self) -> AbstractAsyncContextManager[Any]:
        return vendure.stocked(official=False)  # held to the official schema by the suite; here it would only be slow

    def there(self, double: Any) -> set[str]:
        return {name for name, order in double.shop.orders.items() if order["orderPlacedAt"]}

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            double.shop.pass_time(dice.choice((0, 1, 400)))
            if dice.random() < 0.5:
                ship(double, double.shop.orders[name])
            else:
                double.shop.cancel({"orderId": name})

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        return [Sent(*double.post(name)) for name in names]


class Amazon(Side):
    """Posts nothing: what it tells lies in a queue."""

    harness = amazon.HARNESS
    posts = False

    def account(self, double: Any) -> Account:
        return amazon.with_queue(amazon.HARNESS.account(double.url), double.queue_url)

    async def begin(self, world: World, account_id: int, door: str, double: Any) -> None:
        double.rates = dict.fromkeys(double.rates, "1000000.0")
        channel: Any = await world.accounts.open(account_id)
        await channel.pull_orders(Cursor(at=double.books.now - timedelta(hours=1)))  # learns how often it may ask
        await channel.check()

    def there(self, double: Any) -> set[str]:
        return set(double.books.orders)

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            item = double.books.orders[name]["orderItems"][0]["orderItemId"]
            double.books.cancel(name, {item: "NoInventory"})

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        double.sqs.put(*(order_change(name, number) for number, name in enumerate(names)))
        return []

    async def listen(self, world: World, account_id: int, double: Any) -> None:
        for _ in range(60):
            double.left = dict.fromkeys(double.left, 50)
            try:
                await pull_notices(world.services, world.inbox, account_id)
            except CrossdockError:
                double.sqs.show()
                continue
            if not double.sqs.messages:
                return
            double.sqs.show()
        raise AssertionError("the queue did not get empty")


class Ebay(Side):
    """Tells of people who leave, not of orders: those are recorded and replayed."""

    harness = ebay.HARNESS
    since = datetime(2024, 8, 31, tzinfo=UTC)

    async def begin(self, world: World, account_id: int, door: str, double: Any) -> None:
        double.state.clock = SEEDED_FROM + timedelta(minutes=1)  # what happens, happens after what was placed

    def there(self, double: Any) -> set[str]:
        return set(double.state.orders)

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        for name in names:
            double.state.ask_cancellation(name)

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        return await self._replayed(world, double, names)


class Etsy(Side):
    """Tells only that something happened; whole receipts are recorded and replayed besides."""

    harness = etsy.HARNESS

    def there(self, double: Any) -> set[str]:
        return {str(number) for number in double.shop.receipts}

    def change(self, double: Any, dice: random.Random, names: Sequence[str]) -> None:
        double.shop.now = max(one["updated_timestamp"] for one in double.shop.receipts.values())
        for name in names:
            double.shop.change(int(name), status="Canceled", is_paid=False, grandtotal=money(0))

    async def tell(self, world: World, double: Any, names: Iterable[str]) -> list[Sent]:
        names = list(names)
        url = f"https://openapi.etsy.com/v3/application/shops/{SHOP_ID}/receipts"
        told = [{"event_type": "order.paid", "resource_url": f"{url}/{name}", "shop_id": SHOP_ID} for name in names]
        nudges = [json.dumps(one).encode() for one in told]
        return [*(Sent(double.headers(body), body) for body in nudges), *await self._replayed(world, double, names)]


SIDES: Mapping[str, Side] = {
    "demo_store": DemoStore(), "shopify": Shopify(), "woocommerce": WooCommerce(), "amazon": Amazon(), "ebay": Ebay(),
    "etsy": Etsy(), "medusa": Medusa(), "vendure": Vendure(),
}  # fmt: skip
"""Connector → its side. `test_storms` fails for a connector of orders that has none."""
