"""The API of the floor: what the hand scanner's pages do, by the same actions, with the same errors.

A program may send every scan with an `Idempotency-Key` of its own, and send it again when the answer was lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from hub.actions.floor_hand_over import HandOver, hand_over
from hub.actions.floor_once import Once, once
from hub.actions.floor_pack import open_station, pack_suggested, scan_pack, start_over
from hub.actions.floor_pick import Picked, Scan, claim_walk, give_back_walk, report_lot_gone, report_short, scan_pick
from hub.actions.floor_quality import Look, record_look
from hub.actions.floor_release import NewWave, release_wave
from hub.actions.floor_station import Pack, Station
from hub.actions.floor_unpack import unpack
from hub.actions.floor_views import Floor, WaveDetails, show_floor, show_walk, show_wave
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Forbidden
from hub.web.api import floor_shapes as shapes
from hub.web.api.body import number, read
from hub.web.api.endpoint import Answer, Endpoint
from hub.web.auth import WHO
from hub.web.services import services

V = TypeVar("V", bound=Value)

KEY = {
    "Idempotency-Key": "Names this scan among all you send: sent again within two days, it is answered again and "
    "counts no more."
}


async def _once(request: web.Request, kind: type[V], asked: str, act: Callable[[], Awaitable[V]]) -> V:
    who = request[WHO]
    key = request.headers.get("Idempotency-Key", "").strip()
    told = Once(merchant_id=who.merchant_id, actor=who.actor, key=key, asked=f"{request.path}\n{asked}")
    return await once(services(request), told, kind, act)


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

    return Answer(await _once(request, shapes.ReleasedView, repr(asked), act), 201)


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

    return await _once(request, shapes.PickedView, code, done)


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


# ---------------------------------------------------------------- the pack station and the door


async def _pack(request: web.Request, act: Callable[[Services, Pack], Awaitable[Station]], code: str = "") -> Value:
    who = request[WHO]
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request), code=code)

    async def done() -> shapes.StationView:
        return shapes.station(await act(services(request), asked))

    return await _once(request, shapes.StationView, code, done)


async def open_pack(request: web.Request) -> shapes.StationView:
    """Opens what a tote, an order number or a product stands for; again it is shown as it stands."""
    who, asked = request[WHO], await read(request, shapes.CodeBody)
    pack = Pack(merchant_id=who.merchant_id, actor=who.actor, code=asked.code)
    return shapes.station(await open_station(services(request), pack), open_=True)


async def scan_station(request: web.Request) -> Value:
    """A product goes into the open parcel, a box begins another."""
    return await _pack(request, scan_pack, (await read(request, shapes.CodeBody)).code)


async def pack_as_suggested(request: web.Request) -> Value:
    """Everything goes into the suggested parcels."""
    return await _pack(request, pack_suggested)


async def begin_again(request: web.Request) -> Value:
    """What was scanned is taken out of the parcels begun."""
    return await _pack(request, start_over)


async def look_at(request: web.Request) -> shapes.StationView:
    """What somebody found who looked before the parcels are closed."""
    who, asked = request[WHO], await read(request, shapes.LookBody)
    look = Look(
        merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request), result=asked.result,
        sku=asked.sku, units=asked.units, note=asked.note,
    )  # fmt: skip

    async def done() -> shapes.StationView:
        return shapes.station(await record_look(services(request), look))

    return await _once(request, shapes.StationView, repr(asked), done)


async def unpack_parcels(request: web.Request) -> shapes.DoneView:
    """Takes a packed fulfillment order out of its parcels."""
    who = request[WHO]
    pack = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request))

    async def done() -> shapes.DoneView:
        await unpack(services(request), pack)
        return shapes.DoneView(said="unpacked; pack it again")

    return await _once(request, shapes.DoneView, "", done)


async def hand_over_parcel(request: web.Request) -> shapes.HandedOverView:
    """A parcel leaves."""
    who, asked = request[WHO], await read(request, shapes.CodeBody)

    async def done() -> shapes.HandedOverView:
        over = HandOver(merchant_id=who.merchant_id, actor=who.actor, code=asked.code)
        return shapes.handed_over(await hand_over(services(request), over))

    return await _once(request, shapes.HandedOverView, asked.code, done)


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
    _scan("/stations", "Open the pack station: a tote, an order's number, a product", shapes.StationView, open_pack),
    _scan("/stations/{id}/scan", "A product, or a box that begins a parcel", shapes.StationView, scan_station),
    _post("/stations/{id}/suggested", "Pack everything as suggested", shapes.StationView, pack_as_suggested),
    _post("/stations/{id}/over", "Begin again with empty parcels", shapes.StationView, begin_again),
    Endpoint(
        "/v1/floor/stations/{id}/look", "What a second look found", shapes.StationView, look_at, {}, method="POST",
        takes=shapes.LookBody, headers=KEY,
    ),
    _post("/stations/{id}/unpack", "Take it out of its parcels again", shapes.DoneView, unpack_parcels),
    _scan("/hand-overs", "A parcel leaves, by its number or tracking number", shapes.HandedOverView, hand_over_parcel),
)  # fmt: skip
