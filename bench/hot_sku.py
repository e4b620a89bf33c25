"""`bench hot-sku`: as `bench flow`, but every order wants the same SKU from the same shelf.

Whatever the stores sell is made a bundle of that one SKU, which lies at one location only: every order of every worker
reserves and takes units of one row of stock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import flow
from bench import world as worlds
from hub.actions.add_location import add_location
from hub.actions.import_stock import StockLine, import_stock
from hub.actions.services import Services
from hub.actions.set_bundle import Bundle, set_bundle

if TYPE_CHECKING:
    from main import Parts

HOT = "HOT"

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
FLUSH = "SELECT pg_stat_clear_snapshot()"
LEFT = """SELECT s.on_hand, s.reserved, (SELECT sum(quantity) FROM fulfillment_lines WHERE sku = $1)::bigint AS taken
    FROM stock s WHERE s.sku = $1"""


async def hot_sku(parts: Parts, orders: int, workers: int) -> dict[str, Any]:
    """The document of `bench flow`, with the deadlocks that PostgreSQL counted. A unit too many or too few of the SKU
    is a violation, besides those that verify finds."""
    plain = parts.services.database.plain
    before = int(await plain.fetchval(DEADLOCKS) or 0)
    found = await flow.flow(parts, orders, workers, one_shelf)
    await plain.execute(FLUSH)
    deadlocks = int(await plain.fetchval(DEADLOCKS) or 0) - before
    row = await plain.fetchrow(LEFT, HOT)
    assert row is not None
    wrong = row["on_hand"] + row["taken"] != flow.UNITS or row["reserved"]
    return found | {"units": row["taken"], "deadlocks": deadlocks, "violations": found["violations"] + bool(wrong)}


async def one_shelf(services: Services, merchant_id: int, units: int) -> None:
    """`units` of one SKU at one location; everything that the stores sell is made of it."""
    from connectors.demo_store.server.goods import GOODS

    place = worlds.LOCATIONS[0]
    await add_location(services, merchant_id, place)
    await import_stock(services, merchant_id, [StockLine(sku=HOT, location=place.code, on_hand=units, title="Hot")])
    for good in GOODS:
        made = Bundle(merchant_id=merchant_id, sku=good.sku, parts={HOT: 1}, actor="bench", title=good.title)
        await set_bundle(services, made)
