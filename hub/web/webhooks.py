"""The webhook door: verify on the raw bytes, keep, answer. 2xx only after the commit.

401 bad signature · 404 unknown account · 413 too large · 503 cannot store now. Everything that is not 2xx left nothing
behind, so the sender may repeat it. A body that came compressed is opened first (its size is counted opened): channels
sign what they wrote, not how it travelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import ClientError, web
from msgspec.structs import replace

from hub.accounts import Accounts
from hub.actions.note_heard import Heard
from hub.contract import Channel, Delivery, FetchesKeys, Greeting, Greets, HearsWebhooks, Nudges
from hub.errors import BadPayload, Forbidden, Invalid, NotFound, Reconnect, Retry
from hub.web.problems import STORE_DOWN, Unauthorized
from hub.web.services import Keeps

log = structlog.get_logger()

MAX_BODY = 10 * 1024 * 1024
LONGEST_ID = 200
READ_SECONDS = 30.0
"""How long a body may take to arrive."""

UNKNOWN = "no account listens here; `python main.py channel list` shows the addresses there are"


@dataclass(frozen=True, slots=True)
class Manners:
    """What a kind of channel does at the door, found out once: asking a protocol is slow. `most`: bytes of a body."""

    most: int
    greets: bool
    fetches: bool
    nudges: bool


class Webhooks:
    """The door of one process. `counts` has the answers given so far, by status."""

    def __init__(self, accounts: Accounts, inbox: Keeps, heard: Heard, public_url: str = "") -> None:
        self._accounts = accounts
        self._inbox = inbox
        self._heard = heard
        self._public_url = public_url.rstrip("/")
        self._manners: dict[type[Channel], Manners] = {}
        self.counts: Counter[int] = Counter()

    async def hear(self, request: web.Request) -> web.Response:
        """Takes one delivery. Raises the failures that the outermost door turns into answers."""
        channel = await self._open(request.match_info["account_id"])
        manners = self._manners[type(channel)]
        body, headers = await _body(request, manners.most), _lower(request.headers)
        try:
            if manners.greets:
                reply = cast(Greets, channel).greet(self._greeting(request, headers, body))
                if reply is not None:
                    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
            if manners.fetches:
                await cast(FetchesKeys, channel).fetch_keys(headers)
            delivery = cast(HearsWebhooks, channel).verify(headers, body)
        except Forbidden as error:
            raise Unauthorized(str(error)) from None
        new = await self._inbox.keep(channel.account, _storable(delivery))
        self.counts[200] += 1
        if new and manners.nudges and (about := cast(Nudges, channel).nudge(delivery)) is not None:
            with contextlib.suppress(*STORE_DOWN):
                await self._heard.note_nudge(channel.account, about)
        if self._heard.is_due(channel.account.id):
            with contextlib.suppress(*STORE_DOWN):
                await self._heard.note(channel.account.id)
        return web.Response(status=200)

    async def greet(self, request: web.Request) -> web.Response:
        """Answers a channel that asks by GET whether the address is ours; nobody else has anything to get here."""
        channel = await self._open(request.match_info["account_id"])
        if not isinstance(channel, Greets):
            raise web.HTTPMethodNotAllowed("GET", ["POST"])
        try:
            reply = channel.greet(self._greeting(request, _lower(request.headers), b""))
        except Forbidden as error:
            raise Unauthorized(str(error)) from None
        if reply is None:
            raise NotFound("this address takes deliveries by POST")
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    def _greeting(self, request: web.Request, headers: Mapping[str, str], body: bytes) -> Greeting:
        url = f"{self._public_url}/webhooks/{request.match_info['account_id']}"
        return Greeting(request.method, url, dict(request.query), headers, body)

    async def _open(self, account_id: str) -> Channel:
        number = int(account_id)
        if number >= 2**63:
            raise NotFound(UNKNOWN)
        try:
            channel = await self._accounts.open(number)
        except (NotFound, Invalid):
            raise NotFound(UNKNOWN) from None
        except Reconnect as error:
            log.error("a webhook cannot be verified", account_id=number, error=str(error))
            raise Retry("this account cannot verify deliveries now", after=300) from None
        kind = type(channel)
        if kind not in self._manners:
            if not isinstance(channel, HearsWebhooks):
                raise NotFound(UNKNOWN)
            most = min(MAX_BODY, self._accounts.connector(channel.account.connector).about.max_body)
            asks = (isinstance(channel, capability) for capability in (Greets, FetchesKeys, Nudges))
            self._manners[kind] = Manners(most, *asks)
        return channel


async def _body(request: web.Request, most: int) -> bytes:
    """The raw body. Raises HTTPRequestEntityTooLarge as soon as it is known to be more than `most` bytes."""
    if request.content_length is not None and request.content_length > most:
        raise web.HTTPRequestEntityTooLarge(most, request.content_length)
    try:
        if request.content.is_eof():  # usual: it came together with its headers, there is nothing to wait for
            body = await request.read()
        else:
            async with asyncio.timeout(READ_SECONDS):
                body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ClientError as error:
        raise BadPayload("$", f"the body did not arrive whole: {type(error).__name__}") from None
    if len(body) > most:
        raise web.HTTPRequestEntityTooLarge(most, len(body))
    return body


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names in lower case; bytes that are no UTF-8 become U+FFFD, because no store would take them."""
    return {
        name.lower(): value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, value in headers.items()
    }


def _storable(delivery: Delivery) -> Delivery:
    """The delivery with an id that can be kept whole. Raises `BadPayload`: a shared commit must not fail for one of
    the many that share it."""
    for name, text in (("id", delivery.id), ("topic", delivery.topic)):
        if not text.isprintable():
            raise BadPayload(f"$.{name}", "holds characters that cannot be kept")
    if not delivery.id:
        raise BadPayload("$.id", "is empty")
    if len(delivery.id) > LONGEST_ID:
        return replace(delivery, id=f"sha256:{hashlib.sha256(delivery.id.encode()).hexdigest()}")
    return delivery
