"""Connecting a shop by OAuth with ShopifyAPI: the address to ask at, the callback, the token; and session tokens.

ShopifyAPI is blocking and keeps the app's key and secret on its `Session` class, for the whole process. So each call
makes a subclass of its own, which holds them alone, and what waits runs in a thread. Nothing of it outlives a call.
Source: shopify.dev, "Authorization code grant" and "Session tokens".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.oauth import Grant
from connectors.shopify import shop_domain
from connectors.shopify.client import VERSION
from hub.contract import Secrets
from hub.errors import BadPayload, Forbidden, Invalid, Reject, Retry

if TYPE_CHECKING:
    from shopify.session import Session

SCOPES = (
    "read_orders",
    "write_orders",
    "read_customers",
    "read_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_fulfillments",
    "write_fulfillments",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_returns",
)
"""What the connector asks for. read_all_orders, for orders older than 60 days, is granted by Shopify on request."""

TIMEOUT = 20.0
"""Seconds for the exchange of a code. ShopifyAPI itself would wait for ever."""

AGE = timedelta(minutes=10)
"""How old a callback may be, and how far a clock may be off the other way."""


@dataclass(frozen=True, slots=True)
class App:
    """The app of the merchant, or ours, at Shopify. `base_url` points at a sandbox instead of the shop."""

    client_id: str
    client_secret: str = field(repr=False)
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened the app inside Shopify's admin."""

    shop: str
    user_id: str
    session_id: str


def app_of(values: Mapping[str, str]) -> App:
    """The app that an account's fields name. Raises `Invalid` for the one that is missing."""
    for name in ("client_id", "client_secret"):
        if not values.get(name):
            raise Invalid(name, "it is needed: the Dev Dashboard shows it in the app's settings")
    return App(values["client_id"], values["client_secret"], values.get("base_url", "").rstrip("/"))


def authorization_url(app: App, shop: str, redirect_uri: str, state: str) -> str:
    """Where the merchant says yes. Raises `Invalid` for an address that is no shop's."""
    session = _session(app, shop_domain(shop))
    return str(session.create_permission_url(list(SCOPES), redirect_uri, state))


def verify_callback(app: App, params: Mapping[str, str], now: datetime) -> str:
    """The shop that Shopify sends back, once the HMAC of all parameters is proven. Raises `Forbidden`."""
    if not app.client_secret:
        raise Forbidden("there is no client_secret to prove the callback with")
    try:
        shop = shop_domain(params.get("shop", ""))
        age = now.timestamp() - int(params.get("timestamp", ""))
    except (Invalid, ValueError):
        raise Forbidden("the callback names no shop, or no time") from None
    if abs(age) > AGE.total_seconds():
        raise Forbidden("the callback is too old: connect again")
    if not _session(app, shop).validate_hmac(dict(params)):
        raise Forbidden("the callback does not come from Shopify: its HMAC does not match")
    return shop


async def exchange(app: App, params: Mapping[str, str], now: datetime) -> Grant:
    """The access token for the code of a verified callback. Raises `Forbidden` for a forged callback, `Reject` for a
    code that Shopify does not take (it is good once), `Retry` when Shopify cannot be reached."""
    shop = verify_callback(app, params, now)
    if not params.get("code"):
        raise Forbidden("the callback carries no code")
    try:
        async with asyncio.timeout(TIMEOUT):
            token, scopes = await asyncio.to_thread(_request_token, app, shop, dict(params))
    except TimeoutError:
        raise Retry("Shopify did not answer the exchange of the code in time") from None
    secrets = Secrets(access_token=token, client_secret=app.client_secret)
    return Grant(secrets, {"shop": shop, "client_id": app.client_id}, scopes)


def _request_token(app: App, shop: str, params: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """Blocking. The session lives and ends here."""
    from urllib.error import HTTPError, URLError

    from shopify.session import ValidationException

    session = _session(app, shop)
    try:
        token = session.request_token(params)
        return str(token), tuple(sorted(session.access_scopes))
    except ValidationException:
        raise Forbidden("the callback does not come from Shopify, or is too old") from None
    except HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise Retry(f"Shopify answered {error.code} to the exchange of the code") from None
        raise Reject(f"Shopify does not take the code ({error.code}): connect again") from None
    except (URLError, TimeoutError, ConnectionError) as error:
        raise Retry(f"Shopify cannot be reached: {type(error).__name__}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadPayload("$", "Shopify's answer to the code holds no token and scope") from None


def verify_session_token(app: App, authorization: str) -> Visitor:
    """Who sends a request from inside Shopify's admin, by the header "Bearer …". Raises `Forbidden`."""
    from shopify import session_token

    if not app.client_secret:
        raise Forbidden("there is no client_secret to prove the session with")
    try:
        claims: dict[str, Any] = session_token.decode_from_header(authorization, app.client_id, app.client_secret)
        shop = shop_domain(urlsplit(str(claims["dest"])).hostname or "")
    except (session_token.SessionTokenError, Invalid, ValueError):
        raise Forbidden("the session token does not come from Shopify, or has expired") from None
    return Visitor(shop=shop, user_id=str(claims["sub"]), session_id=str(claims["sid"]))


def _session(app: App, shop: str) -> Session:
    """A session that shares nothing with any other: ShopifyAPI keeps key and secret on the class."""
    from shopify.session import Session

    own = type("Session", (Session,), {"api_key": app.client_id, "secret": app.client_secret})
    session = own(shop, VERSION)
    if app.base_url:
        session.url = urlsplit(app.base_url).netloc
    return session
