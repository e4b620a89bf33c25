"""When a job is up: a pace or a cron line in UTC, and the slot that a moment belongs to.

A slot is the scheduled time itself, so that every host gives the same turn the same name, however late it comes to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOWS = (timedelta(hours=2), timedelta(days=2), timedelta(days=32), timedelta(days=367))


@dataclass(frozen=True, slots=True)
class Every:
    """A steady pace. `shift` moves the slots, so that accounts of one pace do not all come at once."""

    period: timedelta
    shift: timedelta = timedelta()

    def slot(self, now: datetime) -> datetime:
        """The scheduled time at or before `now`."""
        return EPOCH + (now - EPOCH - self.shift) // self.period * self.period + self.shift

    def trigger(self) -> Any:  # noqa: ANN401 - APScheduler has no types
        """APScheduler's trigger: at every slot."""
        from apscheduler.triggers.interval import IntervalTrigger

        start = self.slot(datetime.now(UTC))
        return IntervalTrigger(seconds=self.period.total_seconds(), start_date=start, timezone=UTC)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line of five fields in UTC: wall-clock times of a place with summer time would come twice in October."""

    line: str

    def slot(self, now: datetime) -> datetime:
        """The scheduled time at or before `now`. Raises ValueError for a line that never comes within a year."""
        trigger = self.trigger()
        for back in WINDOWS:
            last: datetime | None = None
            at: datetime | None = trigger.get_next_fire_time(None, now - back)
            while at is not None and at <= now:
                last, at = at, trigger.get_next_fire_time(at, at + timedelta(seconds=1))
            if last is not None:
                return last.astimezone(UTC)
        raise ValueError(f"{self.line!r} never comes")

    def trigger(self) -> Any:  # noqa: ANN401 - APScheduler has no types
        """APScheduler's trigger."""
        from apscheduler.triggers.cron import CronTrigger

        return CronTrigger.from_crontab(self.line, timezone=UTC)


When: TypeAlias = Every | Cron


def seconds(count: float) -> Every:
    """Every so many seconds."""
    return Every(timedelta(seconds=count))


def minutes(count: float) -> Every:
    """Every so many minutes."""
    return Every(timedelta(minutes=count))


def hours(count: float) -> Every:
    """Every so many hours."""
    return Every(timedelta(hours=count))
