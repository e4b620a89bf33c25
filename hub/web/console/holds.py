"""Open holds over all orders, and releasing one, which executes what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from hub.actions.list_holds import HeldOrder, HoldQuery, list_holds
from hub.actions.release_hold import Release, release_hold
from hub.actions.release_holds import Releases, release_holds
from hub.actions.show_hold import show_hold
from hub.domain.order import Address
from hub.errors import Conflict, Invalid
from hub.web.auth import WHO, check_form
from hub.web.console import view
from hub.web.console.vocabulary import ADDRESS_FIELDS, RESOLUTIONS
from hub.web.pages import words
from hub.web.services import services

ROOM = "/console/holds"


async def index(request: web.Request) -> web.Response:
    """The list, oldest first."""
    return view.show(request, "holds.html", await _context(request))


async def part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_holds.html", await _context(request))


async def _context(request: web.Request) -> dict[str, object]:
    query = HoldQuery(reason=request.query.get("reason", "")[:32], after=request.query.get("after", ""))
    page = await list_holds(services(request).database, request[WHO].merchant_id, query)
    own = {"reason": query.reason, "after": query.after}
    return {
        "holds": page.holds,
        "reason": query.reason,
        "offered": sorted(_offered(page.holds)),
        "now": services(request).clock.now(),
        "next": f"{ROOM}?{urlencode({**own, 'after': page.next})}" if page.next else "",
        "first": ROOM if query.after else "",
        "part": f"{ROOM}/part?{urlencode(own)}",
    }


def _offered(holds: Sequence[HeldOrder]) -> set[str]:
    """What can be done with all of these alike; an address of its own each has to be given one by one."""
    every = [set(held.hold.resolutions) for held in holds]
    return set.intersection(*every) - {"use_address"} if every else set()


async def release(request: web.Request) -> web.Response:
    """Executes the chosen resolution and goes back to the order, saying what came of it."""
    form, who = await check_form(request), request[WHO]
    hold_id, resolution = view.number(request, "hold_id"), form.get("resolution", "")
    order_id = await show_hold(services(request).database, who.merchant_id, hold_id)
    asked = Release(
        merchant_id=who.merchant_id,
        hold_id=hold_id,
        resolution=resolution,
        actor=who.actor,
        address=_address(form) if resolution == "use_address" else None,
    )
    try:
        await release_hold(services(request), asked)
        view.note(request, f"{RESOLUTIONS.get(resolution, words(resolution))}: done. The order goes on from here.")
    except (Conflict, Invalid) as error:
        view.note(request, f"That did not work: {error}", "bad")
    raise web.HTTPSeeOther(f"/console/orders/{order_id}")


async def release_many(request: web.Request) -> web.Response:
    """Releases the chosen holds alike and says what became of each."""
    form, who = await check_form(request), request[WHO]
    parts = form.get("holds", "").split(",")
    ids = tuple(int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) < 19)
    resolution = form.get("resolution", "")
    if not ids:
        view.note(request, "There was nothing to release.", "bad")
        raise web.HTTPSeeOther(ROOM)
    asked = Releases(merchant_id=who.merchant_id, resolution=resolution, actor=who.actor, hold_ids=ids)
    try:
        done = await release_holds(services(request), asked)
    except Invalid as error:
        view.note(request, f"That did not work: {error}", "bad")
        raise web.HTTPSeeOther(ROOM) from None
    context = {"done": done, "resolution": resolution}
    return view.show(request, "holds_released.html", context)


def _address(form: Mapping[str, str]) -> Address:
    """The address of the form; fields are cut to what a label can hold."""
    given = {name: form.get(name, "").replace("\0", "").strip()[:200] for name, _ in ADDRESS_FIELDS}
    return Address(**{**given, "country": given["country"].upper()})


ROUTES = (
    web.get("/holds", index),
    web.get("/holds/part", part),
    web.post("/holds/release", release_many),
    web.post(r"/holds/{hold_id:\d{1,19}}/release", release),
)
