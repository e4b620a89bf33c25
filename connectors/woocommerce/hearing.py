"""Webhooks: proving where one comes from, telling deliveries apart, answering the ping, reading what they say.

Source: "Webhooks" of the v3 documentation, and WC_Webhook of WooCommerce for what it leaves out: the header
X-WC-Webhook-Delivery-ID is a hash of the webhook's number and the second, so two deliveries of one second share it; a
webhook is delivered once and never again; order.updated may come before order.created of the same order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec import Raw, Struct

from connectors.signing import hmac_base64, require
from connectors.wire import decode
from connectors.woocommerce import mapper, wire
from hub.contract import Delivery, Greeting, Reply
from hub.domain.order import Cancellation, News
from hub.errors import BadPayload, Forbidden, Invalid

POLLED = "poll/order"
"""Topic of a pulled order that has refunds, with what they are for."""

PING = re.compile(rb"webhook_id=[0-9]{1,20}")
UNTOLD = datetime(1970, 1, 1, tzinfo=UTC)
"""When something happened that does not say when."""


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """The delivery, once its HMAC over the raw bytes is proven. Raises `Forbidden`."""
    require(headers.get("x-wc-webhook-signature"), hmac_base64(secret, body))
    topic = headers.get("x-wc-webhook-topic", "").strip().lower()
    if not topic:
        raise Forbidden("the delivery does not say its topic: X-WC-Webhook-Topic is missing")
    if topic == "order.deleted":
        # The body is the order's number and nothing else: trashed again after it was restored, it would be the same.
        mark = hashlib.sha256(body + headers.get("x-wc-webhook-delivery-id", "").encode()).hexdigest()
        return Delivery(id=f"{topic}:{mark}", topic=topic, body=body)
    return delivery(topic, body)


def delivery(topic: str, body: bytes, head: wire.Head | None = None) -> Delivery:
    """A delivery named by the order, its last modification and a hash of what it says: heard and pulled alike, the same
    content is the same delivery. `head` where it is known already."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    try:
        head = head or decode(body, wire.Head)
        at = mapper.moment(head.date_modified_gmt, "$.date_modified_gmt")
    except BadPayload:
        return Delivery(id=f"{topic}:{digest}", topic=topic, body=body)
    return Delivery(id=f"{head.id}:{at:%Y-%m-%dT%H:%M:%S}:{digest}", topic=topic, body=body, occurred_at=at)


def sign(topic: str, body: bytes, secret: str) -> Mapping[str, str]:
    """The headers that WooCommerce would send with `body`."""
    resource, _, event = topic.partition(".")
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": hmac_base64(secret, body),
        "X-WC-Webhook-Delivery-ID": hashlib.sha256(body).hexdigest()[:32],
    }


def greet(greeting: Greeting) -> Reply | None:
    """200 for the ping of a webhook that was just made: a form with its number, unsigned, before it says anything."""
    signed = "x-wc-webhook-signature" in greeting.headers
    if greeting.method != "POST" or signed or not PING.fullmatch(greeting.body.strip()):
        return None
    return Reply(200, {"content-type": "text/plain"}, b"")


def read(told: Delivery) -> tuple[News, ...]:
    """What a delivery says; empty for topics of no interest. Pure. Raises `BadPayload`."""
    reader = READERS.get(told.topic)
    return reader(told) if reader else ()


def nudge(told: Delivery) -> Mapping[str, str] | None:
    """The account itself, for a webhook of an order with refunds: which units they are for has to be asked."""
    try:
        order = decode(told.body, wire.Order) if READERS.get(told.topic) is _order else None
        return {} if order is not None and mapper.unsettled(order) else None
    except BadPayload:
        return None


def _order(told: Delivery) -> tuple[News, ...]:
    return mapper.news(decode(told.body, wire.Order))


def _polled(told: Delivery) -> tuple[News, ...]:
    both = decode(told.body, wire.Polled)
    try:
        order = decode(bytes(both.order), wire.Order)
        return mapper.news(order, both.refunds)
    except BadPayload as error:
        raise BadPayload(f"$.order{error.path.removeprefix('$')}", error.why) from None


def _deleted(told: Delivery) -> tuple[News, ...]:
    """Trashed, or deleted for good. Only webhooks tell, and they do not say when."""
    gone = decode(told.body, wire.Deleted)
    return (Cancellation(order_id=str(gone.id), at=told.occurred_at or UNTOLD, reason="deleted at the store"),)


READERS: Mapping[str, Callable[[Delivery], tuple[News, ...]]] = {
    "order.created": _order,
    "order.updated": _order,
    "order.restored": _order,
    "order.deleted": _deleted,
    POLLED: _polled,
}
"""Topic → what it is read as."""

TOPICS = tuple(topic for topic in READERS if topic != POLLED)
"""What we subscribe to."""


# ---------------------------------------------------------------- recorded files


NOTHING = Raw(b"")


class _Recorded(Struct, frozen=True):
    """A file: an order, or one in the envelope that WordPress.com's proxy puts around answers."""

    data: Raw = NOTHING
    line_items: Raw = NOTHING
    id: Raw = NOTHING


def unwrap(body: bytes, topic: str) -> tuple[str, bytes]:
    """(topic, body) of the delivery that a recorded file stands for. Raises `Invalid` for what is not one order."""
    if topic and topic not in READERS:
        raise Invalid("topic", f"{topic[:50]!r} can not be sent; there are {', '.join(TOPICS)}")
    try:
        found = decode(body, _Recorded)
        if bytes(found.data) and not bytes(found.line_items):
            body = bytes(found.data)
            found = decode(body, _Recorded)
    except BadPayload:
        raise Invalid("file", "it is no order: a webhook carries one, and only single orders can be sent") from None
    if topic in ("order.deleted", POLLED) or (bytes(found.id) and bytes(found.line_items)):
        return topic or "order.updated", body
    raise Invalid("file", "it is no order: only orders of WooCommerce can be sent")
