"""Connecting by consent: where the merchant is sent, and what becomes of the code that comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.ebay import ABOUT, Ebay, connect
from connectors.http import AioHttp
from hub.contract import Connector, ConnectsByOAuth
from hub.errors import Forbidden, Invalid, Reject
from tests.connectors.ebay.harness import account
from tests.connectors.ebay.server import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, RU_NAME, EbayDouble

VALUES = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "ru_name": RU_NAME, "marketplace_id": "EBAY_DE"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def connector() -> Ebay:
    """One that may call this machine."""
    return Ebay(lambda: AioHttp(allow_private_hosts=True))


def test_it_can_be_connected_by_consent() -> None:
    made: Connector = Ebay()
    assert isinstance(made, ConnectsByOAuth)
    assert set(made.oauth_fields) <= {field.name for field in ABOUT.credentials}


@pytest.mark.parametrize(
    ("base", "host"), [("", "auth.ebay.com"), ("https://api.sandbox.ebay.com/", "auth.sandbox.ebay.com")]
)
def test_the_merchant_is_sent_to_ebay(base: str, host: str) -> None:
    url = urlsplit(Ebay().authorize({**VALUES, "base_url": base}, "st&te", "https://hub.example/connect/ebay/callback"))
    assert (url.scheme, url.netloc, url.path) == ("https", host, "/oauth2/authorize")
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (asked["client_id"], asked["redirect_uri"], asked["response_type"]) == (CLIENT_ID, RU_NAME, "code")
    assert asked["state"] == "st&te" and asked["scope"].split() == list(connect.SCOPES)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "ru_name"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        Ebay().authorize({**VALUES, name: ""}, "s", "r")
    assert refused.value.field == name


async def test_a_code_brings_a_refresh_token_once(double: EbayDouble, http: AioHttp) -> None:
    values = {**VALUES, "base_url": double.url}
    fields = await connector().exchange(values, {"code": "v^1.1#code", "state": "s", "expires_in": "299"}, NOW)
    assert fields == {**values, "refresh_token": REFRESH_TOKEN}
    assert await Ebay().open(account(double.url), http).check() == "testseller"
    with pytest.raises(Reject):
        await connector().exchange(values, {"code": "v^1.1#code"}, NOW)


@pytest.mark.parametrize("params", [{}, {"error": "access_denied"}, {"code": ""}])
async def test_a_merchant_who_says_no(double: EbayDouble, params: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        await connector().exchange({**VALUES, "base_url": double.url}, params, NOW)
    assert double.granted == []


async def test_another_apps_secret_is_refused(double: EbayDouble) -> None:
    values = {**VALUES, "base_url": double.url, "client_secret": "another"}
    with pytest.raises(Exception, match="invalid_client"):
        await connector().exchange(values, {"code": "v^1.1#code"}, NOW)


async def test_an_address_of_our_own_network_is_not_called(double: EbayDouble) -> None:
    with pytest.raises(Reject, match="https"):
        await Ebay().exchange({**VALUES, "base_url": double.url}, {"code": "x"}, NOW)
