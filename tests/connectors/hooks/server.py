"""A receiver of Standard Webhooks 1.0, written from the specification (standardwebhooks.com, version 1.0.0).

It proves every post before it looks at it: `webhook-id`, `webhook-timestamp` within five minutes, one of the signatures
in `webhook-signature` made with a key it knows. A message that comes again under its id is answered and not done again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from connectors.playing import manners
from connectors.playing.manners import Refused
from hub.domain.outgoing import Kind

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw5mP2pbJtk4M="
FORMER = "whsec_plJ3nmyCDGBKInavdOK15jsl5yR0c3Vw0YJ3m8o2Zz4="
PATH = "/from/crossdock/"

KINDS = {
    "shipment.created": Kind.PUSH_SHIPMENT,
    "order.status_changed": Kind.PUSH_STATUS,
    "stock.changed": Kind.PUSH_STOCK,
    "order.cancelled": Kind.PUSH_CANCELLATION,
    "order.refunded": Kind.PUSH_REFUND,
    "return.status_changed": Kind.PUSH_RETURN,
}


class HooksDouble:
    """The receiver. `knows`: the secrets it accepts; `events`: what it has taken, once each."""

    def __init__(self) -> None:
        self.mischief = manners.Mischief(record=True)
        self.url = ""
        self.knows = [SECRET]
        self.events: dict[str, dict[str, Any]] = {}
        self.pings = 0
        self.fail = self.mischief.fail
        self.drop_replies = self.mischief.drop_replies

    @property
    def seen(self) -> Sequence[manners.Seen]:
        return self.mischief.seen

    def seed_orders(self, count: int) -> Sequence[str]:
        raise AssertionError("a receiver of hooks has no orders")

    def effects(self) -> Sequence[tuple[Kind, str]]:
        """(kind, reference) of every event that was done."""
        return [(KINDS[it["type"]], it["data"].get("reference", it["data"].get("sku"))) for it in self.events.values()]

    async def take(self, request: web.Request) -> web.Response:
        """One post."""
        body = await request.read()
        mark = self._prove(request, body)
        if request.content_type != "application/json":
            raise Refused(400, "the body is not JSON")
        event = msgspec.json.decode(body)
        if set(event) != {"type", "timestamp", "data"}:
            raise Refused(400, "an event has type, timestamp and data")
        if event["type"] == "ping":
            self.pings += 1
        elif event["type"] not in KINDS:
            raise Refused(400, f"no event {event['type']}")
        else:
            self.events.setdefault(mark, event)
        return web.Response(status=202)

    def _prove(self, request: web.Request, body: bytes) -> str:
        mark, stamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not mark or "." in mark or not stamp.isdigit():
            raise Refused(400, "webhook-id or webhook-timestamp is missing")
        if abs(time.time() - int(stamp)) > 300:
            raise Refused(401, "too old")
        given = request.headers.get("webhook-signature", "").split(" ")
        for secret in self.knows:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = hmac.new(key, f"{mark}.{stamp}.".encode() + body, hashlib.sha256).digest()
            if f"v1,{binascii.b2a_base64(digest, newline=False).decode()}" in given:
                return mark
        raise Refused(401, "no signature of a key that is known here")


@asynccontextmanager
async def serve() -> AsyncIterator[HooksDouble]:
    """A fresh receiver; it listens at one address only, the last slash included."""
    double = HooksDouble()
    app = manners.application(double.mischief)
    app.router.add_post(PATH, double.take)
    async with manners.listening(app, "127.0.0.1", 0) as url:
        double.url = url
        yield double
