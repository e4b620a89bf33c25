"""The scanner's pages: a walk, the pack station, the door. One field each, which has the cursor; Enter sends it.

They work with a hand scanner, which types and presses Enter, with a keyboard alone, and without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

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
from hub.actions.floor_pick import Scan, claim_walk, give_back_walk, report_lot_gone, report_short, scan_pick
from hub.actions.floor_quality import Look, record_look
from hub.actions.floor_station import Pack
from hub.actions.floor_unpack import unpack
from hub.actions.floor_views import show_walk
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/floor"
CAMERA = "camera=(self), geolocation=(), microphone=()"
REFUSED = (Conflict, Invalid, NotFound, Forbidden)
STEPS = {"take": take_station, "suggested": pack_suggested, "over": start_over}


async def walk(request: web.Request) -> web.Response:
    """A walk: what comes next, big, and all stops below."""
    found = await show_walk(services(request).database, request[WHO].merchant_id, view.number(request, "walk"))
    return _scanner(request, "floor_walk.html", {"walk": found, "mine": found.claimed_by == request[WHO].actor})


async def walk_scan(request: web.Request) -> web.Response:
    """A scan, or what a button says: take, short, back."""
    form, who, hub = await check_form(request), request[WHO], services(request)
    task_id = view.number(request, "walk")
    scan = Scan(merchant_id=who.merchant_id, task_id=task_id, actor=who.actor, code=form.get("code", ""))
    what = form.get("do", "scan")
    try:
        if what == "back":
            await give_back_walk(hub, scan)
            view.note(request, "You gave the walk back.")
        else:
            act = {"take": claim_walk, "short": report_short, "lot": report_lot_gone}.get(what, scan_pick)
            view.note(request, _sentence((await act(hub, scan)).said))
    except REFUSED as error:
        view.note(request, _why(error), "bad")
    raise web.HTTPSeeOther(f"{ROOM}/walks/{task_id}")


async def pack_empty(request: web.Request) -> web.Response:
    """The pack station with nothing on it."""
    return _scanner(request, "floor_pack.html", {"station": None})


async def pack_open(request: web.Request) -> web.Response:
    """Opens what a tote, an order number or a product stands for."""
    form, who = await check_form(request), request[WHO]
    try:
        asked = Pack(merchant_id=who.merchant_id, actor=who.actor, code=form.get("code", ""))
        station = await open_station(services(request), asked)
    except REFUSED as error:
        view.note(request, _why(error), "bad")
        raise web.HTTPSeeOther(f"{ROOM}/pack") from None
    raise web.HTTPSeeOther(f"{ROOM}/pack/{station.fulfillment_id}")


async def pack(request: web.Request) -> web.Response:
    """What lies on the pack station. Only looked at: what a browser fetches by itself takes nothing."""
    who = request[WHO]
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=view.number(request, "work"))
    try:
        station = await see_station(services(request), asked)
    except Conflict as error:
        view.note(request, _why(error), "bad")
        raise web.HTTPSeeOther(f"{ROOM}/pack") from None
    context = {"station": station, "mine": station.held_by == who.actor}
    return _scanner(request, "floor_pack.html", context)


async def pack_scan(request: web.Request) -> web.Response:
    """A scan, or what a button says: take, suggested, over, unpack, look, down, free."""
    form, who, hub = await check_form(request), request[WHO], services(request)
    work_id = view.number(request, "work")
    asked = Pack(merchant_id=who.merchant_id, actor=who.actor, fulfillment_id=work_id, code=form.get("code", ""))
    what = form.get("do", "scan")
    try:
        if what == "unpack":
            await unpack(hub, asked)
            view.note(request, "Unpacked; pack it again.")
            raise web.HTTPSeeOther(f"{ROOM}/pack/{work_id}")
        if what in {"down", "free"}:
            await _put_down(request, asked, anybody=what == "free")
            raise web.HTTPSeeOther(f"{ROOM}/pack" if what == "down" else ROOM)
        if what == "look":
            station = await record_look(hub, _look(form, asked))
        else:
            station = await STEPS.get(what, scan_pack)(hub, asked)
    except REFUSED as error:
        view.note(request, _why(error), "bad")
        raise web.HTTPSeeOther(f"{ROOM}/pack/{work_id}") from None
    view.note(request, _sentence(station.said), "wait" if station.check else "good")
    raise web.HTTPSeeOther(f"{ROOM}/pack" if station.packed else f"{ROOM}/pack/{work_id}")


async def _put_down(request: web.Request, asked: Pack, *, anybody: bool) -> None:
    """One's own, or, for merchants, whosever it is."""
    if anybody:
        needs_role(request, "merchant")
    number = await put_down(services(request), asked, anybody=anybody)
    view.note(request, f"{number} is free again; parcels begun stay as they are.")


def _look(form: Mapping[str, str], asked: Pack) -> Look:
    units = form.get("units", "")
    return Look(
        merchant_id=asked.merchant_id, actor=asked.actor, fulfillment_id=asked.fulfillment_id,
        result=form.get("result", ""), sku=form.get("sku", ""),
        units=int(units) if units.isascii() and units.isdigit() and len(units) < 9 else 0, note=form.get("note", ""),
    )  # fmt: skip


async def door(request: web.Request) -> web.Response:
    """Where parcels are handed to the carrier."""
    return _scanner(request, "floor_door.html", {})


async def door_scan(request: web.Request) -> web.Response:
    """A parcel leaves."""
    form, who = await check_form(request), request[WHO]
    try:
        asked = HandOver(merchant_id=who.merchant_id, actor=who.actor, code=form.get("code", ""))
        done = await hand_over(services(request), asked)
        view.note(request, _sentence(done.said), "good" if done.dispatched else "wait")
    except REFUSED as error:
        view.note(request, _why(error), "bad")
    _to(f"{ROOM}/door")


def _scanner(request: web.Request, template: str, context: Mapping[str, object]) -> web.Response:
    """A page that may use the camera of a phone, as no other may."""
    page = view.show(request, template, context)
    page.headers["Permissions-Policy"] = CAMERA
    return page


def _why(error: Exception) -> str:
    """Why a scan was refused; there is one field only, so its name says nothing."""
    return _sentence(str(error).removeprefix("code: ").removeprefix("parcels: "))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _to(address: str) -> NoReturn:
    raise web.HTTPSeeOther(address)


ROUTES = (
    web.get(r"/floor/walks/{walk:\d{1,19}}", walk),
    web.post(r"/floor/walks/{walk:\d{1,19}}", walk_scan),
    web.get("/floor/pack", pack_empty),
    web.post("/floor/pack", pack_open),
    web.get(r"/floor/pack/{work:\d{1,19}}", pack),
    web.post(r"/floor/pack/{work:\d{1,19}}", pack_scan),
    web.get("/floor/door", door),
    web.post("/floor/door", door_scan),
)
