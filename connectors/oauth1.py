"""OAuth 1.0 signatures with HMAC (RFC 5849, section 3.4), for systems that take keys over plain http.

A secret that is used like this never travels: who listens learns neither it nor anything that can be sent again, for
the nonce is good once. Parameters go into the query, since hosts often keep the Authorization header for themselves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
"""`oauth_signature_method` → its hash. RFC 5849 has the first only; systems of our days take the second as well."""

PORTS = {"http": 80, "https": 443}

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs. `token` and its secret are empty where nobody is spoken for but oneself ("one-legged")."""

    key: str
    secret: str = field(repr=False)
    token: str = ""
    token_secret: str = field(default="", repr=False)
    method: str = "HMAC-SHA256"


def signed(keys: Keys, method: str, url: str, at: float) -> str:
    """`url` with the parameters of OAuth and the signature behind its own. `at`: now, in seconds since 1970."""
    own = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    ours = {**parameters(keys), "oauth_nonce": secrets.token_hex(16), "oauth_timestamp": str(int(at))}
    ours["oauth_signature"] = signature(keys, base_string(method, url, [*own, *ours.items()]))
    return f"{url.partition('?')[0]}?" + "&".join(f"{encode(n)}={encode(v)}" for n, v in [*own, *ours.items()])


def parameters(keys: Keys) -> Mapping[str, str]:
    """Those that are the same for every call."""
    token = {"oauth_token": keys.token} if keys.token else {}
    return {"oauth_consumer_key": keys.key, "oauth_signature_method": keys.method, **token}


def base_string(method: str, url: str, params: Pairs) -> str:
    """What is signed (3.4.1): the call, where it goes, and every parameter there is, in order. What stands behind the
    `?` of `url` is left out: it is among `params`, as are the fields of a form."""
    pairs = sorted((encode(name), encode(value)) for name, value in params)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join(encode(part) for part in (method.upper(), _where(url), joined))


def _where(url: str) -> str:
    """Scheme and host in lower case, the port only where it is not the scheme's own (3.4.1.2)."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != PORTS.get(scheme) else ""
    return f"{scheme}://{host}{port}{parts.path or '/'}"


def signature(keys: Keys, base: str) -> str:
    """Base64 of the HMAC over `base` (3.4.2)."""
    secret = f"{encode(keys.secret)}&{encode(keys.token_secret)}"
    return base64.b64encode(hmac.new(secret.encode(), base.encode(), METHODS[keys.method]).digest()).decode()


def encode(text: str) -> str:
    """RFC 3986, as section 3.6 wants it: all but letters, digits and `-._~`, in capitals, and no plus for a blank."""
    return quote(text, safe="-._~")
