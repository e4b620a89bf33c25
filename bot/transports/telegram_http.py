"""python-telegram-bot over the hub's own HTTP: its address, size and time limits hold here too. Import late."""

from __future__ import annotations

from telegram.request import BaseRequest, RequestData

from hub.contract import Http

JSON = {"Content-Type": "application/json"}


class HubRequest(BaseRequest):
    """One call at a time, nothing kept between. `effect`: a lost answer may mean that the call happened."""

    def __init__(self, http: Http, *, effect: bool) -> None:
        self._http = http
        self._effect = effect

    @property
    def read_timeout(self) -> float | None:
        """Seconds; the library asks for longer ones by itself when polling."""
        return 15.0

    async def initialize(self) -> None:
        """Nothing to open: the connection pool is the hub's."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_timeouts: object, **_named: object
    ) -> tuple[int, bytes]:
        """Status and body. Raises the hub's `Retry` or `Unknown`, which the library wraps and the channel unwraps."""
        body = request_data.json_payload if request_data else b"{}"
        repeatable = "/getUpdates" in url or "/answerCallbackQuery" in url or "/editMessageText" in url
        reply = await self._http.call(
            method, url, headers=JSON, body=body, effect=self._effect and not repeatable, timeout=40.0
        )
        return reply.status, reply.body
