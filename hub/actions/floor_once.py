"""A scan that is sent twice counts once: its answer is kept under the key that the scanner gave it.

The key, the scan and its answer are one transaction. What was refused is not kept: it changed nothing, and is judged
anew when it is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct

from hub.actions.place_order import KeyReused
from hub.actions.services import Services
from hub.domain.order import Value
from hub.errors import CrossdockError, Invalid
from hub.store import sets

V = TypeVar("V", bound=Value)

LONGEST_KEY = 128
KEPT = timedelta(days=2)
"""How long after a scan it may be sent again; a shift is over by then."""

TURN = "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:scan:' || $1::text || ':' || $2 || ':' || $3, 0))"
FIND = "SELECT asked, answer FROM floor_keys WHERE merchant_id = $1 AND actor = $2 AND key = $3"
CLEAN = "DELETE FROM floor_keys WHERE at < $1"


class Once(Struct, frozen=True, kw_only=True):
    """Whose scan, its `key` ('': none), and what it asks for, so that the key stands for nothing else."""

    merchant_id: int
    actor: str
    key: str
    asked: str


async def once(services: Services, told: Once, kind: type[V], act: Callable[[], Awaitable[V]]) -> V:
    """What `act` answers, or what it answered when this key came before. The answer must name no person.

    Raises `KeyReused` for a key that was sent with something else, `Invalid` for one that cannot be kept, and whatever
    `act` raises.
    """
    if not told.key:
        return await act()
    if len(told.key) > LONGEST_KEY or not told.key.isprintable():
        raise Invalid("Idempotency-Key", f"is at most {LONGEST_KEY} printable characters")
    refused: CrossdockError | None = None
    async with services.database.transaction() as tx:
        await tx.execute(TURN, str(told.merchant_id), told.actor, told.key)
        before = await tx.fetchrow(FIND, told.merchant_id, told.actor, told.key)
        asked = hashlib.sha256(told.asked.encode()).hexdigest()
        if before is not None:
            if before["asked"] != asked:
                raise KeyReused(f"{told.key} was sent with another scan; give every scan a key of its own")
            return msgspec.json.decode(before["answer"], type=kind)
        try:
            answer = await act()
            row = {
                "id": services.ids.next(), "merchant_id": told.merchant_id, "actor": told.actor, "key": told.key,
                "asked": asked, "answer": answer, "at": services.clock.now(),
            }  # fmt: skip
            await sets.insert(tx, "floor_keys", [row])
        except CrossdockError as error:
            refused = error  # what the action keeps of a refusal, such as a hold it found, is committed with it
    if refused is not None:
        raise refused
    return answer


async def clean_keys(services: Services) -> int:
    """Forgets keys that nobody sends again; returns how many."""
    return await services.database.plain.execute(CLEAN, services.clock.now() - KEPT)
