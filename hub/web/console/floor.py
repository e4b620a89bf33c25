"""The floor: what waits where, waves and their walks, and papers. The scanner's own pages are in `floor_scan`."""

from __future__ import annotations

from aiohttp import web

from hub.actions.floor_looks import NewQualityRule, list_quality_rules, set_quality_rule
from hub.actions.floor_papers import packing_slip, pick_list
from hub.actions.floor_pick import Scan, give_back_walk
from hub.actions.floor_release import CART, NewWave, release_wave
from hub.actions.floor_views import show_floor, show_wave
from hub.domain.waves import STRATEGIES
from hub.errors import Conflict, Invalid, NotFound
from hub.web.auth import WHO, check_form, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/floor"


async def index(request: web.Request) -> web.Response:
    """Locations where people work, and the newest waves."""
    store, merchant_id = services(request).database, request[WHO].merchant_id
    context = {
        "floor": await show_floor(store, merchant_id), "strategies": STRATEGIES, "cart": CART, "me": request[WHO].actor,
        "looks": {rule.location: rule for rule in await list_quality_rules(store, merchant_id)},
    }  # fmt: skip
    return view.show(request, "floor.html", context)


async def looks(request: web.Request) -> web.Response:
    """Which orders of a location somebody looks at twice."""
    form, who = await check_form(request), needs_role(request, "merchant")
    try:
        new = NewQualityRule(
            merchant_id=who.merchant_id, location=form.get("location", ""), actor=who.actor,
            every=_count(form.get("every", "") or "0"), newcomers=_count(form.get("first", "") or "0"),
            skus=tuple(form.get("skus", "").replace(",", " ").split()), other=form.get("other", "") == "yes",
        )  # fmt: skip
        await set_quality_rule(services(request), new)
        view.note(request, f"Second looks at {new.location} are set.")
    except (Conflict, Invalid, NotFound) as error:
        view.note(request, f"That did not work: {error}.", "bad")
    raise web.HTTPSeeOther(ROOM)


async def release(request: web.Request) -> web.Response:
    """Makes a wave of what waits at a location."""
    form, who = await check_form(request), request[WHO]
    try:
        new = NewWave(
            merchant_id=who.merchant_id, location=form.get("location", ""), actor=who.actor,
            strategy=form.get("strategy", ""), most=_count(form.get("most", "")), cart=_count(form.get("cart", "")),
        )  # fmt: skip
        made = await release_wave(services(request), new)
    except (Conflict, Invalid, NotFound) as error:
        view.note(request, f"That did not work: {error}.", "bad")
        raise web.HTTPSeeOther(ROOM) from None
    view.note(
        request,
        f"Wave {made.number}: {_many(made.orders, 'order')}, {_many(made.units, 'unit')}, {_many(made.walks, 'walk')}.",
    )
    raise web.HTTPSeeOther(f"{ROOM}/waves/{made.wave_id}")


async def wave(request: web.Request) -> web.Response:
    """One wave with its walks."""
    wave_id = view.number(request, "wave")
    details = await show_wave(services(request).database, request[WHO].merchant_id, wave_id)
    return view.show(request, "floor_wave.html", {"details": details, "me": request[WHO].actor})


async def free(request: web.Request) -> web.Response:
    """Takes a walk from whoever has it."""
    form, who = await check_form(request), needs_role(request, "merchant")
    scan = Scan(merchant_id=who.merchant_id, task_id=view.number(request, "walk"), actor=who.actor)
    try:
        await give_back_walk(services(request), scan, anybody=True)
        view.note(request, "The walk is free again; what was picked stays picked.")
    except Conflict as error:
        view.note(request, f"That did not work: {error}.", "bad")
    wave_id = form.get("wave", "")
    raise web.HTTPSeeOther(f"{ROOM}/waves/{wave_id}" if wave_id.isascii() and wave_id.isdigit() else ROOM)


async def list_paper(request: web.Request) -> web.Response:
    """The pick list of a wave."""
    wave_id = view.number(request, "wave")
    return view.pdf(await pick_list(services(request), request[WHO].merchant_id, wave_id), f"pick-list-{wave_id}")


async def slip_paper(request: web.Request) -> web.Response:
    """The packing slip of a fulfillment order."""
    work_id = view.number(request, "work")
    return view.pdf(await packing_slip(services(request), request[WHO].merchant_id, work_id), f"packing-slip-{work_id}")


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 4:
        raise Invalid("number", "is a whole number")
    return int(text)


ROUTES = (
    web.get("/floor", index),
    web.post("/floor/release", release),
    web.post("/floor/looks", looks),
    web.get(r"/floor/waves/{wave:\d{1,19}}", wave),
    web.get(r"/floor/waves/{wave:\d{1,19}}.pdf", list_paper),
    web.get(r"/floor/slips/{work:\d{1,19}}.pdf", slip_paper),
    web.post(r"/floor/walks/{walk:\d{1,19}}/free", free),
)
