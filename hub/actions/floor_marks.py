"""Lot and serial numbers on a walk: a serial number is picked once, ever; of lots the first to expire goes first.

A number that was picked is free again when its order is cancelled here, when its unit goes back to the shelf, and when
the customer sent it back and it was restocked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from hub.actions import floor_desk
from hub.actions.floor_release import find_location
from hub.actions.services import Services
from hub.domain import lots
from hub.domain.lots import Lot
from hub.domain.picking import MOST_MARK, Hand, Stop
from hub.errors import Conflict, Invalid, NotFound
from hub.flow.stage import Desk
from hub.store.audit import Plain
from hub.store.database import Row, Tx

MARK = """INSERT INTO pick_marks (id, merchant_id, pick_line_id, fulfillment_id, sku, mark, units, at, actor)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:serial:' || $1::text || ':' || $2, 0))"
SERIAL = """SELECT f.number FROM pick_marks m JOIN fulfillment_orders f ON f.id = m.fulfillment_id
    WHERE m.merchant_id = $1 AND m.sku = $2 AND m.mark = $3 AND f.state <> 10 AND NOT EXISTS (
        SELECT 1 FROM pick_lines p JOIN fulfillment_lines w ON w.id = p.fulfillment_line_id
        JOIN order_lines l ON l.id = w.order_line_id WHERE p.id = m.pick_line_id AND l.restocked > 0)
    ORDER BY m.id DESC LIMIT 1"""
"""Whose unit it is: of an order that is not cancelled here (10), and did not come back to the shelf."""

LOTS = """SELECT l.lot, l.expires_on, l.units - coalesce((
        SELECT sum(m.units) FROM pick_marks m JOIN fulfillment_orders f ON f.id = m.fulfillment_id
        WHERE m.merchant_id = l.merchant_id AND m.sku = l.sku AND m.mark = l.lot AND f.state <> 10
          AND f.location_id = l.location_id), 0)::int AS left
    FROM lots l WHERE l.merchant_id = $1 AND l.location_id = $2 AND l.sku = $3 AND NOT l.gone
    ORDER BY l.expires_on, l.lot"""
GONE = "UPDATE lots SET gone = true WHERE merchant_id = $1 AND location_id = $2 AND sku = $3 AND lot = $4"
PUT = """INSERT INTO lots (id, merchant_id, location_id, sku, lot, expires_on, units)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (merchant_id, location_id, sku, lot) DO UPDATE SET expires_on = excluded.expires_on,
    units = excluded.units, gone = false"""
TRACKED = "SELECT tracking FROM products WHERE merchant_id = $1 AND sku = $2"
BACK = """WITH m AS (
        SELECT k.id, k.pick_line_id, k.mark, k.units, b.surplus,
               sum(k.units) OVER (PARTITION BY k.pick_line_id ORDER BY k.id DESC) - k.units AS before
        FROM pick_marks k JOIN unnest($2::bigint[], $3::int[]) AS b(line, surplus) ON b.line = k.pick_line_id
        WHERE k.fulfillment_id = $1),
    away AS (
        SELECT id, pick_line_id, mark, units, least(units, surplus - before)::int AS n FROM m WHERE before < surplus),
    none AS (DELETE FROM pick_marks k USING away a WHERE k.id = a.id AND a.n = a.units),
    less AS (UPDATE pick_marks k SET units = k.units - a.n FROM away a WHERE k.id = a.id AND a.n < a.units)
    SELECT pick_line_id, mark, n FROM away ORDER BY id DESC"""
"""The numbers that were scanned last go back first."""


class NewLot(Struct, frozen=True, kw_only=True):
    """So many units of a lot lie at a location, and expire on a day (YYYY-MM-DD). Told again it is said anew."""

    merchant_id: int
    location: str
    sku: str
    lot: str
    expires: str
    units: int
    actor: str


async def put_lot(services: Services, new: NewLot) -> None:
    """Raises `NotFound` for an unknown location or SKU, `Conflict` for a SKU of which no lot is scanned, `Invalid`."""
    lot = new.lot.replace("\0", "").strip()
    if not 0 < len(lot) <= MOST_MARK:
        raise Invalid("lot", f"is 1 to {MOST_MARK} characters")
    if not 0 < new.units < 10**9:
        raise Invalid("units", "are 1 or more")
    try:
        expires = date.fromisoformat(new.expires)
    except ValueError:
        raise Invalid("expires", f"{new.expires!r} is no day; write YYYY-MM-DD, such as 2027-01-31") from None
    async with services.database.transaction() as tx:
        place = await find_location(tx, new.merchant_id, new.location)
        tracking = await tx.fetchval(TRACKED, new.merchant_id, new.sku)
        if tracking is None:
            raise NotFound(f"no product {new.sku!r}")
        if tracking != "lot":
            raise Conflict(f"no lot of {new.sku} is scanned; set its tracking to lot first")
        await tx.execute(PUT, services.ids.next(), new.merchant_id, place, new.sku, lot, expires, new.units)
        details: dict[str, Plain] = {"location": new.location, "lot": lot, "expires": new.expires, "units": new.units}
        desk = floor_desk.desk_of(services, tx)
        await floor_desk.note(desk, new.merchant_id, (new.actor, "put_lot", f"product:{new.sku}"), details)


async def lots_of(tx: Tx, about: tuple[int, int, str]) -> list[Lot]:
    """Lots of a (merchant, location, SKU) that somebody told of, the first to expire first."""
    return [Lot(row["lot"], row["expires_on"], row["left"]) for row in await tx.fetch(LOTS, *about)]


async def check_mark(desk: Desk, task: Row, stop: Stop, hand: Hand) -> None:
    """Raises `Conflict` for a serial number that was picked before, `Invalid` for a lot that is not to be taken now."""
    if not hand.mark:
        return
    merchant_id = task["merchant_id"]
    if stop.tracking == "lot":
        lots.check(hand.mark, await lots_of(desk.tx, (merchant_id, task["location_id"], stop.sku)), desk.now.date())
        return
    await desk.tx.execute(ONE_AT_A_TIME, str(merchant_id), f"{stop.sku}:{hand.mark}")
    other = await desk.tx.fetchval(SERIAL, merchant_id, stop.sku, hand.mark)
    if other is not None:
        raise Conflict(f"{stop.sku} number {hand.mark} was picked for {other} already; take another one")


async def keep_mark(desk: Desk, task: Row, stop: Stop, hand: Hand, actor: str) -> None:
    """Keeps the number of units that were put down."""
    if hand.mark:
        await desk.tx.execute(
            MARK, desk.ids.next(), task["merchant_id"], stop.id, stop.fulfillment_id, stop.sku, hand.mark, hand.units,
            desk.now, actor,
        )  # fmt: skip


async def put_back(tx: Tx, work_id: int, surplus: Mapping[int, int]) -> dict[int, str]:
    """Frees the numbers of units that go back to the shelf; `surplus`: stop → units. Gives stop → which ones, in
    words."""
    said: dict[int, list[str]] = {}
    if surplus:
        for row in await tx.fetch(BACK, work_id, list(surplus), list(surplus.values())):
            said.setdefault(row["pick_line_id"], []).append(row["mark"])
    return {stop: ", ".join(marks) for stop, marks in said.items()}


async def lose_lot(tx: Tx, task: Row, stop: Stop, today: date) -> str:
    """None of the lot that is wanted first lies there: it is asked for no more. Gives which. Raises `Conflict` when no
    lot is asked for."""
    about = (task["merchant_id"], task["location_id"], stop.sku)
    lot = lots.first(await lots_of(tx, about), today)
    if lot is None:
        raise Conflict(f"no lot of {stop.sku} is asked for; scan the number of the one you took")
    await tx.execute(GONE, *about, lot.lot)
    return lot.lot
