"""`POST /api/v1/orders`: an order in the hub's own JSON."""

from __future__ import annotations

import asyncio
import re

from aiohttp import ClientError, web

from hub.actions.own_accounts import api_account, named_account
from hub.actions.place_order import PATIENCE, Placing, place_order
from hub.errors import BadPayload
from hub.web.api.endpoint import Answer
from hub.web.auth import WHO
from hub.web.services import services

READ_SECONDS = 30.0
"""How long a body may take to arrive."""

LONGEST_WAIT = 10.0
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4})", re.IGNORECASE)


async def place(request: web.Request) -> Answer:
    """Takes one order; 201 with its id, or 202 when it is safe but not yet read."""
    hub, who = services(request), request[WHO]
    name = request.query.get("account", "")
    body = await _body(request)
    if name:
        own = await named_account(hub, who.merchant_id, name)
    else:
        own = await api_account(hub, who.merchant_id, who.actor)
    key = request.headers.get("Idempotency-Key", "").strip()
    placed = await place_order(hub, hub.inbox, own, Placing(body=body, key=key, patience=_patience(request)))
    if not placed.id:
        return Answer(placed, 202)
    return Answer(placed, 201, {"Location": f"/api/v1/orders/{placed.id}"})


async def _body(request: web.Request) -> bytes:
    """The raw body. Raises HTTPRequestEntityTooLarge beyond the application's limit, `BadPayload` for a torn one."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ClientError as error:
        raise BadPayload("$", f"the body did not arrive whole: {type(error).__name__}") from None


def _patience(request: web.Request) -> float:
    """Seconds to wait for the order's id: `Prefer: respond-async` or `wait=N`, as RFC 7240 has it."""
    prefer = ",".join(request.headers.getall("Prefer", []))
    if "respond-async" in prefer.lower():
        return 0.0
    wait = _WAIT.search(prefer)
    return min(float(wait[1]), LONGEST_WAIT) if wait else PATIENCE
