"""Digital signatures on calls that move money for sellers in the EU and the UK, who may not refund without.

The merchant makes a key once with eBay's Key Management API: a private key that eBay does not keep, and the public one
wrapped as a JWE. Source: developer.ebay.com, "Digital Signatures for APIs" (RFC 9421 and 9530, Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field
from urllib.parse import SplitResult

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from hub.errors import Invalid

COVERED = ("content-digest", "x-ebay-signature-key", "@method", "@path", "@authority")


@dataclass(frozen=True, slots=True)
class Signer:
    """One account's key. `jwe` goes along with every signature."""

    key: Ed25519PrivateKey = field(repr=False)
    jwe: str = field(repr=False)

    @classmethod
    def of(cls, private_key: str, jwe: str) -> Signer | None:
        """None without a key. Raises `Invalid` for one that is none: base64 of PKCS #8, with or without PEM lines."""
        if not private_key and not jwe:
            return None
        if not private_key or not jwe:
            raise Invalid("signing_key", "signing_key and signing_jwe belong together: give both or none")
        try:
            key = load_der_private_key(base64.b64decode(_bare(private_key)), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Invalid("signing_key", "it is not a private key as eBay's Key Management API gives it") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise Invalid("signing_key", "it is not an ED25519 key: make one with signingKeyCipher ED25519")
        return cls(key, jwe.strip())

    def headers(self, method: str, url: SplitResult, body: bytes) -> dict[str, str]:
        """What to send along with this very call, made now."""
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        values = (digest, self.jwe, method, url.path, url.netloc)
        names = " ".join(f'"{name}"' for name in COVERED)
        params = f"({names});created={int(time.time())}"
        lines = [f'"{name}": {value}' for name, value in zip(COVERED, values, strict=True)]
        base = "\n".join([*lines, f'"@signature-params": {params}'])
        return {
            "Content-Digest": digest,
            "x-ebay-signature-key": self.jwe,
            "Signature-Input": f"sig1={params}",
            "Signature": f"sig1=:{base64.b64encode(self.key.sign(base.encode())).decode()}:",
        }


def _bare(pem: str) -> str:
    return "".join(line for line in pem.split() if line and "-" not in line and line not in ("PRIVATE", "KEY"))
