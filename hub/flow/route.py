"""Facts of route: locations, what is free there, and the merchant's plan.

Stock is read without a lock: every batch wants the same few rows, and the guarded update at its end notices when
somebody else took a unit meanwhile. The batch is then done again, and holds what it reads. The same goes for the orders
that a location takes in a day, where it has a limit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from operator import itemgetter

import msgspec

from hub.domain.backorders import Turn, waited
from hub.domain.backorders import turns as turns_of
from hub.domain.bundling import parts_of
from hub.domain.order import Address
from hub.domain.outcome import OrderRow
from hub.domain.promise import day_of
from hub.domain.routing import Before, RouteFacts
from hub.domain.routing_plan import Plan
from hub.domain.routing_rank import Availability, Good, Loads, Place
from hub.flow import bundles, contacts
from hub.flow.stage import Desk
from hub.store import sets
from hub.store.database import Row

GOODS = """SELECT p.merchant_id, p.sku, p.brand, p.tags
    FROM products p JOIN json_to_recordset($1::json) AS d(merchant_id bigint, sku text) USING (merchant_id, sku)
    WHERE p.brand <> '' OR p.tags IS NOT NULL"""
WAITED = """SELECT w.id, coalesce(m.priority, 0) AS priority, pg_advisory_xact_lock(
        hashtextextended('crossdock:backorders:' || w.merchant_id::text, 0))
    FROM (SELECT id, merchant_id FROM orders WHERE id = ANY($1::bigint[]) ORDER BY merchant_id, id) w
    LEFT JOIN order_marks m ON m.merchant_id = w.merchant_id AND m.order_id = w.id"""
"""Priorities of orders that waited. The lock is held to the end of the batch: two batches with waiting orders of one
merchant are routed one after the other, so that the first claimed are the first served."""

LOCATIONS = """SELECT id, merchant_id, code, address, latitude, longitude, automatic FROM locations
    WHERE active AND merchant_id = ANY($1::bigint[])"""
BEFORE = """SELECT order_id, location_id, partner_state FROM fulfillment_orders WHERE order_id = ANY($1::bigint[])"""
LOADS = """SELECT location_id, day, orders FROM location_days
    WHERE merchant_id = ANY($1::bigint[]) AND day BETWEEN $2 AND $3 ORDER BY merchant_id, location_id, day"""

REJECTED = "rejected"
"""The state of a fulfillment order towards a location that does not ship it."""

_address = msgspec.json.Decoder(Address)
_tags = msgspec.json.Decoder(tuple[str, ...])


async def facts(desk: Desk, orders: Sequence[OrderRow]) -> RouteFacts:
    """Four statements a batch; one more each where an order was routed before, where a location has a limit, where a
    plan asks for brands or tags, and where an order waited for stock. Orders of one batch use up the same
    `Availability`: none gets another's last unit."""
    merchants = sorted({order.merchant_id for order in orders})
    turns = await _turns(desk, orders)
    places: dict[int, tuple[Place, ...]] = {}
    for row in await desk.tx.fetch(LOCATIONS, merchants):
        places[row["merchant_id"]] = (*places.get(row["merchant_id"], ()), place_of(row))
    skus = {(order.merchant_id, line.sku) for order in orders for line in order.lines if line.to_ship}
    made_of = await bundles.of(desk.tx, skus) if skus else {}
    wanted = [(merchant, part) for merchant, sku in skus for part in parts_of(made_of, merchant, sku)]
    known = await desk.directory.known(desk.tx)
    plans = {merchant: known.plans[merchant] for merchant in merchants if merchant in known.plans}
    loads = await _loads(desk, plans, places)
    stock = await sets.stock_of(desk.tx, wanted, lock=desk.careful) if wanted else []
    free = {(row["sku"], row["location_id"]): row["on_hand"] - row["reserved"] for row in stock}
    return RouteFacts(
        places, Availability(free), known.carriers(), await contacts.of(desk, orders), made_of,
        plans, known.names(), loads, await _before(desk, orders), await _goods(desk, plans, {*skus, *wanted}), turns,
    )  # fmt: skip


async def _turns(desk: Desk, orders: Sequence[OrderRow]) -> dict[int, Turn]:
    """Before anything is read: what another batch gave away is then seen."""
    waiting = [order.id for order in orders if waited(order)]
    if not waiting:
        return {}
    return turns_of(orders, {row["id"]: row["priority"] for row in await desk.tx.fetch(WAITED, waiting)})


async def _goods(
    desk: Desk, plans: Mapping[int, Plan], skus: Collection[tuple[int, str]]
) -> dict[int, dict[str, Good]]:
    """Brands and tags, for merchants whose plan asks for any."""
    asked = [
        {"merchant_id": merchant, "sku": sku}
        for merchant, sku in sorted(skus)
        if merchant in plans and plans[merchant].asks_goods
    ]
    return goods_of(await desk.tx.fetch(GOODS, sets.text(asked))) if asked else {}


def goods_of(rows: Sequence[Row]) -> dict[int, dict[str, Good]]:
    """Rows of `products`, by merchant and SKU."""
    found: dict[int, dict[str, Good]] = {}
    for row in rows:
        tags = _tags.decode(row["tags"]) if row["tags"] is not None else ()
        found.setdefault(row["merchant_id"], {})[row["sku"]] = Good(row["brand"], tags)
    return found


async def _loads(desk: Desk, plans: Mapping[int, Plan], places: Mapping[int, Sequence[Place]]) -> Loads | None:
    """Orders of the days it is now anywhere on earth; held where the batch before met another over them. Then days that
    are new are begun first: one that somebody else begins would be waited for at the end, with stock held."""
    limited = {
        (merchant, place.id, site): site.orders_per_day
        for merchant, plan in plans.items()
        for place in places.get(merchant, ())
        if (site := plan.locations.get(place.code)) is not None and site.orders_per_day is not None
    }
    if not limited:
        return None
    today, day = desk.now.date(), timedelta(days=1)
    wanted = (sorted({merchant for merchant, _, _ in limited}), today - day, today + day)
    if not desk.careful:
        return _loaded(await desk.tx.fetch(LOADS, *wanted))
    rows = [
        {"merchant_id": merchant, "location_id": place, "day": day_of(desk.now, site.timezone), "orders": 0,
         "most": most}
        for (merchant, place, site), most in limited.items()
    ]  # fmt: skip
    rows.sort(key=itemgetter("merchant_id", "location_id"))
    begun = [{"id": desk.ids.next(), **row} for row in rows]
    await sets.insert(desk.tx, "location_days", begun, "ON CONFLICT (merchant_id, location_id, day) DO NOTHING")
    return _loaded(await desk.tx.fetch(f"{LOADS} FOR UPDATE", *wanted))


def _loaded(rows: Sequence[Row]) -> Loads:
    return Loads({(row["location_id"], row["day"]): row["orders"] for row in rows})


async def _before(desk: Desk, orders: Sequence[OrderRow]) -> dict[int, Before]:
    """What was routed before, of orders that are here again."""
    again = [o.id for o in orders if o.promised_at is not None or any(line.assigned for line in o.lines)]
    found: dict[int, Before] = {}
    for row in await desk.tx.fetch(BEFORE, again) if again else ():
        before = found.get(row["order_id"], Before())
        refused = {row["location_id"]} if row["partner_state"] == REJECTED else set()
        found[row["order_id"]] = Before(before.works + 1, before.refused | refused)
    return found


def place_of(row: Row) -> Place:
    """A row of `locations`."""
    point = (row["latitude"], row["longitude"]) if row["latitude"] is not None else None
    return Place(row["id"], row["code"], _address.decode(row["address"]).country, point, row["automatic"])
