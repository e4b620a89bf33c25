"""Credentials that end are replaced by using them, and what replaces them is kept at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from connectors.etsy import Etsy
from hub.accounts import Accounts, Tools
from hub.actions.check_account import check_account
from hub.actions.renew_account import renew_account
from hub.actions.renew_credentials import Renewed, renew_credentials, renewable
from hub.actions.services import Services
from hub.contract import About, Account, Credential, Cursor, Http
from hub.errors import Invalid, Reconnect, Retry
from scheduler.jobs import JOBS, AccountJob
from tests.connectors.etsy.server import (
    KEYSTRING,
    REFRESH_TOKEN,
    SHARED_SECRET,
    WEBHOOK_SECRET,
    EtsyDouble,
    serve,
)
from tests.connectors.etsy.shop import SHOP_ID
from tests.support.world import World

VALUES = {
    "keystring": KEYSTRING, "shared_secret": SHARED_SECRET, "refresh_token": REFRESH_TOKEN,
    "webhook_secret": WEBHOOK_SECRET, "shop_id": str(SHOP_ID), "put_back": "yes",
}  # fmt: skip


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND $1 = ANY (pg_blocking_pids(pid))"
"""How many wait for the process of that number."""


@pytest.fixture
async def etsy() -> AsyncIterator[EtsyDouble]:
    async with serve() as double:
        yield double


async def connected(world: World, etsy: EtsyDouble) -> int:
    return await world.account("etsy", "cups", {**VALUES, "base_url": etsy.url})


async def secrets(world: World, account_id: int) -> dict[str, str]:
    """What is stored, opened anew."""
    world.accounts.forget(account_id)
    return dict((await world.accounts.open(account_id)).account.secrets)


async def health(world: World, account_id: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        await world.value("SELECT health FROM accounts WHERE id = $1", account_id)
    )
    return found


def restarted(world: World) -> Accounts:
    """The accounts of another process: it has nothing in memory."""
    tools = Tools({"etsy": Etsy()}, world.http, world.services.vault)
    return Accounts(world.database, tools, world.clock, world.ports.ids)


async def test_the_new_token_is_stored_and_all_else_stays(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    assert await renew_credentials(world.services, account_id) == Renewed(("refresh_token",))
    kept = await secrets(world, account_id)
    assert kept.pop("refresh_token") in etsy.refresh - {REFRESH_TOKEN}
    assert kept == {name: VALUES[name] for name in ("keystring", "shared_secret", "webhook_secret")}
    settings = (await world.accounts.open(account_id)).account.settings
    assert settings == {"shop_id": str(SHOP_ID), "put_back": "yes", "base_url": etsy.url}
    assert (await check_account(world.services, account_id)).title == "TeaAndCups"
    assert etsy.refreshed == 1, "the access token that came with it is still the one to use"
    assert await renew_credentials(world.services, account_id) == Renewed(()), "there is nothing newer"


async def test_a_token_that_is_good_once_outlives_every_restart(world: World, etsy: EtsyDouble) -> None:
    etsy.rotates = True
    account_id = await connected(world, etsy)
    for _ in range(4):
        await renew_credentials(world.services, account_id)
        process = restarted(world)
        channel = await process.open(account_id)
        assert await channel.check() == "TeaAndCups"
        fresh = await channel.renew_credentials()  # type: ignore[attr-defined]
        await world.accounts.renew(world.merchant_id, account_id, {**channel.account.secrets, **fresh})
    assert await secrets(world, account_id) != VALUES


async def test_a_revoked_token_asks_for_a_new_connection(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    etsy.refresh.clear()
    with pytest.raises(Reconnect, match="invalid_grant"):
        await renew_credentials(world.services, account_id)
    assert (await health(world, account_id))["credentials"]["code"] == "reconnect"
    assert await world.value("SELECT state FROM accounts WHERE id = $1", account_id) == "reconnect"
    assert await renewable(world.services) == []


async def test_a_channel_that_is_away_leaves_its_words_until_it_is_back(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    etsy.fail(503)
    with pytest.raises(Retry):
        await renew_credentials(world.services, account_id)
    assert set(await health(world, account_id)) == {"credentials", "error"}
    assert (await secrets(world, account_id))["refresh_token"] == REFRESH_TOKEN
    await renew_credentials(world.services, account_id)
    assert await health(world, account_id) == {}


async def test_what_a_merchant_gave_meanwhile_counts(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    etsy.gate.clear()
    renewing = asyncio.create_task(renew_credentials(world.services, account_id))
    async with asyncio.timeout(10):
        await etsy.asked.wait()
    given = {name: VALUES[name] for name in ("keystring", "shared_secret", "webhook_secret")}
    await world.accounts.renew(world.merchant_id, account_id, given | {"refresh_token": "1.given-by-the-merchant"})
    etsy.gate.set()
    assert await renewing == Renewed(())
    assert (await secrets(world, account_id))["refresh_token"] == "1.given-by-the-merchant"


class Wheel:
    """A connector whose credentials turn, without a keeper of its own: the caller keeps what it gives."""

    about = About(
        "wheel", "Wheel", (Credential("token", "Token"), Credential("place", "Place", secret=False, required=False))
    )

    def __init__(self) -> None:
        self.asked, self.gate = asyncio.Event(), asyncio.Event()
        self.fresh = {"token": "second", "place": "there"}

    def open(self, account: Account, http: Http) -> Turning:
        return Turning(account, self)


@dataclass
class Turning:
    """One account of it."""

    account: Account
    wheel: Wheel

    async def check(self) -> str:
        return "Wheel"

    async def renew_credentials(self) -> Mapping[str, str]:
        self.wheel.asked.set()
        await self.wheel.gate.wait()
        return self.wheel.fresh


def turned_by(world: World, wheel: Wheel) -> Services:
    """The installation with that connector alone."""
    tools = Tools({"wheel": wheel}, world.http, world.services.vault)
    accounts = Accounts(world.database, tools, world.clock, world.ports.ids)
    return replace(world.services, accounts=accounts)


async def kept(services: Services, account_id: int) -> dict[str, str]:
    services.accounts.forget(account_id)
    account = (await services.accounts.open(account_id)).account
    return {**account.settings, **account.secrets}


async def test_what_has_no_keeper_is_kept_by_the_caller(world: World) -> None:
    wheel = Wheel()
    wheel.gate.set()
    services = turned_by(world, wheel)
    account_id = await services.accounts.add(world.merchant_id, "wheel", "One", {"token": "first", "rate": "3"})
    made = await world.value("SELECT credentials_at FROM accounts WHERE id = $1", account_id)
    world.clock.advance(timedelta(days=1))
    assert await renew_credentials(services, account_id) == Renewed(("place", "token"))
    assert await kept(services, account_id) == {"token": "second", "place": "there", "rate": "3"}
    assert await world.value("SELECT credentials_at FROM accounts WHERE id = $1", account_id) > made
    assert await renew_credentials(services, account_id) == Renewed(("place", "token")), "they are there already"
    wheel.fresh = {}
    assert await renew_credentials(services, account_id) == Renewed(())


async def test_what_a_person_is_giving_at_that_very_moment_counts(world: World) -> None:
    """The person's change is written, but not yet committed, when the channel's answer is to be kept."""
    wheel = Wheel()
    services = turned_by(world, wheel)
    account_id = await services.accounts.add(world.merchant_id, "wheel", "One", {"token": "first"})
    belongs = world.merchant_id, account_id
    sealed = json.dumps({"token": services.vault.close("the-persons", *belongs, "token")})
    renewing = asyncio.create_task(renew_credentials(services, account_id))
    await wheel.asked.wait()
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE accounts SET secrets = $2 WHERE id = $1", account_id, sealed)
        wheel.gate.set()
        person = await tx.fetchval("SELECT pg_backend_pid()")
        await world.until(lambda: world.value(WAITING, person))
    assert await renewing == Renewed(())
    assert await kept(services, account_id) == {"token": "the-persons"}


async def test_a_person_who_changes_one_field_puts_no_old_token_back(world: World, etsy: EtsyDouble) -> None:
    """A token is replaced at the very moment: what the person did not name is as it is then."""
    account_id = await connected(world, etsy)
    closed = world.services.vault.close("1.turned", world.merchant_id, account_id, "refresh_token")
    locked = asyncio.Event()

    async def change() -> None:
        await locked.wait()
        await renew_account(world.services, world.merchant_id, account_id, {"webhook_secret": "whsec_bmV3"}, "anna")

    person = asyncio.create_task(change())  # outside the transaction, which it would join otherwise
    async with world.database.transaction() as tx:
        await tx.execute(
            "UPDATE accounts SET secrets = secrets || jsonb_build_object('refresh_token', $2::text) WHERE id = $1",
            account_id, closed,
        )  # fmt: skip
        turning = await tx.fetchval("SELECT pg_backend_pid()")
        locked.set()
        await world.until(lambda: world.value(WAITING, turning))
    await person
    stored = await secrets(world, account_id)
    assert (stored["refresh_token"], stored["webhook_secret"]) == ("1.turned", "whsec_bmV3")


async def test_an_account_that_is_removed_meanwhile_gets_nothing(world: World) -> None:
    wheel = Wheel()
    services = turned_by(world, wheel)
    account_id = await services.accounts.add(world.merchant_id, "wheel", "One", {"token": "first"})
    before = await world.value("SELECT secrets FROM accounts WHERE id = $1", account_id)
    renewing = asyncio.create_task(renew_credentials(services, account_id))
    await wheel.asked.wait()
    await world.database.plain.execute("UPDATE accounts SET state = 'removed' WHERE id = $1", account_id)
    wheel.gate.set()
    assert await renewing == Renewed(())
    assert await world.value("SELECT secrets FROM accounts WHERE id = $1", account_id) == before


async def test_only_accounts_whose_credentials_end_are_renewed_each_day(world: World, etsy: EtsyDouble) -> None:
    account_id, store = await connected(world, etsy), await world.store("nordlicht")
    assert [target.account_id for target in await renewable(world.services)] == [account_id]
    with pytest.raises(Invalid, match="no credentials that are renewed"):
        await renew_credentials(world.services, store)
    (job,) = [job for job in JOBS if job.name == "renew_credentials"]
    assert isinstance(job, AccountJob)
    assert job.concern == "credentials"
    assert await job.action(world.services, world.inbox, account_id) == Renewed(("refresh_token",))


# ---------------------------------------------------------------- renewed in the middle of a call


async def test_a_token_that_is_replaced_during_a_call_is_stored_at_once(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    world.clock.advance(timedelta(days=3))
    await check_account(world.services, account_id)
    kept = await secrets(world, account_id)
    assert kept["refresh_token"] in etsy.refresh - {REFRESH_TOKEN}
    row = (await world.rows("SELECT observed, credentials_at FROM accounts"))[0]
    assert "renewing" not in json.loads(row["observed"]), "the lease is given back"
    assert world.clock.now() - row["credentials_at"] < timedelta(minutes=1)


async def test_two_processes_never_use_one_token_at_the_same_time(world: World, etsy: EtsyDouble) -> None:
    """Where a refresh token is good once, the one of two that came second would be left with nothing."""
    etsy.rotates = True
    account_id = await connected(world, etsy)
    processes = [restarted(world) for _ in range(4)]
    channels = [await process.open(account_id) for process in processes]
    assert await asyncio.gather(*(channel.check() for channel in channels)) == ["TeaAndCups"] * 4
    assert etsy.refreshed == 4 and len(etsy.refresh) == 1
    assert (await secrets(world, account_id))["refresh_token"] in etsy.refresh
    for process in processes:
        process.forget(account_id)
        assert await (await process.open(account_id)).check() == "TeaAndCups"
    assert etsy.refreshed <= 8, "each proves once that the token of another works, none takes turns for ever"


async def test_a_process_goes_on_with_its_access_token_when_another_renews(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    mine, theirs = restarted(world), restarted(world)
    for process in (mine, theirs, mine, theirs):
        process.forget(account_id)
        await (await process.open(account_id)).pull_orders(Cursor())  # type: ignore[attr-defined]
    assert etsy.refreshed == 2


async def test_what_a_merchant_gives_during_a_call_counts(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    channel = await world.accounts.open(account_id)
    etsy.gate.clear()
    checking = asyncio.create_task(channel.check())
    async with asyncio.timeout(10):
        await etsy.asked.wait()
    given = {name: VALUES[name] for name in ("keystring", "shared_secret", "webhook_secret")}
    await world.accounts.renew(world.merchant_id, account_id, given | {"refresh_token": "1.given-by-the-merchant"})
    etsy.gate.set()
    assert await checking == "TeaAndCups"
    assert (await secrets(world, account_id))["refresh_token"] == "1.given-by-the-merchant"


async def test_who_holds_the_lease_too_long_is_taken_for_dead(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    mark = {"by": "dead", "until": (world.clock.now() + timedelta(seconds=60)).isoformat()}
    await world.database.plain.execute(
        "UPDATE accounts SET observed = jsonb_build_object('renewing', $1::jsonb)", json.dumps(mark)
    )
    channel = await world.accounts.open(account_id)
    before = world.database.statements

    async def asked_again() -> bool:
        return world.database.statements - before >= 3

    checking = asyncio.create_task(channel.check())
    await world.until(asked_again)
    assert not checking.done() and etsy.refreshed == 0, "it waits"
    world.clock.advance(timedelta(seconds=61))
    assert await asyncio.wait_for(checking, 10) == "TeaAndCups"


async def test_a_refusal_leaves_token_and_lease_as_they_were(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    channel = await world.accounts.open(account_id)
    for status, failure in ((503, Retry), (400, Reconnect)):
        etsy.fail(status, body=b'{"error":"invalid_grant"}', headers={"Content-Type": "application/json"})
        with pytest.raises(failure):
            await channel.check()
        assert (await secrets(world, account_id))["refresh_token"] == REFRESH_TOKEN
        assert json.loads(await world.value("SELECT observed FROM accounts")) == {}
    assert await channel.check() == "TeaAndCups"


async def test_the_age_of_credentials_is_that_of_what_proves(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    made = await world.value("SELECT credentials_at FROM accounts")
    world.clock.advance(timedelta(days=10))
    given = {name: VALUES[name] for name in ("keystring", "shared_secret", "refresh_token")}
    await world.accounts.renew(world.merchant_id, account_id, given | {"webhook_secret": "whsec_bmV3", "put_back": ""})
    assert await world.value("SELECT credentials_at FROM accounts") == made, "a webhook's secret proves nothing there"
    await world.accounts.renew(world.merchant_id, account_id, given | {"refresh_token": "1.another"})
    assert await world.value("SELECT credentials_at FROM accounts") > made + timedelta(days=9)
