"""eBay's public keys: fetched by key id, kept, and used to prove notifications.

Whoever knocks at the door names a key, so ids that eBay does not know are remembered too, and how many unknown ones are
asked for is limited. Source: Notification API overview, getPublicKey.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections import OrderedDict
from contextlib import suppress

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connectors.ebay import notification_wire as wire
from connectors.ebay.client import Client
from hub.errors import Forbidden, Reject, Retry

PATH = "/commerce/notification/v1/public_key/"
LASTS = 24 * 3600.0
"""Seconds that a key is kept; eBay asks for an hour at least."""

FORGET = 3600.0
"""Seconds that an id without a key is remembered."""

MOST = 1000
"""Ids remembered."""

WINDOW, ASKED = 60.0, 20
"""No more than so many ids are asked for in so many seconds."""

DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA1": hashes.SHA1,
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Key:
    """One public key with the digest that eBay uses it with."""

    def __init__(self, told: wire.PublicKey) -> None:
        """Raises `Forbidden` for what is no key that we could prove anything with."""
        digest = DIGESTS.get(told.digest.upper().replace("-", ""))
        text = re.sub(r"-----[A-Z ]+-----|\s", "", told.key)
        try:
            key = load_der_public_key(base64.b64decode(text))
        except (ValueError, UnsupportedAlgorithm):
            raise Forbidden("what eBay gave as its public key is none") from None
        if digest is None or not isinstance(key, ec.EllipticCurvePublicKey):
            raise Forbidden("eBay's public key is of a kind that we do not know")
        self._key, self._hash = key, digest()

    def require(self, signature: bytes, body: bytes) -> None:
        """Raises `Forbidden` unless eBay signed these very bytes."""
        with suppress(InvalidSignature):
            return self._key.verify(signature, body, ec.ECDSA(self._hash))
        raise Forbidden("the signature does not match the body")


class Keys:
    """Keys by id. Kept by the connector, so that they outlive a channel. Times are in seconds of the running loop."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Key | None, float]] = OrderedDict()
        self._asked: list[float] = []
        self._lock = asyncio.Lock()

    def get(self, kid: str) -> Key:
        """A key that was fetched. Raises `Forbidden` for every other."""
        key, _ = self._known.get(kid, (None, 0.0))
        if key is None:
            raise Forbidden("the delivery is signed with a key that eBay does not know")
        return key

    async def fetch(self, client: Client, kid: str) -> None:
        """Sees to it that `get` knows what eBay says of `kid`. Raises `Forbidden` where that is nothing, `Retry` when
        eBay cannot be asked now."""
        if not _ID.fullmatch(kid):
            raise Forbidden("the delivery names no key")
        if self._is_fresh(kid):  # whoever names a known key does not wait behind those who name others
            self.get(kid)
            return
        async with self._lock:
            if not self._is_fresh(kid):
                now = asyncio.get_running_loop().time()
                self._keep(kid, await self._ask(client, kid, now), now)
        self.get(kid)

    def _is_fresh(self, kid: str) -> bool:
        _, until = self._known.get(kid, (None, 0.0))
        return until > asyncio.get_running_loop().time()

    async def _ask(self, client: Client, kid: str, now: float) -> Key | None:
        self._asked = [at for at in self._asked if at > now - WINDOW]
        if len(self._asked) >= ASKED:
            raise Retry("too many deliveries name keys that nobody has asked for yet", WINDOW)
        self._asked.append(now)
        try:
            return Key(await client.get(f"{PATH}{kid}", wire.PublicKey, app=True))
        except Reject:
            return None

    def _keep(self, kid: str, key: Key | None, now: float) -> None:
        self._known[kid] = key, now + (LASTS if key else FORGET)
        self._known.move_to_end(kid)
        while len(self._known) > MOST:
            strays = (name for name, (known, _) in self._known.items() if known is None)
            self._known.pop(next(strays, next(iter(self._known))))
