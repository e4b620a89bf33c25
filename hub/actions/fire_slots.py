"""Slots of jobs: each fires once over all hosts, restarts and misfires, and leaves a trace of what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from hub.actions.services import Services

KEEP_DAYS = 2

WIN = """WITH won AS (
        INSERT INTO job_firings (id, merchant_id, job, slot, host, fired_at, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, '')
        ON CONFLICT (merchant_id, job, slot) DO UPDATE
            SET id = excluded.id, host = excluded.host, fired_at = excluded.fired_at
            WHERE job_firings.finished_at IS NULL AND job_firings.fired_at < $7
        RETURNING id
    ) SELECT id FROM won"""
FINISH = "UPDATE job_firings SET finished_at = $2, outcome = $3 WHERE id = $1"
GIVE_BACK = "DELETE FROM job_firings WHERE id = $1 AND finished_at IS NULL"
CLEAN = """DELETE FROM job_firings f WHERE slot > $2 OR (slot < $1 AND EXISTS (
    SELECT 1 FROM job_firings n WHERE n.merchant_id = f.merchant_id AND n.job = f.job AND n.slot > f.slot))"""


class Slot(Struct, frozen=True):
    """One turn of one job. `merchant_id` 0: of the whole installation."""

    job: str
    at: datetime
    merchant_id: int = 0


async def win_slot(services: Services, slot: Slot, host: str, longest: timedelta) -> int | None:
    """The firing's id, or None when somebody has it. One whose holder did not finish within `longest`, the most a
    firing may take, died with its host and is up again."""
    now = services.clock.now()
    won = await services.database.plain.fetchval(
        WIN, services.ids.next(), slot.merchant_id, slot.job, slot.at, host, now, now - longest
    )
    return None if won is None else int(won)


async def finish_slot(services: Services, firing_id: int, outcome: str) -> None:
    """Writes what came of it."""
    await services.database.plain.execute(FINISH, firing_id, services.clock.now(), outcome.replace("\0", "")[:1000])


async def give_back_slot(services: Services, firing_id: int) -> None:
    """The host stops before it is done: the slot is up again at once."""
    await services.database.plain.execute(GIVE_BACK, firing_id)


async def clean_firings(services: Services) -> int:
    """Forgets old firings, but for the newest of each job, and those of a clock that was ahead: their slots are still
    to come. Returns how many."""
    now = services.clock.now()
    ahead = now + timedelta(hours=1)
    return await services.database.plain.execute(CLEAN, now - timedelta(days=KEEP_DAYS), ahead)
