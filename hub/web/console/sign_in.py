"""Signing in and out."""

from __future__ import annotations

from aiohttp import web

from hub.actions.sign_in import sign_in
from hub.errors import Forbidden
from hub.web.auth import SIGN_IN, check_form, find_who, start_session
from hub.web.console import view
from hub.web.services import services


async def form(request: web.Request) -> web.Response:
    """The form; people who are signed in already go on."""
    if await find_who(request) is not None:
        raise web.HTTPSeeOther("/console/")
    return view.show(request, "sign_in.html", {"email": "", "problem": ""})


async def enter(request: web.Request) -> web.Response:
    """Checks e-mail address and password, and starts a new session."""
    fields = await check_form(request)
    try:
        user = await sign_in(services(request), fields.get("email", ""), fields.get("password", ""))
    except Forbidden as error:
        shown = {"email": fields.get("email", "")[:320], "problem": str(error)}
        return view.show(request, "sign_in.html", shown, status=403)
    start_session(request, user)
    raise web.HTTPSeeOther("/console/")


async def leave(request: web.Request) -> web.Response:
    """Ends the session."""
    start_session(request, None)
    raise web.HTTPSeeOther(SIGN_IN)


ROUTES = (
    web.get("/sign-in", form),
    web.post("/sign-in", enter),
    web.post("/sign-out", leave),
)
