"""python-telegram-bot over the hub's own HTTP: its address, size and time limits hold here too. Import late."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from telegram.request import BaseRequest, RequestData

from hub.contract import Http, Reply
from hub.errors import Retry

JSON = {"Content-Type": "application/json"}
SECONDS = 15.0
POLLING_SECONDS = 40.0
REPEATABLE = frozenset({"answerCallbackQuery", "editMessageText"})
"""Calls that may be made again when their answer was lost."""


class HubRequest(BaseRequest):
    """One call at a time, nothing kept between. `effect`: a lost answer may mean that the call happened."""

    def __init__(self, http: Http, *, effect: bool) -> None:
        self._http = http
        self._effect = effect

    @property
    def read_timeout(self) -> float | None:
        """Seconds; the library asks for longer ones by itself when polling."""
        return SECONDS

    async def initialize(self) -> None:
        """Nothing to open: the connection pool is the hub's."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_timeouts: object, **_named: object
    ) -> tuple[int, bytes]:
        """Status and body. Raises the hub's `Retry` or `Unknown`, which the library wraps and the channel unwraps."""
        body = request_data.json_payload if request_data else b"{}"
        called = url.rpartition("/")[2]
        seconds = POLLING_SECONDS if called == "getUpdates" else SECONDS
        effect = self._effect and called not in REPEATABLE
        reply = await self._http.call(method, url, headers=JSON, body=body, effect=effect, timeout=seconds)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Retry("Telegram asks to slow down", _retry_after(reply))
        return reply.status, reply.body


class _Parameters(msgspec.Struct, frozen=True):
    retry_after: float | None = None


class _Slow(msgspec.Struct, frozen=True):
    parameters: _Parameters = _Parameters()


def _retry_after(reply: Reply) -> float | None:
    """Seconds to wait, as the answer's `parameters` say."""
    try:
        return msgspec.json.decode(reply.body, type=_Slow).parameters.retry_after
    except msgspec.DecodeError:
        return None
