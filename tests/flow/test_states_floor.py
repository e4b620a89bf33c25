"""Every state of a fulfillment order, a parcel, a walk and a tote with every move of the floor: those that the table
allows go through, all others are refused with a reason, and leave nothing behind.

Each pair is tried in a transaction that is undone: the same order stands in every state by turns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from hub.actions.cancel_order import Cancel, cancel_order
from hub.actions.floor_hand_over import HandOver, hand_over
from hub.actions.floor_pack import open_station, pack_suggested, scan_pack, start_over
from hub.actions.floor_pick import Scan, claim_walk, give_back_walk, report_short, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_unpack import unpack
from hub.actions.routing_reject import Rejection, reject_fulfillment
from hub.actions.stock_shortage import ReportShortage, report_shortage
from hub.domain.lifecycle import Custody, Lifecycle, Work
from hub.errors import Conflict, CrossdockError, Invalid, NotFound
from tests.flow.desk import Desk, an_order
from tests.flow.test_floor import ANN, BOB, floor, pack, picked, scan, wave, work_of
from tests.support.world import MERCHANT

__all__ = ["floor"]

Deed = Callable[[], Awaitable[object]]
DONE = ""


class _Undo(Exception):
    """What was tried is taken back."""


async def tried(desk: Desk, deed: Deed, *first: str) -> str:
    """The words of the refusal, or DONE, of a deed after some statements; all of it is undone."""
    try:
        async with desk.world.database.transaction() as tx:
            for sql in first:
                await tx.execute(sql)
            try:
                await deed()
            except CrossdockError as refusal:
                assert isinstance(refusal, Conflict | Invalid | NotFound), refusal
                raise _Undo(str(refusal)) from None
            raise _Undo(DONE)
    except _Undo as undone:
        return str(undone)


async def pairs(desk: Desk, deed: Deed, states: Mapping[str, str]) -> set[str]:
    """Names of the states in which the deed went through; in the others it was refused with a sentence."""
    went = set()
    for name, sql in states.items():
        said = await tried(desk, deed, sql)
        assert said == DONE or len(said.split()) >= 4, f"{name}: {said!r} is no reason"
        went |= {name} if said == DONE else set()
    return went


def works(work: int) -> dict[str, str]:
    """Every state of a fulfillment order, and how it gets there."""
    return {state.name: f"UPDATE fulfillment_orders SET state = {int(state)} WHERE id = {work}" for state in Work}


def orders(order: int) -> dict[str, str]:
    return {state.name: f"UPDATE orders SET state = {int(state)} WHERE id = {order}" for state in Lifecycle}


async def number_of(floor: Desk, work: int) -> str:
    return str(await floor.world.value("SELECT number FROM fulfillment_orders WHERE id = $1", work))


async def test_before_anything_is_picked(floor: Desk) -> None:
    order = await floor.take(an_order())
    await floor.works()
    work, hub = await work_of(floor, order), floor.world.services
    line = await floor.world.value("SELECT id FROM fulfillment_lines WHERE fulfillment_id = $1", work)
    rejection = Rejection(merchant_id=MERCHANT, fulfillment=await number_of(floor, work), reason="closed", actor=ANN)
    shortage = ReportShortage(merchant_id=MERCHANT, line_id=line, found=1, actor=ANN)
    new = NewWave(merchant_id=MERCHANT, location="berlin", actor=ANN)
    live = {name: sql for name, sql in works(work).items() if name != "CANCELLED"}  # of that, all is undone already
    off = Cancel(merchant_id=MERCHANT, order_id=order, actor=ANN, reason="no more")

    by_work = {
        "reject": await pairs(floor, lambda: reject_fulfillment(hub, rejection), works(work)),
        "shorten": await pairs(floor, lambda: report_shortage(hub, shortage), works(work)),
        "wave": await pairs(floor, lambda: release_wave(hub, new), works(work)),
        "cancel": await pairs(floor, lambda: cancel_order(hub, off), live),
    }
    by_order = {
        "reject": await pairs(floor, lambda: reject_fulfillment(hub, rejection), orders(order)),
        "shorten": await pairs(floor, lambda: report_shortage(hub, shortage), orders(order)),
        "cancel": await pairs(floor, lambda: cancel_order(hub, off), orders(order)),
    }

    assert by_work == {
        "reject": {"PLANNED", "OPEN", "PICKING", "SCHEDULED"},
        "shorten": {"OPEN", "PICKING", "PICKED", "SHORT"},
        "wave": {"OPEN", "PICKING"},
        "cancel": set(live) - {"DISPATCHED", "DONE"},
    }
    assert by_order == {
        "reject": {"ACCEPTED", "IN_PROGRESS"},
        "shorten": {"ACCEPTED", "IN_PROGRESS"},
        "cancel": {"DRAFT", "RECEIVED", "ACCEPTED", "IN_PROGRESS"},
    }
    assert (await floor.works_of(order), (await floor.order(order))["state"]) == ([Work.OPEN], Lifecycle.IN_PROGRESS)
    await floor.sound()


async def test_once_it_is_picked(floor: Desk) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG",))
    await picked(floor, task, "MUG")
    work, hub = await work_of(floor, order), floor.world.services

    went = {
        "open": await pairs(floor, lambda: open_station(hub, pack(code="W1-1-1")), works(work)),
        "scan": await pairs(floor, lambda: scan_pack(hub, pack(work, "MUG")), works(work)),
        "suggested": await pairs(floor, lambda: pack_suggested(hub, pack(work)), works(work)),
        "over": await pairs(floor, lambda: start_over(hub, pack(work)), works(work)),
    }

    assert went == {name: {"PICKED"} for name in went}
    totes = {
        who or "nobody": f"UPDATE totes SET held_by = '{who}', held_at = now() WHERE fulfillment_id = {work}"
        for who in ("", ANN, BOB)
    }
    for deed in (lambda: open_station(hub, pack(code="W1-1-1")), lambda: scan_pack(hub, pack(work, "MUG"))):
        assert await pairs(floor, deed, totes) == {"nobody", BOB}, "Bob packs; what Ann holds is not his"
    await floor.sound()


async def test_once_it_is_packed(floor: Desk) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG",))
    await picked(floor, task, "MUG")
    work, hub = await work_of(floor, order), floor.world.services
    await pack_suggested(hub, pack(work))
    for _ in range(2):
        await floor.works()
        await floor.send()
    assert await floor.works_of(order) == [Work.LABELED]
    (parcel,) = await floor.parcels(order)
    gone = HandOver(merchant_id=MERCHANT, actor=BOB, code=parcel["number"])

    assert await pairs(floor, lambda: unpack(hub, pack(work)), works(work)) == {"PACKED", "LABELED"}
    assert await pairs(floor, lambda: hand_over(hub, gone), works(work)) == {"LABELED"}
    custody = {
        state.name: f"UPDATE parcels SET custody = '{state}' WHERE id = {parcel['id']}"
        for state in Custody
        if state is not Custody.CANCELLED
    }
    assert await pairs(floor, lambda: hand_over(hub, gone), custody) == {"PACKED"}
    await floor.sound()


WALKS = {
    "open": "UPDATE pick_tasks SET state = 'open', claimed_by = '', claimed_at = NULL",
    "mine": f"UPDATE pick_tasks SET state = 'claimed', claimed_by = '{ANN}', claimed_at = now()",
    "another's": f"UPDATE pick_tasks SET state = 'claimed', claimed_by = '{BOB}', claimed_at = now()",
    "done": f"UPDATE pick_tasks SET state = 'done', claimed_by = '{ANN}', claimed_at = now(), done_at = now()",
}


@pytest.mark.parametrize("nothing_left", [False, True])
async def test_a_walk_in_each_state(floor: Desk, nothing_left: bool) -> None:
    (order,), (task,) = await wave(floor, "cluster", ("MUG",))
    hub, mine = floor.world.services, scan(task, "MUG")
    if nothing_left:
        await floor.world.rows("UPDATE pick_lines SET picked = quantity, state = 'picked'")
    deeds: dict[str, Callable[[Scan], Awaitable[object]]] = {
        "claim": lambda it: claim_walk(hub, it), "scan": lambda it: scan_pick(hub, it),
        "short": lambda it: report_short(hub, it), "back": lambda it: give_back_walk(hub, it),
        "free": lambda it: give_back_walk(hub, it, anybody=True),
    }  # fmt: skip

    states = {name: sql for name, sql in WALKS.items() if nothing_left or name != "done"}

    went = {name: await pairs(floor, lambda deed=deed: deed(mine), states) for name, deed in deeds.items()}  # type: ignore[misc]

    assert went == {
        "claim": {"open", "mine"}, "scan": {"mine"}, "short": {"mine"}, "back": {"mine"},
        "free": {"open", "mine", "another's"},
    }  # fmt: skip
    assert (await floor.works_of(order)) == [Work.PICKING]
    await floor.sound()
