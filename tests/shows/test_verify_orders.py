"""`verify orders`: what the channel has and the store has not is named, and brought in when that is asked for."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.actions.bring_orders import bring_orders
from hub.actions.pull_orders import pull_orders
from hub.actions.verify_orders import Compared, verify_orders
from hub.actions.verify_store import verify_store
from hub.domain.lifecycle import Inbox, Lifecycle
from hub.errors import Invalid, NotFound, Retry
from tests.support.world import KEY, World

ROOT = Path(__file__).resolve().parents[2]
NAME = "nordlicht"


async def shop(world: World, sold: int) -> tuple[int, list[str]]:
    """A store whose orders have all come in by polling: its account, and their ids."""
    account_id = await world.store(NAME)
    assert world.stores is not None
    ids = list(world.stores.seed_orders(sold, store=NAME)) if sold else []
    await pull(world, account_id)
    return account_id, ids


async def pull(world: World, account_id: int) -> None:
    await pull_orders(world.services, world.inbox, account_id)
    await world.drain()


def orders(world: World) -> dict[str, Any]:
    """The store's own books."""
    assert world.stores is not None
    return world.stores.books[NAME].orders


async def compare(world: World, account_id: int, last: int = 100) -> Compared:
    return (await verify_orders(world.services, account_id, last))[0]


async def bring(world: World, account_id: int, last: int = 100) -> Compared:
    compared, listed = await verify_orders(world.services, account_id, last)
    brought = await bring_orders(world.services, world.inbox, account_id, compared, listed)
    await world.drain()
    return brought


def empty(compared: Compared) -> bool:
    return not (compared.missing or compared.unknown_there or compared.differing or compared.unreadable)


async def test_a_store_that_has_everything_is_told_so(world: World) -> None:
    account_id, ids = await shop(world, 40)
    compared = await compare(world, account_id)
    assert (compared.compared, compared.name, compared.failed) == (len(ids), NAME, False)
    assert empty(compared) and compared.hint == ""


async def test_what_is_missing_is_named_and_brought_in(world: World) -> None:
    account_id, _ = await shop(world, 5)
    assert world.stores is not None
    missed = list(world.stores.seed_orders(3, store=NAME))
    before = await world.value("SELECT count(*) FROM inbox")
    compared = await compare(world, account_id)
    assert compared.failed and "--pull" in compared.hint
    assert {it.external_id for it in compared.missing} == set(missed)
    assert all(it.why == "" and it.total > 0 for it in compared.missing), "it never came"
    assert await world.value("SELECT count(*) FROM inbox") == before, "looking writes nothing"
    brought = await bring(world, account_id)
    assert (brought.brought, brought.failed) == (3, False)
    assert await world.value("SELECT count(*) FROM orders") == 8
    assert empty(await compare(world, account_id))
    assert (await verify_store(world.database)).violations == ()


async def test_only_the_last_orders_are_compared(world: World) -> None:
    account_id, old = await shop(world, 5)
    assert world.stores is not None
    world.stores.seed_orders(20, store=NAME)
    await pull(world, account_id)
    await world.database.plain.execute("DELETE FROM orders WHERE external_id = $1", old[0])
    newest = await compare(world, account_id, 20)
    assert newest.compared == 20 and empty(newest)
    assert [it.external_id for it in (await compare(world, account_id, 25)).missing] == old[:1]


async def test_an_empty_store_is_filled_from_as_far_back_as_a_first_poll_goes(world: World) -> None:
    account_id = await world.store(NAME)
    assert world.stores is not None
    ids = world.stores.seed_orders(6, store=NAME)
    assert {it.external_id for it in (await compare(world, account_id)).missing} == set(ids)
    assert (await bring(world, account_id)).brought == 6
    assert empty(await compare(world, account_id))


async def test_what_was_set_aside_is_said_so_and_read_again(world: World) -> None:
    account_id = await world.store(NAME)
    assert world.stores is not None
    world.stores.seed_orders(2, store=NAME)
    await pull_orders(world.services, world.inbox, account_id)
    await world.database.plain.execute(
        "UPDATE inbox SET state = $1, error = '$.total: a defect of ours'", int(Inbox.SET_ASIDE)
    )
    compared = await compare(world, account_id)
    assert {it.why for it in compared.missing} == {"it came and was set aside: $.total: a defect of ours"}
    assert (await bring(world, account_id)).brought == 2
    assert await world.value("SELECT count(*) FROM orders") == 2
    assert await world.value("SELECT count(*) FROM inbox") == 2, "read again, not kept twice"


async def test_a_delivery_that_left_no_order_comes_once_more(world: World) -> None:
    account_id = await world.store(NAME)
    assert world.stores is not None
    world.stores.seed_orders(1, store=NAME)
    await pull_orders(world.services, world.inbox, account_id)
    assert {it.why for it in (await compare(world, account_id)).missing} == {"it came, and is still to be read"}
    await world.database.plain.execute("UPDATE inbox SET state = $1", int(Inbox.DONE))
    assert {it.why for it in (await compare(world, account_id)).missing} == {"it came, and left no order"}
    assert (await bring(world, account_id)).brought == 1
    assert await world.value("SELECT count(*) FROM orders") == 1
    assert empty(await compare(world, account_id))


async def test_what_differs_is_shown_from_both_sides(world: World) -> None:
    account_id, ids = await shop(world, 4)
    told = orders(world)[ids[0]]
    later = (world.clock.now() + timedelta(seconds=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told |= {"status": "cancelled", "cancelled_at": later, "updated_at": later}
    (differing,) = (await compare(world, account_id)).differing
    assert (differing.external_id, differing.newer) == (ids[0], True)
    assert (differing.here["cancelled"], differing.there["cancelled"]) == (False, True)
    assert not (await compare(world, account_id)).failed, "nothing is missing"
    await bring(world, account_id)
    assert await world.value("SELECT state FROM orders WHERE external_id = $1", ids[0]) == int(Lifecycle.CANCELLED)
    assert empty(await compare(world, account_id))


async def test_what_the_channel_does_not_know_is_named(world: World) -> None:
    account_id, ids = await shop(world, 4)
    gone = orders(world).pop(ids[2])
    compared = await compare(world, account_id)
    assert [(it.external_id, it.number) for it in compared.unknown_there] == [(gone["id"], gone["number"])]
    assert not compared.failed and compared.brought == 0


async def test_what_nobody_can_read_is_a_failure_with_its_path(world: World) -> None:
    account_id, ids = await shop(world, 3)
    orders(world)[ids[1]] |= {"total": "a lot"}
    compared = await compare(world, account_id)
    assert compared.failed
    (unreadable,) = compared.unreadable
    assert unreadable.path == "$.total" and ids[1] in unreadable.delivery_id


async def test_pages_are_read_to_the_end(world: World) -> None:
    account_id, _ = await shop(world, 230)
    compared = await compare(world, account_id, 230)
    assert compared.compared == 230 and empty(compared)


async def test_a_channel_that_fails_is_no_comparison(world: World) -> None:
    account_id, _ = await shop(world, 2)
    assert world.stores is not None
    for status in (429, 500):
        world.stores.mischief.fail(status)
        with pytest.raises(Retry):
            await compare(world, account_id)
    world.stores.mischief.fail(200, body=b"<html>maintenance</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(Retry):
        await compare(world, account_id)


async def test_what_cannot_be_asked_is_said(world: World) -> None:
    carrier = await world.carrier()
    with pytest.raises(Invalid, match="no orders to compare"):
        await compare(world, carrier)
    with pytest.raises(NotFound):
        await compare(world, 4711)
    for last in (0, 10_001):
        with pytest.raises(Invalid, match="--last"):
            await compare(world, carrier, last)


async def command(database_url: str, folder: Path, *arguments: str) -> tuple[int, Any]:
    """`python main.py …` on this test's database: its exit code, and what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    env |= {
        "CROSSDOCK_DATABASE_URL": database_url, "CROSSDOCK_SECRET_KEY": KEY, "CROSSDOCK_DEMO": "true",
        "CROSSDOCK_ALLOW_PRIVATE_HOSTS": "true",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "main.py"), *arguments, "--json", cwd=folder, env=env,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, said = await asyncio.wait_for(process.communicate(), 120)
    assert out, said.decode()
    return process.returncode or 0, json.loads(out)


@pytest.mark.long
async def test_by_the_command_line(world: World, database_url: str, tmp_path: Path) -> None:
    await world.store(NAME)
    assert world.stores is not None
    ids = world.stores.seed_orders(3, store=NAME)
    asked = ("verify", "orders", "--account", NAME, "--last", "10")
    code, found = await command(database_url, tmp_path, *asked)
    assert (code, {it["external_id"] for it in found["missing"]}) == (1, set(ids))
    code, found = await command(database_url, tmp_path, *asked, "--pull")
    assert (code, found["brought"]) == (0, 3)
    await world.drain()
    assert await world.value("SELECT count(*) FROM orders") == 3
