"""What all actions of the floor share: the desk they work at, whose a walk or tote is, what a walk still wants."""

from __future__ import annotations

from collections.abc import Sequence

from hub.actions.services import Services
from hub.domain import packing, picking
from hub.domain.lifecycle import Work
from hub.domain.picking import Hand, Stop, Wanted
from hub.errors import Conflict, Invalid, NotFound
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.directory import Directory
from hub.flow.stage import Desk
from hub.store import audit
from hub.store.database import Row, Tx

SORTING = frozenset({"cluster", "zones"})
"""Strategies in which a walk serves several orders, each with a tote that is scanned."""

TASK = """SELECT t.*, w.strategy, w.number AS wave, w.location_id,
        (SELECT count(*) FROM totes x WHERE x.task_id = t.id) AS totes,
        coalesce((SELECT u.name FROM users u WHERE 'user:' || u.id = t.claimed_by), t.claimed_by) AS claimed_name
    FROM pick_tasks t JOIN waves w ON w.id = t.wave_id WHERE t.merchant_id = $1 AND t.id = $2"""
LOCK_TASK = f"{TASK} FOR UPDATE OF t"
STOPS = """SELECT p.id, p.sku, coalesce(g.title, '') AS title, p.bin, p.quantity, p.picked, p.short,
        coalesce(g.tracking, '') AS tracking, coalesce(x.slot, 0) AS slot, coalesce(x.code, '') AS tote,
        p.fulfillment_id, p.fulfillment_line_id AS line_id, o.number AS "order", f.state,
        CASE WHEN g.tracking = 'lot' AND p.picked + p.short < p.quantity THEN coalesce((
            SELECT l.lot || ', expires ' || l.expires_on FROM lots l
            WHERE l.merchant_id = p.merchant_id AND l.location_id = f.location_id AND l.sku = p.sku AND NOT l.gone
              AND l.expires_on >= current_date AND l.units > coalesce((
                SELECT sum(m.units) FROM pick_marks m JOIN fulfillment_orders e ON e.id = m.fulfillment_id
                WHERE m.merchant_id = l.merchant_id AND m.sku = l.sku AND m.mark = l.lot AND e.state <> 10
                  AND e.location_id = l.location_id), 0)
            ORDER BY l.expires_on, l.lot LIMIT 1), '') ELSE '' END AS lot
    FROM pick_lines p JOIN fulfillment_orders f ON f.id = p.fulfillment_id JOIN orders o ON o.id = f.order_id
    LEFT JOIN totes x ON x.id = p.tote_id
    LEFT JOIN products g ON g.merchant_id = p.merchant_id AND g.sku = p.sku
    WHERE p.merchant_id = $1 AND p.task_id = $2 ORDER BY p.place, p.id"""
CODES = """SELECT sku, sku AS code, 1 AS units FROM unnest($2::text[]) AS s(sku)
    UNION ALL SELECT sku, gtin, 1 FROM products WHERE merchant_id = $1 AND sku = ANY($2::text[]) AND gtin <> ''
    UNION ALL SELECT sku, code, units FROM product_codes WHERE merchant_id = $1 AND sku = ANY($2::text[])"""
WHOSE = """SELECT sku FROM products WHERE merchant_id = $1 AND (sku = $2 OR (gtin <> '' AND lpad(gtin, 14, '0') = $3))
    UNION ALL SELECT sku FROM product_codes WHERE merchant_id = $1 AND code = $2 LIMIT 1"""
OPEN_PICKS = """SELECT count(*) FROM totes x
    JOIN pick_lines p ON p.task_id = x.task_id AND p.fulfillment_id = x.fulfillment_id
    WHERE x.fulfillment_id = $1 AND p.picked + p.short < p.quantity"""
"""By its totes: stops have no index by fulfillment order, and there are as many as were ever picked."""

CLOSE_TASK = "UPDATE pick_tasks SET state = 'done', done_at = $2, hand_line = NULL, hand_units = 0 WHERE id = $1"
PUT_DOWN = "UPDATE totes SET held_by = '', held_at = NULL WHERE task_id = $1 AND held_by = $2"
LOCK_WAVE = "SELECT id FROM waves WHERE id = $1 FOR UPDATE"
"""Two walks that end at the same moment take turns: each would find the other one open, and the wave stayed so."""

CLOSE_WAVE = """UPDATE waves w SET state = 'done', done_at = $2 WHERE id = $1 AND NOT EXISTS (
    SELECT 1 FROM pick_tasks t WHERE t.merchant_id = w.merchant_id AND t.wave_id = w.id AND t.state <> 'done')"""


def desk_of(services: Services, tx: Tx) -> Desk:
    """What loading and locking fulfillment orders needs."""
    return Desk(tx, Directory(services.database, services.accounts), services.ids, services.clock.now(), careful=True)


def clean(text: str) -> str:
    """A scanned code as it can be compared and kept. Raises `Invalid` when nothing was scanned."""
    found = text.replace("\0", "").strip()[:128]
    if not found:
        raise Invalid("code", "nothing was scanned; scan a code, or type it and press Enter")
    return found


async def own_task(tx: Tx, merchant_id: int, task_id: int, actor: str) -> Row:
    """The walk, locked. Raises `NotFound` for another merchant's, `Conflict` when it is somebody else's or nobody's."""
    task = await tx.fetchrow(LOCK_TASK, merchant_id, task_id)
    if task is None:
        raise NotFound("no such walk")
    if task["claimed_by"] != actor:
        whose = f"is {task['claimed_name']}'s" if task["claimed_by"] else "is nobody's yet; take it first"
        raise Conflict(f"walk {task['number']} of wave {task['wave']} {whose}")
    return task


async def stops_of(tx: Tx, merchant_id: int, task_id: int) -> tuple[list[Stop], list[Stop]]:
    """Stops in walk order; and, apart, what was picked for fulfillment orders that are cancelled by now, and must go
    back to its bin."""
    stops, back = [], []
    for row in await tx.fetch(STOPS, merchant_id, task_id):
        values = dict(row)
        stop_is_live = values.pop("state") != Work.CANCELLED
        stop = Stop(**values)
        if stop_is_live:
            stops.append(stop)
        elif stop.picked:
            back.append(stop)
    return stops, back


def hand_of(task: Row) -> Hand | None:
    """What the picker holds."""
    return Hand(task["hand_line"], task["hand_units"], task["hand_mark"]) if task["hand_line"] is not None else None


def is_sorting(task: Row) -> bool:
    """Whether units are put into totes by scan."""
    return task["strategy"] in SORTING and task["totes"] > 1


def wanted_of(task: Row, stops: Sequence[Stop]) -> Wanted:
    """What the picker is to scan next."""
    return picking.wanted(stops, hand_of(task), sorting=is_sorting(task))


async def codes_of(tx: Tx, merchant_id: int, skus: Sequence[str], scanned: str) -> dict[str, tuple[str, int]]:
    """Code → SKU and units, for everything that may be scanned here; and whose `scanned` is, if somebody else's."""
    known: dict[str, tuple[str, int]] = {}
    for row in await tx.fetch(CODES, merchant_id, sorted(set(skus))):
        known[row["code"]] = (row["sku"], row["units"])
        if padded := picking.gtin(row["code"]):
            known[padded] = (row["sku"], row["units"])
    code = picking.read(scanned)[1]
    if code not in known and picking.gtin(code) not in known:
        whose = await tx.fetchval(WHOSE, merchant_id, code, picking.gtin(code))
        if whose is not None:
            known[code] = (whose, 1)
    return known


async def finish_order(desk: Desk, merchant_id: int, work_id: int, actor: str) -> bool:
    """Moves a fulfillment order on when nothing of it is left to pick; says whether it did. Two walks may end it at the
    same moment: its lock is taken before anybody looks."""
    works = await hands.take(desk, merchant_id, [work_id])
    if not works or works[0].state is not Work.PICKING or await desk.tx.fetchval(OPEN_PICKS, work_id):
        return False
    batch = Batch(desk.ids, desk.now)
    hands.done(packing.picked(works[0], actor), works[0], batch)
    await batch.flush(desk.tx)
    return True


async def finish_walk(desk: Desk, task: Row, actor: str) -> bool:
    """Ends a walk on which nothing is left, and its wave with the last of them; says whether it did."""
    stops, _ = await stops_of(desk.tx, task["merchant_id"], task["id"])
    if any(stop.left for stop in stops):
        return False
    await close_walk(desk, task, actor)
    await close_wave(desk, task["wave_id"])
    return True


async def close_walk(desk: Desk, task: Row, actor: str) -> None:
    """The walk is done, and its totes stand."""
    await desk.tx.execute(CLOSE_TASK, task["id"], desk.now)
    await desk.tx.execute(PUT_DOWN, task["id"], actor)


async def close_wave(desk: Desk, wave_id: int) -> None:
    """The wave is done, if this was its last walk."""
    await desk.tx.fetch(LOCK_WAVE, wave_id)
    await desk.tx.execute(CLOSE_WAVE, wave_id, desk.now)


async def note(desk: Desk, merchant_id: int, said: tuple[str, str, str], details: dict[str, audit.Plain]) -> None:
    """Adds to the audit trail. `said`: actor, action, subject."""
    actor, action, subject = said
    entry = audit.Entry(
        merchant_id=merchant_id, at=desk.now, actor=actor, action=action, subject=subject, details=details
    )
    await audit.append(desk.tx, desk.ids, entry)
