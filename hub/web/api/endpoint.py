"""How an endpoint declares itself, so that the description of the API cannot differ from what exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from hub.domain.order import Value
from hub.errors import Invalid


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers where it is more than a struct with 200."""

    body: Value
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked. `params` and `headers`: name → what it is; `needs`: the params that must be given;
    `takes`: the shape of the body; `statuses`: what it may answer when it goes well → when."""

    path: str
    title: str
    answers: type[Value]
    handler: Callable[[web.Request], Awaitable[object]]
    params: Mapping[str, str]
    method: str = "GET"
    takes: type[Value] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def route(self) -> web.RouteDef:
        """The route; the path's ids take digits only."""
        path = self.path.replace("{id}", r"{id:\d{1,19}}")
        return web.get(path, self.answer) if self.method == "GET" else web.route(self.method, path, self.answer)

    async def answer(self, request: web.Request) -> web.Response:
        """The handler's struct as JSON. Raises `Invalid` for a parameter that does not exist, or that lacks."""
        for name in request.query:
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise Invalid(name, f"is no parameter of this address; there are: {known}")
        for name in self.needs:
            if not request.query.get(name, "").strip():
                raise Invalid(name, f"is missing: {self.params[name]}")
        told = await self.handler(request)
        told = told if isinstance(told, Answer) else Answer(told)  # type: ignore[arg-type]
        headers = {"Cache-Control": "no-store", **told.headers}
        body = msgspec.json.encode(told.body)
        return web.Response(status=told.status, body=body, content_type="application/json", headers=headers)
