"""Connecting a shop by OAuth with PKCE: the address to ask at, and the tokens for what comes back.

The verifier of PKCE has to be the same at both ends, and nothing is kept between them: it is the HMAC of the state with
the app's shared secret, which never leaves this machine but towards Etsy. Source: developers.etsy.com,
"Authentication".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from connectors.etsy.client import Client
from connectors.etsy.quota import Quota
from connectors.etsy.tokens import Credentials, Tokens, granted, request_token
from connectors.etsy.wire import Me
from connectors.http import AioHttp
from hub.errors import Forbidden, Invalid, Reconnect, Reject

API = "https://openapi.etsy.com"
CONSENT = "https://www.etsy.com"
SCOPES = ("listings_r", "listings_w", "shops_r", "transactions_r", "transactions_w")
"""Receipts and tracking, listings and their stock, and whose shop it is."""


def split_key(keystring: str, shared_secret: str) -> tuple[str, str]:
    """Keystring and shared secret, also where both were entered as one, "keystring:secret"."""
    key, _, behind = keystring.strip().partition(":")
    return key, shared_secret.strip() or behind


def app_of(values: Mapping[str, str]) -> Credentials:
    """The app that an account's fields name. Raises `Invalid` for the field that is missing."""
    keystring, shared_secret = split_key(values.get("keystring", ""), values.get("shared_secret", ""))
    for name, value in (("keystring", keystring), ("shared_secret", shared_secret)):
        if not value:
            raise Invalid(name, "it is needed: Etsy shows it under Your apps")
    base_url = values.get("base_url", "").rstrip("/") or API
    return Credentials(base_url, keystring, shared_secret, values.get("refresh_token", ""))


def authorization_url(values: Mapping[str, str], state: str, redirect: str) -> str:
    """Where the merchant says yes."""
    app = app_of(values)
    challenge = hashlib.sha256(verifier(app, state).encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": app.keystring,
        "redirect_uri": redirect,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    consent = CONSENT if app.base_url == API else app.base_url
    return f"{consent}/oauth/connect?{urlencode(asked)}"


def verifier(app: Credentials, state: str) -> str:
    """43 characters that only somebody with the app's secret can know."""
    mark = hmac.new(app.shared_secret.encode(), f"pkce:{state}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


async def exchange(values: Mapping[str, str], params: Mapping[str, str]) -> dict[str, str]:
    """The account's fields for the code that came back. Raises `Forbidden` without one, `Reject` for a no and for a
    code that Etsy does not take, `Retry` when Etsy cannot be reached."""
    app = app_of(values)
    if params.get("error"):
        raise Reject(f"Etsy did not connect the shop: {params['error'][:100]}")
    if not params.get("code"):
        raise Forbidden("what came back carries no code")
    form = {
        "grant_type": "authorization_code",
        "client_id": app.keystring,
        "redirect_uri": values.get("redirect_uri", ""),
        "code": params["code"],
        "code_verifier": verifier(app, params.get("state", "")),
    }
    async with AioHttp(allow_private_hosts=app.base_url != API) as http:
        try:
            answer = granted(await request_token(http, app.base_url, form))
        except Reconnect as error:
            raise Reject(f"Etsy does not take the code (it is good once): {error}") from None
        tokens = Tokens(replace(app, refresh_token=answer.refresh_token))
        tokens.take(answer)
        me = await Client(http, tokens, Quota()).get("ask whose shop it is", "/users/me", Me)
    fields = {name: value for name, value in values.items() if name != "redirect_uri"}
    return {**fields, "refresh_token": tokens.newest, "shop_id": str(me.shop_id)}
