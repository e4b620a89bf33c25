"""How long a loop pauses between two batches, so that the next one is worth its statements.

A batch costs nearly the same whatever its size. A loop that is busy waits the longer the fuller its last batch was, so
that batches stay full under load; one that finds a row or two now and then hardly waits at all.
"""

from __future__ import annotations

SHORTEST, LONGEST = 0.05, 0.25
"""Seconds."""


def pause(taken: int, most: int) -> float:
    """Seconds to rest after a batch of `taken` rows out of `most`; nothing after a full one, for more is waiting."""
    if taken >= most:
        return 0.0
    return SHORTEST + (LONGEST - SHORTEST) * taken / most
