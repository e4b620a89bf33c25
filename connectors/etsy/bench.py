"""What the pushes of stock to one shop know of each other. Kept by the connector, so that it outlives a channel.

Etsy takes a listing's inventory only as a whole, and the levels of its variants leave side by side: two that read,
changed and wrote at the same time would undo one another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from weakref import WeakValueDictionary

MOST = 10_000
"""Listings whose zeros are remembered."""


class Bench:
    """One shop's. An account is sent to by one process at a time, so what it holds is enough."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._zeros: dict[int, frozenset[str]] = {}

    def turn(self, number: int) -> asyncio.Lock:
        """Held while a listing is read and written."""
        turn = self._turns.get(number)
        if turn is None:
            turn = self._turns[number] = asyncio.Lock()
        return turn

    def zeros(self, number: int) -> frozenset[str]:
        """Keys of variants that have no unit, though Etsy still holds one: it was taken off sale instead."""
        return self._zeros.get(number, frozenset())

    def remember(self, number: int, keys: Iterable[str]) -> None:
        """These too have no unit."""
        self._zeros[number] = self.zeros(number) | frozenset(keys)
        while len(self._zeros) > MOST:
            del self._zeros[next(iter(self._zeros))]

    def forget(self, number: int) -> None:
        """They have been written."""
        self._zeros.pop(number, None)
