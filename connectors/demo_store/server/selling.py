"""Several demo stores at work: their buyers place orders, and their webhooks tell whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec

from connectors.demo_store.server.books import Books
from connectors.demo_store.server.orders import Customers, Document, Made, stamp
from connectors.demo_store.server.stores import STORES, Store
from connectors.playing.line import reachable
from connectors.playing.manners import Mischief, Refused
from connectors.playing.sender import Hook, Sender, Tally
from connectors.signing import hmac_base64
from hub.domain.outgoing import Kind

Register = Callable[[Sequence[Document]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Options:
    """How the stores behave. `seed` decides every order; `flawed` is the share of orders with something wrong.

    `first`: number of the first order. `register`: is told of each payment before anybody hears of its order.
    `record`: keep every request for tests.
    """

    seed: int = 1
    flawed: float = 0.0
    first: int = 1001
    register: Register | None = None
    record: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Rush:
    """Orders to be placed at one store, and their webhooks. Without `to` they go to the store's own subscribers.

    `pace` is orders a second, 0 for as fast as they are accepted; `concurrency` how many are on their way at once.
    `ahead` orders are placed before the first of them is told of, and so on; 0 places all of them first.
    """

    store: str
    count: int
    to: str = ""
    pace: float = 0.0
    concurrency: int = 16
    ahead: int = 0


class StoreServer:
    """Several stores behind one address: `url/<store key>` is the base_url of an account."""

    def __init__(self, stores: Sequence[Store] = STORES, options: Options | None = None) -> None:
        self.options = options or Options()
        self.mischief = Mischief(record=self.options.record)
        self.sender = Sender()
        self.url = ""
        self.books: dict[str, Books] = {}
        self._customers: dict[str, Customers] = {}
        self._to: dict[str, str] = {}
        self._serial = 0
        self._later: set[asyncio.Task[None]] = set()
        for store in stores:
            self._add(store)

    def _add(self, store: Store) -> None:
        def tell(topic: str, body: Document) -> None:
            for hook in self.hooks(store, topic, body):
                self.sender.soon(hook)

        self.books[store.key] = Books(store, tell, self.options.now)
        self._customers[store.key] = Customers(
            store, self.options.seed, first=self.options.first, flawed=self.options.flawed
        )

    async def __aenter__(self) -> StoreServer:
        await self.sender.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self.sender.__aexit__(None, None, None)

    # ------------------------------------------------------------ selling

    async def sell(self, rush: Rush) -> tuple[list[str], Tally]:
        """Places orders, sends their webhooks, and gives the orders' ids with what became of the webhooks.

        News that come later (a late payment, a cancellation) are still on their way then: see `settle`.
        Raises `Refused` for an address that cannot be reached.
        """
        books = self.books[rush.store]
        if rush.to:
            if not reachable(rush.to):
                raise Refused(422, f"{rush.to!r} is not a plain http address")
            self._to[rush.store] = rush.to
        ahead = rush.ahead or rush.count
        made = await self._place(books, min(ahead, rush.count))

        async def news() -> AsyncIterator[Hook]:
            told = 0
            while told < len(made):
                for hook in self._first_news(books, made[told:]):
                    yield hook
                told = len(made)
                made.extend(await self._place(books, min(ahead, rush.count - told)))

        tally = await self.sender.load(news(), pace=rush.pace, concurrency=rush.concurrency)
        return [order["id"] for order, _ in made], tally

    async def settle(self) -> None:
        """Waits until everything that was to come later has been sent."""
        while self._later:
            await asyncio.wait(self._later)
        await self.sender.drain()

    def seed_orders(self, count: int, *, store: str = "") -> Sequence[str]:
        """Orders that nobody is told about, thirty to a second, never earlier than the last; gives their ids."""
        key = store or next(iter(self.books))
        orders, ids = self.books[key].orders, []
        last = max((order["updated_at"] for order in orders.values()), default=stamp(self.options.now()))
        second = datetime.fromisoformat(last).replace(microsecond=0) + timedelta(seconds=bool(orders))
        for n in range(count):
            order, _ = self._customers[key].buy(second + timedelta(seconds=n // 30))
            orders[order["id"]] = order
            ids.append(order["id"])
        return ids

    async def _place(self, books: Books, count: int) -> list[Made]:
        customers, made = self._customers[books.store.key], []
        for n in range(count):
            made.append(customers.buy(self.options.now()))
            if n % 200 == 199:
                await asyncio.sleep(0)
        if made and self.options.register:
            await self.options.register([payment_of(order, books.store) for order, _ in made])
        return made

    def _first_news(self, books: Books, made: Sequence[Made]) -> Iterator[Hook]:
        topics = ("order.updated", "order.created") if books.store.updated_first else ("order.created",)
        for order, flaw in made:
            books.orders[order["id"]], books.flaws[order["id"]] = order, flaw
            for topic in topics:
                yield from self.hooks(books.store, topic, order)
            if flaw == "cancelled_soon":
                self._soon(books, self._cancel, order)
            elif not flaw and books.store.pays_late:
                self._soon(books, self._pay, order)

    def _soon(self, books: Books, happen: Callable[[Books, Document], Awaitable[None]], order: Document) -> None:
        async def later() -> None:
            await asyncio.sleep(books.store.later)
            await happen(books, order)

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _pay(self, books: Books, order: Document) -> None:
        if self.options.register:
            await self.options.register([{**payment_of(order, books.store), "status": "captured"}])
        books.pay(order)

    async def _cancel(self, books: Books, order: Document) -> None:
        books.give_up(order, "customer changed their mind")

    def hooks(self, store: Store, topic: str, body: Document) -> Iterator[Hook]:
        """The signed deliveries of one piece of news, one for each subscriber, or two where the store stutters."""
        subscribers = [hook["url"] for hook in self.books[store.key].hooks.values() if hook["topic"] == topic]
        if to := self._to.get(store.key):
            subscribers = [to]
        content = msgspec.json.encode(body)
        for url in subscribers:
            self._serial += 1
            headers = {
                "Content-Type": "application/json",
                "X-Demo-Topic": topic,
                "X-Demo-Time": stamp(self.options.now()),
                "X-Demo-Delivery": f"{store.key}-{self.options.first}-{self._serial}",
                "X-Demo-Signature": hmac_base64(store.webhook_secret, content),
            }
            for _ in range(2 if store.twice else 1):
                yield Hook(url, headers, content)

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of every call that took effect, at all stores."""
        return [done for books in self.books.values() for done in books.effects.messages()]


def payment_of(order: Document, store: Store) -> Document:
    """An order's payment as a payment provider knows it; `status` in plain English."""
    payment = order["payments"][0]
    status = next(name for name, word in store.words.items() if name[:8] == "payment." and word == payment["status"])
    return {
        "id": payment["id"],
        "amount": payment["amount"],
        "currency": store.currency,
        "status": status.removeprefix("payment."),
    }


def register_at(url: str) -> Register:
    """Registers payments at the demo payment provider at `url`, many in one call."""

    async def register(payments: Sequence[Document]) -> None:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            for start in range(0, len(payments), 500):
                body = {"payments": payments[start : start + 500]}
                await (await session.post(f"{url}/_/authorize", json=body)).read()

    return register
