"""Channels on paper that take stock, say what they have, and list what they sell; and a desk that sells through one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hub.actions.import_stock import StockLine, import_stock
from hub.contract import Account, Answer, Channel, Http, Product, ProductPage
from hub.domain.order import Value
from hub.domain.outgoing import Kind, Receipt, StockLevel
from hub.errors import CrossdockError
from hub.flow.levels import Leveler
from hub.store.database import Database
from hub.store.nodes import Node
from tests.flow.desk import Desk
from tests.flow.paper import Book, Paper, Shop, papers
from tests.support.world import MERCHANT, world_of


@dataclass
class Shelf(Book):
    """What one channel offers: listing → level as it was told. `deaf`: it answers well and keeps nothing."""

    offers: dict[str, StockLevel] = field(default_factory=dict)
    told: list[StockLevel] = field(default_factory=list)
    lists: list[Product] = field(default_factory=list)
    deaf: bool = False
    fails: list[CrossdockError] = field(default_factory=list)

    def take(self, level: StockLevel) -> None:
        self.told.append(level)
        if not self.deaf:
            self.offers[level.listing_id] = level

    def levels(self) -> dict[str, int]:
        return {listing: level.available for listing, level in self.offers.items()}


class Shelved(Shop):
    """A store that takes stock, one level at a time."""

    book: Shelf

    async def push_stock(self, level: StockLevel, key: str) -> Receipt:
        receipt = await self.book.call(Kind.PUSH_STOCK, level, key)
        if self.book.fails:
            raise self.book.fails.pop(0)
        self.book.take(level)
        return receipt

    async def read_stock(self, listing_ids: Sequence[str]) -> Mapping[str, int]:
        return {listing: units for listing, units in self.book.levels().items() if listing in listing_ids}

    async def list_products(self, after: str) -> ProductPage:
        start = int(after or 0)
        page = tuple(self.book.lists[start : start + 2])
        return ProductPage(page, str(start + 2) if start + 2 < len(self.book.lists) else "")


class ManyShelved(Shelved):
    """The same, twenty levels in one call."""

    async def push_at_once(self, kind: Kind, payloads: Sequence[Value], keys: Sequence[str]) -> Sequence[Answer]:
        self.book.asked.append(f"{kind}:{len(payloads)}")
        for payload in payloads:
            assert isinstance(payload, StockLevel)
            self.book.take(payload)
        return [Answer(receipt=Receipt(external_id=key)) for key in keys]


class Shelves(Paper):
    """A connector of such channels."""

    books: dict[str, Any]

    def open(self, account: Account, http: Http) -> Channel:
        return self._kind(account, self.books.setdefault(account.name, Shelf()))


def shelves() -> dict[str, Any]:
    """By name, as `Tools` takes them."""
    made = (
        Shelves("shelf", Shelved, repeatable=frozenset({Kind.PUSH_STOCK})),
        Shelves("shelf_many", ManyShelved, at_once={Kind.PUSH_STOCK: 20}),
    )
    return {paper.about.name: paper for paper in made}


@asynccontextmanager
async def bazaar_of(database: Database, node: Node) -> AsyncIterator[Desk]:
    """The desk of the flow, and a channel called bazaar that lists the hundred mugs and cups there are as M and C."""
    connectors = papers() | shelves()
    async with world_of(database, node, connectors) as world:
        made = Desk(world, connectors)
        await made.set_up()
        account = await world.account("shelf", "bazaar", {})
        lines = [StockLine(sku=sku, account=str(account), listing=sku[0]) for sku in ("MUG", "CUP")]
        await import_stock(world.services, MERCHANT, lines)
        await told(made)
        shelf(made).told.clear()
        yield made


def shelf(desk: Desk, name: str = "bazaar", kind: str = "shelf") -> Shelf:
    """The other side of such a channel."""
    found = desk.papers[kind].books.setdefault(name, Shelf())
    assert isinstance(found, Shelf)
    return found


def leveler(desk: Desk) -> Leveler:
    """Works marks off, as a process would."""
    return Leveler(desk.world.database, desk.directory, desk.world.ports)


async def told(desk: Desk) -> None:
    """Everything that is marked is told."""
    desk.directory.forget()
    while await leveler(desk).work():
        pass
    await desk.send()
