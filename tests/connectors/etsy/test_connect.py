"""Connecting a shop by saying yes at Etsy: PKCE, the tokens that come of it, and every answer that connects nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from connectors.etsy import Etsy
from hub.actions.connect_account import Wish, begin_connecting, finish_connecting
from hub.actions.services import Services
from hub.errors import Forbidden, Invalid, Reject, Retry
from tests.connectors.etsy.server import KEYSTRING, SHARED_SECRET, WEBHOOK_SECRET, EtsyDouble
from tests.connectors.etsy.shop import SHOP_ID
from tests.support.world import World

REDIRECT = "https://hub.example/connect/etsy/callback"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def filled(double: EtsyDouble, **more: str) -> dict[str, str]:
    """What a merchant enters."""
    return {"keystring": KEYSTRING, "shared_secret": SHARED_SECRET, "base_url": double.url} | more


async def consent(address: str) -> dict[str, str]:
    """Says yes; gives the parameters that come back."""
    async with aiohttp.ClientSession() as session, session.get(address, allow_redirects=False) as reply:
        assert reply.status == 302, await reply.text()
        back = urlsplit(reply.headers["Location"])
    assert back.geturl().startswith(f"{REDIRECT}?")
    return dict(parse_qsl(back.query))


async def test_the_shop_is_connected_and_its_number_found(double: EtsyDouble) -> None:
    etsy, values = Etsy(), filled(double)
    address = etsy.authorize(values, "the-state", REDIRECT)
    assert SHARED_SECRET not in address, "the secret that the verifier is made of stays here"
    params = await consent(address)
    fields = await etsy.exchange(values | {"redirect_uri": REDIRECT}, params, NOW)
    assert fields.pop("refresh_token") in double.refresh
    assert fields == values | {"shop_id": str(SHOP_ID)}
    assert double.refreshed == 1, "the access token that came along answers whose shop it is"


def test_the_way_there_is_etsys_own_unless_there_is_a_sandbox() -> None:
    values = {"keystring": f"{KEYSTRING}:{SHARED_SECRET}"}
    address = Etsy().authorize(values, "s", REDIRECT)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert address.startswith("https://www.etsy.com/oauth/connect?")
    assert asked["client_id"] == KEYSTRING, "the secret behind the keystring is no part of the client id"
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (REDIRECT, "S256")
    assert asked["scope"] == "listings_r listings_w shops_r transactions_r transactions_w"
    assert len(asked["code_challenge"]) == 43


def test_an_app_without_its_secret_is_not_sent_away() -> None:
    for values, field in (({"keystring": "k"}, "shared_secret"), ({"shared_secret": "s"}, "keystring")):
        with pytest.raises(Invalid) as refused:
            Etsy().authorize(values, "s", REDIRECT)
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"code": "another"}, Reject),
        ({"state": "another"}, Reject),
        ({"code": ""}, Forbidden),
        ({"error": "access_denied"}, Reject),
    ],
)
async def test_other_answers_connect_nothing(
    double: EtsyDouble, change: dict[str, str], failure: type[Exception]
) -> None:
    etsy, values = Etsy(), filled(double)
    params = await consent(etsy.authorize(values, "the-state", REDIRECT)) | change
    with pytest.raises(failure):
        await etsy.exchange(values | {"redirect_uri": REDIRECT}, params, NOW)
    assert double.refreshed == 0


async def test_a_code_is_good_once_and_only_for_its_address(double: EtsyDouble) -> None:
    etsy, values = Etsy(), filled(double)
    params = await consent(etsy.authorize(values, "the-state", REDIRECT))
    for redirect in ("https://elsewhere.example/", REDIRECT):
        with pytest.raises(Reject, match="good once"):
            await etsy.exchange(values | {"redirect_uri": redirect}, params, NOW)


async def test_etsy_may_be_away(double: EtsyDouble) -> None:
    etsy, values = Etsy(), filled(double)
    params = await consent(etsy.authorize(values, "the-state", REDIRECT))
    double.fail(502)
    with pytest.raises(Retry):
        await etsy.exchange(values | {"redirect_uri": REDIRECT}, params, NOW)


def sandboxed(world: World) -> Services:
    """The services of a hub that lets a base_url point at this machine."""
    changed: Any = world.services.settings.model_copy(update={"allow_private_hosts": True})
    return replace(world.services, settings=changed)


async def test_from_the_form_to_an_account_that_works_and_again(world: World, double: EtsyDouble) -> None:
    services = sandboxed(world)
    wish = Wish(
        merchant_id=world.merchant_id, kind="etsy", name="Cups", values=filled(double, webhook_secret=WEBHOOK_SECRET)
    )
    begun = await begin_connecting(services, wish, REDIRECT)
    done = await finish_connecting(services, world.merchant_id, begun.kept, await consent(begun.address), "mia")
    assert (done.name, done.renewed, done.trouble) == ("Cups", False, "")
    account = (await services.accounts.open(int(done.account_id))).account
    assert account.settings == {"shop_id": str(SHOP_ID), "base_url": double.url}
    assert account.secrets["webhook_secret"] == WEBHOOK_SECRET

    wish = Wish(
        merchant_id=world.merchant_id, kind="etsy", name="Cups again", values={"base_url": double.url},
        app_of=account.id,
    )  # fmt: skip
    again = await begin_connecting(services, wish, REDIRECT)
    renewed = await finish_connecting(services, world.merchant_id, again.kept, await consent(again.address), "mia")
    assert (renewed.account_id, renewed.renewed) == (done.account_id, True), "it is the very same shop"
    fresh = (await services.accounts.open(account.id)).account.secrets
    assert fresh["refresh_token"] != account.secrets["refresh_token"]
    assert {**fresh, "refresh_token": ""} == {**account.secrets, "refresh_token": ""}
