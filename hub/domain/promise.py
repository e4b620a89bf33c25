"""When an order arrives: cut-off, working days and holidays of the location, transit days, days nobody delivers.

Whatever is ordered after the cut-off, or on a day on which the location is closed, begins on its next working day.
Processing takes whole working days from there; 0 leaves on the day it began. Transit counts only days on which the
carrier delivers. A promise is the evening of a day, in the location's own time.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKEND: tuple[Weekday, ...] = ("sat", "sun")

EVENING = time(20)
"""A parcel that comes on the promised day has come in time."""

HORIZON = 366
"""Days after which a search for a working day gives up: the calendar leaves none."""


class Calendar(Struct, frozen=True, kw_only=True):
    """When a location works. `cutoff` is its local time; `processing_days` are working days until a parcel leaves."""

    timezone: str = "UTC"
    cutoff: time = time(14)
    processing_days: int = 1
    closed: tuple[Weekday, ...] = WEEKEND
    holidays: tuple[date, ...] = ()


class Transit(Struct, frozen=True, kw_only=True):
    """How long a carrier takes: `days` of those on which it delivers; never on `off` weekdays and `dates`."""

    days: int
    off: tuple[Weekday, ...] = ("sun",)
    dates: tuple[date, ...] = ()


class Promise(Struct, frozen=True):
    """`begins`, `leaves` and `arrives` are days of the location; `at` is the evening of the last."""

    begins: date
    leaves: date
    arrives: date
    at: datetime


def estimate(now: datetime, calendar: Calendar, transit: Transit) -> Promise:
    """What may be promised at `now` (aware). Raises ValueError where the calendar has no working day in a year."""
    zone = zone_of(calendar.timezone)
    local = now.astimezone(zone)
    today = local.date()
    late = local.time() > calendar.cutoff
    begins = _first(today + timedelta(days=1) if late else today, calendar.closed, calendar.holidays)
    leaves = _after(begins, calendar.processing_days, calendar.closed, calendar.holidays)
    arrives = _after(leaves, transit.days, transit.off, transit.dates)
    if not transit.days:
        arrives = _first(leaves, transit.off, transit.dates)
    return Promise(begins, leaves, arrives, datetime.combine(arrives, EVENING, zone))


def kept(promised_at: datetime, delivered_at: datetime) -> bool:
    """Whether what arrived came on the promised day or before, in the time zone of the promise."""
    return delivered_at.astimezone(promised_at.tzinfo).date() <= promised_at.date()


def day_of(now: datetime, timezone: str) -> date:
    """The day it is at a location."""
    return now.astimezone(zone_of(timezone)).date()


def midnight_after(now: datetime, timezone: str) -> datetime:
    """When the location's next day begins."""
    zone = zone_of(timezone)
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ValueError or `ZoneInfoNotFoundError` (a KeyError) for an unknown one."""
    return ZoneInfo(name)


def _first(day: date, closed: tuple[Weekday, ...], holidays: tuple[date, ...]) -> date:
    for ahead in range(HORIZON):
        found = day + timedelta(days=ahead)
        if DAYS[found.weekday()] not in closed and found not in holidays:
            return found
    raise ValueError("the calendar leaves no working day within a year")


def _after(day: date, count: int, closed: tuple[Weekday, ...], holidays: tuple[date, ...]) -> date:
    for _ in range(count):
        day = _first(day + timedelta(days=1), closed, holidays)
    return day
