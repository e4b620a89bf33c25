"""Fifty accounts side by side, one of them hanging: the other forty-nine keep their poll interval."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from hub.actions.list_accounts import list_accounts
from hub.actions.pull_orders import pollable, pull_orders
from scheduler.jobs import AccountJob
from scheduler.runner import Scheduler
from scheduler.times import Every, minutes
from tests.scheduler.source import Paged, Source
from tests.support.world import World

EVERY = Paged.about.poll_every or timedelta()
ROUNDS = 5
HANGING, BROKEN = 7, 11


async def test_forty_nine_keep_their_interval_while_one_hangs(world: World, source: Source) -> None:
    """The clock goes on as soon as everybody whose minute has come was polled: no account may miss one."""
    source.sell(3)
    names = [f"shop{n:02d}" for n in range(50)]
    ids = [await world.account("paged", name, {"base_url": f"{source.url}/{name}"}) for name in names]
    source.held.add(names[HANGING])
    source.broken.add(names[BROKEN])
    poll = AccountJob("poll", minutes(1), pollable, pull_orders, 180, "poll")
    paces = {f"poll:{it}": Every(EVERY, timedelta(seconds=it % EVERY.seconds)) for it in ids if it != ids[HANGING]}

    async def up_to(now: datetime) -> bool:
        """Whether each of the forty-nine has been polled in the interval that `now` belongs to."""
        newest = "SELECT job, max(slot) AS slot FROM job_firings WHERE finished_at IS NOT NULL GROUP BY job"
        done = {row["job"]: row["slot"] for row in await world.rows(newest)}
        assert f"poll:{ids[HANGING]}" not in done, "it still hangs"
        return all(job in done and done[job] >= pace.slot(now) for job, pace in paces.items())

    async with Scheduler(world.services, world.inbox, [poll], grace=0.1, look=0.05):
        for _ in range(ROUNDS * 3):
            now = world.clock.now()
            await world.until(lambda now=now: up_to(now))  # type: ignore[misc]
            world.clock.advance(EVERY / 3)
    for job in paces:
        rows = await world.rows("SELECT slot, fired_at, finished_at FROM job_firings WHERE job = $1 ORDER BY slot", job)
        assert len(rows) >= ROUNDS
        assert {after["slot"] - before["slot"] for before, after in pairwise(rows)} == {EVERY}, job
        begun = rows[1:ROUNDS]  # the first slot may have been nearly over when the scheduler started
        assert all(row["finished_at"] - row["slot"] < EVERY for row in begun), job
    asked = Counter(name for name, _, _ in source.asked)
    assert asked[names[HANGING]] == 1, "it is not asked again while it hangs"
    assert all(asked[name] >= ROUNDS for name in names if name != names[HANGING])


async def test_each_has_its_own_credentials_cursor_and_words(world: World, source: Source) -> None:
    source.sell(3, since=world.clock.now() - timedelta(hours=1))
    ids = {}
    for n in range(50):
        name = f"shop{n:02d}"
        ids[name] = await world.account("paged", name, {"base_url": f"{source.url}/{name}"})
    for name in ("shop03", "shop04"):
        await pull_orders(world.services, world.inbox, ids[name])
    seen = {account.name: account for account in await list_accounts(world.services, world.merchant_id)}
    assert len(seen) == 50
    assert {name for name, account in seen.items() if account.polled_at} == {"shop03", "shop04"}
    assert len({account.settings["base_url"] for account in seen.values()}) == 50
    counted = await world.rows("SELECT account_id, count(*) AS many FROM inbox GROUP BY 1")
    assert {row["account_id"]: row["many"] for row in counted} == {ids["shop03"]: 3, ids["shop04"]: 3}
