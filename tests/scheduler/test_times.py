"""Slots: every host gives the same turn the same name, however late it comes to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.jobs import JOBS
from scheduler.times import Cron, Every, hours

NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""In Berlin the hour from 02:00 comes twice this night."""


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC), datetime(2026, 11, 1, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 1, 12, 5, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 1, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 1, 11, 59, 59, tzinfo=UTC), datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_pace_counts_from_the_epoch(now: datetime, slot: datetime) -> None:
    assert hours(6).slot(now) == slot


def test_a_shift_moves_every_slot_and_keeps_the_pace() -> None:
    plain, shifted = hours(1), Every(timedelta(hours=1), timedelta(minutes=20))
    now = datetime(2026, 11, 1, 12, 10, tzinfo=UTC)
    assert plain.slot(now) == datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    assert shifted.slot(now) == datetime(2026, 11, 1, 11, 20, tzinfo=UTC)
    assert shifted.slot(now + timedelta(minutes=10)) == datetime(2026, 11, 1, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "now", "slot"),
    [
        ("10 3 * * *", datetime(2026, 11, 1, 3, 10, tzinfo=UTC), datetime(2026, 11, 1, 3, 10, tzinfo=UTC)),
        ("10 3 * * *", datetime(2026, 11, 1, 3, 9, 59, tzinfo=UTC), datetime(2026, 10, 31, 3, 10, tzinfo=UTC)),
        ("0 4 * * mon", datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 10, 26, 4, tzinfo=UTC)),
        ("0 0 1 1 *", datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        ("*/15 * * * *", datetime(2026, 11, 1, 12, 44, 59, tzinfo=UTC), datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_cron_line_gives_its_last_time(line: str, now: datetime, slot: datetime) -> None:
    assert Cron(line).slot(now) == slot


def test_a_night_that_is_an_hour_longer_somewhere_has_one_slot_each() -> None:
    minutes = [NIGHT + timedelta(minutes=n) for n in range(180)]
    assert len({Cron("30 1 * * *").slot(now) for now in minutes}) == 2, "yesterday's, then tonight's"


def test_a_line_that_never_comes_is_an_error() -> None:
    with pytest.raises(ValueError, match="never comes"):
        Cron("0 0 30 2 *").slot(NIGHT)


def test_the_next_firing_of_a_pace_is_its_next_slot() -> None:
    when = hours(1)
    now = datetime.now(UTC)
    assert when.trigger().get_next_fire_time(None, now) in {when.slot(now), when.slot(now) + timedelta(hours=1)}


def test_the_table_names_each_job_once_and_every_slot_can_be_told() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    now = datetime.now(UTC)
    assert all(now - timedelta(days=2) < job.when.slot(now) <= now for job in JOBS)
