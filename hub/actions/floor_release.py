"""Release a wave: open fulfillment orders of one location become walks, with totes and stops in walk order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.services import Services
from hub.domain import packing, waves
from hub.domain.lifecycle import Work
from hub.domain.outcome import WorkRow
from hub.domain.walking import Spot
from hub.domain.waves import Pick, Walk
from hub.errors import Conflict, Invalid, NotFound
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.stage import Desk
from hub.store import sets
from hub.store.audit import Plain
from hub.store.database import Tx, announce

MOST = 500
CART = 8
"""Fulfillment orders of one wave at most; totes on a cart unless told."""

LOCATION = "SELECT id, code, automatic FROM locations WHERE merchant_id = $1 AND code = $2"
WAITING = """FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id
    WHERE f.state < 9 AND f.merchant_id = $1 AND f.location_id = $2 AND f.state IN (1, 2) AND f.wave_id IS NULL
      AND NOT f.automatic AND NOT EXISTS (
          SELECT 1 FROM holds h WHERE h.order_id = f.order_id AND h.state IN ('open', 'escalated'))"""
"""Open (1) or already released without a wave (2), and nothing holds the order."""

CANDIDATES = f"""SELECT f.id {WAITING}
      AND ($3 = '' OR (SELECT sum(l.quantity) FROM fulfillment_lines l WHERE l.fulfillment_id = f.id) = 1)
      AND (cardinality($4::text[]) = 0 OR o.number = ANY($4::text[]))
    ORDER BY coalesce((
        SELECT m.priority FROM order_marks m WHERE m.merchant_id = $1 AND m.order_id = f.order_id), 5) DESC,
        o.promised_at NULLS LAST, o.placed_at, f.id
    LIMIT $5 FOR UPDATE OF f SKIP LOCKED"""  # noqa: S608 our text
"""The order's priority comes first, as a rule of the merchant set it (9 before all others, 5 as usual)."""
COUNT = f"SELECT count(*) {WAITING}"
NUMBER = """SELECT count(*) + 1 FROM waves WHERE merchant_id = $1"""
TURN = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:waves:' || $1::text, 0))"
JOIN = "UPDATE fulfillment_orders SET wave_id = $1 WHERE id = ANY($2::bigint[])"
BINS = (
    "SELECT sku, code, zone, aisle, rack, level FROM bins WHERE merchant_id = $1 AND location_id = $2 AND sku = ANY($3)"
)


class NewWave(Struct, frozen=True, kw_only=True):
    """Which orders of which location, and how they are to be picked. `orders`: only these numbers, () for all."""

    merchant_id: int
    location: str
    actor: str
    strategy: str = "cluster"
    most: int = 100
    cart: int = CART
    orders: tuple[str, ...] = ()


class Released(Struct, frozen=True):
    """What was released. `wave_id` as text."""

    wave_id: str
    number: str
    orders: int
    units: int
    walks: int


async def release_wave(services: Services, new: NewWave) -> Released:
    """The most urgent first. Raises `NotFound` for an unknown location, `Invalid` for an unknown strategy or silly
    numbers, `Conflict` when nothing waits there or it works by itself."""
    _check(new)
    async with services.database.transaction() as tx:
        location_id = await find_location(tx, new.merchant_id, new.location)
        await tx.execute(TURN, str(new.merchant_id))
        desk = floor_desk.desk_of(services, tx)
        only = "single" if new.strategy == "single" else ""
        rows = await tx.fetch(CANDIDATES, new.merchant_id, location_id, only, list(new.orders), new.most)
        works = await hands.take(desk, new.merchant_id, [row["id"] for row in rows])
        if not works:
            kind = " of one unit" if only else ""
            raise Conflict(f"no order{kind} waits at {new.location} for a wave")
        made = await _make(desk, new, location_id, _urgent_first(works, [row["id"] for row in rows]))
        await announce(tx, "fulfillments")
        details: dict[str, Plain] = {
            "location": new.location,
            "strategy": new.strategy,
            "orders": made.orders,
            "walks": made.walks,
        }
        await floor_desk.note(desk, new.merchant_id, (new.actor, "release_wave", f"wave:{made.wave_id}"), details)
    return made


async def count_waiting(tx: Tx, merchant_id: int, location_id: int) -> int:
    """Fulfillment orders of a location that a wave could take now."""
    return int(await tx.fetchval(COUNT, merchant_id, location_id))


async def find_location(tx: Tx, merchant_id: int, code: str) -> int:
    """The id of a location where people work. Raises `NotFound`, or `Conflict` for an automatic one."""
    row = await tx.fetchrow(LOCATION, merchant_id, code.replace("\0", ""))
    if row is None:
        raise NotFound(f"no location {code!r}; `stock location` adds one")
    if row["automatic"]:
        raise Conflict(f"{code} picks and packs by itself; it needs no waves")
    return int(row["id"])


def _check(new: NewWave) -> None:
    if new.strategy not in waves.STRATEGIES:
        raise Invalid("strategy", f"is one of {', '.join(waves.STRATEGIES)}")
    if not 0 < new.most <= MOST:
        raise Invalid("most", f"is 1 to {MOST}")
    if not 0 < new.cart <= 99:
        raise Invalid("cart", "is 1 to 99 totes")


def _urgent_first(works: Sequence[WorkRow], ids: Sequence[int]) -> list[WorkRow]:
    by_id = {work.id: work for work in works}
    return [by_id[work_id] for work_id in ids]


async def _make(desk: Desk, new: NewWave, location_id: int, works: Sequence[WorkRow]) -> Released:
    wave_id, number = desk.ids.next(), f"W{await desk.tx.fetchval(NUMBER, new.merchant_id)}"
    batch = Batch(desk.ids, desk.now)
    for work in works:
        if work.state is Work.OPEN:
            hands.done(packing.released(work, f"wave {number}", new.actor), work, batch)
    await batch.flush(desk.tx)
    await desk.tx.execute(JOIN, wave_id, [work.id for work in works])
    orders = await _picks(desk.tx, new.merchant_id, location_id, works)
    cut = waves.walks(new.strategy, orders, new.cart)
    await sets.insert(desk.tx, "waves", [{
        "id": wave_id, "merchant_id": new.merchant_id, "location_id": location_id, "state": "released",
        "created_at": desk.now, "released_at": desk.now, "number": number, "strategy": new.strategy,
        "actor": new.actor,
    }])  # fmt: skip
    rows = _rows(desk, new.merchant_id, (wave_id, number), cut)
    for table, of_table in rows.items():
        await sets.insert(desk.tx, table, of_table)
    units = sum(pick.quantity for order in orders for pick in order)
    return Released(str(wave_id), number, len(works), units, len(cut))


async def _picks(tx: Tx, merchant_id: int, location_id: int, works: Sequence[WorkRow]) -> list[list[Pick]]:
    skus = sorted({line.sku for work in works for line in work.lines})
    bins = {row["sku"]: row for row in await tx.fetch(BINS, merchant_id, location_id, skus)}
    orders = []
    for work in works:
        picks = []
        for line in work.lines:
            place = bins.get(line.sku)
            if place is None:
                picks.append(Pick(line.id, work.id, line.sku, line.quantity))
                continue
            spot = Spot(place["aisle"], place["rack"], place["level"])
            picks.append(Pick(line.id, work.id, line.sku, line.quantity, place["code"], place["zone"], spot))
        orders.append(picks)
    return orders


def _rows(
    desk: Desk, merchant_id: int, wave: tuple[int, str], cut: Sequence[Walk]
) -> Mapping[str, list[dict[str, object]]]:
    """Rows of walks, totes and stops."""
    made: dict[str, list[dict[str, object]]] = {"pick_tasks": [], "totes": [], "pick_lines": []}
    wave_id, wave_number = wave
    for number, walk in enumerate(cut, 1):
        task_id = desk.ids.next()
        made["pick_tasks"].append({
            "id": task_id, "merchant_id": merchant_id, "wave_id": wave_id, "number": number, "zone": walk.zone,
            "state": "open",
        })  # fmt: skip
        totes = {work_id: desk.ids.next() for work_id in walk.slots}
        made["totes"].extend({
            "id": totes[work_id], "merchant_id": merchant_id, "wave_id": wave_id, "task_id": task_id,
            "fulfillment_id": work_id, "slot": slot, "code": f"{wave_number}-{number}-{slot}", "packing": [],
        } for work_id, slot in walk.slots.items())  # fmt: skip
        made["pick_lines"].extend({
            "id": desk.ids.next(), "merchant_id": merchant_id, "wave_id": wave_id, "task_id": task_id,
            "tote_id": totes[pick.fulfillment_id], "fulfillment_id": pick.fulfillment_id,
            "fulfillment_line_id": pick.line_id, "sku": pick.sku, "bin": pick.bin, "quantity": pick.quantity,
            "picked": 0, "state": "open", "place": place,
        } for place, pick in enumerate(walk.picks, 1))  # fmt: skip
    return made
