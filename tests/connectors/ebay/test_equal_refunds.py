"""Two equal refunds of one order, wanted at once: both are made, whatever process dies in between, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.ebay import Ebay
from hub.accounts import Accounts, Tools
from hub.domain.lifecycle import Outbox
from hub.domain.outcome import Message
from hub.domain.outgoing import Kind
from hub.flow.batch import Batch
from hub.flow.outbox import ASK_SECONDS, Lane
from hub.vault import Vault
from tests.connectors.checks.between import Between
from tests.connectors.ebay.harness import HARNESS, ORDER
from tests.connectors.ebay.server import EbayDouble
from tests.support.world import KEY, World

REFUND: Any = HARNESS.pushes[Kind.PUSH_REFUND]


async def wanted(world: World, account_id: int) -> None:
    """Both messages are queued in the same moment, in the order's own row."""
    batch = Batch(world.ports.ids, world.clock.now())
    for number in (1, 2):
        refund = replace(REFUND, reference=f"refund-{number}")
        batch.message(world.merchant_id, Message(Kind.PUSH_REFUND, refund.reference, account_id, 77, refund))
    async with world.database.transaction() as tx:
        await batch.flush(tx)


def process(world: World, account_id: int) -> Lane:
    """The account's lane in a process that knows nothing of what was before."""
    tools = Tools({"ebay": Ebay()}, world.http, Vault([KEY]), allow_demo=True)
    return Lane(world.database, Accounts(world.database, tools, world.clock, world.ports.ids), world.ports, account_id)


async def ebay(world: World, double: EbayDouble, url: str) -> int:
    given = HARNESS.account(url)
    double.state.clock = world.clock.now()
    return await world.account("ebay", "my eBay", {**given.secrets, **given.settings})


async def finished(world: World, double: EbayDouble) -> list[str]:
    """Both messages were sent, each with a receipt of its own; the references that took effect."""
    rows = await world.rows("SELECT state, receipt->>'external_id' AS name FROM outbox ORDER BY id")
    assert [row["state"] for row in rows] == [Outbox.SENT, Outbox.SENT]
    there = [it["refundId"] for it in double.state.orders[ORDER]["paymentSummary"]["refunds"]]
    assert [row["name"] for row in rows] == there and len(set(there)) == 2
    return [reference for _, reference in double.effects()]


async def test_the_second_is_made_though_its_process_died_before_it_left(world: World, double: EbayDouble) -> None:
    account_id = await ebay(world, double, double.url)
    await wanted(world, account_id)
    assert await process(world, account_id).work() == 1
    await world.database.plain.execute("UPDATE outbox SET leased = true, attempts = 1 WHERE state < 9")
    lane = process(world, account_id)
    await lane.take_over()
    world.clock.advance(timedelta(seconds=ASK_SECONDS))
    assert await lane.work() == 1
    assert await finished(world, double) == ["refund-1", "refund-2"]


@pytest.mark.parametrize("settled", [False, True])
async def test_the_second_is_found_where_its_answer_was_lost(world: World, double: EbayDouble, settled: bool) -> None:
    async with Between(double.url).serving() as between:
        account_id = await ebay(world, double, between.url)
        await wanted(world, account_id)
        assert await process(world, account_id).work() == 1
        between.spoil = between.passed + 3  # a token and the order come first
        assert await process(world, account_id).work() == 1
        assert len(double.effects()) == 2
        if settled:
            double.state.settle_refunds(ORDER)
        world.clock.advance(timedelta(minutes=10))
        assert await process(world, account_id).work() == 1
    assert await finished(world, double) == ["refund-1", "refund-2"], "and neither is made a third time"
