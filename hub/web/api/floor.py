"""The API of the floor: what the hand scanner's pages do, by the same actions, with the same errors.

A program may send every scan with an `Idempotency-Key` of its own, and send it again when the answer was lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.actions.floor_pick import Picked, Scan, claim_walk, give_back_walk, report_lot_gone, report_short, scan_pick
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_views import Floor, WaveDetails, show_floor, show_walk, show_wave
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Forbidden
from hub.web.api import floor_shapes as shapes
from hub.web.api import floor_stations
from hub.web.api.body import number, read
from hub.web.api.endpoint import Answer, Endpoint
from hub.web.api.once import KEY, once
from hub.web.auth import WHO
from hub.web.services import services

# ---------------------------------------------------------------- waves


async def floor(request: web.Request) -> Floor:
    """Locations where people work, and the newest waves."""
    return await show_floor(services(request).database, request[WHO].merchant_id)


async def wave(request: web.Request) -> WaveDetails:
    """One wave with its walks."""
    return await show_wave(services(request).database, request[WHO].merchant_id, number(request))


async def release(request: web.Request) -> Answer:
    """Makes a wave of what waits at a location."""
    who, asked = request[WHO], await read(request, shapes.NewWaveBody)

    async def act() -> shapes.ReleasedView:
        new = NewWave(
            merchant_id=who.merchant_id, location=asked.location, actor=who.actor, strategy=asked.strategy,
            most=asked.most, cart=asked.cart, orders=asked.orders,
        )  # fmt: skip
        return shapes.released(await release_wave(services(request), new))

    return Answer(await once(request, shapes.ReleasedView, repr(asked), act), 201)


# ---------------------------------------------------------------- walks


async def walk(request: web.Request) -> shapes.WalkBody:
    """A walk: what comes next, and all stops."""
    return shapes.walk(await show_walk(services(request).database, request[WHO].merchant_id, number(request)))


async def _pick(
    request: web.Request, act: Callable[[Services, Scan], Awaitable[Picked]], code: str = ""
) -> shapes.PickedView:
    who = request[WHO]
    asked = Scan(merchant_id=who.merchant_id, task_id=number(request), actor=who.actor, code=code)

    async def done() -> shapes.PickedView:
        return shapes.picked(await act(services(request), asked))

    return await once(request, shapes.PickedView, code, done)


async def take_walk(request: web.Request) -> shapes.PickedView:
    """Makes a walk one's own."""
    return await _pick(request, claim_walk)


async def scan_walk(request: web.Request) -> shapes.PickedView:
    """One scan on a walk."""
    return await _pick(request, scan_pick, (await read(request, shapes.CodeBody)).code)


async def short_walk(request: web.Request) -> shapes.PickedView:
    """What is wanted next is not there."""
    return await _pick(request, report_short)


async def lot_walk(request: web.Request) -> shapes.PickedView:
    """None of the lot that is wanted first is there."""
    return await _pick(request, report_lot_gone)


async def back_walk(request: web.Request) -> shapes.DoneView:
    """Lets go of a walk where it stands."""
    return await _let_go(request, anybody=False)


async def free_walk(request: web.Request) -> shapes.DoneView:
    """Takes a walk from whoever has it; not for agents."""
    if request[WHO].role == "agent":
        raise Forbidden("this is for merchants; ask one to free the walk")
    return await _let_go(request, anybody=True)


async def _let_go(request: web.Request, *, anybody: bool) -> shapes.DoneView:
    who = request[WHO]
    asked = Scan(merchant_id=who.merchant_id, task_id=number(request), actor=who.actor)
    await give_back_walk(services(request), asked, anybody=anybody)
    return shapes.DoneView(said="the walk is free; what was picked stays picked")


def _post(path: str, title: str, answers: type[Value], handler: Callable[[web.Request], Awaitable[object]]) -> Endpoint:
    """A step that takes no body."""
    return Endpoint(f"/v1/floor{path}", title, answers, handler, {}, method="POST", headers=KEY)


def _scan(path: str, title: str, answers: type[Value], handler: Callable[[web.Request], Awaitable[object]]) -> Endpoint:
    return Endpoint(f"/v1/floor{path}", title, answers, handler, {}, method="POST", takes=shapes.CodeBody, headers=KEY)


ENDPOINTS = (
    Endpoint("/v1/floor", "What waits where, and the newest waves", Floor, floor, {}),
    Endpoint(
        "/v1/floor/waves", "Make a wave of what waits at a location", shapes.ReleasedView, release, {}, method="POST",
        takes=shapes.NewWaveBody, headers=KEY, statuses={201: "The wave is released."},
    ),
    Endpoint("/v1/floor/waves/{id}", "One wave with its walks", WaveDetails, wave, {}),
    Endpoint("/v1/floor/walks/{id}", "A walk: its stops, and what comes next", shapes.WalkBody, walk, {}),
    _post("/walks/{id}/take", "Take a walk; nobody else can then", shapes.PickedView, take_walk),
    _scan("/walks/{id}/scan", "One scan on a walk of yours", shapes.PickedView, scan_walk),
    _post("/walks/{id}/short", "What is wanted next is not on the shelf", shapes.PickedView, short_walk),
    _post("/walks/{id}/lot-gone", "None of the lot that is to be taken first is there", shapes.PickedView, lot_walk),
    _post("/walks/{id}/back", "Give a walk back where it stands", shapes.DoneView, back_walk),
    _post("/walks/{id}/free", "Take a walk from whoever has it", shapes.DoneView, free_walk),
    *floor_stations.ENDPOINTS,
)  # fmt: skip
