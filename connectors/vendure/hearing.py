"""What the plugin of `plugin/` posts: signed as Standard Webhooks 1.0 wants it, with whole orders.

The signature covers id, time and body. An old delivery that is sent again has its old id, which the inbox keeps for
ever, and an old revision changes nothing: so a time long ago is no reason to refuse, and a shop that was offline for a
day may still tell. Source: github.com/standard-webhooks, spec 1.0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hmac import compare_digest, digest

from connectors.signing import require
from connectors.vendure import wire
from connectors.vendure.mapper import news
from connectors.wire import decode
from hub.contract import Delivery
from hub.domain.order import News
from hub.errors import Forbidden

CHANGED = "order.changed"
"""The topic of an order, posted or polled."""

PREFIX = "whsec_"
"""Begins a secret whose rest is base64 of the key; any other secret is the key itself."""

LONGEST = 120
"""Characters of a message id that are still one."""


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """The delivery, once one of its signatures is proven. Raises `Forbidden`, and `BadPayload` for a signed body that
    does not say what it is."""
    mark, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()[:10]
    expected = signature(secret, mark, at, body)
    ours = (one for one in given if compare_digest(one.encode("utf-8", "replace"), expected.encode()))
    require(next(ours, given[0] if given else ""), expected)
    if not 0 < len(mark) <= LONGEST or not (at.isascii() and at.isdigit() and len(at) < 12):
        raise Forbidden("the delivery has no webhook-id, or no webhook-timestamp in seconds")
    moment = datetime.fromtimestamp(int(at), UTC)
    return Delivery(id=mark, topic=decode(body, wire.Type).type, body=body, occurred_at=moment)


def sign(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The headers the plugin would send. The id follows from the body: sent again, it is the same message."""
    mark, at = f"msg_{hashlib.sha256(body).hexdigest()[:32]}", str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": mark,
        "webhook-timestamp": at,
        "webhook-signature": signature(secret, mark, at, body),
    }


def signature(secret: str, mark: str, at: str, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over "id.timestamp.body". Raises `Forbidden` without a usable secret."""
    key = secret.encode()
    if secret.startswith(PREFIX):
        with suppress(binascii.Error, ValueError):
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not key:
        raise Forbidden("the account has no webhook_secret, so nothing it is told can be proven: set it")
    content = b".".join((mark.encode("utf-8", "replace"), at.encode("utf-8", "replace"), body))
    return f"v1,{base64.b64encode(digest(key, content, 'sha256')).decode()}"


def read(delivery: Delivery) -> tuple[News, ...]:
    """What the delivery says; empty for topics of no interest. Pure. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return reader(delivery.body) if reader else ()


def _order(body: bytes) -> tuple[News, ...]:
    return news(decode(body, wire.Changed).data)


READERS: Mapping[str, Callable[[bytes], tuple[News, ...]]] = {CHANGED: _order}
"""Topic → what it is read as."""
