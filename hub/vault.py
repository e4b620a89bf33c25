"""Secrets at rest: AES-GCM with a key id per value, bound to the row and field it belongs to.

The key lives outside the database: in `CROSSDOCK_SECRET_KEY` (newest first; older ones still open what they closed), or
in embedded mode in a file that is made on first start and readable by its owner only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Invalid, Reconnect


class Vault:
    """Closes and opens short texts. `keys` are base64 of 32 bytes, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise Invalid("CROSSDOCK_SECRET_KEY", "is not set; `openssl rand -base64 32` makes one")
        raw = [_key_bytes(key) for key in keys]
        self._ciphers = {hashlib.sha256(key).hexdigest()[:8]: AESGCM(key) for key in raw}
        self._newest = next(iter(self._ciphers))
        self._mac = hmac.new(raw[0], b"crossdock:mac", hashlib.sha256).digest()

    def close(self, text: str, *belongs: object) -> str:
        """`text` as ciphertext that opens only for the same `belongs` (merchant, account, field …)."""
        nonce = os.urandom(12)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), _aad(belongs))
        return f"{self._newest}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *belongs: object) -> str:
        """The text again. Raises `Reconnect` when the key is gone or the value belongs elsewhere."""
        key_id, _, rest = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Reconnect(f"the key {key_id} that closed this secret is not in CROSSDOCK_SECRET_KEY")
        raw = base64.b64decode(rest)
        try:
            return cipher.decrypt(raw[:12], raw[12:], _aad(belongs)).decode()
        except InvalidTag:
            raise Reconnect("a stored secret does not belong to its row: connect the account again") from None

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key closed it; what an older one closed is closed anew before that key is retired."""
        return sealed.partition(".")[0] == self._newest

    def mac(self, *parts: object) -> str:
        """A keyed hash of `parts`, for one-time codes and signed links: hex, compared with `hmac.compare_digest`."""
        return hmac.new(self._mac, _aad(parts), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._ciphers)})"


def _aad(belongs: Sequence[object]) -> bytes:
    return "\x1f".join(str(part) for part in belongs).encode()


def _key_bytes(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise Invalid("CROSSDOCK_SECRET_KEY", "each key is base64 of 32 bytes; `openssl rand -base64 32` makes one")
    return raw


def key_of(folder: Path) -> str:
    """The key file of an embedded installation, made on first use with mode 0600."""
    path = folder / "secret.key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    return path.read_text().strip()
