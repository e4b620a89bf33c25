"""A return that is opened at eBay is one RMA on its order, however often and in whatever order it is told."""

from __future__ import annotations

import pytest

from connectors.ebay import Ebay
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Inbox
from hub.errors import CrossdockError, Reject, Retry
from tests.connectors.ebay.harness import HARNESS, ORDER, OTHER
from tests.connectors.ebay.server import EbayDouble
from tests.connectors.ebay.test_returns import SINCE, ago, run
from tests.connectors.ebay.test_through_the_hub import poll, selling
from tests.support.world import World

RETURNS = """SELECT o.external_id AS order_id, r.external_id, r.state, r.tracking_number, r.reason,
        coalesce((SELECT sum(l.quantity) FROM return_lines l WHERE l.return_id = r.id), 0)::int AS units
    FROM returns r JOIN orders o ON o.id = r.order_id"""


async def states(world: World, account_id: int) -> list[str]:
    """Where the returns stand after a poll."""
    await poll(world, account_id)
    return [row["state"] for row in await world.rows(RETURNS)]


async def test_a_return_is_one_rma_on_its_order_and_moves_with_it(world: World, double: EbayDouble) -> None:
    account_id = await selling(world, double)
    await poll(world, account_id)
    name = double.returns.open(OTHER, ago(days=3), units=2, reason="WRONG_SIZE")
    assert await states(world, account_id) == ["requested"]
    assert await states(world, account_id) == ["requested"], "told twice it is one"
    double.returns.ship(name, "JD0099", ago(days=2))
    assert await states(world, account_id) == ["in_transit"]
    double.returns.move(name, "ITEM_SHIPPED", ago(days=2), "ESCALATED")
    assert await states(world, account_id) == ["in_transit"], "eBay decides of the money; the goods are on their way"
    double.returns.move(name, "ITEM_DELIVERED", ago(days=1), "ESCALATED")
    assert await states(world, account_id) == ["received"]
    double.returns.move(name, "RETURN_REQUESTED", ago(days=1), "LESS_THAN_A_FULL_REFUND_ISSUED")
    assert await states(world, account_id) == ["received"], "what is only about money takes nothing back"
    double.returns.close(name, ago(hours=1), "FULL_REFUNDED")
    assert await states(world, account_id) == ["closed"]
    (row,) = await world.rows(RETURNS)
    assert (row["order_id"], row["external_id"], row["units"]) == (OTHER, name, 2)
    assert (row["tracking_number"], row["reason"]) == ("JD0099", "wrong_size")
    lines = await world.rows("SELECT return_requested, received_back FROM order_lines WHERE return_requested > 0")
    assert lines == []
    assert (await verify_store(world.database)).violations == ()


async def test_what_was_read_before_and_comes_after_does_not_open_a_closed_one(
    world: World, double: EbayDouble
) -> None:
    account_id = await selling(world, double)
    await poll(world, account_id)
    name = double.returns.open(OTHER, ago(days=3))
    channel = Ebay().open(HARNESS.account(double.url), world.http)
    (early,) = await run(channel, SINCE)
    double.returns.ship(name, "JD0100", ago(days=2))
    (sent,) = await run(channel, SINCE)
    double.returns.close(name, ago(hours=1), "FULL_REFUNDED")
    assert await states(world, account_id) == ["closed"]
    account = (await world.accounts.open(account_id)).account
    for late in (sent, early):
        assert await world.inbox.keep(account, late)
        await world.drain()
        assert [row["state"] for row in await world.rows(RETURNS)] == ["closed"]


async def test_a_return_of_an_order_that_is_not_here_yet_waits(world: World, double: EbayDouble) -> None:
    account_id = await selling(world, double)
    name = double.returns.open(ORDER, ago(days=3))
    order = double.state.orders.pop(ORDER)
    assert await states(world, account_id) == []
    waiting = "SELECT count(*) FROM inbox WHERE topic = 'return' AND state = $1"
    assert await world.value(waiting, int(Inbox.WAITING)) == 1
    double.state.add_order(order)
    assert await states(world, account_id) == ["requested"]
    (row,) = await world.rows(RETURNS)
    assert (row["order_id"], row["external_id"]) == (ORDER, name)


@pytest.mark.parametrize(("status", "failure"), [(500, Retry), (403, Reject)])
async def test_orders_are_kept_where_returns_fail(
    world: World, double: EbayDouble, status: int, failure: type[CrossdockError]
) -> None:
    account_id = await selling(world, double)
    name = double.returns.open(OTHER, ago(days=1))
    double.returns.down = status
    with pytest.raises(failure):
        await poll(world, account_id)
    await world.drain()
    assert await world.value("SELECT count(*) FROM orders") == 2
    account = await world.rows(
        "SELECT state, health->'poll'->>'error' AS error FROM accounts WHERE id = $1", account_id
    )
    assert account[0]["state"] == "active" and "/post-order/v2/return/search" in account[0]["error"]
    double.returns.down = 0
    if failure is Retry:
        assert await states(world, account_id) == ["requested"]
        assert [row["external_id"] for row in await world.rows(RETURNS)] == [name]


async def test_a_return_that_cannot_be_read_is_set_aside_alone(world: World, double: EbayDouble) -> None:
    account_id = await selling(world, double)
    bad, good = (double.returns.open(name, ago(days=1)) for name in (ORDER, OTHER))
    double.returns.details[bad] = {"responseHistory": "nonsense"}
    assert await states(world, account_id) == ["requested"]
    assert [row["external_id"] for row in await world.rows(RETURNS)] == [good]
    aside = await world.rows("SELECT error FROM inbox WHERE topic = 'return' AND state = $1", int(Inbox.SET_ASIDE))
    assert len(aside) == 1 and "responseHistory" in aside[0]["error"]
