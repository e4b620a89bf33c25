"""Orders that an own site posts to /webhooks/{id}: proven by Standard Webhooks 1.0.

The body is an order, as `POST /api/v1/orders` takes it. `webhook-id` names the message: the same id is kept once, so a
newer version of an order is sent under an id of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.own_site.mapper import ORDER
from connectors.signing import require_webhook, webhook_headers, webhook_keys
from hub.contract import Delivery


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Delivery:
    """The delivery, once its signature is proven and is of now. Raises `Forbidden`, for an account without a secret
    too: it takes orders by the API only."""
    mark, at = require_webhook(webhook_keys(secret), headers, body)
    return Delivery(id=f"webhook:{mark}", topic=ORDER, body=body, occurred_at=at)


def sign(body: bytes, secret: str) -> Mapping[str, str]:
    """The headers that a site would send now. The id follows from the body: sent again, it is the same message."""
    mark = f"msg_{hashlib.sha256(body).hexdigest()[:40]}"
    return webhook_headers(webhook_keys(secret), mark, datetime.now(UTC), body)
