"""Who is let in: WooCommerce's keys over https, signatures made with them over plain http.

Written from "Authentication" of the v3 documentation and from the class WC_REST_Authentication: over http Basic is not
looked at; the parameters of OAuth come by the query or by an Authorization header; what is signed is the site's own
address; a timestamp is good for 15 minutes either way, a nonce once within them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import b64encode
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from aiohttp import web

from tests.connectors.woocommerce.state import KEY, SECRET, Fault

BASIC = b64encode(f"{KEY}:{SECRET}".encode()).decode()
WINDOW = 15 * 60
NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


class Door:
    """One store's. `ahead`: seconds that its clock is before ours. `home`: the host of the site's own address, by
    default whatever name it is called by. A TLS proxy before it says `X-Forwarded-Proto: https`."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.home = ""
        self.nonces: dict[str, float] = {}

    def now(self) -> float:
        return time.time() + self.ahead

    def date(self) -> str:
        """The header `Date` of its answers."""
        return formatdate(self.now(), usegmt=True)

    def enter(self, request: web.Request) -> None:
        """Raises what a call is answered that proves nobody, or somebody else."""
        if request.headers.get("X-Forwarded-Proto") == "https":
            given = request.headers.get("Authorization", "")
            if given == f"Basic {BASIC}":
                return
            if given.startswith("Basic "):
                raise refused("Consumer secret is invalid.")
        params = _parameters(request)
        missing = [name for name in NEEDED if not params.get(name)]
        if len(missing) == len(NEEDED):
            raise Fault(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if missing:
            why = f"Missing OAuth parameters {', '.join(missing)}"
            raise Fault(401, "woocommerce_rest_authentication_missing_parameter", why)
        if params["oauth_consumer_key"] != KEY:
            raise refused("Consumer key is invalid.")
        self._check_signature(request, params)
        self._check_nonce(int(params["oauth_timestamp"]), params["oauth_nonce"])

    def _check_signature(self, request: web.Request, params: dict[str, str]) -> None:
        """The string to sign: each key and value encoded, joined by `=`, and encoded again."""
        given = unquote(params.pop("oauth_signature").replace(" ", "+"))
        if params["oauth_signature_method"] not in HASHES:
            raise refused("Invalid signature - signature method is invalid.")
        home = self.home or request.headers.get("X-Forwarded-Host") or request.host
        place = f"http://{home}{urlsplit(request.raw_path).path}"
        query = "%26".join(_raw(f"{_raw(name)}={_raw(params[name])}") for name in sorted(params))
        signed = f"{request.method}&{_raw(place)}&{query}"
        digest = hmac.new(f"{SECRET}&".encode(), signed.encode(), HASHES[params["oauth_signature_method"]]).digest()
        if not hmac.compare_digest(b64encode(digest).decode(), given):
            raise refused("Invalid signature - provided signature does not match.")

    def _check_nonce(self, timestamp: int, nonce: str) -> None:
        if abs(timestamp - self.now()) > WINDOW:
            raise refused("Invalid timestamp.")
        if nonce in self.nonces:
            raise refused("Invalid nonce - nonce has already been used.")
        self.nonces[nonce] = timestamp
        self.nonces = {name: at for name, at in self.nonces.items() if at >= self.now() - WINDOW}


def refused(why: str) -> Fault:
    return Fault(401, "woocommerce_rest_authentication_error", why)


def _parameters(request: web.Request) -> dict[str, str]:
    """Those of the query and of an Authorization header together; bodies of JSON do not count."""
    params = dict(parse_qsl(urlsplit(request.raw_path).query, keep_blank_values=True))
    header = request.headers.get("Authorization", "").strip()
    if header.startswith("OAuth "):
        params |= {name: unquote_plus(value) for name, value in re.findall(r'(oauth_[a-z_-]*)="([^"]*)"', header)}
    return params


def _raw(text: str) -> str:
    """PHP's rawurlencode: all but letters, digits and `-._~`."""
    return "".join(
        chr(byte) if re.match(rb"[A-Za-z0-9._~-]", bytes([byte])) else f"%{byte:02X}" for byte in text.encode()
    )
