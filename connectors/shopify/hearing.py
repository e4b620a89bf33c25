"""Webhooks: proving where one comes from, reading what it says, and making one from a recording."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from connectors.shopify import returns, wire, words
from connectors.shopify.client import VERSION
from connectors.shopify.graphql_mapper import as_webhook
from connectors.shopify.mapper import channel_order
from connectors.shopify.notices import (
    account_closed,
    erase_person,
    erase_shop,
    export_person,
    refund_notice,
    shipment_notice,
)
from connectors.shopify.reading import POLLED
from connectors.shopify.wire_app import PrivacyRequest, Shop
from connectors.signing import hmac_base64, require
from connectors.wire import decode, instant
from hub.contract import Delivery
from hub.domain.order import News
from hub.errors import BadPayload, Forbidden

MAX_ID = 200
"""A longer event id than this is not one of Shopify's; it is hashed."""


def verify(headers: Mapping[str, str], body: bytes, secret: str, shop: str) -> Delivery:
    """The delivery, once its HMAC over the raw bytes is proven. Raises `Forbidden`.

    X-Shopify-Event-Id stays the same over retries and is shared by the topics that one event touches.
    """
    require(headers.get("x-shopify-hmac-sha256"), hmac_base64(_known(secret), body))
    said = headers.get("x-shopify-shop-domain", "").strip().lower()
    if said and said != shop:
        raise Forbidden(f"the delivery is for {said[:100]!r}, and this account is {shop}")
    topic = headers.get("x-shopify-topic", "").strip().lower()
    if not topic or len(topic) > MAX_ID:
        raise Forbidden("the delivery does not say its topic: X-Shopify-Topic is missing")
    given = headers.get("x-shopify-event-id") or headers.get("x-shopify-webhook-id") or ""
    mark = given if 0 < len(given) <= MAX_ID else hashlib.sha256(given.encode() or body).hexdigest()
    return Delivery(id=f"{topic}:{mark}", topic=topic, body=body, occurred_at=_triggered(headers))


def _triggered(headers: Mapping[str, str]) -> datetime | None:
    with suppress(BadPayload):
        return instant(headers.get("x-shopify-triggered-at"), "X-Shopify-Triggered-At")
    return None


def sign(topic: str, body: bytes, secret: str, shop: str) -> dict[str, str]:
    """The headers Shopify would send. The event id follows from the body: sent again, it is the same event. When it was
    triggered is told for returns only, whose bodies have no time of their own."""
    triggered = {"X-Shopify-Triggered-At": datetime.now(UTC).isoformat()} if topic.startswith("returns/") else {}
    return triggered | {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-API-Version": VERSION,
        "X-Shopify-Event-Id": hashlib.sha256(body).hexdigest(),
        "X-Shopify-Hmac-Sha256": hmac_base64(_known(secret), body),
    }


def _known(secret: str) -> str:
    """An empty secret would make everybody's signature right."""
    if not secret:
        raise Forbidden("the account has no client_secret, so no webhook of it can be proven: set it")
    return secret


def read(delivery: Delivery, shop: str) -> tuple[News, ...]:
    """What the delivery says; empty for topics of no interest. Pure. Raises `BadPayload`."""
    reader = READERS.get(delivery.topic)
    told = reader(delivery, shop) if reader else ()
    return told if isinstance(told, tuple) else (told,)


def _order(delivery: Delivery, _: str) -> News:
    return channel_order(decode(delivery.body, wire.SentOrder))


def _fulfillment(delivery: Delivery, _: str) -> News:
    return shipment_notice(decode(delivery.body, wire.Fulfillment))


def _polled(delivery: Delivery, _: str) -> tuple[News, ...]:
    return (channel_order(as_webhook(delivery.body)), *returns.of_order(delivery.body))


def _return(delivery: Delivery, _: str) -> News:
    return returns.told(delivery.body, delivery.occurred_at)


READERS: dict[str, Callable[[Delivery, str], News | tuple[News, ...]]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    POLLED: _polled,
    "refunds/create": lambda delivery, _: refund_notice(decode(delivery.body, wire.Refund)),
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    **dict.fromkeys((topic for topic in words.TOPICS if topic.startswith("returns/")), _return),
    "app/uninstalled": lambda delivery, shop: account_closed(decode(delivery.body, Shop), shop, delivery.occurred_at),
    "customers/data_request": lambda delivery, shop: export_person(decode(delivery.body, PrivacyRequest), shop),
    "customers/redact": lambda delivery, shop: erase_person(decode(delivery.body, PrivacyRequest), shop),
    "shop/redact": lambda delivery, shop: erase_shop(decode(delivery.body, PrivacyRequest), shop),
}
"""Topic → what it is read as."""
