"""The runner: each slot fires once over all hosts and restarts, leaves its trace, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from hub.actions.fire_slots import Slot, clean_firings, finish_slot, win_slot
from hub.actions.import_products import import_products
from hub.actions.pull_orders import Keeps, pollable, pull_orders
from hub.actions.services import Services
from hub.actions.targets import Target
from hub.errors import Reject
from scheduler.jobs import AccountJob, Job
from scheduler.runner import MARGIN_SECONDS, Scheduler
from scheduler.times import hours, minutes
from tests.scheduler.source import Source
from tests.support.world import World


class Counting:
    """An action that counts, and does what it is told to."""

    def __init__(self, *, error: Exception | None = None) -> None:
        self.calls = 0
        self.started = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self._error = error

    async def __call__(self, services: Services) -> dict[str, int]:
        self.calls += 1
        self.started.set()
        await self.go.wait()
        if self._error is not None:
            raise self._error
        return {"calls": self.calls}


async def traces(world: World) -> list[Any]:
    return await world.rows("SELECT * FROM job_firings ORDER BY job, slot")


async def finished(world: World, job: str) -> bool:
    return bool(await world.value("SELECT count(*) FROM job_firings WHERE job = $1 AND finished_at IS NOT NULL", job))


async def test_a_slot_fires_once_over_two_hosts_and_a_restart(world: World) -> None:
    world.clock.stop()  # of one day, whatever the hour
    count, other = Counting(), Counting()
    async with (
        Scheduler(world.services, world.inbox, [Job("daily", hours(24), count)]),
        Scheduler(world.services, world.inbox, [Job("daily", hours(24), count), Job("other", hours(24), other)]),
    ):
        await world.until(lambda: finished(world, "daily"))
        await world.until(lambda: finished(world, "other"))
    late = Counting()
    async with Scheduler(world.services, world.inbox, [Job("daily", hours(24), count), Job("late", hours(24), late)]):
        await world.until(lambda: finished(world, "late"))
    assert count.calls == 1
    assert [row["job"] for row in await traces(world)] == ["daily", "late", "other"]


async def test_a_firing_leaves_its_trace(world: World) -> None:
    world.clock.stop()
    async with Scheduler(world.services, world.inbox, [Job("daily", hours(24), Counting())]):
        await world.until(lambda: finished(world, "daily"))
    [row] = await traces(world)
    assert row["outcome"] == '{"calls":1}'
    assert row["slot"] == hours(24).slot(world.clock.now())
    assert row["slot"] <= row["fired_at"] <= row["finished_at"]
    assert ":" in row["host"]


async def test_a_job_that_fails_says_why_and_stops_no_other(world: World) -> None:
    world.clock.stop()
    jobs = [
        Job("defect", hours(24), Counting(error=ZeroDivisionError("by zero"))),
        Job("refused", hours(24), Counting(error=Reject("they said no"))),
        Job("sound", hours(24), Counting()),
    ]
    async with Scheduler(world.services, world.inbox, jobs):
        for job in jobs:
            await world.until(lambda name=job.name: finished(world, name))  # type: ignore[misc]
    assert [row["outcome"] for row in await traces(world)] == [
        "ZeroDivisionError: by zero",
        "rejected: they said no",
        '{"calls":1}',
    ]


async def test_a_job_that_hangs_is_stopped_at_its_limit(world: World) -> None:
    world.clock.stop()
    stuck = Counting()
    stuck.go.clear()
    async with Scheduler(world.services, world.inbox, [Job("stuck", hours(24), stuck, limit=0.2)]):
        await world.until(lambda: finished(world, "stuck"))
    [row] = await traces(world)
    assert "did not finish within" in row["outcome"]


async def test_a_stop_in_the_middle_gives_the_slot_back(world: World) -> None:
    stuck = Counting()
    stuck.go.clear()
    runner = Scheduler(world.services, world.inbox, [Job("long", hours(24), stuck)], grace=0.1)
    async with runner:
        await stuck.started.wait()
    assert await traces(world) == []
    stuck.go.set()
    async with Scheduler(world.services, world.inbox, [Job("long", hours(24), stuck)]):
        await world.until(lambda: finished(world, "long"))
    assert stuck.calls == 2


async def test_a_stop_waits_for_what_is_nearly_done(world: World) -> None:
    slow = Counting()
    slow.go.clear()
    async with Scheduler(world.services, world.inbox, [Job("slow", hours(24), slow)]):
        await slow.started.wait()
        asyncio.get_running_loop().call_later(0.2, slow.go.set)
    assert await finished(world, "slow")


async def test_a_slot_whose_holder_died_is_up_again_and_a_finished_one_never(world: World) -> None:
    limit = timedelta(seconds=60)
    now = world.clock.now()
    died, done = Slot("died", now), Slot("done", now)
    first = await win_slot(world.services, died, "host a", limit)
    ended = await win_slot(world.services, done, "host a", limit)
    assert first is not None
    assert ended is not None
    await finish_slot(world.services, ended, "fine")
    assert await win_slot(world.services, died, "host b", limit) is None, "it may still be at work"
    world.clock.advance(limit + timedelta(seconds=1))
    second = await win_slot(world.services, died, "host b", limit)
    assert second is not None
    assert await win_slot(world.services, done, "host b", limit) is None
    await finish_slot(world.services, first, "too late")
    assert await world.value("SELECT outcome FROM job_firings WHERE job = 'died'") == "", "it was not dead but slow"


async def test_the_runner_takes_over_from_the_dead(world: World) -> None:
    world.clock.stop()
    job = Job("daily", hours(24), Counting(), limit=1)
    await win_slot(world.services, Slot("daily", hours(24).slot(world.clock.now())), "dead", timedelta(hours=1))
    await world.database.plain.execute(
        "UPDATE job_firings SET fired_at = fired_at - make_interval(secs => $1)", 2 + MARGIN_SECONDS
    )
    async with Scheduler(world.services, world.inbox, [job]):
        await world.until(lambda: finished(world, "daily"))
    [row] = await traces(world)
    assert row["host"] != "dead"


async def test_fifty_accounts_side_by_side_none_waits_for_the_slow_or_the_broken(world: World, source: Source) -> None:
    """However long the forty-eight take, the slow one still hangs when they are done; then its time is up."""
    world.clock.stop()  # the slot of each comes once
    source.sell(3)
    names = [f"shop{n}" for n in range(50)]
    ids = [await world.account("paged", name, {"base_url": f"{source.url}/{name}"}) for name in names]
    source.held |= {"shop7"}
    source.broken |= {"shop11"}
    patient = AccountJob("poll", minutes(1), pollable, pull_orders, 600, "poll")

    async def others() -> bool:
        return await world.value("SELECT count(*) FROM accounts WHERE polled_at IS NOT NULL") == 48

    async with Scheduler(world.services, world.inbox, [patient], grace=0.1):
        await world.until(others)
        await world.until(lambda: finished(world, f"poll:{ids[11]}"))
        assert not await finished(world, f"poll:{ids[7]}"), "it hangs, and nobody waited for it"

    async def slow(_: Services) -> list[Target]:
        return [Target(ids[7], world.merchant_id, "paged")]

    async with Scheduler(world.services, world.inbox, [AccountJob("poll", minutes(1), slow, pull_orders, 1, "poll")]):
        await world.until(lambda: finished(world, f"poll:{ids[7]}"))
    rows = await world.rows("SELECT name, health->'poll'->>'error' AS why FROM accounts WHERE health <> '{}'")
    why = {row["name"]: row["why"] for row in rows}
    assert set(why) == {"shop7", "shop11"}
    assert why["shop7"] == "poll did not finish within 1 seconds"
    assert why["shop11"].startswith("list orders: 500")
    assert await world.value("SELECT count(DISTINCT job) FROM job_firings WHERE finished_at IS NOT NULL") == 50


async def test_of_many_hosts_that_try_at_once_one_wins(world: World) -> None:
    slot = Slot("daily", hours(24).slot(world.clock.now()))
    tries = [win_slot(world.services, slot, f"host {n}", timedelta(seconds=60)) for n in range(20)]
    assert len([won for won in await asyncio.gather(*tries) if won is not None]) == 1


async def test_a_slot_whose_database_went_away_in_the_middle_comes_again(world: World) -> None:
    async def interrupted(services: Services) -> None:
        await services.database.plain.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    limit = 60
    at_work, after = Counting(), Counting()
    async with Scheduler(world.services, world.inbox, [Job("cut", hours(24), interrupted, limit)]):
        await world.until(lambda: unfinished(world, "cut"))
    async with Scheduler(world.services, world.inbox, [Job("other", hours(24), at_work)]):
        await world.until(lambda: finished(world, "other"))
    assert not await finished(world, "cut")
    world.clock.advance(timedelta(seconds=limit + MARGIN_SECONDS + 1))
    async with Scheduler(world.services, world.inbox, [Job("cut", hours(24), after, limit)]):
        await world.until(lambda: finished(world, "cut"))
    assert after.calls == 1


async def unfinished(world: World, job: str) -> bool:
    return bool(await world.value("SELECT count(*) FROM job_firings WHERE job = $1 AND finished_at IS NULL", job))


async def test_every_job_of_the_table_does_its_work(world: World) -> None:
    store, carrier = await world.store("nordlicht"), await world.carrier()
    await world.stock()
    await import_products(world.services, store)
    assert world.stores is not None
    world.stores.seed_orders(3, store="nordlicht")
    expected = {
        f"poll:{store}", f"repair_webhooks:{store}", f"track:{carrier}", f"reassert_stock:{store}", "expire_holds",
        "wake_forgotten", "clean_firings",
    }  # fmt: skip

    async def all_done() -> bool:
        rows = await world.rows("SELECT DISTINCT job FROM job_firings WHERE finished_at IS NOT NULL")
        return {row["job"] for row in rows} >= expected

    async with Scheduler(world.services, world.inbox), world.worker():
        await world.until(all_done)

        async def shipped() -> bool:
            return await world.value("SELECT count(*) FROM parcels WHERE custody = 'handed_over'") == 3

        await world.until(shipped)
    failures = [row["outcome"] for row in await traces(world) if row["outcome"][:1] not in "{0123456789"]
    assert [why for why in failures if not why.startswith("conflict: ")] == []


async def test_accounts_of_one_pace_do_not_all_come_at_once(world: World) -> None:
    world.clock.stop()
    seen: list[int] = []

    async def three(_: Services) -> list[Target]:
        return [Target(1000 + n, 1, "paged") for n in range(3)]

    async def note(_: Services, __: Keeps, account_id: int) -> None:
        seen.append(account_id)

    async def all_three() -> bool:
        return await world.value("SELECT count(*) FROM job_firings WHERE finished_at IS NOT NULL") == 3

    async with Scheduler(world.services, world.inbox, [AccountJob("each", hours(1), three, note)]):
        await world.until(all_three)
    assert sorted(seen) == [1000, 1001, 1002]
    assert len({row["slot"] for row in await traces(world)}) == 3


async def test_a_job_whose_accounts_cannot_be_listed_stops_no_other(world: World) -> None:
    async def broken(_: Services) -> list[Target]:
        raise ZeroDivisionError("no list")

    async def one(_: Services) -> list[Target]:
        return [Target(1000, 1, "paged")]

    async def note(_: Services, __: Keeps, account_id: int) -> int:
        return account_id

    jobs = [AccountJob("first", hours(1), broken, note), AccountJob("second", hours(1), one, note)]
    async with Scheduler(world.services, world.inbox, jobs):
        await world.until(lambda: finished(world, "second:1000"))


async def test_old_firings_are_forgotten_but_for_the_newest_of_each_job(world: World) -> None:
    now = world.clock.now()
    for job, ages in {"busy": (0, 1, 100, 200), "rare": (500, 900), "ahead": (-30,)}.items():
        for age in ages:
            await win_slot(world.services, Slot(job, now - timedelta(hours=age)), "host", timedelta(seconds=60))
    assert await clean_firings(world.services) == 4
    left = [(row["job"], round((now - row["slot"]).total_seconds() / 3600)) for row in await traces(world)]
    assert sorted(left) == [("busy", 0), ("busy", 1), ("rare", 500)]
