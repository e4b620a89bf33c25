"""`doctor` reminds of credentials that end, a month before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from connectors.ebay import ABOUT
from hub.actions.examine import Finding, examine
from tests.connectors.ebay.harness import account, stocked
from tests.connectors.ebay.server import EbayDouble
from tests.support.world import World

LAST = ABOUT.credentials_last or timedelta()


@pytest.fixture
async def ebay() -> AsyncIterator[EbayDouble]:
    async with stocked() as double:
        yield double


async def test_credentials_are_reminded_of_a_month_before_their_end(world: World, ebay: EbayDouble) -> None:
    given = account(ebay.url)
    account_id = await world.account("ebay", "seller", {**given.secrets, **given.settings})

    async def found() -> Finding:
        (finding,) = [it for it in (await examine(world.services)).findings if it.what.startswith("account ")]
        return finding

    assert (await found()).well
    world.clock.advance(LAST - timedelta(days=31))
    assert (await found()).well
    world.clock.advance(timedelta(days=2))
    reminded = await found()
    assert not reminded.well and reminded.seen.startswith("credentials end 20")
    assert f"python main.py channel renew {account_id}" in reminded.do
    await world.accounts.renew(world.merchant_id, account_id, {**given.secrets, "refresh_token": "v^1.another"})
    await world.database.plain.execute("UPDATE accounts SET state = 'active'")
    ebay.expire_tokens()
    assert "credentials end" not in (await found()).seen, "they are new again"
