"""The audit trail: who did what, append-only, each entry hashed together with the one before it, per merchant.

`hash = sha256(previous hash + canonical JSON of the entry)`, the first entry following 64 zeros. An edit, a deletion or
an insertion breaks the chain from there on; a tail that was cut off shows against a head that was kept outside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct

from hub.ports import Ids
from hub.store.database import Row, Tx

Plain: TypeAlias = str | int | bool | None
"""What details may hold: values that PostgreSQL's jsonb gives back exactly as they went in."""

GENESIS = "0" * 64
BATCH = 1000


class Entry(Struct, frozen=True, kw_only=True):
    """One thing somebody did. `actor` is `user:<id>`, `token:<id>` or a part of the hub; `subject` what it is about."""

    merchant_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Plain] = {}


class Head(Struct, frozen=True):
    """The end of one merchant's chain: what is anchored outside."""

    seq: int
    hash: str


NOTHING_YET = Head(0, GENESIS)


def digest(previous: str, seq: int, entry: Entry) -> str:
    """The hash of `entry` at place `seq` behind `previous`."""
    canonical = json.dumps(
        {
            "merchant_id": entry.merchant_id,
            "seq": seq,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "details": dict(entry.details),
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


async def append(tx: Tx, ids: Ids, entry: Entry) -> Head:
    """Adds `entry` in the caller's transaction, so that it stands exactly if what it tells of does.

    Writers of one merchant take turns until their commit. Texts are cut to their columns, NUL is dropped.
    """
    entry = _storable(entry)
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('crossdock:audit:' || $1::text, 0))", str(entry.merchant_id)
    )
    last = await head(tx, entry.merchant_id)
    seq = last.seq + 1
    fresh = Head(seq, digest(last.hash, seq, entry))
    await tx.execute(
        """INSERT INTO audit (id, merchant_id, seq, at, actor, action, subject, details, previous, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        ids.next(), entry.merchant_id, seq, entry.at, entry.actor, entry.action, entry.subject,
        json.dumps(dict(entry.details)), last.hash, fresh.hash,
    )  # fmt: skip
    return fresh


async def head(tx: Tx, merchant_id: int) -> Head:
    """The newest place and hash of a merchant's chain."""
    row = await tx.fetchrow("SELECT seq, hash FROM audit WHERE merchant_id = $1 ORDER BY seq DESC LIMIT 1", merchant_id)
    return NOTHING_YET if row is None else Head(row["seq"], row["hash"])


async def faults(tx: Tx, merchant_id: int, anchored: Head = NOTHING_YET) -> list[str]:
    """What shows that the trail was tampered with, one line each, up to the first break; empty for a sound chain.

    `anchored` is a head that was kept outside: the chain must still hold it.
    """
    last, held = NOTHING_YET, anchored == NOTHING_YET
    while rows := await tx.fetch(
        "SELECT * FROM audit WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3", merchant_id, last.seq, BATCH
    ):
        for row in rows:
            fault = _fault(row, last)
            if fault:
                return [f"audit of merchant {merchant_id}: {fault}"]
            last = Head(row["seq"], row["hash"])
            held = held or last == anchored
    if held:
        return []
    return [f"audit of merchant {merchant_id}: entry {anchored.seq} is gone or was written anew"]


def _fault(row: Row, last: Head) -> str:
    if row["seq"] != last.seq + 1:
        return f"after entry {last.seq} comes {row['seq']}: something was deleted"
    if row["previous"] != last.hash:
        return f"entry {row['seq']} does not follow the one before it"
    entry = Entry(
        merchant_id=row["merchant_id"], at=row["at"], actor=row["actor"], action=row["action"],
        subject=row["subject"], details=json.loads(row["details"]),
    )  # fmt: skip
    if digest(last.hash, row["seq"], entry) != row["hash"]:
        return f"entry {row['seq']} was changed"
    return ""


def _storable(entry: Entry) -> Entry:
    def text(value: str, most: int) -> str:
        return value.replace("\0", "").encode("utf-8", "replace").decode()[:most]

    return Entry(
        merchant_id=entry.merchant_id,
        at=entry.at,
        actor=text(entry.actor, 128),
        action=text(entry.action, 64),
        subject=text(entry.subject, 128),
        details={
            text(name, 64): text(value, 1000) if isinstance(value, str) else value
            for name, value in entry.details.items()
        },
    )
