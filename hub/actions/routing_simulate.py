"""What if: past orders of the store under other routing rules. Reads one snapshot and writes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from hub.actions.routing_plans import check_plan, show_plan
from hub.actions.services import Services
from hub.domain.bundling import Bundles
from hub.domain.lifecycle import Lifecycle
from hub.domain.order import Value
from hub.domain.outcome import OrderRow
from hub.domain.routing import RouteFacts
from hub.domain.routing_rank import Availability, Good, Place
from hub.domain.routing_replay import Past, Receipt, Result, replay
from hub.errors import Invalid
from hub.flow import loading
from hub.flow.route import LOCATIONS, goods_of, place_of
from hub.store.database import Row, Tx

MOST_ORDERS = 200_000
CHUNK = 2000

ORDERS = f"""SELECT id, merchant_id, account_id, external_id, number, state, version, placed_at, created_at, currency,
        tax_included, total, tax_total, charges, buyer, ship_to, bill_to, email, customer_id, paid, pending,
        unknown_words, risks, promised_at, tracking_token
    FROM orders WHERE merchant_id = $1 AND created_at >= $2 AND id > $3 AND NOT test
      AND state NOT IN ({int(Lifecycle.DRAFT)}, {int(Lifecycle.CANCELLED)}, {int(Lifecycle.REJECTED)})
    ORDER BY id LIMIT $4"""  # noqa: S608 our own text
STOCK = """SELECT s.sku, s.location_id, s.on_hand - s.reserved - coalesce(m.free, 0) AS free
    FROM stock s LEFT JOIN (
        SELECT sku, location_id, sum(on_hand - reserved)::int AS free FROM stock_movements
        WHERE merchant_id = $1 AND at >= $2 GROUP BY sku, location_id) m USING (sku, location_id)
    WHERE s.merchant_id = $1"""
RECEIPTS = """SELECT at, sku, location_id, on_hand FROM stock_movements
    WHERE merchant_id = $1 AND at >= $2 AND on_hand <> 0 AND reserved = 0 ORDER BY at, id"""
BUNDLES = "SELECT sku, component, quantity FROM components WHERE merchant_id = $1 ORDER BY sku, component"
GOODS = """SELECT merchant_id, sku, brand, tags FROM products
    WHERE merchant_id = $1 AND (brand <> '' OR tags IS NOT NULL)"""
ACCOUNTS = "SELECT id, name FROM accounts WHERE merchant_id = $1"
REALLY = """SELECT count(DISTINCT f.order_id)::int AS orders, count(DISTINCT f.id)::int AS shipments,
        coalesce(sum(p.label_cost), 0)::bigint AS cost,
        count(DISTINCT o.id) FILTER (WHERE p.delivered_at::date <= o.promised_at::date)::int AS promise_kept,
        count(DISTINCT o.id) FILTER (WHERE p.delivered_at::date > o.promised_at::date)::int AS promise_broken
    FROM orders o JOIN fulfillment_orders f ON f.order_id = o.id AND f.state <> 10
        LEFT JOIN parcels p ON p.fulfillment_id = f.id AND p.custody <> 'cancelled'
    WHERE o.merchant_id = $1 AND o.created_at >= $2 AND NOT o.test AND o.state NOT IN (0, 10, 11)"""


class Really(Struct, frozen=True):
    """What happened: orders that were routed, fulfillment orders, minor units paid for labels, and orders of which
    everything that arrived came in time, or something late."""

    orders: int
    shipments: int
    cost: int
    promise_kept: int
    promise_broken: int


class Simulation(Value, frozen=True, kw_only=True, omit_defaults=False):
    """`now` and `then` are replays alike, under the plan in effect (version `compared_with`) and under the other;
    `seconds` is what all took."""

    since: datetime
    compared_with: int
    orders: int
    really: Really
    now: Result
    then: Result
    warnings: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Read:
    """One snapshot of the store."""

    orders: list[OrderRow]
    places: tuple[Place, ...]
    stock: dict[tuple[str, int], int]
    receipts: list[Receipt]
    bundles: Bundles
    channels: dict[int, str]
    really: Really
    goods: dict[int, dict[str, Good]]


async def simulate(services: Services, merchant_id: int, days: int, source: str, most: int = MOST_ORDERS) -> Simulation:
    """Replays the orders of the last `days` under the plan in effect and under `source` (TOML), in a thread of its own.

    Raises `Invalid` for rules that cannot be set, or when there are more than `most` orders."""
    started = time.perf_counter()
    other = await check_plan(services, merchant_id, source)
    current = await show_plan(services, merchant_id)
    since = services.clock.now() - timedelta(days=days)
    async with services.database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        read = await _read(tx, (merchant_id, since, most), goods=other.plan.asks_goods or current.plan.asks_goods)
    # A plan that is not stored has no version; 1 makes its reasons as full as those of one that is.
    then = await asyncio.to_thread(replay, _past(read, merchant_id), replace(other.plan, version=current.version + 1))
    now = await asyncio.to_thread(replay, _past(read, merchant_id), current.plan)
    return Simulation(
        since=since, compared_with=current.version, orders=len(read.orders), really=read.really, now=now, then=then,
        warnings=other.warnings, seconds=round(time.perf_counter() - started, 2),
    )  # fmt: skip


def _past(read: _Read, merchant_id: int) -> Past:
    facts = RouteFacts(
        {merchant_id: read.places},
        Availability(read.stock),
        {},
        {},
        bundles=read.bundles,
        channels=read.channels,
        goods=read.goods,
    )
    return Past(facts, read.orders, read.receipts)


async def _read(tx: Tx, what: tuple[int, datetime, int], *, goods: bool) -> _Read:
    merchant_id, since, _ = what
    places = tuple(place_of(row) for row in await tx.fetch(LOCATIONS, [merchant_id]))
    active = {place.id for place in places}
    stock = {
        (row["sku"], row["location_id"]): max(0, row["free"])
        for row in await tx.fetch(STOCK, merchant_id, since)
        if row["location_id"] in active
    }
    receipts = [
        Receipt(row["at"], row["sku"], row["location_id"], row["on_hand"])
        for row in await tx.fetch(RECEIPTS, merchant_id, since)
        if row["location_id"] in active
    ]
    bundles: dict[tuple[int, str], dict[str, int]] = {}
    for row in await tx.fetch(BUNDLES, merchant_id):
        bundles.setdefault((merchant_id, row["sku"]), {})[row["component"]] = row["quantity"]
    channels = {row["id"]: row["name"] for row in await tx.fetch(ACCOUNTS, merchant_id)}
    (really,) = await tx.fetch(REALLY, merchant_id, since)
    orders = await _orders(tx, *what)
    told = goods_of(await tx.fetch(GOODS, merchant_id)) if goods else {}
    return _Read(orders, places, stock, receipts, bundles, channels, Really(**really), told)


async def _orders(tx: Tx, merchant_id: int, since: datetime, most: int) -> list[OrderRow]:
    orders: list[OrderRow] = []
    after = 0
    while True:
        rows = await tx.fetch(ORDERS, merchant_id, since, after, CHUNK)
        lines = loading.grouped(await tx.fetch(loading.LINES, [row["id"] for row in rows]), "order_id")
        orders += [order for row in rows if (order := _fresh(row, lines.get(row["id"], []))).units_to_ship]
        if len(orders) > most:
            raise Invalid("days", f"hold more than {most} orders; take fewer days")
        if len(rows) < CHUNK:
            return orders
        after = rows[-1]["id"]


def _fresh(row: Row, lines: Sequence[Row]) -> OrderRow:
    """The order as it was before anything of it was routed; what was cancelled by now is not asked for."""
    made = tuple(replace(loading.line_row(line), assigned=0, shipped=0, delivered=0) for line in lines)
    return replace(loading.order_row(row, lines=made), state=Lifecycle.ACCEPTED)
