"""What every OAuth connection needs: a `state` that proves who started it, and the grant it ends in.

The state is signed instead of stored: it says which merchant started to connect what, and is good for a few minutes. It
travels through the merchant's browser, so whoever starts the connection also keeps it in a cookie and compares the two:
a stranger's state is signed just as well.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from connectors.signing import hmac_base64, require
from hub.contract import Secrets
from hub.errors import Forbidden

GOOD_FOR = timedelta(minutes=15)
"""How long a merchant may take to say yes at the channel."""


class Started(msgspec.Struct, frozen=True):
    """Who started to connect what. `subject` is the channel's name for it, such as the shop's address; `nonce` makes
    each start its own and is what the browser's cookie keeps."""

    merchant_id: int
    connector: str
    subject: str
    nonce: str
    at: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the channel gave: credentials by the names of `About.credentials`, and what they allow."""

    secrets: Secrets
    settings: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()


def state(started: Started, key: str) -> str:
    """The start as an opaque text for the channel's `state` parameter, signed with `key`."""
    if not key:
        raise Forbidden("there is no key to sign the connection with: set CROSSDOCK_SECRET_KEY")
    body = base64.urlsafe_b64encode(msgspec.json.encode(started)).decode().rstrip("=")
    return f"{body}.{_mark(body, key)}"


def started(text: str, key: str, now: datetime) -> Started:
    """The start that `state` made. Raises `Forbidden` for a text that we did not make, or made too long ago."""
    body, _, mark = text.partition(".")
    if not key:
        raise Forbidden("there is no key to prove the connection with: set CROSSDOCK_SECRET_KEY")
    require(mark, _mark(body, key))
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Started)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise Forbidden("the connection's state cannot be read: start again") from None
    if not 0 <= now.timestamp() - found.at <= GOOD_FOR.total_seconds():
        raise Forbidden("connecting took too long: start again")
    return found


def _mark(body: str, key: str) -> str:
    """Bound to this use, so that nothing else signed with the same key passes for a state."""
    return hmac_base64(key, f"oauth-state:{body}".encode()).rstrip("=").translate(str.maketrans("+/", "-_"))
