"""Etsy's money and times as ours. Pure.

Money is an amount over a divisor, and the divisor is whatever Etsy says: yen come as 2200/1 and as 220000/100.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.etsy.wire import Money
from hub.domain import money
from hub.errors import BadPayload

EARLIEST, LATEST = 946_684_800, 4_102_444_800
"""2000 and 2100 in epoch seconds: the contract allows nothing earlier, and nothing later makes sense."""


def minor(told: Money | None, currency: str, path: str) -> int:
    """Minor units of `currency`; None counts as zero. Raises `BadPayload` for another currency, a divisor of zero, and
    an amount finer than the currency can pay."""
    if told is None:
        return 0
    if told.currency_code != currency:
        raise BadPayload(f"{path}.currency_code", f"{told.currency_code!r}, though the receipt is in {currency}")
    if told.divisor <= 0:
        raise BadPayload(f"{path}.divisor", f"{told.divisor} divides nothing")
    try:
        scaled = told.amount * int(10 ** money.exponent(currency))
    except ValueError as error:
        raise BadPayload(f"{path}.currency_code", str(error)[:200]) from None
    whole, rest = divmod(scaled, told.divisor)
    if rest:
        raise BadPayload(f"{path}.amount", f"is finer than {currency} can pay")
    if abs(whole) > money.MAX_MINOR:
        raise BadPayload(f"{path}.amount", "is out of all proportion")
    return whole


def moment(seconds: int | None, path: str) -> datetime:
    """Epoch seconds as a time. Raises `BadPayload` for none, and for one before 2000 or after 2100."""
    if seconds is None or not EARLIEST <= seconds <= LATEST:
        raise BadPayload(path, "is no time" if seconds is None else "is no time between 2000 and 2100")
    return datetime.fromtimestamp(seconds, UTC)
