"""Pick by scan: take a walk, scan item after item, say what is not there, give the walk back."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from hub.actions import floor_desk, floor_marks
from hub.actions.services import Services
from hub.actions.stock_shortage import ReportShortage, shorten
from hub.domain import picking
from hub.domain.picking import Hand, Stop, Wanted
from hub.errors import Conflict, NotFound
from hub.flow import hands
from hub.flow.batch import Batch
from hub.flow.stage import Desk
from hub.store.audit import Plain
from hub.store.database import Row, announce

CLAIM = """UPDATE pick_tasks SET claimed_by = $3, claimed_at = $4, state = 'claimed'
    WHERE merchant_id = $1 AND id = $2 AND state <> 'done' AND claimed_by IN ('', $3)"""
WAVE_BEGUN = "UPDATE waves SET state = 'in_progress' WHERE id = $1 AND state = 'released'"
HOLD_TOTES = "UPDATE totes SET held_by = $2, held_at = $3 WHERE task_id = $1 AND held_by = ''"
GIVE_BACK = """UPDATE pick_tasks SET claimed_by = '', claimed_at = NULL, state = 'open', hand_line = NULL,
    hand_units = 0, hand_mark = '' WHERE id = $1"""
IN_HAND = "UPDATE pick_tasks SET hand_line = $2, hand_units = $3, hand_mark = $4 WHERE id = $1"
LOCK_PARTS = """SELECT id FROM fulfillment_orders WHERE order_id = (
    SELECT order_id FROM fulfillment_orders WHERE merchant_id = $1 AND id = $2) ORDER BY id FOR UPDATE"""
LOCK_TOTES = "SELECT id FROM totes WHERE task_id = $1 ORDER BY id FOR UPDATE"
COUNT = """UPDATE pick_lines SET picked = picked + $2,
    state = CASE WHEN picked + $2 + short < quantity THEN 'open' WHEN short > 0 THEN 'short' ELSE 'picked' END
    WHERE id = $1 AND quantity - picked - short = $3 AND $2 <= $3"""
"""$3: what was left when the scan was read. A short pick on another walk of the order may have taken some of it."""
CATCH_UP = """WITH now AS (
        SELECT p.id, p.picked, CASE WHEN f.state = 10 THEN 0 ELSE coalesce(l.quantity, 0) END AS wanted
        FROM totes x JOIN pick_lines p ON p.task_id = x.task_id AND p.fulfillment_id = x.fulfillment_id
        JOIN fulfillment_orders f ON f.id = p.fulfillment_id
        LEFT JOIN fulfillment_lines l ON l.id = p.fulfillment_line_id
        WHERE x.fulfillment_id = $1 ORDER BY p.id FOR UPDATE OF p)
    UPDATE pick_lines p SET short = p.quantity - n.wanted, picked = least(p.picked, n.wanted), state = 'short'
    FROM now n WHERE p.id = n.id AND p.quantity - p.short > n.wanted
    RETURNING p.id, p.sku, n.picked - p.picked AS surplus"""
"""Stops follow their fulfillment lines when units leave these; what was picked beyond them goes back to its bin."""


OVER = "nothing is wanted any more: this walk is done"
"""What was left on the walk was cancelled, rejected, or went with a part that is missing."""


class Scan(Struct, frozen=True, kw_only=True):
    """Who scans what on which walk."""

    merchant_id: int
    task_id: int
    actor: str
    code: str = ""


class Picked(Struct, frozen=True):
    """What came of a scan, in words, and what is to be scanned next."""

    said: str
    next: str
    kind: str
    done: bool


async def claim_walk(services: Services, scan: Scan) -> Picked:
    """Makes a walk the scanner's own; its totes too. Raises `Conflict` when it is somebody else's or done, `NotFound`
    for another merchant's."""
    async with services.database.transaction() as tx:
        now = services.clock.now()
        claimed = await tx.execute(CLAIM, scan.merchant_id, scan.task_id, scan.actor, now)
        task = await tx.fetchrow(floor_desk.TASK, scan.merchant_id, scan.task_id)
        if task is None:
            raise NotFound("no such walk")
        if not claimed:
            raise Conflict(_taken(task))
        await tx.execute(HOLD_TOTES, task["id"], scan.actor, now)
        await tx.execute(WAVE_BEGUN, task["wave_id"])
        desk = floor_desk.desk_of(services, tx)
        return await _go_on(desk, task, f"walk {task['number']} of wave {task['wave']} is yours", scan.actor)


def _taken(task: Row) -> str:
    name = f"walk {task['number']} of wave {task['wave']}"
    if task["state"] == "done":
        return f"{name} is done"
    since: datetime | None = task["claimed_at"]
    if since is None:  # given back after it could not be had, and before it was looked at
        return f"{name} was given back this moment; take it now"
    return f"{name} is {task['claimed_name']}'s since {since:%H:%M} UTC; take another one, or ask them to give it back"


async def give_back_walk(services: Services, scan: Scan, *, anybody: bool = False) -> None:
    """Lets go of a walk where it stands; what was picked stays picked. `anybody`: whose it is does not matter,
    and the audit trail says whose it was."""
    async with services.database.transaction() as tx:
        actor = scan.actor
        if anybody:
            found = await tx.fetchrow(floor_desk.TASK, scan.merchant_id, scan.task_id)
            actor = found["claimed_by"] if found is not None else actor
        task = await floor_desk.own_task(tx, scan.merchant_id, scan.task_id, actor)
        if task["state"] == "done":
            raise Conflict(_taken(task))
        await tx.execute(GIVE_BACK, task["id"])
        await tx.execute(floor_desk.PUT_DOWN, task["id"], actor)
        if actor != scan.actor:
            details: dict[str, Plain] = {"wave": task["wave"], "walk": task["number"], "was": actor}
            desk = floor_desk.desk_of(services, tx)
            await floor_desk.note(desk, scan.merchant_id, (scan.actor, "free_walk", f"walk:{task['id']}"), details)


async def scan_pick(services: Services, scan: Scan) -> Picked:
    """One scan. Raises `Invalid` with what was expected, and then nothing has changed; `Conflict` when the walk is not
    the scanner's, or a serial number lies in another order."""
    code = floor_desk.clean(scan.code)
    async with services.database.transaction() as tx:
        task = await floor_desk.own_task(tx, scan.merchant_id, scan.task_id, scan.actor)
        stops, _ = await floor_desk.stops_of(tx, scan.merchant_id, task["id"])
        next_, sorting = floor_desk.wanted_of(task, stops), floor_desk.is_sorting(task)
        if next_.stop is None and task["state"] != "done":
            return await _go_on(floor_desk.desk_of(services, tx), task, OVER, scan.actor)
        codes = await floor_desk.codes_of(tx, scan.merchant_id, [stop.sku for stop in stops], code)
        step = picking.scan(next_, code, codes, sorting=sorting)
        assert next_.stop is not None
        if step.hand is not None:
            await floor_marks.check_mark(floor_desk.desk_of(services, tx), task, next_.stop, step.hand)
            await tx.execute(IN_HAND, task["id"], step.hand.stop_id, step.hand.units, step.hand.mark)
            return _answer(_held(next_.stop, step.hand), picking.wanted(stops, step.hand, sorting=sorting))
        assert step.put is not None
        desk = floor_desk.desk_of(services, tx)
        await _put(desk, task, (next_.stop, step.put), scan.actor)
        return await _go_on(desk, task, f"{step.put.units} × {next_.stop.sku} picked", scan.actor)


async def _put(desk: Desk, task: Row, put: tuple[Stop, Hand], actor: str) -> None:
    """Counts units as picked, and moves their order on when they were its last."""
    stop, hand = put
    await floor_marks.check_mark(desk, task, stop, hand)
    if stop.left == hand.units:
        await hands.take(desk, task["merchant_id"], [stop.fulfillment_id])
    if not await desk.tx.execute(COUNT, stop.id, hand.units, stop.left):
        raise Conflict(f"fewer of {stop.sku} are wanted by now: a part that goes with it is missing; scan again")
    await desk.tx.execute(IN_HAND, task["id"], None, 0, "")
    await floor_marks.keep_mark(desk, task, stop, hand, actor)
    if stop.left == hand.units:
        await floor_desk.finish_order(desk, task["merchant_id"], stop.fulfillment_id, actor)


async def _go_on(desk: Desk, task: Row, said: str, actor: str) -> Picked:
    await floor_desk.finish_walk(desk, task, actor)
    await announce(desk.tx, "fulfillments", "orders")
    after = await desk.tx.fetchrow(floor_desk.TASK, task["merchant_id"], task["id"])
    assert after is not None
    stops, _ = await floor_desk.stops_of(desk.tx, task["merchant_id"], task["id"])
    return _answer(said, floor_desk.wanted_of(after, stops))


async def report_short(services: Services, scan: Scan) -> Picked:
    """What is still wanted at the stop in front is not on the shelf: it leaves the order, which is routed again, and
    the location is corrected (see `stock_shortage`). Raises `Conflict` while something is in hand."""
    async with services.database.transaction() as tx:
        task = await floor_desk.own_task(tx, scan.merchant_id, scan.task_id, scan.actor)
        stops, _ = await floor_desk.stops_of(tx, scan.merchant_id, task["id"])
        next_ = floor_desk.wanted_of(task, stops)
        if next_.stop is None and task["state"] != "done":
            return await _go_on(floor_desk.desk_of(services, tx), task, OVER, scan.actor)
        if next_.stop is None:
            raise Conflict("this walk is done; nothing can be missing any more")
        if next_.hand is not None:
            raise Conflict(f"something is in your hand; first scan {next_.words}")
        await tx.fetch(LOCK_PARTS, scan.merchant_id, next_.stop.fulfillment_id)
        await tx.fetch(LOCK_TOTES, task["id"])  # which the end of the walk puts down: before stock (decision 018)
        desk = floor_desk.desk_of(services, tx)
        said, details = await _shorten(services, desk, next_.stop, scan)
        told = await _go_on(desk, task, said, scan.actor)
        subject = f"fulfillment:{next_.stop.fulfillment_id}"
        await floor_desk.note(desk, scan.merchant_id, (scan.actor, "report_short", subject), details)
        return told


async def report_lot_gone(services: Services, scan: Scan) -> Picked:
    """None of the lot that is to be taken first lies there: the next one is asked for. Raises `Conflict` when no lot is
    asked for."""
    async with services.database.transaction() as tx:
        task = await floor_desk.own_task(tx, scan.merchant_id, scan.task_id, scan.actor)
        stops, _ = await floor_desk.stops_of(tx, scan.merchant_id, task["id"])
        next_ = floor_desk.wanted_of(task, stops)
        if next_.stop is None or next_.stop.tracking != "lot":
            raise Conflict("no lot is asked for here")
        desk = floor_desk.desk_of(services, tx)
        lot = await floor_marks.lose_lot(tx, task, next_.stop, desk.now.date())
        details: dict[str, Plain] = {"lot": lot, "walk": task["id"]}
        said = (scan.actor, "lot_gone", f"product:{next_.stop.sku}")
        told = await _go_on(
            desk, task, f"lot {lot} of {next_.stop.sku} is asked for no more; count what lies there", scan.actor
        )
        await floor_desk.note(desk, scan.merchant_id, said, details)
        return told


async def _shorten(services: Services, desk: Desk, stop: Stop, scan: Scan) -> tuple[str, dict[str, Plain]]:
    """What to say, and what the audit trail keeps once everything else is written: its lock is the last one."""
    batch = Batch(desk.ids, desk.now)
    asked = ReportShortage(merchant_id=scan.merchant_id, line_id=stop.line_id, found=stop.picked, actor=scan.actor)
    short = await shorten(services, desk.tx, batch, asked)
    await batch.flush(desk.tx)
    rows = await desk.tx.fetch(CATCH_UP, stop.fulfillment_id)
    if short.kept:
        await floor_desk.finish_order(desk, scan.merchant_id, stop.fulfillment_id, scan.actor)
    marks = await floor_marks.put_back(
        desk.tx, stop.fulfillment_id, {r["id"]: r["surplus"] for r in rows if r["surplus"]}
    )
    back = ", ".join(
        f"{row['surplus']} × {row['sku']}" + (f" ({marks[row['id']]})" if row["id"] in marks else "")
        for row in rows
        if row["surplus"]
    )
    said = f"{stop.left} × {stop.sku} short; order {stop.order} is routed again for {short.units}"
    details: dict[str, Plain] = {"sku": stop.sku, "missing": short.missing, "doubted": short.doubted}
    return (f"{said}; put back {back}" if back else said), details


def _held(stop: Stop, hand: Hand) -> str:
    return f"{hand.units} × {stop.sku} in hand" + (f", number {hand.mark}" if hand.mark else "")


def _answer(said: str, next_: Wanted) -> Picked:
    return Picked(said, next_.words, next_.kind, next_.stop is None)
