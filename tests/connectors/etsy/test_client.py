"""Keys, tokens and limits: what Etsy demands of every call, and what is kept back for what matters most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors.etsy import Etsy, EtsyChannel
from connectors.etsy.quota import PROBE_SECONDS, Quota, Use
from connectors.http import AioHttp
from hub.contract import Account, Cursor, Reply, Secrets
from hub.domain.outgoing import Kind
from hub.errors import Invalid, Reconnect, Reject, Retry
from tests.connectors.etsy.harness import HARNESS, RED
from tests.connectors.etsy.server import KEYSTRING, REFRESH_TOKEN, SHARED_SECRET, EtsyDouble

SHIPMENT, STOCK = HARNESS.pushes[Kind.PUSH_SHIPMENT], HARNESS.pushes[Kind.PUSH_STOCK]


def account(double: EtsyDouble, settings: Mapping[str, str] | None = None, **secrets: str) -> Account:
    given = HARNESS.account(double.url)
    return replace(given, secrets=Secrets(given.secrets | secrets), settings={**given.settings, **(settings or {})})


# ---------------------------------------------------------------- keys and tokens


async def test_every_call_carries_key_and_token(channel: EtsyChannel, double: EtsyDouble) -> None:
    assert await channel.check() == "TeaAndCups"
    asked, *calls = double.seen
    assert asked.path == "/v3/public/oauth/token" and b"grant_type=refresh_token" in asked.body
    assert {call.headers["x-api-key"] for call in calls} == {f"{KEYSTRING}:{SHARED_SECRET}"}
    assert {call.headers["authorization"].split(".")[-1] for call in calls} == {
        token.split(".")[-1] for token in double.access
    }


async def test_both_halves_of_the_key_may_be_given_as_one(double: EtsyDouble, http: AioHttp) -> None:
    given = account(double, keystring=f"{KEYSTRING}:{SHARED_SECRET}", shared_secret="")
    assert await Etsy().open(given, http).check() == "TeaAndCups"


async def test_a_key_without_its_secret_is_refused_in_etsys_words(double: EtsyDouble, http: AioHttp) -> None:
    with pytest.raises(Reconnect, match="Shared secret is required"):
        await Etsy().open(account(double, shared_secret=""), http).check()


async def test_another_shop_is_not_ours(double: EtsyDouble, http: AioHttp) -> None:
    channel = Etsy().open(account(double, {"shop_id": "99"}), http)
    with pytest.raises(Reconnect, match="not one of shop 99"):
        await channel.check()
    with pytest.raises(Reject, match="permission"):
        await channel.pull_orders(Cursor())


@pytest.mark.parametrize(
    ("settings", "secrets", "field"),
    [
        ({"shop_id": "TeaAndCups"}, {}, "shop_id"),
        ({"shop_id": ""}, {}, "shop_id"),
        ({}, {"keystring": ""}, "keystring"),
        ({}, {"refresh_token": " "}, "refresh_token"),
    ],
)
def test_what_is_missing_is_named(
    double: EtsyDouble, http: AioHttp, settings: dict[str, str], secrets: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        Etsy().open(account(double, settings, **secrets), http)
    assert refused.value.field == field


async def test_an_access_token_that_ended_is_replaced_once_for_all_callers(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    await channel.check()
    double.access.clear()
    await channel.pull_orders(Cursor())
    assert double.refreshed == 2
    double.access.clear()
    await asyncio.gather(*(channel.pull_orders(Cursor()) for _ in range(3)))
    assert double.refreshed == 3, "who was refused with the old one takes the new one"


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one(
    channel: EtsyChannel, double: EtsyDouble, http: AioHttp
) -> None:
    """Of many calls under way some are refused when the token has long been replaced."""
    tokens = channel._tokens
    old = await tokens.current(http)
    tokens.forget(old)
    new = await tokens.current(http)
    tokens.forget(old)
    assert await tokens.current(http) == new != old and double.refreshed == 2


async def test_a_push_is_repeated_after_401_for_nothing_was_done(channel: EtsyChannel, double: EtsyDouble) -> None:
    await channel.check()
    double.access.clear()
    await channel.push_shipment(SHIPMENT, "k")  # type: ignore[arg-type]
    assert len(double.shop.emails) == 1


async def test_a_token_is_kept_for_its_hour_and_a_short_one_for_a_second(double: EtsyDouble, http: AioHttp) -> None:
    channel = Etsy().open(account(double), http)
    for _ in range(3):
        await channel.check()
    assert double.refreshed == 1
    double.lasts = 0
    double.access.clear()
    await channel.check()
    assert double.refreshed == 2, "a token without an end is still good for the call it was fetched for"


async def test_the_newest_refresh_token_is_used_and_the_stored_one_if_it_is_refused(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    double.rotates = True
    await channel.check()
    for _ in range(2):
        double.access.clear()
        await channel.check()
    assert REFRESH_TOKEN not in double.refresh, "it was good once"
    double.access.clear()
    double.refresh = {REFRESH_TOKEN}
    assert await channel.check() == "TeaAndCups"
    double.access.clear()
    double.refresh.clear()
    with pytest.raises(Reconnect, match="invalid_grant"):
        await channel.check()


async def test_renewing_gives_the_newest_token_and_the_account_goes_on_with_it(
    double: EtsyDouble, http: AioHttp
) -> None:
    etsy = Etsy()
    fresh = await etsy.open(account(double), http).renew_credentials()
    assert set(fresh) == {"refresh_token"} and fresh["refresh_token"] in double.refresh - {REFRESH_TOKEN}
    renewed = etsy.open(account(double, refresh_token=fresh["refresh_token"]), http)
    assert await renewed.renew_credentials() == {}
    await renewed.check()
    assert double.refreshed == 1
    other = etsy.open(account(double, refresh_token="1.of-a-new-connection"), http)
    with pytest.raises(Reconnect):
        await other.check()


async def test_accounts_do_not_share_tokens(double: EtsyDouble, http: AioHttp) -> None:
    etsy = Etsy()
    await etsy.open(account(double), http).check()
    stranger = replace(account(double, refresh_token="1.nobody"), id=62)
    with pytest.raises(Reconnect):
        await etsy.open(stranger, http).check()


async def test_a_page_instead_of_a_token_is_no_token(channel: EtsyChannel, double: EtsyDouble) -> None:
    for body in (b"", b"{}", b'{"access_token": 1}', b"<html></html>"):
        double.fail(200, body=body)
        with pytest.raises(Retry):
            await channel.check()


# ---------------------------------------------------------------- limits


async def test_when_calls_run_low_stock_waits_first_then_polling_and_shipments_never(
    channel: EtsyChannel, double: EtsyDouble
) -> None:
    double.remaining = 2_001
    await channel.check()  # after it, less than a fifth is left
    for call in (lambda: channel.push_stock(STOCK, "k"), lambda: channel.list_products("")):  # type: ignore[arg-type]
        with pytest.raises(Retry, match="kept for what matters more") as waits:
            await call()
        assert waits.value.after is not None and 0 < waits.value.after <= PROBE_SECONDS
    await channel.pull_orders(Cursor())
    double.remaining = 501
    await channel.pull_orders(Cursor())
    with pytest.raises(Retry, match="500 of today's calls"):
        await channel.pull_orders(Cursor())
    await channel.push_shipment(SHIPMENT, "k")  # type: ignore[arg-type]
    assert len(double.shop.emails) == 1


async def test_a_quota_that_is_used_up_is_etsys_to_say(channel: EtsyChannel, double: EtsyDouble) -> None:
    double.remaining = 0
    with pytest.raises(Retry) as waits:
        await channel.push_shipment(SHIPMENT, "k")  # type: ignore[arg-type]
    assert waits.value.after == 1.0


def test_a_figure_that_is_old_is_asked_for_again() -> None:
    quota = Quota()
    assert quota.spent(Use.STOCK, 0.0) == 0.0, "nothing was told yet"
    quota.learn({"x-remaining-today": "100", "x-limit-per-day": "10000"}, 50.0)
    assert quota.spent(Use.STOCK, 60.0) == PROBE_SECONDS - 10
    assert quota.spent(Use.READ, 50.0 + PROBE_SECONDS) == 0.0
    assert quota.spent(Use.SHIP, 60.0) == 0.0
    quota.learn({"x-remaining-today": "4000"}, 1000.0)
    assert quota.spent(Use.STOCK, 1000.0) == 0.0


def test_a_granted_limit_counts_by_its_own_size() -> None:
    quota = Quota()
    quota.learn({"x-remaining-today": "9000", "x-limit-per-day": "100000"}, 0.0)
    assert quota.spent(Use.STOCK, 0.0) > 0 and quota.spent(Use.READ, 0.0) == 0.0


@pytest.mark.parametrize("text", ["", "many", "-1", "9" * 12, "1e3"])
def test_figures_that_are_none_change_nothing(text: str) -> None:
    quota = Quota()
    quota.learn({"x-remaining-today": text, "x-limit-per-second": text}, 0.0)
    assert quota.remaining is None and quota.spent(Use.STOCK, 0.0) == 0.0


def test_no_second_has_more_than_ten_calls() -> None:
    quota, now, made = Quota(), 0.0, list[float]()
    while len(made) < 45:
        if wait := quota.pause(now):
            now += wait
        else:
            made.append(now)
            now += 0.01
    assert all(sum(at <= other < at + 0.999 for other in made) <= 10 for at in made)
    assert made[-1] < 4.6, "and none is wasted"


class Departures:
    """The way out, with the moments at which calls for stock leave: when they arrive, the network decides."""

    def __init__(self, http: AioHttp) -> None:
        self._http = http
        self.at: list[float] = []

    async def call(self, method: str, url: str, **more: Any) -> Reply:
        if url.split("?", maxsplit=1)[0].endswith("/listings/batch"):
            self.at.append(asyncio.get_running_loop().time())
        return await self._http.call(method, url, **more)


async def test_etsys_own_limit_a_second_is_kept(double: EtsyDouble, http: AioHttp) -> None:
    double.per_second, double.lenient = 10, True
    departures = Departures(http)
    channel = Etsy().open(account(double), departures)
    await asyncio.gather(*(channel.read_stock([RED]) for _ in range(12)))
    assert len(departures.at) == 12, "none was refused and repeated"
    assert max(sum(at <= other < at + 0.9 for other in departures.at) for at in departures.at) == 10
