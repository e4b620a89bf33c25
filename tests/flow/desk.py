"""What tests of the flow write with: deliveries in, stages one by one, and the store read back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.actions.import_stock import StockLine, import_stock
from hub.actions.verify_store import verify_store
from hub.contract import Delivery
from hub.domain.lifecycle import Inbox as InboxState
from hub.domain.lifecycle import Lifecycle, Outbox, Work
from hub.domain.order import Address, Buyer, ChannelLine, ChannelOrder, ChannelPayment, News, PaymentStatus
from hub.flow.directory import Directory
from hub.flow.intake import Intaker
from hub.flow.outbox import Lane
from hub.flow.runner import Runner
from hub.flow.stages import FULFILLMENTS, ORDERS
from tests.flow.paper import Book, Paper
from tests.support.world import MERCHANT, World

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BERLIN = Address(name="Erika Muster", line1="Heidestr. 17", city="Berlin", postcode="10557", country="DE")

_serial = itertools.count(1)


def at(minutes: float) -> datetime:
    """A moment of the orders' own day."""
    return T0 + timedelta(minutes=minutes)


def mug(**given: Any) -> ChannelLine:
    """Two mugs at 12.50."""
    fields: dict[str, Any] = {
        "external_id": "L1", "title": "Mug", "quantity": 2, "unit_price": 1250, "sku": "MUG", "listing_id": "V1"
    }  # fmt: skip
    return ChannelLine(**fields | given)


def an_order(**given: Any) -> ChannelOrder:
    """A paid order of two mugs to Berlin; each has a buyer of its own, so that none looks like another."""
    number = next(_serial)
    lines = given.get("lines", (mug(),))
    total = sum(ln.unit_price * ln.quantity - ln.discount for ln in lines)
    fields: dict[str, Any] = {
        "external_id": f"X{number}", "number": f"#{number}", "placed_at": at(0), "revised_at": at(0), "currency": "EUR",
        "total": total, "tax_included": True, "lines": lines, "ship_to": BERLIN, "paid": True,
        "buyer": Buyer(name="Erika Muster", email=f"erika{number}@example.com"),
        "payments": (ChannelPayment(external_id="P1", status=PaymentStatus.CAPTURED, amount=total),),
    }  # fmt: skip
    return ChannelOrder(**fields | given)


def _first(news: Sequence[News]) -> ChannelOrder:
    return next(item for item in news if isinstance(item, ChannelOrder))


class Desk:
    """One process, worked by hand."""

    def __init__(self, world: World, connectors: dict[str, Any]) -> None:
        self.world = world
        self.papers: dict[str, Paper] = connectors
        self.directory = Directory(world.database, world.accounts)
        self.intaker = Intaker(world.database, self.directory, world.ports)
        self.runner = Runner(world.database, self.directory, world.ports)
        self.shop = self.carrier = self.location = 0

    async def set_up(self) -> None:
        """A shop, a carrier, and a hundred mugs and cups in Berlin."""
        self.shop = await self.world.account("paper_shop", "shop", {})
        self.carrier = await self.world.account("paper_carrier", "carrier", {})
        await self.count(MUG=100, CUP=100)
        self.location = await self.world.value("SELECT id FROM locations")

    def book(self, connector: str, account: str) -> Book:
        """The other side of an account."""
        return self.papers[connector].books.setdefault(account, Book())

    async def count(self, location: str = "berlin", **on_hand: int) -> None:
        """Counts stock at an automatic location of Germany."""
        lines = [StockLine(sku=sku, location=location, on_hand=n, country="DE") for sku, n in on_hand.items()]
        await import_stock(self.world.services, MERCHANT, lines)

    async def settle(self) -> None:
        """Reads who there is, now and for good: else it is read again every few seconds, however long a batch takes."""
        for account in (self.shop, self.carrier):
            self.world.accounts.forget(account)
        self.directory.forget()
        self.directory.keep_seconds = math.inf
        await self.directory.known(self.world.database.plain)

    # ------------------------------------------------------------ coming in

    async def tell(self, *news: News, account: int = 0, ids: Sequence[str] = ()) -> None:
        """Keeps deliveries; `ids` make them the same as earlier ones."""
        channel = await self.world.accounts.open(account or self.shop)
        for position, item in enumerate(news):
            made = ids[position] if ids else f"d{next(_serial)}"
            delivery = Delivery(made, type(item).__name__, msgspec.json.encode(item))
            await self.world.inbox.keep(channel.account, delivery)

    async def post(self, topic: str, body: bytes, account: int = 0) -> str:
        """Keeps one delivery as it is; gives its id."""
        channel = await self.world.accounts.open(account or self.shop)
        made = f"d{next(_serial)}"
        await self.world.inbox.keep(channel.account, Delivery(made, topic, body))
        return made

    # ------------------------------------------------------------ moving on

    async def take_in(self, limit: int = 200) -> None:
        """Intake until nothing is due."""
        while await self.intaker.work(limit):
            pass

    async def orders(self) -> None:
        """The line of orders until nothing is due."""
        while await self.runner.work(ORDERS):
            pass

    async def route(self) -> None:
        """As `orders`, one at a time: a batch that was narrowed down to one does not move what it makes any further."""
        while await self.runner.work(ORDERS, 1):
            pass

    async def works(self) -> None:
        """The line of fulfillment orders until nothing is due."""
        while await self.runner.work(FULFILLMENTS):
            pass

    def lane(self, account: int) -> Lane:
        """The outbox of one account, as this process would work it."""
        return Lane(self.world.database, self.world.accounts, self.world.ports, account, self.runner)

    async def send(self, *accounts: int) -> None:
        """Sends whatever is due on the lanes of accounts (all of them without any)."""
        if not accounts:
            rows = await self.world.rows("SELECT DISTINCT account_id FROM outbox WHERE state < 9")
            accounts = tuple(row["account_id"] for row in rows)
        for account in accounts:
            while await self.lane(account).work():
                pass

    async def answer(self, account: int) -> None:
        """Sends what is due on a lane and keeps the answers alone: what waits for them is woken, as when a batch cannot
        go on."""
        await Lane(self.world.database, self.world.accounts, self.world.ports, account).work()

    async def take(self, *news: News) -> int:
        """Tells, takes in, reviews and routes, and on until labels are asked for; gives the id of the first order told
        of."""
        await self.tell(*news)
        await self.take_in()
        await self.orders()
        return await self.order_id(_first(news).external_id)

    async def routed(self, *news: News) -> int:
        """Tells, takes in, reviews and routes, and no further; gives the id of the first order told of."""
        await self.tell(*news)
        await self.take_in()
        await self.route()
        return await self.order_id(_first(news).external_id)

    async def ship(self, *news: News) -> int:
        """As `take`, and on until every parcel is with the carrier."""
        order_id = await self.take(*news)
        for _ in range(3):
            await self.works()
            await self.send()
        return order_id

    async def sound(self) -> None:
        """Fails unless the whole store keeps its invariants."""
        found = await verify_store(self.world.database)
        assert not found.violations, msgspec.json.encode(found.violations).decode()

    # ------------------------------------------------------------ reading back

    async def order_id(self, external_id: str) -> int:
        """The id of an order."""
        found = await self.world.value("SELECT id FROM orders WHERE external_id = $1", external_id)
        assert found is not None, f"{external_id} is not here"
        return int(found)

    async def order(self, order_id: int) -> dict[str, Any]:
        """An order's columns."""
        (row,) = await self.world.rows("SELECT * FROM orders WHERE id = $1", order_id)
        return dict(row) | {"state": Lifecycle(row["state"])}

    async def lines(self, order_id: int) -> list[dict[str, Any]]:
        """An order's lines."""
        return [dict(r) for r in await self.world.rows(
            "SELECT * FROM order_lines WHERE order_id = $1 ORDER BY external_id", order_id)]  # fmt: skip

    async def holds(self, order_id: int) -> dict[str, dict[str, Any]]:
        """Open holds: reason → detail."""
        rows = await self.world.rows(
            "SELECT reason, detail FROM holds WHERE order_id = $1 AND state IN ('open', 'escalated')", order_id
        )
        return {row["reason"]: msgspec.json.decode(row["detail"]) for row in rows}

    async def events(self, order_id: int) -> list[str]:
        """Kinds of an order's own events, oldest first."""
        rows = await self.world.rows("SELECT kind FROM events WHERE subject_id = $1 ORDER BY seq", order_id)
        return [row["kind"] for row in rows]

    async def works_of(self, order_id: int) -> list[Work]:
        """States of its fulfillment orders."""
        rows = await self.world.rows("SELECT state FROM fulfillment_orders WHERE order_id = $1 ORDER BY id", order_id)
        return [Work(row["state"]) for row in rows]

    async def parcels(self, order_id: int) -> list[dict[str, Any]]:
        """Its parcels."""
        return [
            dict(r) for r in await self.world.rows("SELECT * FROM parcels WHERE order_id = $1 ORDER BY id", order_id)
        ]

    async def messages(self, kind: str) -> list[dict[str, Any]]:
        """Outbox messages of a kind."""
        rows = await self.world.rows("SELECT * FROM outbox WHERE kind = $1 ORDER BY id", kind)
        return [dict(row) | {"state": Outbox(row["state"])} for row in rows]

    async def delivery(self, delivery_id: str) -> dict[str, Any]:
        """What became of a delivery."""
        (row,) = await self.world.rows("SELECT * FROM inbox WHERE delivery_id = $1", delivery_id)
        return dict(row) | {"state": InboxState(row["state"])}

    async def stock(self, sku: str = "MUG") -> tuple[int, int]:
        """(on hand, reserved) over all locations."""
        (row,) = await self.world.rows(
            "SELECT sum(on_hand)::int AS h, sum(reserved)::int AS r FROM stock WHERE sku = $1", sku
        )
        return row["h"], row["r"]

    async def ledger(self, order_id: int) -> dict[str, int]:
        """What each account of the ledger holds of an order, in minor units; empty ones left out."""
        rows = await self.world.rows(
            "SELECT account, sum(amount)::bigint AS s FROM ledger WHERE order_id = $1 GROUP BY 1", order_id
        )
        return {row["account"]: row["s"] for row in rows if row["s"]}
