"""Passwords as argon2id, computed in a thread: one takes a quarter of a second and 64 MiB, so few run at once."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Invalid

SHORTEST = 12
LONGEST = 200
AT_ONCE = 2
"""How many are computed at the same time; the rest waits, so that a flood of attempts cannot eat the memory."""

_hasher = PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    """The hash that attempts on unknown names are checked against, so that they take as long as any other."""
    return _hasher.hash("nobody has this password")


class Passwords:
    """Makes and checks hashes; one instance a process keeps to the limit."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The argon2id hash to keep. Raises `Invalid` for one that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Invalid("password", f"has {SHORTEST} to {LONGEST} characters; a few plain words are fine")
        async with self._turns:
            return await asyncio.to_thread(_hasher.hash, password)

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one `kept` was made from; takes as long, and is False, when there is none."""
        async with self._turns:
            return await asyncio.to_thread(_fits, kept, password[: LONGEST + 1])

    def is_old(self, kept: str) -> bool:
        """Whether `kept` was made with weaker settings than today's."""
        return _hasher.check_needs_rehash(kept)


def _fits(kept: str | None, password: str) -> bool:
    try:
        _hasher.verify(kept or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


PASSWORDS = Passwords()
"""This process's own."""
