"""Nudges: a delivery that says only that something changed has its account polled at once, once, and within rate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from hub.actions import account_health
from hub.actions.nudge_account import nudge_account, nudged
from hub.actions.pull_orders import pollable, pull_orders
from hub.errors import Conflict, Invalid, NotFound, Retry
from scheduler.jobs import JOBS, AccountJob
from scheduler.runner import Scheduler
from tests.connectors.etsy.harness import HARNESS
from tests.connectors.etsy.server import EtsyDouble, serve
from tests.connectors.etsy.shop import SHOP_ID
from tests.scheduler.source import Source
from tests.support.world import World

(NUDGED,) = [job for job in JOBS if job.name == "nudged"]
assert isinstance(NUDGED, AccountJob)


@pytest.fixture
async def etsy() -> AsyncIterator[EtsyDouble]:
    async with serve() as double:
        yield double


async def connected(world: World, etsy: EtsyDouble, name: str = "cups", shop: int = SHOP_ID) -> int:
    given = HARNESS.account(etsy.url)
    account_id = await world.account("etsy", name, {**given.secrets, **given.settings, "shop_id": str(shop)})
    await world.connected_at(account_id, datetime.fromtimestamp(etsy.shop.now, UTC))
    return account_id


def paid(number: int, shop: int = SHOP_ID) -> bytes:
    """Etsy's webhook: something happened, ask here."""
    url = f"https://openapi.etsy.com/v3/application/shops/{shop}/receipts/{number}"
    return json.dumps({"event_type": "order.paid", "resource_url": url, "shop_id": str(shop)}).encode()


async def hear(world: World, etsy: EtsyDouble, name: str, body: bytes, mark: str = "") -> None:
    """The webhook, through the real door."""
    async with (
        aiohttp.ClientSession() as client,
        client.post(await world.door(name), data=body, headers=etsy.headers(body, mark)) as reply,
    ):
        assert reply.status == 200


async def due(world: World) -> list[int]:
    return [target.account_id for target in await nudged(world.services)]


async def marked(world: World) -> set[str]:
    return {row["name"] for row in await world.rows("SELECT name FROM accounts WHERE nudged_at IS NOT NULL")}


async def test_a_webhook_that_only_nudges_has_the_shop_polled_long_before_its_interval(
    world: World, etsy: EtsyDouble
) -> None:
    account_id = await connected(world, etsy)
    await pull_orders(world.services, world.inbox, account_id)
    (receipt,) = etsy.seed_orders(1)
    async with Scheduler(world.services, world.inbox, [NUDGED], look=0.05), world.worker():
        await hear(world, etsy, "cups", paid(int(receipt)))

        async def here() -> bool:
            return bool(await world.value("SELECT count(*) FROM orders WHERE external_id = $1", receipt))

        await world.until(here)
    assert await due(world) == []


async def test_many_nudges_ask_for_one_poll(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    for number in range(5):
        await hear(world, etsy, "cups", paid(number))
    assert await due(world) == [account_id]
    asked = len(etsy.seen)
    await pull_orders(world.services, world.inbox, account_id)
    assert len([one for one in etsy.seen[asked:] if one.path.endswith("/receipts")]) == 1
    assert await due(world) == []


async def test_a_delivery_that_came_before_nudges_nobody(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    await hear(world, etsy, "cups", paid(1), mark="msg_1")
    await pull_orders(world.services, world.inbox, account_id)
    await hear(world, etsy, "cups", paid(1), mark="msg_1")
    assert await due(world) == []


async def test_a_nudge_that_comes_during_a_pull_is_not_lost(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    await hear(world, etsy, "cups", paid(1))
    await world.database.plain.execute("UPDATE accounts SET nudged_at = nudged_at + interval '1 hour'")
    await pull_orders(world.services, world.inbox, account_id)
    assert await due(world) == [account_id], "it is newer than the pull"


async def test_one_address_hears_for_all_shops_of_an_app(world: World, etsy: EtsyDouble) -> None:
    await connected(world, etsy)
    await connected(world, etsy, "teapots", SHOP_ID + 1)
    await hear(world, etsy, "cups", paid(1, SHOP_ID + 1))
    assert await marked(world) == {"teapots"}
    await hear(world, etsy, "cups", paid(1, SHOP_ID + 99))
    assert await marked(world) == {"teapots"}, "a shop that nobody connected"


async def test_a_receipt_that_is_replayed_is_no_nudge(world: World, etsy: EtsyDouble) -> None:
    await connected(world, etsy)
    etsy.seed_orders(1)
    (told,) = etsy.shop.receipts.values()
    await hear(world, etsy, "cups", json.dumps(told).encode())
    assert await marked(world) == set()


@pytest.mark.parametrize("body", [b'{"event_type": ""}', b"{}", b"[1]", b"no json"])
async def test_whatever_else_is_signed_is_kept_and_nudges_nobody(world: World, etsy: EtsyDouble, body: bytes) -> None:
    await connected(world, etsy)
    await hear(world, etsy, "cups", body)
    assert await marked(world) == set()
    assert await world.value("SELECT count(*) FROM inbox") == 1


async def test_an_event_without_an_address_nudges_the_account_that_heard(world: World, etsy: EtsyDouble) -> None:
    await connected(world, etsy)
    await connected(world, etsy, "teapots", SHOP_ID + 1)
    await hear(world, etsy, "cups", b'{"event_type": "order.shipped"}')
    assert await marked(world) == {"cups"}


# ---------------------------------------------------------------- within rate


async def test_a_channel_that_asked_us_to_wait_is_not_nudged_out_of_it(world: World, etsy: EtsyDouble) -> None:
    account_id = await connected(world, etsy)
    await account_health.failed(world.services, account_id, "poll", Retry("quota", after=600))
    await hear(world, etsy, "cups", paid(1))
    assert await due(world) == []
    world.clock.advance(timedelta(seconds=601))
    assert await due(world) == [account_id], "the nudge waited with it"


async def test_a_pull_that_fails_leaves_the_rest_to_the_usual_pace(world: World, source: Source) -> None:
    account_id = await world.account("paged", "p", {"base_url": f"{source.url}/p"})
    await nudge_account(world.services, world.merchant_id, account_id)
    source.broken.add("p")
    with pytest.raises(Retry):
        await pull_orders(world.services, world.inbox, account_id)
    assert await due(world) == []
    assert [target.account_id for target in await pollable(world.services)] == [account_id]


async def test_a_nudge_waits_for_the_pull_that_is_under_way(world: World, source: Source) -> None:
    account_id = await world.account("paged", "p", {"base_url": f"{source.url}/p"})
    await world.database.plain.execute(
        """UPDATE accounts SET cursor = '{"lease": {"by": "another", "until": "2999-01-01T00:00:00Z"}}'"""
    )
    await nudge_account(world.services, world.merchant_id, account_id)
    with pytest.raises(Conflict):
        await pull_orders(world.services, world.inbox, account_id)
    assert await due(world) == [account_id]


# ---------------------------------------------------------------- by hand


async def test_poll_now_says_why_not(world: World, source: Source) -> None:
    account_id = await world.account("paged", "p", {"base_url": f"{source.url}/p"})
    carrier = await world.carrier()
    cases: list[tuple[int, int, type[Exception], str]] = [
        (world.merchant_id, 4711, NotFound, "no account"),
        (world.merchant_id + 1, account_id, NotFound, "no account"),
        (world.merchant_id, carrier, Invalid, "not polled"),
    ]
    for merchant, account, failure, words in cases:
        with pytest.raises(failure, match=words):
            await nudge_account(world.services, merchant, account)
    await account_health.failed(world.services, account_id, "poll", Retry("quota", after=600))
    with pytest.raises(Conflict, match="asked us to wait"):
        await nudge_account(world.services, world.merchant_id, account_id)
    await world.database.plain.execute("UPDATE accounts SET state = 'reconnect' WHERE id = $1", account_id)
    with pytest.raises(Conflict, match="connected again"):
        await nudge_account(world.services, world.merchant_id, account_id)


async def test_a_nudged_account_is_pulled_once_however_often_it_is_looked_at(world: World, source: Source) -> None:
    source.sell(3)
    account_id = await world.account("paged", "p", {"base_url": f"{source.url}/p"})
    await nudge_account(world.services, world.merchant_id, account_id)
    async with Scheduler(world.services, world.inbox, [NUDGED], look=0.02):

        async def pulled() -> Any:
            return await world.value("SELECT polled_at FROM accounts WHERE id = $1", account_id)

        await world.until(pulled)
        for _ in range(5):
            await nudge_account(world.services, world.merchant_id, account_id)
    slots = await world.value("SELECT count(DISTINCT slot) FROM job_firings WHERE finished_at IS NOT NULL")
    assert len(source.asked) == slots, "what comes within a slot waits for the next"
