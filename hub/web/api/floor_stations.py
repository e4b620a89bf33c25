"""The API of the pack station and the door: as the pages, by the same actions, with the same errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.actions.floor_hand_over import HandOver, hand_over
from hub.actions.floor_pack import (
    open_station,
    pack_suggested,
    put_down,
    scan_pack,
    see_station,
    start_over,
    take_station,
)
from hub.actions.floor_quality import Look, record_look
from hub.actions.floor_station import Pack, Station
from hub.actions.floor_unpack import unpack
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import Forbidden
from hub.web.api import floor_shapes as shapes
from hub.web.api.body import number, read
from hub.web.api.endpoint import Endpoint
from hub.web.api.once import KEY, once
from hub.web.auth import WHO
from hub.web.services import services


async def _pack(request: web.Request, act: Callable[[Services, Pack], Awaitable[Station]], code: str = "") -> Value:
    who = request[WHO]
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request), code=code)

    async def done() -> shapes.StationView:
        return shapes.station(await act(services(request), asked))

    return await once(request, shapes.StationView, code, done)


async def open_pack(request: web.Request) -> shapes.StationView:
    """Opens what a tote, an order number or a product stands for; again it is shown as it stands."""
    who, asked = request[WHO], await read(request, shapes.OpenBody)
    pack = Pack(merchant_id=who.merchant_id, actor=who.actor, code=asked.code, location=asked.location)
    return shapes.station(await open_station(services(request), pack), open_=True)


async def see_pack(request: web.Request) -> shapes.StationView:
    """What waits at the station, and who has it in hand; takes nothing."""
    who = request[WHO]
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request))
    return shapes.station(await see_station(services(request), asked), open_=True)


async def take_pack(request: web.Request) -> Value:
    """Makes what waits at the station one's own."""
    return await _pack(request, take_station)


async def down_pack(request: web.Request) -> shapes.DoneView:
    """Lets go of what one has in hand."""
    return await _put_down(request, anybody=False)


async def free_pack(request: web.Request) -> shapes.DoneView:
    """Takes what is in hand from whoever has it; not for agents."""
    if request[WHO].role == "agent":
        raise Forbidden("this is for merchants; ask one to free it")
    return await _put_down(request, anybody=True)


async def _put_down(request: web.Request, *, anybody: bool) -> shapes.DoneView:
    who = request[WHO]
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request))

    async def done() -> shapes.DoneView:
        freed = await put_down(services(request), asked, anybody=anybody)
        return shapes.DoneView(said=f"{freed} is free; parcels begun stay as they are")

    return await once(request, shapes.DoneView, "", done)


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

    return await once(request, shapes.StationView, repr(asked), done)


async def unpack_parcels(request: web.Request) -> shapes.DoneView:
    """Takes a packed fulfillment order out of its parcels."""
    who = request[WHO]
    pack = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=number(request))

    async def done() -> shapes.DoneView:
        await unpack(services(request), pack)
        return shapes.DoneView(said="unpacked; pack it again")

    return await once(request, shapes.DoneView, "", done)


async def hand_over_parcel(request: web.Request) -> shapes.HandedOverView:
    """A parcel leaves."""
    who, asked = request[WHO], await read(request, shapes.CodeBody)

    async def done() -> shapes.HandedOverView:
        over = HandOver(merchant_id=who.merchant_id, actor=who.actor, code=asked.code)
        return shapes.handed_over(await hand_over(services(request), over))

    return await once(request, shapes.HandedOverView, asked.code, done)


def _post(path: str, title: str, answers: type[Value], handler: Callable[[web.Request], Awaitable[object]]) -> Endpoint:
    """A step that takes no body."""
    return Endpoint(f"/v1/floor{path}", title, answers, handler, {}, method="POST", headers=KEY)


def _scan(path: str, title: str, answers: type[Value], handler: Callable[[web.Request], Awaitable[object]]) -> Endpoint:
    return Endpoint(f"/v1/floor{path}", title, answers, handler, {}, method="POST", takes=shapes.CodeBody, headers=KEY)


ENDPOINTS = (
    Endpoint(
        "/v1/floor/stations", "Open the pack station: a tote, an order's number, a product", shapes.StationView,
        open_pack, {}, method="POST", takes=shapes.OpenBody, headers=KEY,
    ),
    Endpoint(
        "/v1/floor/stations/{id}", "What waits at the pack station, and who has it", shapes.StationView, see_pack, {}
    ),
    _post("/stations/{id}/take", "Take it; nobody else can then", shapes.StationView, take_pack),
    _post("/stations/{id}/put-down", "Let go of what you have in hand", shapes.DoneView, down_pack),
    _post("/stations/{id}/free", "Take it from whoever has it in hand", shapes.DoneView, free_pack),
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
