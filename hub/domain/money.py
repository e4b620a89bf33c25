"""Money as integers in minor units, with ISO 4217 exponents and largest-remainder splits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import iso4217

MAX_MINOR = 2**53
"""Amounts beyond this are refused: they are typing errors, and JSON readers would round them."""


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Digits after the point in `currency` (JPY 0, EUR 2, BHD 3), as ISO 4217 gives them.

    Raises ValueError for a code that ISO 4217 does not list, or that has no minor unit (gold, test codes).
    """
    try:
        digits = iso4217.Currency(currency).exponent
    except ValueError:
        raise ValueError(f"unknown currency {currency!r}") from None
    if digits is None:
        raise ValueError(f"{currency} is not money one can pay with")
    return int(digits)


def minor(amount: str | int | Decimal, currency: str) -> int:
    """`amount` in major units ("12.50") as an integer of minor units (1250).

    Raises ValueError when it is not a finite number, is finer than the currency can pay, or is out of all proportion.
    Floats are refused: they cannot hold money.
    """
    if type(amount) is str:
        return _minor(amount, currency)  # prices of a shop come again and again
    if isinstance(amount, float):
        raise ValueError(f"{amount!r} is a float, which cannot hold money")
    return _exact(amount, currency)


@lru_cache(maxsize=8192)
def _minor(amount: str, currency: str) -> int:
    return _exact(amount, currency)


def _exact(amount: str | int | Decimal, currency: str) -> int:
    try:
        value = Decimal(amount)
    except (InvalidOperation, ValueError, TypeError):
        raise ValueError(f"{str(amount)[:40]!r} is not an amount") from None
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise ValueError(f"{str(amount)[:40]!r} is not an amount")
    scaled = value.scaleb(exponent(currency))
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"{amount} is finer than {currency} can pay")
    if abs(whole) > MAX_MINOR:
        raise ValueError(f"{amount} {currency} is out of all proportion")
    return whole


def major(amount: int, currency: str) -> str:
    """`amount` of minor units as a plain decimal string: (1250, "EUR") → "12.50"."""
    return str(Decimal(amount).scaleb(-exponent(currency)))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Parts of `amount` in proportion to `weights` that sum to it exactly (largest remainder, ties to the first).

    All-zero weights split evenly; negative amounts split like their opposite.
    """
    if not weights:
        if amount:
            raise ValueError("nothing to split over")
        return []
    if min(weights) < 0:
        raise ValueError("weights must not be negative")
    shares = list(weights) if any(weights) else [1] * len(weights)
    sign, rest = (-1, -amount) if amount < 0 else (1, amount)
    total = sum(shares)
    parts = [rest * share // total for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(rest * shares[i] % total), i))
    for i in by_remainder[: rest - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
