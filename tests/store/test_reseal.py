"""A new secret key: what the old one closed opens, is closed anew, and then needs the old one no more."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from hub.accounts import Accounts
from hub.actions.reseal_secrets import reseal_secrets
from hub.actions.services import Services
from hub.errors import Reconnect
from hub.vault import Vault
from tests.support.world import KEY, MERCHANT, World

NEW = base64.b64encode(b"n" * 32).decode()


def under(world: World, *keys: str) -> Services:
    """The same installation, started with other keys."""
    services, vault = world.services, Vault(keys)
    tools = replace(services.accounts._tools, vault=vault)
    accounts = Accounts(services.database, tools, services.clock, services.ids)
    return replace(services, vault=vault, accounts=accounts)


async def connect(world: World, name: str = "Shop", *keys: str) -> int:
    values = {"token": "s3cret", "webhook_secret": "wh", "base_url": "http://127.0.0.1:1"}
    services = under(world, *keys) if keys else world.services
    return await services.accounts.add(MERCHANT, "demo_store", name, values)


async def test_the_old_key_can_be_retired(world: World) -> None:
    account_id = await connect(world)

    assert (await reseal_secrets(under(world, NEW, KEY))).accounts == 1
    assert (await reseal_secrets(under(world, NEW, KEY))).accounts == 0, "a second run finds nothing to do"

    opened = await under(world, NEW).accounts.open(account_id)
    assert opened.account.secrets["token"] == "s3cret"
    with pytest.raises(Reconnect, match="is not in CROSSDOCK_SECRET_KEY"):
        await under(world, KEY).accounts.open(account_id)


async def test_a_key_that_is_gone_is_named(world: World) -> None:
    account_id = await connect(world)

    with pytest.raises(Reconnect, match="that closed this secret is not in CROSSDOCK_SECRET_KEY"):
        await reseal_secrets(under(world, NEW))

    assert (await world.services.accounts.open(account_id)).account.secrets["token"] == "s3cret", "nothing was touched"


async def test_a_key_that_is_gone_is_told_with_its_account_and_the_others_are_done(world: World) -> None:
    lost = await connect(world, "Lost", base64.b64encode(b"l" * 32).decode())
    account_id = await connect(world)

    with pytest.raises(Reconnect, match=rf"account {lost} 'Lost': .* is not in CROSSDOCK_SECRET_KEY"):
        await reseal_secrets(under(world, NEW, KEY))

    assert (await under(world, NEW).accounts.open(account_id)).account.secrets["token"] == "s3cret"
