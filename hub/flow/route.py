"""Facts of route: locations, and what is free there.

Stock is read without a lock: every batch wants the same few rows, and the guarded update at its end notices when
somebody else took a unit meanwhile. The batch is then done again, and holds what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.domain.bundling import parts_of
from hub.domain.order import Address
from hub.domain.outcome import OrderRow
from hub.domain.routing import Availability, Place, RouteFacts
from hub.flow import bundles, contacts
from hub.flow.stage import Desk
from hub.store import sets
from hub.store.database import Row

LOCATIONS = """SELECT id, merchant_id, code, address, latitude, longitude, automatic FROM locations
    WHERE active AND merchant_id = ANY($1::bigint[])"""

MADE = """SELECT order_id, count(*)::int AS made FROM fulfillment_orders
    WHERE order_id = ANY($1::bigint[]) GROUP BY order_id"""

_address = msgspec.json.Decoder(Address)


async def facts(desk: Desk, orders: Sequence[OrderRow]) -> RouteFacts:
    """Four statements a batch, and one more when an order may be here again. Orders of one batch use up the same
    `Availability`: none gets another's last unit."""
    merchants = sorted({order.merchant_id for order in orders})
    places: dict[int, tuple[Place, ...]] = {}
    for row in await desk.tx.fetch(LOCATIONS, merchants):
        places[row["merchant_id"]] = (*places.get(row["merchant_id"], ()), _place(row))
    skus = {(order.merchant_id, line.sku) for order in orders for line in order.lines if line.to_ship}
    made_of = await bundles.of(desk.tx, skus) if skus else {}
    wanted = [(merchant, part) for merchant, sku in skus for part in parts_of(made_of, merchant, sku)]
    stock = await sets.stock_of(desk.tx, wanted, lock=desk.careful) if wanted else []
    free = {(row["sku"], row["location_id"]): row["on_hand"] - row["reserved"] for row in stock}
    known = await desk.directory.known(desk.tx)
    heard = await contacts.of(desk, orders)
    return RouteFacts(places, Availability(free), known.carriers(), heard, made_of, await _made(desk, orders))


async def _made(desk: Desk, orders: Sequence[OrderRow]) -> dict[int, int]:
    again = [order.id for order in orders if order.promised_at or any(line.assigned for line in order.lines)]
    return {row["order_id"]: row["made"] for row in await desk.tx.fetch(MADE, again)} if again else {}


def _place(row: Row) -> Place:
    point = (row["latitude"], row["longitude"]) if row["latitude"] is not None else None
    return Place(row["id"], row["code"], _address.decode(row["address"]).country, point, row["automatic"])
