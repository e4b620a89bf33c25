"""All doors as one application: `create_app(services)`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from hub.actions.check_ready import Readiness
from hub.actions.note_heard import Heard
from hub.errors import CrossdockError
from hub.web import auth, chat, health, pages, problems, tracking_page
from hub.web.api import create_api
from hub.web.connect import create_connect
from hub.web.console import create_console
from hub.web.services import REQUEST_ID, SERVICES, Services
from hub.web.webhooks import MAX_BODY, Webhooks

__all__ = ["Services", "create_app"]

log = structlog.get_logger()

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOOKS = "/webhooks/"
PAGES = ("/console", "/connect/", "/chat", "/track/", "/api/docs")
"""Addresses that people look at: they get their errors as a page, everybody else as problem details."""

WEBHOOKS = web.AppKey("webhooks", Webhooks)


def create_app(services: Services) -> web.Application:
    """The application; it starts nothing and keeps nothing open of its own."""
    heard = Heard(services.database, services.clock)
    webhooks = Webhooks(services.accounts, services.inbox, heard, services.settings.url)
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_outermost(services, webhooks)])
    app[SERVICES] = services
    app[WEBHOOKS] = webhooks
    app[auth.STORAGE] = auth.storage(services)
    app[health.READINESS] = Readiness(services.database)
    app[health.METRICS] = health.Metrics(webhooks)
    pages.setup(app)
    app.router.add_post(HOOKS + r"{account_id:\d{1,19}}", webhooks.hear)
    app.router.add_get(HOOKS + r"{account_id:\d{1,19}}", webhooks.greet, allow_head=False)
    app.add_routes([*health.ROUTES, *pages.ROUTES, *chat.ROUTES, *tracking_page.ROUTES, *services.extra_routes])
    app.add_subapp("/api/", create_api())
    app.add_subapp("/console/", create_console())
    app.add_subapp("/connect/", create_connect())
    return app


def _outermost(services: Services, webhooks: Webhooks) -> Middleware:
    """Turns failures into answers; everything but the webhook path also gets a request id, headers and a log line."""

    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(HOOKS):
            return await _hook(services, webhooks, request, handler)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _socket(services, request, handler)
        request_id = services.rng.token(9)
        request[REQUEST_ID] = request_id
        started = time.perf_counter()
        response = await _answered(services, request, handler)
        if not response.prepared:
            pages.secure(response, services, request_id)
        _note(request, response, started)
        return response

    return outermost


async def _hook(services: Services, webhooks: Webhooks, request: web.Request, handler: Handler) -> web.StreamResponse:
    """The short way: nothing is done for a delivery that is taken."""
    try:
        return await handler(request)
    except (CrossdockError, web.HTTPException, *problems.STORE_DOWN) as error:
        told = problems.problem(error)
    except Exception:  # the door's last resort: not 2xx, so the sender repeats it
        log.exception("a webhook failed", account=request.match_info.get("account_id"))
        told = problems.Problem(500, "error", problems.CODES["error"])
    webhooks.counts[told.status] += 1
    log.warning("webhook refused", account=request.match_info.get("account_id"), status=told.status, why=told.detail)
    return problems.answer(told, services.settings.url, "")


async def _socket(services: Services, request: web.Request, handler: Handler) -> web.StreamResponse:
    """A socket gets no headers and no line in the log; what fails before it opens is told as for any program."""
    try:
        return await handler(request)
    except (CrossdockError, web.HTTPException, *problems.STORE_DOWN) as error:
        return problems.answer(problems.problem(error), services.settings.url, "")


async def _answered(services: Services, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPRedirection as redirect:
        return auth.redirection(redirect)
    except (CrossdockError, web.HTTPException, *problems.STORE_DOWN) as error:
        told = problems.problem(error)
    except Exception as error:  # the door's last resort: a page for the person, the reason in the log
        log.exception("a request failed", request_id=request[REQUEST_ID], path=_pattern(request))
        told = problems.problem(error)
    if request.path.startswith(PAGES) or request.path == "/":
        return pages.error_page(request, told)
    return problems.answer(told, services.settings.url, request[REQUEST_ID])


def _note(request: web.Request, response: web.StreamResponse, started: float) -> None:
    log.info(
        "request",
        method=request.method,
        path=_pattern(request),
        status=response.status,
        ms=round((time.perf_counter() - started) * 1000, 1),
        request_id=request[REQUEST_ID],
    )


def _pattern(request: web.Request) -> str:
    """The route's pattern, not the address: tokens and numbers of people's orders do not belong in a log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(none)"
