"""Connecting by OAuth: the merchant says yes at eBay, and the code that comes back is changed for a refresh token.

eBay does not take a redirect address but a RuName, the name of one that the app's page holds. A refresh token lasts 18
months. Source: developer.ebay.com, "The authorization code grant flow".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from connectors.ebay import wire
from connectors.ebay.tokens import PATH, Credentials
from connectors.http import expect
from connectors.wire import decode
from hub.contract import Http
from hub.errors import BadPayload, Forbidden, Invalid, Reject, Retry

SCOPES = tuple(
    f"https://api.ebay.com/oauth/api_scope{name}"
    for name in (
        "",
        "/sell.fulfillment",
        "/sell.inventory",
        "/sell.finances",
        "/commerce.identity.readonly",
        "/commerce.notification.subscription",
    )
)
"""What the connector asks for: orders and shipments, stock, refunds, the account's name, notifications."""

LIVE = "https://api.ebay.com"


def root_of(values: Mapping[str, str]) -> str:
    """Where eBay's APIs are."""
    return values.get("base_url", "").rstrip("/") or LIVE


def authorization_url(values: Mapping[str, str], state: str) -> str:
    """Where the merchant says yes. Raises `Invalid` for a field that is missing."""
    for name in ("client_id", "client_secret", "ru_name"):
        if not values.get(name):
            raise Invalid(name, "it is needed: the app's page at developer.ebay.com shows it")
    root = root_of(values)
    if root.endswith(".ebay.com"):
        root = root.replace("://api.", "://auth.", 1)
    query = {
        "client_id": values["client_id"],
        "redirect_uri": values["ru_name"],
        "response_type": "code",
        "scope": " ".join(SCOPES),
        "state": state,
    }
    return f"{root}/oauth2/authorize?{urlencode(query, quote_via=quote)}"


async def exchange(http: Http, values: Mapping[str, str], params: Mapping[str, str]) -> str:
    """The refresh token for the code that came back. Raises `Forbidden` where the merchant said no, `Reject` for a
    code that eBay does not take (it is good once, for five minutes)."""
    if not params.get("code"):
        raise Forbidden(f"eBay gave no code: {params.get('error', 'the merchant did not agree')[:100]}")
    app = Credentials(root_of(values), values.get("client_id", ""), values.get("client_secret", ""), "")
    form = {"grant_type": "authorization_code", "code": params["code"], "redirect_uri": values.get("ru_name", "")}
    reply = await http.call("POST", f"{app.root}{PATH}", headers=app.headers(), body=urlencode(form).encode())
    try:
        made = decode(expect(reply, "change the code for a token", forbidden=Reject), wire.Token)
    except BadPayload as error:
        raise Retry(f"change the code for a token: {error}") from None
    if not made.refresh_token:
        raise Reject("eBay gave no refresh token: connect again")
    return made.refresh_token
