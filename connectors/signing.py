"""Signatures over raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hub.errors import Forbidden


def hmac_base64(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256, as Shopify and WooCommerce send it. Raises `Forbidden` on an empty secret."""
    if not secret:
        raise Forbidden("the account has no signing secret: connect it again")
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def require(given: str | None, expected: str) -> None:
    """Raises `Forbidden` unless `given` equals `expected`; takes the same time wherever they differ."""
    if not given:
        raise Forbidden("the delivery carries no signature")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Forbidden("the signature does not match the body: check the account's signing secret")


# ---------------------------------------------------------------- Standard Webhooks 1.0 (standardwebhooks.com)

WHSEC = "whsec_"
TOLERANCE = 300.0
"""Seconds that a signed time may be off, either way."""

LONGEST_MARK = 180
"""Characters of a `webhook-id`."""


def webhook_keys(secrets: str) -> tuple[bytes, ...]:
    """The keys in an account's secret, newest first; several, parted by spaces or commas, while one is replaced.

    `whsec_` and base64 as the standard has it, or any other text as it is. Raises `Forbidden` for none at all, or for a
    `whsec_` that is not base64.
    """
    found = secrets.replace(",", " ").split()
    if not found:
        raise Forbidden("the account has no signing secret: connect it again")
    return tuple(_webhook_key(secret) for secret in found)


def _webhook_key(secret: str) -> bytes:
    if not secret.startswith(WHSEC):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(WHSEC), validate=True)
    except ValueError:
        raise Forbidden("the signing secret is whsec_ with something that is not base64 behind it") from None
    if not key:
        raise Forbidden("the signing secret is whsec_ with nothing behind it")
    return key


def webhook_headers(keys: Sequence[bytes], mark: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers that prove `body`: signed with every key, so that the receiver may know the old one or the
    new. `mark` is the message's id, the same for every try, without a full stop."""
    stamp = str(int(at.timestamp()))
    signatures = (f"v1,{_webhook_signature(key, mark, stamp, body)}" for key in keys)
    return {"webhook-id": mark, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}


def require_webhook(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes) -> tuple[str, datetime]:
    """The message's id and when it was sent, once one of its signatures is proven with one of the keys and it is of
    now. Raises `Forbidden`."""
    mark, stamp = headers.get("webhook-id", "").strip(), headers.get("webhook-timestamp", "").strip()
    if not mark or len(mark) > LONGEST_MARK:
        raise Forbidden(f"the delivery carries no webhook-id of 1 to {LONGEST_MARK} characters")
    given = [one.removeprefix("v1,").encode("utf-8", "replace") for one in headers.get("webhook-signature", "").split()]
    if not given:
        raise Forbidden("the delivery carries no signature")
    expected = [_webhook_signature(key, mark, stamp, body).encode() for key in keys]
    if not sum(hmac.compare_digest(one, other) for one in given[:16] for other in expected):
        raise Forbidden("the signature does not match the body: check the account's signing secret")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise Forbidden("the delivery does not say when it was sent")
    at = datetime.fromtimestamp(int(stamp), UTC)
    if abs((datetime.now(UTC) - at).total_seconds()) > TOLERANCE:
        raise Forbidden("the delivery was signed too long ago, or the clock of this machine is off")
    return mark, at


def _webhook_signature(key: bytes, mark: str, stamp: str, body: bytes) -> str:
    signed = f"{mark}.{stamp}.".encode("utf-8", "replace") + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
