"""The floor as people see it: what waits where, the waves, one walk with its stops."""

from __future__ import annotations

from datetime import datetime

from hub.actions import floor_desk
from hub.actions.order_view import View
from hub.domain.picking import Stop
from hub.errors import NotFound
from hub.store.database import Database

LOCATIONS = """SELECT l.code, l.name, count(f.id) FILTER (WHERE f.wave_id IS NULL AND f.state IN (1, 2)) AS waiting,
        count(f.id) FILTER (WHERE f.state = 3) AS to_pack, count(f.id) FILTER (WHERE f.state = 5) AS to_hand_over
    FROM locations l LEFT JOIN fulfillment_orders f ON f.state < 9 AND f.state IN (1, 2, 3, 5) AND NOT f.automatic
        AND f.merchant_id = l.merchant_id AND f.location_id = l.id
    WHERE l.merchant_id = $1 AND l.active AND NOT l.automatic GROUP BY l.id ORDER BY l.code"""
WAVES = """SELECT w.id, w.number, w.strategy, w.state, w.released_at, l.code AS location,
        count(DISTINCT p.fulfillment_id) AS orders, coalesce(sum(p.quantity), 0)::int AS units,
        coalesce(sum(p.picked), 0)::int AS picked, coalesce(sum(p.short), 0)::int AS short
    FROM waves w JOIN locations l ON l.id = w.location_id LEFT JOIN pick_tasks t ON t.wave_id = w.id
    LEFT JOIN pick_lines p ON p.task_id = t.id
    WHERE w.merchant_id = $1 AND ($2::bigint IS NULL OR w.id = $2) GROUP BY w.id, l.code
    ORDER BY (w.done_at IS NOT NULL), w.id DESC LIMIT $3"""
WALKS = """SELECT t.id, t.number, t.zone, t.state, t.claimed_by,
        coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = t.claimed_by), t.claimed_by) AS claimed_name,
        count(p.id) AS stops, coalesce(sum(p.quantity), 0)::int AS units, coalesce(sum(p.picked), 0)::int AS picked,
        coalesce(sum(p.short), 0)::int AS short
    FROM pick_tasks t LEFT JOIN pick_lines p ON p.task_id = t.id
    WHERE t.merchant_id = $1 AND t.wave_id = $2 GROUP BY t.id ORDER BY t.number"""
HELD = """SELECT f.id::text, f.number, o.number AS "order", l.code AS location, t.held_by, min(t.held_at) AS held_at,
        coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = t.held_by), t.held_by) AS held_name,
        string_agg(t.code, ', ' ORDER BY t.code) AS totes
    FROM fulfillment_orders f JOIN totes t ON t.fulfillment_id = f.id AND t.held_by <> ''
        JOIN pick_tasks k ON k.id = t.task_id AND (k.state = 'done' OR k.claimed_by <> t.held_by)
        JOIN orders o ON o.id = f.order_id JOIN locations l ON l.id = f.location_id
    WHERE f.merchant_id = $1 AND f.state < 9 AND f.state = 3
    GROUP BY f.id, o.number, l.code, t.held_by ORDER BY min(t.held_at), f.id"""
"""What packers have in hand; totes of a walk that is not done yet are its picker's."""


class Place(View, frozen=True):
    """A location where people work; how many fulfillment orders wait for a wave, the pack station and the carrier."""

    code: str
    name: str
    waiting: int
    to_pack: int
    to_hand_over: int


class WaveView(View, frozen=True):
    """A wave and how far it is."""

    id: str
    number: str
    strategy: str
    state: str
    released_at: datetime | None
    location: str
    orders: int
    units: int
    picked: int
    short: int


class WalkView(View, frozen=True):
    """One walk of a wave. `claimed_by`: the actor whose it is, '' while nobody's."""

    id: str
    number: int
    zone: str
    state: str
    claimed_by: str
    claimed_name: str
    stops: int
    units: int
    picked: int
    short: int


class HeldView(View, frozen=True):
    """A fulfillment order (`id`) that somebody has in hand at the pack station, the longest first."""

    id: str
    number: str
    order: str
    location: str
    totes: str
    held_by: str
    held_name: str
    held_at: datetime | None


class Floor(View, frozen=True):
    """Everything at a glance: open waves first; `held`: what packers have in hand."""

    places: tuple[Place, ...]
    waves: tuple[WaveView, ...]
    held: tuple[HeldView, ...]


class WaveDetails(View, frozen=True):
    """A wave with its walks."""

    wave: WaveView
    walks: tuple[WalkView, ...]


class Walking(View, frozen=True):
    """A walk as its picker sees it. `kind`, `next`: what is to be scanned; `put_back`: picked for orders that are
    cancelled by now."""

    id: str
    wave_id: str
    wave: str
    number: int
    claimed_by: str
    claimed_name: str
    kind: str
    next: str
    stop: Stop | None
    stops: tuple[Stop, ...]
    put_back: tuple[Stop, ...]


async def show_floor(database: Database, merchant_id: int) -> Floor:
    """Locations, the newest waves, and who packs what."""
    places = await database.plain.fetch(LOCATIONS, merchant_id)
    waves = await database.plain.fetch(WAVES, merchant_id, None, 30)
    held = await database.plain.fetch(HELD, merchant_id)
    return Floor(
        tuple(Place(**dict(row)) for row in places),
        tuple(_wave(dict(row)) for row in waves),
        tuple(HeldView(**dict(row)) for row in held),
    )


async def show_wave(database: Database, merchant_id: int, wave_id: int) -> WaveDetails:
    """Raises `NotFound` for another merchant's."""
    found = await database.plain.fetch(WAVES, merchant_id, wave_id, 1)
    if not found:
        raise NotFound("no such wave")
    walks = await database.plain.fetch(WALKS, merchant_id, wave_id)
    return WaveDetails(_wave(dict(found[0])), tuple(WalkView(**{**dict(row), "id": str(row["id"])}) for row in walks))


async def show_walk(database: Database, merchant_id: int, task_id: int) -> Walking:
    """Raises `NotFound` for another merchant's."""
    task = await database.plain.fetchrow(floor_desk.TASK, merchant_id, task_id)
    if task is None:
        raise NotFound("no such walk")
    stops, back = await floor_desk.stops_of(database.plain, merchant_id, task_id)
    wanted = floor_desk.wanted_of(task, stops)
    return Walking(
        id=str(task_id), wave_id=str(task["wave_id"]), wave=task["wave"], number=task["number"],
        claimed_by=task["claimed_by"], claimed_name=task["claimed_name"], kind=wanted.kind, next=wanted.words,
        stop=wanted.stop, stops=tuple(stops), put_back=tuple(back),
    )  # fmt: skip


def _wave(row: dict[str, object]) -> WaveView:
    return WaveView(**{**row, "id": str(row["id"])})  # type: ignore[arg-type]
