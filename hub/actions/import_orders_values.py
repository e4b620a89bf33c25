"""What stands in a cell: amounts, counts, times, yes or no. Every function raises ValueError, with words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.actions.import_orders_words import NO, YES
from hub.domain import money
from hub.errors import Invalid

_SPACE = re.compile(r"[\s\u00a0\u202f'’]")
_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[^\d.,+-]{0,4})(?P<minus>-?)(?P<digits>\d[\d.,]*)(?P<after>[^\d.,]{0,4})", re.ASCII
)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_DAY = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(am|pm)?)?",
    re.ASCII | re.IGNORECASE,
)


class Ways(Struct, frozen=True, kw_only=True):
    """How a file writes things. `dates`: dmy, mdy or empty; `decimal`: a point, a comma or empty; `zone`: where times
    without an offset are from."""

    dates: str = ""
    decimal: str = ""
    zone: str = "UTC"


def ways(given: Mapping[str, str]) -> Ways:
    """From `--set`. Raises `Invalid`."""
    dates, decimal, zone = given.get("dates", ""), given.get("decimal", ""), given.get("zone", "UTC")
    if dates not in ("", "dmy", "mdy"):
        raise Invalid("dates", "is dmy (day first) or mdy (month first)")
    if decimal not in ("", ".", ","):
        raise Invalid("decimal", "is a point or a comma")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise Invalid("zone", f"{zone!r} is no time zone; write one such as Europe/Berlin") from None
    return Ways(dates=dates, decimal=decimal, zone=zone)


def amount(text: str, currency: str, how: Ways) -> int:
    """Minor units of `currency`."""
    found = _AMOUNT.fullmatch(_SPACE.sub("", text))
    if found is None or (found["sign"] and found["minus"]):
        raise ValueError(f"{text!r} is not an amount")
    for code in (found["before"], found["after"]):
        if code.isascii() and code.isalpha() and code.upper() != currency:
            raise ValueError(f"{text!r} is not in {currency}")
    number = _number(found["digits"], money.exponent(currency), how.decimal)
    return money.minor(("-" if "-" in found["sign"] + found["minus"] else "") + number, currency)


def _number(digits: str, exponent: int, decimal: str) -> str:
    """Digits with whatever marks as a plain decimal."""
    marks = [letter for letter in digits if letter in ".,"]
    if len(set(marks)) == 2 or decimal:
        point = decimal or marks[-1]
    elif len(marks) != 1:
        point = ""
    else:
        whole, _, rest = digits.partition(marks[0])
        thousands = len(rest) == 3 and len(whole) <= 3 and not whole.startswith("0")
        if thousands and exponent:
            raise ValueError(f"{digits!r} could be {whole}{rest} or {whole} and a fraction: --set decimal says which")
        point = "" if thousands else marks[0]
    whole, _, rest = digits.partition(point) if point else (digits, "", "")
    groups = re.split(r"[.,]", whole)
    if (not rest.isdigit() and rest) or (len(groups) > 1 and not _thousands(groups)):
        raise ValueError(f"{digits!r} is not an amount")
    return "".join(groups) + (f".{rest}" if rest else "")


def _thousands(groups: list[str]) -> bool:
    return 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def count(text: str) -> int:
    """A whole number; `2.00` is one."""
    try:
        value = Decimal(text.replace(",", "."))
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a whole number") from None
    if not value.is_finite() or value != value.to_integral_value() or not 0 <= value < 10**9:
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def yes(text: str) -> bool:
    """Yes or no."""
    word = text.strip().casefold()
    if word not in YES | NO:
        raise ValueError(f"{text!r} is neither yes nor no")
    return word in YES


def instant(text: str, how: Ways) -> datetime:
    """A moment, in UTC."""
    found = _ISO.fullmatch(text)
    try:
        if found is not None:
            offset = (found[3] or "").upper().replace("UTC", "Z")
            return _aware(datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}{offset}"), how)
        day = _DAY.fullmatch(text)
        if day is not None:
            return _aware(_written(day, how), how)
    except OverflowError:
        pass
    raise ValueError(f"{text!r} is not a date; write 2026-11-22 or 2026-11-22T09:30:00+01:00")


def _written(found: re.Match[str], how: Ways) -> datetime:
    """A date with its year last; dots mean that the day is first."""
    first, mark, second = int(found[1]), found[2], int(found[3])
    order = "dmy" if mark == "." else how.dates or ("dmy" if first > 12 else "mdy" if second > 12 else "")
    if not order and first != second:
        raise ValueError(f"{found[0]!r} could be the {first}. or the {second}. of a month: --set dates says which")
    day, month = (second, first) if order == "mdy" else (first, second)
    hour = int(found[5] or 0)
    if found[8]:
        hour = hour % 12 + (12 if found[8].lower() == "pm" else 0)
    return datetime(int(found[4]), month, day, hour, int(found[6] or 0), int(found[7] or 0))  # noqa: DTZ001 - see _aware


def _aware(at: datetime, how: Ways) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(how.zone))).astimezone(UTC)
