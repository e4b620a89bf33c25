"""Deliveries that were set aside: where each is wrong, its body as it came, and reading it again."""

from __future__ import annotations

from aiohttp import web

from hub.actions.list_deliveries import list_deliveries, read_again, show_delivery
from hub.web.auth import WHO, needs_role
from hub.web.console import view
from hub.web.services import services

ROOM = "/console/deliveries"


async def index(request: web.Request) -> web.Response:
    """The list."""
    return view.show(request, "deliveries.html", await _context(request))


async def part(request: web.Request) -> web.Response:
    """Its live part."""
    return view.live(request, "_deliveries.html", await _context(request))


async def _context(request: web.Request) -> dict[str, object]:
    after, account = request.query.get("after", ""), request.query.get("account", "")
    of = int(account) if account.isascii() and account.isdigit() and len(account) < 19 else None
    page = await list_deliveries(services(request).database, request[WHO].merchant_id, after, account_id=of)
    only = f"&account={of}" if of else ""
    return {
        "deliveries": page.deliveries,
        "next": f"{ROOM}?after={page.next}{only}" if page.next else "",
        "first": f"{ROOM}?after={only}" if after else "",
        "only": bool(only),
        "part": f"{ROOM}/part?after={after}{only}",
    }


async def body(request: web.Request) -> web.Response:
    """The body as text, never as whatever it claims to be."""
    who = needs_role(request, "merchant")
    content = await show_delivery(services(request).database, who.merchant_id, view.number(request, "delivery_id"))
    return web.Response(
        body=content,
        content_type="text/plain",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"},
    )


async def again(request: web.Request) -> web.Response:
    """Puts it back in the queue."""
    who = needs_role(request, "merchant")
    await read_again(services(request), who.merchant_id, view.number(request, "delivery_id"), who.actor)
    view.note(request, "The delivery is being read again. If it is still unreadable, it comes back here.")
    raise web.HTTPSeeOther(ROOM)


ROUTES = (
    web.get("/deliveries", index),
    web.get("/deliveries/part", part),
    web.get(r"/deliveries/{delivery_id:\d{1,19}}/body", body),
    web.post(r"/deliveries/{delivery_id:\d{1,19}}/read-again", again),
)
