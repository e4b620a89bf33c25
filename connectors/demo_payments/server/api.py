"""The provider behind HTTP: its API, its webhooks, and control routes under `/_/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest

import msgspec
from aiohttp import web

from connectors.demo_payments.server.till import Payment, Till, document
from connectors.playing.line import reachable
from connectors.playing.manners import Handler, Mischief, Refused, body_of, json
from connectors.playing.sender import Hook, Sender
from connectors.signing import hmac_base64
from hub.domain.outgoing import Kind


@dataclass(frozen=True, slots=True)
class Options:
    """How the provider behaves. `to`: where webhooks are sent; `record` keeps every request for tests."""

    to: str = ""
    record: bool = False
    series: str = ""
    """Goes into the ids of webhooks, so that those of another run are others."""
    api_key: str = "demo-key-payments"
    webhook_secret: str = "demo-secret-payments"  # noqa: S105 - a demo has no secrets


class PaymentServer:
    """The provider behind `url`, which is the base_url of an account."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.mischief = Mischief(record=self.options.record)
        self.sender = Sender()
        self.till = Till(self._tell)
        self.to = self.options.to
        self.url = ""
        self._told = 0

    async def __aenter__(self) -> PaymentServer:
        await self.sender.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sender.__aexit__(None, None, None)

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of every call that took effect."""
        return self.till.effects.messages()

    def _tell(self, topic: str, payment: Payment) -> None:
        if not self.to:
            return
        self._told += 1
        mark, at = f"evt_{self.options.series}{self._told}", datetime.now(UTC)
        body = msgspec.json.encode({"id": mark, "at": at, "payment": document(payment)})
        headers = {
            "Content-Type": "application/json",
            "X-Pay-Topic": topic,
            "X-Pay-Delivery": mark,
            "X-Pay-Signature": hmac_base64(self.options.webhook_secret, body),
        }
        self.sender.soon(Hook(self.to, headers, body))

    # ------------------------------------------------------------ the endpoints

    def routes(self) -> list[web.RouteDef]:
        """Every endpoint."""
        return [
            web.get("/api/account", self._guard(self._account)),
            web.get("/api/payments/{id}", self._guard(self._payment)),
            web.post("/api/payments/{id}/{move}", self._guard(self._move)),
            web.get("/api/operations", self._guard(self._operations)),
            web.post("/_/authorize", self._authorize),
            web.post("/_/payments/{id}/{status}", self._happen),
            web.get("/_/payments", self._payments),
            web.get("/_/effects", self._effects),
            web.post("/_/listen", self._listen),
        ]

    def _guard(self, endpoint: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            wanted, given = f"Bearer {self.options.api_key}", request.headers.get("Authorization", "")
            if not compare_digest(given.encode(), wanted.encode()):
                raise Refused(401, "the API key is not valid")
            return await endpoint(request)

        return guarded

    async def _account(self, _: web.Request) -> web.Response:
        return json({"name": "Demo Payments merchant 1"})

    async def _payment(self, request: web.Request) -> web.Response:
        return json(document(self.till.find(request.match_info["id"])))

    async def _move(self, request: web.Request) -> web.Response:
        key, asked = request.headers.get("Idempotency-Key", ""), await body_of(request)
        return json(self.till.make(request.match_info["move"], request.match_info["id"], key, asked), 201)

    async def _operations(self, request: web.Request) -> web.Response:
        return json({"operations": self.till.operations.get(request.query.get("reference", ""), [])})

    # ------------------------------------------------------------ control

    async def _authorize(self, request: web.Request) -> web.Response:
        """`{"payments": [{id, amount, currency, status}]}`: what buyers paid at a store. Tells nobody."""
        return json({"registered": self.till.authorize((await body_of(request)).get("payments", []))}, 201)

    async def _happen(self, request: web.Request) -> web.Response:
        """Makes a payment fail, expire, …, and tells whoever listens."""
        return json(document(self.till.happen(request.match_info["id"], request.match_info["status"])))

    async def _payments(self, _: web.Request) -> web.Response:
        return json({"payments": [document(payment) for payment in self.till.payments.values()]})

    async def _effects(self, _: web.Request) -> web.Response:
        return json({"effects": [effect._asdict() for effect in self.till.effects.done]})

    async def _listen(self, request: web.Request) -> web.Response:
        """`{"url": …}`: where webhooks are sent from now on."""
        url = str((await body_of(request)).get("url", ""))
        if url and not reachable(url):
            raise Refused(422, f"{url!r} is not a plain http address, and there is no other way out of here")
        self.to = url
        return web.Response(status=204)
