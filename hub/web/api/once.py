"""Steps that a program may send twice: each with a key of its own, answered again and counted once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from hub.actions.floor_once import Once
from hub.actions.floor_once import once as kept
from hub.domain.order import Value
from hub.web.auth import WHO
from hub.web.services import services

V = TypeVar("V", bound=Value)

KEY = {
    "Idempotency-Key": "Names this step among all you send: sent again within two days, it is answered again and "
    "counts no more."
}


async def once(request: web.Request, kind: type[V], asked: str, act: Callable[[], Awaitable[V]]) -> V:
    """What `act` answers, or answered when the request's key came before. `asked`: what its body says.

    Raises as `hub.actions.floor_once.once`.
    """
    who = request[WHO]
    key = request.headers.get("Idempotency-Key", "").strip()
    told = Once(merchant_id=who.merchant_id, actor=who.actor, key=key, asked=f"{request.path}\n{asked}")
    return await kept(services(request), told, kind, act)
