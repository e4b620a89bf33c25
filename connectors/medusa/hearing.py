"""What the shop's subscriber posts (`subscriber.ts`): proving where it comes from, and making it from a recording.

Medusa sends no webhooks. The subscriber reads the order inside Medusa and posts it as the admin API shows it, with

    X-Crossdock-Event      the event that it heard, such as order.placed
    X-Crossdock-Signature  base64 of HMAC-SHA256 over event, a line feed and the body, with the account's webhook_secret
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from connectors.medusa import wire
from connectors.medusa.mapper import revised_at
from connectors.signing import hmac_base64, require
from connectors.wire import decode
from hub.contract import Delivery
from hub.errors import BadPayload, Forbidden

EVENT = "X-Crossdock-Event"
SIGNATURE = "X-Crossdock-Signature"
LONGEST = 100
"""Letters of an event's name; longer is none of Medusa's."""


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """The delivery, once its signature over event and raw bytes is proven. Raises `Forbidden`.

    Two posts of one event with the same body are one delivery."""
    topic = headers.get(EVENT.lower(), "")
    signed = _signed(topic, body)
    require(headers.get(SIGNATURE.lower()), hmac_base64(secret, signed))
    if not topic or len(topic) > LONGEST:
        raise Forbidden(f"the delivery does not say its event: {EVENT} is missing")
    return Delivery(id=f"{topic}:{sha256(signed).hexdigest()}", topic=topic, body=body, occurred_at=occurred_at(body))


def sign(topic: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers that the subscriber would send."""
    signature = hmac_base64(secret, _signed(topic, body))
    return {"Content-Type": "application/json", EVENT: topic, SIGNATURE: signature}


def occurred_at(body: bytes) -> datetime | None:
    """When the order in `body` last changed; None when it cannot be read: that is for later to say."""
    with suppress(BadPayload):
        return revised_at(decode(body, wire.Told).order)
    return None


def _signed(topic: str, body: bytes) -> bytes:
    return topic.encode("utf-8", "replace") + b"\n" + body
