"""The manners of a server that plays a system on the other side.

It remembers what reached it, fails and loses answers on request, and honours idempotency keys as real systems do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from hub.domain.outgoing import Kind

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen(NamedTuple):
    """A request that reached the server. `headers` has lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """The server refuses a call with `status` and words for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Failure:
    """An answer to give instead of the real one, `times` more times."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    times: int


@dataclass(slots=True)
class Gate:
    """Where API calls hang until it is opened. `reached` is set when the first of them is there."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Mischief:
    """What a double does wrong on purpose, and what it saw. Calls to `/_/…`, its control routes, are left alone."""

    record: bool = False
    seen: list[Seen] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    drops: int = 0
    gate: Gate | None = None

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b"", times: int = 1) -> None:
        """The next `times` API calls are answered like this instead."""
        self.failures.append(Failure(status, headers or {}, body, times))

    def drop_replies(self, times: int = 1) -> None:
        """The next `times` API calls take effect, then the connection is closed without an answer."""
        self.drops += times

    def hang(self) -> Gate:
        """From now on API calls arrive and hang; opened, the gate lets them and all that follow take effect."""
        self.gate = Gate()
        return self.gate

    async def fail_on_request(self, request: web.Request) -> web.Response:
        """`POST /_/fail` with {status, headers, body, times} or {drop: n}."""
        wish = await request.json()
        if drop := wish.get("drop"):
            self.drop_replies(int(drop))
        else:
            body = str(wish.get("body", "")).encode()
            self.fail(int(wish["status"]), headers=wish.get("headers"), body=body, times=int(wish.get("times", 1)))
        return web.Response(status=204)

    async def between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stands between a request and its handler."""
        if request.path.startswith("/_/"):
            return await handler(request)
        if self.record:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.seen.append(Seen(request.method, request.path, headers, await request.read()))
        if self.gate is not None:
            self.gate.reached.set()
            await self.gate.opened.wait()
        if self.failures:
            return self._failure()
        answer = await handler(request)
        if self.drops and request.transport is not None:
            self.drops -= 1
            request.transport.abort()
        return answer

    def _failure(self) -> web.Response:
        failure = self.failures[0]
        failure.times -= 1
        if failure.times <= 0:
            self.failures.pop(0)
        return web.Response(status=failure.status, headers=failure.headers, body=failure.body)


class Effect(NamedTuple):
    """A call that took effect. `kind` is a message's, or a word of the server's own for what is none.

    `reference` is the caller's own name for what it asked.
    """

    kind: Kind | str
    reference: str
    key: str
    payload: dict[str, Any]


@dataclass(slots=True)
class Effects:
    """Every call that took effect, once by idempotency key: a repeat gets the first answer, byte for byte."""

    done: list[Effect] = field(default_factory=list)
    answers: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)

    def once(
        self, kind: Kind | str, key: str, payload: dict[str, Any], act: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """The answer of `act`, now or when `key` was first used. Raises `Refused` on a key with another payload."""
        if not key:
            raise Refused(400, "an Idempotency-Key is required")
        print_ = msgspec.json.encode([kind, payload], order="sorted")
        if key in self.answers:
            known, answer = self.answers[key]
            if known != print_:
                raise Refused(422, "this Idempotency-Key was used for something else")
            return answer
        answer = act()
        self.answers[key] = (print_, answer)
        self.done.append(Effect(kind, str(payload.get("reference", "")), key, payload))
        return answer

    def messages(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of every message of the hub that took effect."""
        return [(done.kind, done.reference) for done in self.done if isinstance(done.kind, Kind)]


def json(value: object, status: int = 200) -> web.Response:
    """`value` as a JSON answer."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that a request carries. Raises `Refused`."""
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Refused(400, f"not a JSON object: {error}") from None


def application(mischief: Mischief) -> web.Application:
    """An application with the double's manners; routes are the caller's."""

    @web.middleware
    async def manners(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await mischief.between(request, handler)
        except Refused as refusal:
            return json({"message": str(refusal)}, refusal.status)

    app = web.Application(middlewares=[manners], client_max_size=16 * 1024 * 1024)
    app.router.add_post("/_/fail", mischief.fail_on_request)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serves `app` and gives its address; port 0 picks a free one. Open requests are dropped at the end."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
