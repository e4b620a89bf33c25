"""AWS Signature Version 4: proves to AWS who sends a request, without sending the key. Pure.

Source: docs.aws.amazon.com/IAM, "Create a signed AWS API request"; held against the published test vectors.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for which service of which region."""

    key_id: str
    key: str = field(repr=False)
    region: str
    service: str

    def headers(self, method: str, url: str, given: Mapping[str, str], body: bytes, now: datetime) -> dict[str, str]:
        """`given` with X-Amz-Date and Authorization. Every header that is given gets signed, and the host
        besides; `url` has no query."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(url)
        sent = {**given, "X-Amz-Date": stamp}
        signed = {name.lower(): " ".join(value.split()) for name, value in sent.items()} | {"host": parts.netloc}
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = "\n".join([method, parts.path or "/", "", lines, names, hashlib.sha256(body).hexdigest()])
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        signature = hmac.new(self._key_of(stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
        proof = f"{ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**sent, "Authorization": proof}

    def _key_of(self, day: str) -> bytes:
        key = f"AWS4{self.key}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key
