"""Promises: cut-off, working days, holidays, transit, days nobody delivers, and always in the location's own time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.promise import DAYS, Calendar, Transit, Weekday, day_of, estimate, kept, midnight_after

BERLIN = Calendar(timezone="Europe/Berlin", cutoff=time(14), processing_days=1)
TWO_DAYS = Transit(days=2)
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def days(now: datetime, calendar: Calendar = BERLIN, transit: Transit = TWO_DAYS) -> tuple[str, str, str]:
    made = estimate(now, calendar, transit)
    return made.begins.isoformat(), made.leaves.isoformat(), made.arrives.isoformat()


def test_before_and_after_the_cut_off() -> None:
    assert days(MONDAY) == ("2026-03-02", "2026-03-03", "2026-03-05")
    assert days(MONDAY.replace(hour=13, minute=0)) == ("2026-03-02", "2026-03-03", "2026-03-05"), "14:00 is in time"
    assert days(MONDAY.replace(hour=13, minute=1)) == ("2026-03-03", "2026-03-04", "2026-03-06")


def test_weekends_and_holidays_of_the_location() -> None:
    friday = datetime(2026, 4, 2, 9, tzinfo=UTC)  # Thursday before Good Friday
    easter = Calendar(timezone="Europe/Berlin", holidays=(date(2026, 4, 3), date(2026, 4, 6)))

    assert days(friday, easter) == ("2026-04-02", "2026-04-07", "2026-04-09")


def test_days_on_which_nobody_delivers() -> None:
    thursday = datetime(2026, 3, 5, 9, tzinfo=UTC)

    assert days(thursday, transit=Transit(days=2)) == ("2026-03-05", "2026-03-06", "2026-03-09"), "Saturday counts"
    assert days(thursday, transit=Transit(days=2, off=("sat", "sun")))[2] == "2026-03-10"
    assert days(thursday, transit=Transit(days=2, dates=(date(2026, 3, 9),)))[2] == "2026-03-10"


def test_same_day_leaves_and_arrives_where_they_say_so() -> None:
    at_once = Calendar(timezone="Europe/Berlin", processing_days=0)
    saturday = datetime(2026, 3, 7, 9, tzinfo=UTC)

    assert days(MONDAY, at_once, Transit(days=0)) == ("2026-03-02",) * 3
    assert (
        days(saturday, Calendar(processing_days=0, closed=()), Transit(days=0, off=("sat", "sun")))[2] == "2026-03-09"
    )


def test_the_day_is_the_locations_own() -> None:
    late = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)

    assert day_of(late, "Asia/Tokyo") == date(2026, 3, 3)
    assert day_of(late, "America/New_York") == date(2026, 3, 2)
    assert midnight_after(late, "Asia/Tokyo") == datetime(2026, 3, 3, 15, tzinfo=UTC)


def test_midnight_on_the_day_the_clocks_change() -> None:
    """29 March 2026 has 23 hours in Berlin."""
    noon = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)

    assert midnight_after(noon, "Europe/Berlin") == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_a_promise_is_kept_until_the_end_of_its_day() -> None:
    promised = estimate(MONDAY, BERLIN, TWO_DAYS).at

    assert promised == datetime(2026, 3, 5, 20, tzinfo=ZoneInfo("Europe/Berlin"))
    assert kept(promised, datetime(2026, 3, 5, 22, 59, tzinfo=UTC)), "23:59 in Berlin"
    assert not kept(promised, datetime(2026, 3, 5, 23, 0, tzinfo=UTC)), "midnight in Berlin"


def test_a_calendar_without_a_working_day_says_so() -> None:
    with pytest.raises(ValueError, match="no working day"):
        estimate(MONDAY, Calendar(closed=DAYS), TWO_DAYS)


some_days = st.lists(st.sampled_from(DAYS), max_size=6, unique=True)
moments = st.integers(0, 6 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])


@given(moments, zones, some_days, some_days, st.integers(0, 10), st.integers(0, 10))
def test_every_promise_is_on_a_day_that_can_be(
    now: datetime, zone: str, closed: list[Weekday], off: list[Weekday], processing: int, transit: int
) -> None:
    calendar = Calendar(timezone=zone, processing_days=processing, closed=tuple(closed))
    made = estimate(now, calendar, Transit(days=transit, off=tuple(off)))
    later = estimate(now + timedelta(hours=7), calendar, Transit(days=transit, off=tuple(off)))

    assert DAYS[made.begins.weekday()] not in closed
    assert DAYS[made.leaves.weekday()] not in closed
    assert DAYS[made.arrives.weekday()] not in off
    assert day_of(now, zone) <= made.begins <= made.leaves <= made.arrives
    assert (made.leaves - made.begins).days >= processing
    assert (made.arrives - made.leaves).days >= transit
    assert made.at <= later.at, "who orders later is not promised less"
