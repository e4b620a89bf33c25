"""Signatures over raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac

from hub.errors import Forbidden


def hmac_base64(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256, as Shopify and WooCommerce send it. Raises `Forbidden` on an empty secret."""
    if not secret:
        raise Forbidden("the account has no signing secret: connect it again")
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def require(given: str | None, expected: str) -> None:
    """Raises `Forbidden` unless `given` equals `expected`; takes the same time wherever they differ."""
    if not given:
        raise Forbidden("the delivery carries no signature")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Forbidden("the signature does not match the body: check the account's signing secret")
