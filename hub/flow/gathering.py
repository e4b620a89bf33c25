"""How long a loop pauses between two batches, so that the next one is worth its statements.

A batch costs nearly the same whatever its size. A loop rests about as long as its last batch took: under load batches
take long and the next one is fuller, on an idle machine they are quick and nobody waits.
"""

from __future__ import annotations

SHORTEST, LONGEST = 0.03, 0.25
"""Seconds."""


def pause(taken: int, most: int, seconds: float) -> float:
    """Seconds to rest after a batch of `taken` rows out of `most` that took `seconds`; none after a full one: more is
    waiting."""
    return 0.0 if taken >= most else min(LONGEST, max(SHORTEST, seconds))
