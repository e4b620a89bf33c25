"""Notifications: the challenge that proves the address, signatures, and what they say.

eBay signs the raw body with ECDSA and names the key in X-EBAY-SIGNATURE, base64 of {alg, kid, signature, digest}. It
repeats a notification that is not answered with 2xx. Source: Notification API overview, and the vectors of eBay's own
event-notification-nodejs-sdk. Nobody but eBay has eBay's key: what `sign` makes, for replays, is an HMAC under the
account's own client_secret, by a key id that eBay cannot have.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import msgspec

from connectors.ebay import mapper, returns
from connectors.ebay import notification_wire as wire
from connectors.ebay.keys import Keys
from connectors.signing import hmac_base64, require
from connectors.wire import decode, instant
from hub.contract import Delivery, Greeting, Reply
from hub.domain.order import Erasure, News
from hub.errors import BadPayload, Forbidden, Invalid, Retry

OURS = "crossdock/replay"
"""Key id of a replay; eBay's have no slash."""

ORDER, RETURN, DELETION = "order", "return", "MARKETPLACE_ACCOUNT_DELETION"
HEADER = "x-ebay-signature"
LONGEST = 4096


class Signature(msgspec.Struct, frozen=True):
    """The header, opened. `topic` stands only in our own."""

    kid: str
    signature: str
    alg: str = ""
    digest: str = ""
    topic: str = ""


def signature_of(headers: Mapping[str, str]) -> Signature:
    """Raises `Forbidden` where there is none, or none that can be read."""
    text = headers.get(HEADER, "")
    if not text:
        raise Forbidden("the delivery carries no signature")
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        return decode(base64.b64decode(text.encode("ascii", "strict"), validate=True), Signature)
    except (ValueError, BadPayload):
        raise Forbidden("the signature cannot be read") from None


def verify(headers: Mapping[str, str], body: bytes, secret: str, keys: Keys) -> Delivery:
    """The delivery, once proven. Raises `Forbidden`; `BadPayload` for a signed body that is no notification."""
    given = signature_of(headers)
    if given.kid == OURS:
        require(given.signature, hmac_base64(secret, _covered(given.topic, body)))
        return Delivery(id=f"replay:{given.topic}:{hashlib.sha256(body).hexdigest()}", topic=given.topic, body=body)
    try:
        signature = base64.b64decode(given.signature, validate=True)
    except ValueError:
        raise Forbidden("the signature cannot be read") from None
    keys.get(given.kid).require(signature, body)
    told = decode(body, wire.Notification)
    notice = told.notification
    return Delivery(id=notice.notification_id, topic=told.metadata.topic, body=body, occurred_at=_when(notice))


def _when(notice: wire.Notice) -> datetime | None:
    with suppress(BadPayload):
        return instant(notice.event_date, "$.notification.eventDate")
    return None


def sign(topic: str, body: bytes, secret: str) -> dict[str, str]:
    """The header for a replay. Raises `Forbidden` without a secret."""
    made = Signature(OURS, hmac_base64(secret, _covered(topic, body)), "hmac", "SHA256", topic)
    return {"X-EBAY-SIGNATURE": base64.b64encode(msgspec.json.encode(made)).decode()}


def _covered(topic: str, body: bytes) -> bytes:
    return b"crossdock replay\n" + topic.encode() + b"\n" + body


def greet(greeting: Greeting, token: str) -> Reply | None:
    """The answer to eBay's challenge; None for what is none. Raises `Forbidden` without a verification token, and
    `Retry` where our own public address is not known."""
    code = greeting.query.get("challenge_code", "")
    if greeting.method != "GET" or not code:
        return None
    if not token:
        raise Forbidden("the account has no verification_token to answer eBay's challenge with: set it")
    if not greeting.url.startswith(("https://", "http://")):
        raise Retry("the public address is not known: set CROSSDOCK_PUBLIC_URL", 60.0)
    answer = hashlib.sha256(f"{code}{token}{greeting.url}".encode()).hexdigest()
    body = msgspec.json.encode({"challengeResponse": answer})
    return Reply(200, {"content-type": "application/json"}, body)


# ---------------------------------------------------------------- what they say


def erasures(body: bytes) -> tuple[News, ...]:
    """A person left eBay: known by name to older orders, and by an unchanging id to those of buyers without one."""
    who = decode(body, wire.Deletion).notification.data
    names = dict.fromkeys(name for name in (who.username, who.user_id) if name)
    if not names:
        raise BadPayload("$.notification.data", "names nobody")
    return tuple(Erasure(kind="erase_person", external_id=name) for name in names)


READERS: Mapping[str, Callable[[bytes], tuple[News, ...]]] = {ORDER: mapper.news, DELETION: erasures}
"""Topic → who reads it; a return is read with its time. Orders and returns come by polling and by replay; eBay's
notifications of orders carry none."""


def read(delivery: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for topics of no interest. Pure. Raises `BadPayload`."""
    if delivery.topic == RETURN:
        return (returns.told(delivery.body, delivery.occurred_at),)
    reader = READERS.get(delivery.topic)
    return reader(delivery.body) if reader else ()


def unwrap(body: bytes, topic: str) -> tuple[str, bytes]:
    """(topic, body) of a recorded order, return or notification, for replays. Pure. Raises `Invalid`."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("file", "it is not one JSON object; an order or a notification can be replayed") from None
    if "orders" in fields:
        raise Invalid("file", "it holds many orders: put each into a file of its own")
    if topic:
        return topic, body
    if {"orderId", "lineItems"} <= fields.keys():
        return ORDER, body
    if "summary" in fields:
        return RETURN, body
    with suppress(BadPayload):
        return decode(body, wire.Notification).metadata.topic, body
    raise Invalid("topic", "what the file holds cannot be told: an order or a notification can be replayed")
