"""Webhooks: proving where one comes from, and reading what it says.

A webhook of Etsy (`order.paid`) only says that a receipt changed and where to ask for it. Reading stays pure, so it is
a nudge without news, after which the shop is polled. A recorded receipt goes through the same door, and is read.
Signed as Standard Webhooks 1.0 has it: HMAC-SHA256 over "id.timestamp.body" with the base64 key behind `whsec_`.
Source: developers.etsy.com, "Webhooks"; etsy/open-api discussions 1509 and 1564 (the payload is flat).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from connectors.etsy import mapper, wire
from connectors.wire import decode
from hub.contract import Delivery
from hub.domain.order import News
from hub.errors import BadPayload, Forbidden, Invalid

RECEIPT = "receipt"
"""Topic of a pulled or recorded receipt."""

TOLERANCE = 300.0
"""Seconds that a signed time may be off, either way."""

SHOP = re.compile(r"/shops/(\d{1,18})(?:/|$)")

MAX_ID = 180
UNNAMED = "unnamed"


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """The delivery, once its signature is proven and is of now. Raises `Forbidden`."""
    mark, stamp = headers.get("webhook-id", "").strip(), headers.get("webhook-timestamp", "").strip()
    if not mark or len(mark) > MAX_ID:
        raise Forbidden("the delivery carries no webhook-id")
    _require(headers.get("webhook-signature", ""), _signature(secret, mark, stamp, body))
    at = _sent_at(stamp)
    if abs((datetime.now(UTC) - at).total_seconds()) > TOLERANCE:
        raise Forbidden("the delivery was signed too long ago, or the clock of this machine is off")
    return Delivery(id=f"webhook:{mark}", topic=topic_of(body), body=body, occurred_at=at)


def sign(body: bytes, secret: str) -> dict[str, str]:
    """The headers Etsy would send now. The id follows from the body: sent again, it is the same message."""
    mark, stamp = f"msg_{hashlib.sha256(body).hexdigest()[:40]}", str(int(datetime.now(UTC).timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": mark,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_signature(secret, mark, stamp, body)}",
    }


def topic_of(body: bytes) -> str:
    """What a body is about: the event it names, or a receipt."""
    with suppress(BadPayload):
        notice = decode(body, wire.Notice)
        if notice.receipt_id is not None:
            return RECEIPT
        return notice.event_type[:100] or UNNAMED
    return UNNAMED


def unwrap(body: bytes, topic: str) -> tuple[str, bytes]:
    """A recorded file as a delivery. Raises `Invalid` for what Etsy would not deliver."""
    found = topic_of(body)
    if found == UNNAMED or topic not in ("", found):
        raise Invalid("file", f"a file can be a receipt, or a webhook with its event_type; this one is {found}")
    return found, body


def _signature(secret: str, mark: str, stamp: str, body: bytes) -> str:
    if not secret:
        raise Forbidden("the account has no webhook_secret, so no webhook of it can be proven: set it")
    key = _key(secret)
    if not key:
        raise Forbidden("the account's webhook_secret is empty behind its whsec_: enter it whole")
    signed = f"{mark}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    with suppress(ValueError):
        return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    return secret.encode()


def _require(given: str, expected: str) -> None:
    """One of the signatures must be right; several are sent while a key is replaced, each with or without its
    version."""
    if not given.strip():
        raise Forbidden("the delivery carries no signature")
    found = [one.removeprefix("v1,").encode("utf-8", "replace") for one in given.split()]
    if not sum(hmac.compare_digest(one, expected.encode()) for one in found):
        raise Forbidden("the signature does not match the body: check the account's webhook_secret")


def _sent_at(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise Forbidden("the delivery does not say when it was sent")
    return datetime.fromtimestamp(int(stamp), UTC)


def read(delivery: Delivery) -> tuple[News, ...]:
    """What the delivery says. Pure. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    return reader(delivery.body) if reader else ()


def _receipt(body: bytes) -> tuple[News, ...]:
    return mapper.news(decode(body, wire.Receipt))


def nudge(delivery: Delivery) -> Mapping[str, str] | None:
    """The shop that a webhook speaks of: an app has one address for the webhooks of all its shops. The receipt's
    address comes first, for `shop_id` was seen to be another one (etsy/open-api discussion 1564)."""
    if delivery.topic in (RECEIPT, UNNAMED):
        return None
    with suppress(BadPayload):
        notice = decode(delivery.body, wire.Notice)
        found = SHOP.search(notice.resource_url or "")
        shop = found.group(1) if found else str(notice.shop_id or "")
        return {"shop_id": shop} if shop else {}
    return None


def _nudge(body: bytes) -> tuple[News, ...]:
    """Nothing yet: the hub polls the shop."""
    decode(body, wire.Notice)
    return ()


READERS: dict[str, Callable[[bytes], tuple[News, ...]]] = {RECEIPT: _receipt, "order.paid": _nudge}
"""Topic → what it is read as."""
